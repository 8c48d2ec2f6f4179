"""The verbs of the magics, in the order in which help lists them."""

from brain.notebook.verbs.batches import BATCHES
from brain.notebook.verbs.call import Call, Verb
from brain.notebook.verbs.evaluation import EVALUATION
from brain.notebook.verbs.looking import LOOKING
from brain.notebook.verbs.work import WORK

__all__ = ["VERBS", "Call", "Verb"]

VERBS: dict[str, Verb] = {verb.name: verb for verb in (*WORK, BATCHES, *LOOKING, EVALUATION)}
