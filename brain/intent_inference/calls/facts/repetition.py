"""Facts about one value of an argument that follows another, as in several calls of a tool."""

import re
from collections.abc import Iterator

from brain.intent_inference.calls.arguments import Kind
from brain.intent_inference.calls.candidate import Candidate
from brain.intent_inference.calls.scene import Fact, Scene, Trial

__all__ = ["peers", "steps"]

JOINS = frozenset(re.findall(r"\S+", ", and or the a an & ; then another also with in of for to ( )"))
"""What may stand between two values that follow each other directly."""
MOST_LEFT_OUT = 2
"""Values between the two; more make no difference."""


def steps(before: Trial, now: Trial) -> Iterator[Fact]:
    """Where the second stands, and whether the two look alike; both stand in the request."""
    yield from _direction(before, now)
    reading = now.scene.reading
    yield f"left {reading.shape(now.first - 1) == reading.shape(before.first - 1)}", 1.0
    yield f"right {reading.shape(now.last) == reading.shape(before.last)}", 1.0
    yield f"rule {now.candidate.rule == before.candidate.rule}", 1.0
    yield f"length {now.candidate.length == before.candidate.length}", 1.0
    yield f"case {reading.is_capital(now.first) == reading.is_capital(before.first)}", 1.0
    if not now.argument.is_numeric and now.argument.kind is not Kind.BOOLEAN:
        one, two = now.scene.similarity.vectors([now.text, before.text])
        yield "alike", float(one @ two)


def _direction(before: Trial, now: Trial) -> Iterator[Fact]:
    if now.first < before.last:
        yield "back", 1.0
        return
    yield "forward", 1.0
    yield f"next in list {JOINS.issuperset(now.scene.reading.lowers[before.last : now.first])}", 1.0
    others = peers(before.scene, before.position, before.candidate)
    between = sum(before.last <= each.first and each.last <= now.first for each in others)
    yield f"leaves out {min(between, MOST_LEFT_OUT)}", 1.0


def peers(scene: Scene, position: int, value: Candidate) -> list[Candidate]:
    """Candidates that could as well follow a value: numbers, or phrases of the same length where both have capitals."""
    placed = [each for each in scene.candidates[position] if each.is_placed]
    if scene.arguments[position].is_numeric:
        return placed
    if not scene.reading.is_capital(value.first):
        return []
    return [each for each in placed if each.length == value.length and scene.reading.is_capital(each.first)]
