"""Facts about an argument that is given nothing."""

from collections.abc import Iterator

from brain.intent_inference.calls.arguments import Kind
from brain.intent_inference.calls.scene import Fact, Trial
from brain.intent_inference.inflection import root

__all__ = ["absence"]

NEAR = 3
"""Tokens on both sides of a candidate."""
UNTELLING = frozenset(root(word) for word in ("name", "type", "number"))
"""Which half of all arguments have in their names."""
COMPARED = (Kind.TEXT, Kind.OPTION, Kind.BOOLEAN)
"""Kinds whose candidates are compared with the argument by their meaning."""


def absence(trial: Trial) -> Iterator[Fact]:
    """Whether the argument may be left out, and how much in the request could have been meant for it."""
    argument, scene = trial.argument, trial.scene
    candidates = scene.candidates[trial.position]
    yield f"absent {argument.need}", 1.0
    if argument.has_default:
        yield f"absent {argument.need} default", 1.0
    if len(candidates) == 1:
        yield "absent nothing offered", 1.0
    placed = [scene.trial(trial.position, each) for each in candidates if each.is_placed]
    yield f"absent near {argument.need}", max((_nearness(each) for each in placed), default=0.0)
    if argument.kind in COMPARED:
        similar = (scene.closeness.text(each.text, trial.position).own for each in placed)
        yield f"absent similar {argument.need}", max(similar, default=0.0)
    is_said = not scene.said.isdisjoint(argument.roots - UNTELLING)
    yield f"absent name {'said' if is_said else 'unsaid'} {argument.need}", 1.0


def _nearness(trial: Trial) -> float:
    """1 for the argument's name beside a candidate, and half of it for a word of its description."""
    near = trial.scene.reading.roots[max(0, trial.first - NEAR) : trial.last + NEAR]
    is_named = not trial.argument.roots.isdisjoint(near)
    is_told = not trial.argument.described.isdisjoint(near)
    return is_named + is_told / 2
