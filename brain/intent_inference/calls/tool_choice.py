"""Which tools a request asks for: how near each is to it, as a whole and clause by clause, and how it fills."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from brain.clauses import clauses_of
from brain.intent_inference.calls.features import Features
from brain.intent_inference.calls.filling import filling
from brain.intent_inference.calls.offer import Offer
from brain.intent_inference.calls.planned_tool import PlannedTool
from brain.intent_inference.calls.ranker import Choice, Worths, fill
from brain.intent_inference.calls.reading import Reading
from brain.intent_inference.calls.scene import Fact, Scene
from brain.intent_inference.similarity import Similarity

__all__ = ["Judged", "judge"]

LOWEST_RANK, MOST_TOLD = 4, 4
"""Counts beyond which more make no difference."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A tool beside a request: how it would be filled, and what speaks for it."""

    tool: PlannedTool
    worths: Worths
    choice: Choice
    facts: Mapping[str, float] = field(hash=False)
    """Named `choose:...`; the weights of these names say how much each counts."""


def judge(
    request: str,
    tools: Sequence[PlannedTool],
    weights: Mapping[str, float],
    similarity: Similarity,
    offer: Offer | None = None,
) -> list[Judged]:
    """Every tool, in the same order, with what speaks for it."""
    offer = offer or Offer(Reading(request))
    nearness = _Nearness.of(request, tools, similarity)
    found = []
    for at, tool in enumerate(tools):
        scene = Scene(offer, tool.name, tool.description, tool.arguments, similarity)
        worths = Worths(Features(scene), weights)
        choice = fill(worths)[0]
        facts = [*nearness.facts(at), *_said(tool, scene), *filling(worths, choice.candidates)]
        found.append(Judged(tool, worths, choice, {f"choose:{name}": value for name, value in facts}))
    return found


@dataclass(frozen=True, slots=True)
class _Nearness:
    """Similarities of several tools with one request."""

    whole: NDArray[np.float32]
    """Of names and descriptions with the request."""
    named: NDArray[np.float32]
    """Of names with the request."""
    by_clause: NDArray[np.float32]
    """Of the nearer of both with each clause: one row a tool."""

    @classmethod
    def of(cls, request: str, tools: Sequence[PlannedTool], similarity: Similarity) -> "_Nearness":
        texts = similarity.vectors([tool.text for tool in tools])
        names = similarity.vectors([tool.spoken_name for tool in tools])
        asked = similarity.vectors([request])[0]
        clauses = similarity.vectors(clauses_of(request))
        return cls(texts @ asked, names @ asked, np.maximum(texts @ clauses.T, names @ clauses.T))

    def facts(self, at: int) -> Iterator[Fact]:
        """How near one tool is, and how the others are."""
        yield "any", 1.0
        yield "alone" if len(self.whole) == 1 else "among others", 1.0
        yield "whole", float(self.whole[at])
        yield "named", float(self.named[at])
        yield "clause", float(self.by_clause[at].max(initial=-1))
        if len(self.whole) > 1:
            yield from self._beside_others(at)

    def _beside_others(self, at: int) -> Iterator[Fact]:
        others = np.delete(self.by_clause, at, axis=0)
        margin = (self.by_clause[at] - others.max(axis=0)).max(initial=-1)
        ranks = (self.by_clause > self.by_clause[at]).sum(axis=0)
        yield "whole margin", float(self.whole[at] - np.delete(self.whole, at).max())
        yield "named margin", float(self.named[at] - np.delete(self.named, at).max())
        yield "clause margin", float(margin)
        yield f"best of a clause {bool(margin >= 0)}", 1.0
        yield f"rank {min(int((self.whole > self.whole[at]).sum()), LOWEST_RANK)}", 1.0
        yield f"clause rank {int(ranks.min(initial=LOWEST_RANK))}", 1.0


def _said(tool: PlannedTool, scene: Scene) -> Iterator[Fact]:
    """Which of the tool's own words the request has."""
    named, told = len(tool.roots & scene.said), len(tool.described & scene.said)
    yield "name said", named / max(len(tool.roots), 1)
    yield f"name wholly said {bool(tool.roots) and tool.roots <= scene.said}", 1.0
    yield f"name said at all {named > 0}", 1.0
    yield "told said", told / max(len(tool.described), 1) ** 0.5
    yield f"told said {min(told, MOST_TOLD)}", 1.0
    yield f"verb said {tool.verb in scene.said}", 1.0
    if roots := scene.reading.roots:
        yield f"opens with its verb {roots[0] == tool.verb or roots[0] in tool.roots}", 1.0
