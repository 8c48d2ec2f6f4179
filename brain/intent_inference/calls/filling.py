"""Facts about a filled call of a tool: whether what it needs is said, and what of the request it leaves out."""

from collections.abc import Iterator, Sequence

from brain.intent_inference.calls.candidate import Candidate
from brain.intent_inference.calls.ranker import Worths
from brain.intent_inference.calls.scene import Fact, Scene

__all__ = ["filling"]

MOST_COUNTED, MOST_QUOTES = 3, 2
"""Counts beyond which more make no difference."""
LOWEST_WORTH, HIGHEST_WORTH, WORTH_UNIT = -5.0, 10.0, 5.0
"""What a value is worth beside leaving it out: within these bounds, and how much of it counts as 1."""


def filling(worths: Worths, call: Sequence[Candidate]) -> Iterator[Fact]:
    """All of them."""
    yield from _needs(worths.scene, call)
    yield from _values(worths, call)
    said = sum(not argument.roots.isdisjoint(worths.scene.said) for argument in worths.scene.arguments)
    yield "arguments said", said / max(len(worths.scene.arguments), 1)
    yield from _cover(worths.scene, call)


def _needs(scene: Scene, call: Sequence[Candidate]) -> Iterator[Fact]:
    required = [given for argument, given in zip(scene.arguments, call, strict=True) if argument.is_required]
    missing = sum(given.is_absent for given in required)
    yield f"required {min(len(required), MOST_COUNTED)}", 1.0
    yield f"missing {min(missing, MOST_COUNTED)}", 1.0
    yield f"all required are said {not missing}", 1.0


def _values(worths: Worths, call: Sequence[Candidate]) -> Iterator[Fact]:
    """What the values are worth beside the absence of a value."""
    gains = [
        worths.alone(at)[worths.scene.number(at, candidate)] - worths.alone(at)[0]
        for at, candidate in enumerate(call)
        if not candidate.is_absent
    ]
    if gains:
        yield "mean worth", max(LOWEST_WORTH, min(sum(gains) / len(gains), HIGHEST_WORTH)) / WORTH_UNIT
        yield "least worth", max(LOWEST_WORTH, min(*gains, HIGHEST_WORTH)) / WORTH_UNIT


def _cover(scene: Scene, call: Sequence[Candidate]) -> Iterator[Fact]:
    """What of the request no value stands in."""
    reading = scene.reading
    covered = {place for each in call if each.is_placed for place in range(each.first, each.last)}
    telling = {at for at, token in enumerate(reading.tokens) if token.is_telling}
    figures = sum(start not in covered for start in scene.contents.figure_starts)
    quotes = sum(first not in covered for first, _ in reading.quotes)
    yield "covered", len(covered & telling) / max(len(telling), 1)
    yield f"figures left {min(figures, MOST_COUNTED)}", 1.0
    yield f"quotes left {min(quotes, MOST_QUOTES)}", 1.0
