"""Which clauses of a request are about which of its tools: a value in another tool's clause is mostly that tool's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from brain.clauses import clause_starts, clauses_of
from brain.identifiers import words_of
from brain.intent_inference.calls.candidate import Candidate
from brain.intent_inference.calls.features import Features
from brain.intent_inference.calls.planned_tool import PlannedTool
from brain.intent_inference.calls.ranker import Worths
from brain.intent_inference.calls.reading import Reading
from brain.intent_inference.inflection import root
from brain.intent_inference.similarity import Similarity

__all__ = ["Owners", "WorthsWithin"]

FOREIGN = 3.0
"""What a value is worth less in a clause that is about another tool."""
NAMED = 0.3
"""What it counts beside a cosine that a clause has all words of a tool's name."""
TURNS = 0.1
"""By so much more than the tool before must another one fit a clause to have it."""


@dataclass(frozen=True)
class Owners:
    """The tools that the clauses are about."""

    starts: Sequence[int]
    """Positions of the tokens that clauses begin with."""
    names: Sequence[str]
    """Of the tool that each clause is about."""

    @classmethod
    def of(cls, reading: Reading, tools: Sequence[PlannedTool], similarity: Similarity) -> "Owners":
        """Each tool has the clause that fits it best, and those that follow until another one fits better."""
        clauses = clauses_of(reading.text)
        if not 1 < len(tools) <= len(clauses):
            return cls((), ())
        fits = _fits(clauses, tools, similarity)
        anchors = _anchors(fits)
        owners, before = [], anchors[min(anchors)]
        for clause in range(len(clauses)):
            best = int(fits[:, clause].argmax())
            turns = fits[best, clause] > fits[before, clause] + TURNS
            before = anchors.get(clause, best if turns else before)
            owners.append(before)
        starts = [_first_token(reading, start) for start in clause_starts(reading.text)]
        return cls(starts, [tools[owner].name for owner in owners])

    def is_foreign(self, candidate: Candidate, tool: str) -> bool:
        """Whether it stands in a clause that is about another tool."""
        if tool not in self.names or not candidate.is_placed:
            return False
        inside = [name for start, name in zip(self.starts, self.names, strict=True) if start <= candidate.first]
        return bool(inside) and inside[-1] != tool


class WorthsWithin(Worths):
    """What candidates are worth to a tool that has clauses of its own."""

    def __init__(self, features: Features, weights: Mapping[str, float], owners: Owners, tool: str) -> None:
        super().__init__(features, weights)
        self._owners = owners
        self._tool = tool
        self._within: dict[int, list[float]] = {}

    def alone(self, position: int) -> list[float]:
        """By themselves, less in a clause of another tool."""
        if position not in self._within:
            worths = zip(super().alone(position), self.scene.candidates[position], strict=True)
            self._within[position] = [
                worth - FOREIGN * self._owners.is_foreign(candidate, self._tool) for worth, candidate in worths
            ]
        return self._within[position]


def _first_token(reading: Reading, start: int) -> int:
    """The position of the first token behind so many characters."""
    return next((at for at, token in enumerate(reading.tokens) if token.start >= start), len(reading.tokens))


def _fits(clauses: Sequence[str], tools: Sequence[PlannedTool], similarity: Similarity) -> NDArray[np.float64]:
    """How well each clause fits each tool: one row a tool."""
    spoken = similarity.vectors(clauses)
    texts = similarity.vectors([tool.text for tool in tools]) @ spoken.T
    names = similarity.vectors([tool.spoken_name for tool in tools]) @ spoken.T
    words = [{root(word) for word in words_of(clause)} for clause in clauses]
    said = [[len(tool.roots & each) / max(len(tool.roots), 1) for each in words] for tool in tools]
    fits: NDArray[np.float64] = np.maximum(texts, names) + NAMED * np.array(said)
    return fits


def _anchors(fits: NDArray[np.float64]) -> dict[int, int]:
    """One clause for each tool, the best fits first: the tool by its clause."""
    anchors: dict[int, int] = {}
    for flat in np.argsort(-fits, axis=None, kind="stable"):
        tool, clause = divmod(int(flat), fits.shape[1])
        if clause not in anchors and tool not in anchors.values():
            anchors[clause] = tool
    return anchors
