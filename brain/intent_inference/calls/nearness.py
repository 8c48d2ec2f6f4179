"""Facts about an adapted plan that tell whether the new request asks for the same kind of thing as the earlier one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from brain.intent_inference.calls.adapting import Adapted
from brain.intent_inference.calls.candidate import Candidate
from brain.intent_inference.calls.contents import Contents
from brain.intent_inference.calls.planned_tool import PlannedTool
from brain.intent_inference.calls.reading import Reading
from brain.intent_inference.calls.scene import Fact
from brain.intent_inference.similarity import Similarity

__all__ = ["NEAR", "nearness"]

NEAR = "near:"
"""Before the names of the facts."""
MOST_COUNTED = 3
LOWEST_GAIN, HIGHEST_GAIN, GAIN_UNIT = -5.0, 10.0, 5.0
"""What a value is worth beside its absence: within these bounds, and how much of it counts as 1."""


def nearness(adapted: Adapted, tools: Sequence[PlannedTool], similarity: Similarity) -> dict[str, float]:
    """All of them by name, and once more for plans with changed values and for those without.

    `tools` are those that the new request could mean, and those of the plan.
    """
    before = _Side(adapted.before, [each for swap in adapted.swaps if swap.given for each in swap.given.placed])
    now = _Side(adapted.now, [swap.candidate for swap in adapted.swaps if swap.candidate.is_placed])
    new, lost = now.unshared(before), before.unshared(now)
    facts = [
        ("any", 1.0),
        *_alike(before, now, similarity),
        *_swapped(adapted),
        ("replaced alike", _replaced(adapted, similarity)),
        *_left("new", now, new),
        *_left("lost", before, lost),
        *_of_tools({step.tool for step in adapted.spec.steps}, tools, now.roots(new), before.roots(lost)),
        ("words aligned", _aligned(now.words(new), before.words(lost), similarity)),
    ]
    manner = "changed" if any(not swap.is_kept for swap in adapted.swaps) else "same values"
    return {f"{NEAR}{named}": value for name, value in facts for named in (name, f"{manner}: {name}")}


@dataclass(frozen=True)
class _Side:
    """One of the two requests, and the values that stand in it."""

    contents: Contents
    said: Sequence[Candidate]

    @cached_property
    def reading(self) -> Reading:
        return self.contents.reading

    @cached_property
    def rest(self) -> list[int]:
        """Positions of telling words that are no value."""
        covered = {at for each in self.said for at in range(each.first, each.last)}
        return [at for at, token in enumerate(self.reading.tokens) if token.is_telling and at not in covered]

    def unshared(self, other: "_Side") -> list[int]:
        """Those of the rest that the other request does not have."""
        known = set(other.reading.roots)
        return [at for at in self.rest if self.reading.roots[at] not in known]

    def roots(self, places: Sequence[int]) -> set[str]:
        return {self.reading.roots[at] for at in places}

    def words(self, places: Sequence[int]) -> list[str]:
        return [self.reading.lowers[at] for at in places if self.reading.tokens[at].is_content_word]


def _alike(before: _Side, now: _Side, similarity: Similarity) -> Iterator[Fact]:
    yield "whole", similarity.between(before.reading.text, [now.reading.text])[0]
    rests = [" ".join(side.reading.lowers[at] for at in side.rest) for side in (before, now)]
    yield "rest", similarity.between(rests[0], [rests[1]])[0] if all(rests) else float(rests[0] == rests[1])


def _swapped(adapted: Adapted) -> Iterator[Fact]:
    given = [swap for swap in adapted.swaps if swap.given is not None]
    said = [swap for swap in given if not swap.is_unsaid]
    yield "values new", _few(sum(swap.given is None and not swap.candidate.is_absent for swap in adapted.swaps))
    yield "values gone", _few(sum(swap.candidate.is_absent for swap in said))
    yield "values unsaid", _few(len(given) - len(said))
    yield "values kept", _few(sum(swap.is_kept for swap in said))
    yield "values changed", _few(sum(not swap.is_kept for swap in said))
    yield f"has values {bool(said)}", 1.0
    yield "certainty", adapted.certainty
    gains = [max(LOWEST_GAIN, min(swap.gain, HIGHEST_GAIN)) / GAIN_UNIT for swap in said]
    if gains:
        yield "least gain", min(gains)
        yield "mean gain", sum(gains) / len(gains)


def _replaced(adapted: Adapted, similarity: Similarity) -> float:
    """How near the new values are to those whose places they take, of the one that is least so; 1 where none is new."""
    reading = adapted.now.reading
    nearest = [
        max(similarity.between(reading.quote(swap.candidate.first, swap.candidate.last), swap.given.texts))
        for swap in adapted.swaps
        if swap.given is not None and swap.given.placed and swap.candidate.is_placed and not swap.is_kept
    ]
    return min(nearest, default=1.0)


def _left(name: str, side: _Side, places: Sequence[int]) -> Iterator[Fact]:
    """What stands in one of the requests only, and is no value."""
    reading, figures = side.reading, side.contents.figure_starts
    telling = sum(token.is_telling for token in reading.tokens)
    yield f"words {name}", len(places) / max(telling, 1)
    yield f"figures {name}", _few(sum(start in places for start in figures))
    yield f"names {name}", _few(sum(reading.is_capital(at) and not reading.starts_sentence(at) for at in places))
    yield f"quotes {name}", _few(sum(first in places for first, _ in reading.quotes))


def _of_tools(used: set[str], tools: Sequence[PlannedTool], new: set[str], lost: set[str]) -> Iterator[Fact]:
    """Whether words that came or went are those of the plan's tools, or of others."""
    own = frozenset[str]().union(*(tool.roots | tool.described for tool in tools if tool.name in used))
    names = frozenset[str]().union(*(tool.roots for tool in tools if tool.name in used))
    others = frozenset[str]().union(*(tool.roots | tool.described for tool in tools if tool.name not in used))
    yield "new words of the tools", _few(len(new & own))
    yield "new words of others", _few(len(new & others - own))
    yield "lost words of the tools", _few(len(lost & own))
    yield "lost words of their names", _few(len(lost & names))


def _aligned(new: Sequence[str], lost: Sequence[str], similarity: Similarity) -> float:
    """How near the new words are to those that they may stand for, on average; 1 where there are none."""
    if not new:
        return 1.0
    if not lost:
        return 0.0
    return float((similarity.vectors(new) @ similarity.vectors(lost).T).max(axis=1).mean())


def _few(count: int) -> float:
    return float(min(count, MOST_COUNTED))
