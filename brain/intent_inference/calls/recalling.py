"""Which of the earlier runs that people were content with, if any, serves a new request once it is adapted."""

import math
from collections.abc import Sequence

from brain.intent_inference.calls.adapting import Adapted, Means, adapt
from brain.intent_inference.calls.contents import Contents
from brain.intent_inference.calls.nearness import nearness
from brain.intent_inference.calls.planned_tool import PlannedTool
from brain.intent_inference.calls.ranker import weigh
from brain.intent_inference.calls.reading import Reading
from brain.intent_inference.plan import Question

__all__ = ["recall"]

LEAST_LIKELY = 0.3
"""Probability that an adapted plan is right: without it a request that is like an earlier one is mostly not served."""


def recall(question: Question, near: Sequence[PlannedTool], means: Means) -> Adapted | None:
    """The likeliest of the adapted examples; None where none is likely enough.

    `near` are the tools that the request could mean.
    """
    now = Contents(Reading(question.request.text), question.as_of)
    tried = (adapt(each, question, now, means) for each in question.examples)

    def likelihood(adapted: Adapted) -> float:
        """That the plan serves the request, by a logistic regression; certain for the very same request."""
        if adapted.before.reading.lowers == now.reading.lowers:
            return 1.0
        used = {step.tool for step in adapted.spec.steps} - {tool.name for tool in near}
        own = [PlannedTool.of(means.tools[name]) for name in sorted(used)]
        facts = nearness(adapted, [*near, *own], means.similarity)
        return 1 / (1 + math.exp(-weigh(facts, means.weights)))

    likely = [(likelihood(adapted), adapted) for adapted in tried if adapted is not None]
    probability, best = max(likely, key=lambda each: each[0], default=(0.0, None))
    return best if probability >= LEAST_LIKELY else None
