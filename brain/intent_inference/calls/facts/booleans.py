"""Facts about true and false: what says them, what negates them, and what the default is."""

from collections.abc import Iterator

from brain.intent_inference.calls.arguments import Argument
from brain.intent_inference.calls.negation import NEGATIONS
from brain.intent_inference.calls.scene import Fact, Trial

__all__ = ["booleans", "implied_booleans"]

NEGATED_WITHIN = 4
"""Tokens before the word that says it."""
MOST_SAID, MOST_TOLD = 2, 3
"""Words of the argument beyond which more make no difference."""


def booleans(trial: Trial) -> Iterator[Fact]:
    """Of a value at a word that may say it."""
    argument, value, scene = trial.argument, bool(trial.candidate.value), trial.scene
    before = scene.reading.lowers[max(0, trial.first - NEGATED_WITHIN) : trial.first]
    here = scene.reading.roots[trial.first]
    yield f"{value} negated={not NEGATIONS.isdisjoint(before)}", 1.0
    yield f"{value} default={_default(argument)}", 1.0
    yield f"{value} name={here in argument.roots} tool={here in scene.tool_roots}", 1.0
    yield f"{value} similar", scene.closeness.text(trial.text, trial.position).own


def implied_booleans(trial: Trial) -> Iterator[Fact]:
    """Of a value that no word says."""
    argument, value, scene = trial.argument, bool(trial.candidate.value), trial.scene
    yield f"implied {value}", 1.0
    yield f"implied {value} {argument.need}", 1.0
    yield f"implied {value} default={_default(argument)}", 1.0
    yield f"implied {value} fit", scene.closeness.name(trial.position)
    said = len((argument.roots - scene.tool_roots) & scene.said)
    yield f"implied {value} said", min(said, MOST_SAID)
    told = len((argument.described - scene.tool_roots) & scene.said)
    yield f"implied {value} told", min(told, MOST_TOLD) / MOST_TOLD
    is_negated = any(word in NEGATIONS or word.endswith("-free") for word in scene.reading.lowers)
    yield f"implied {value} negated={is_negated}", 1.0


def _default(argument: Argument) -> str:
    return str(argument.default if argument.has_default else None)
