"""Which tools fit a request: by its words (BM25) and by its meaning (vectors), as a whole and clause by clause."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from brain.clauses import clauses_of
from brain.identifiers import split_name
from brain.language_models import Embedder
from brain.tool_registry.definitions import ToolDefinition

if TYPE_CHECKING:
    import numpy as np
    from bm25s import BM25
    from numpy.typing import NDArray

    type Scores = NDArray[np.float32]
    """One number a tool."""

__all__ = ["ScoredTool", "ToolSearch"]

ARGUMENTS = 1.0
"""Weight of what a tool's arguments are called and described as, beside its own name and description."""
CLAUSE = 0.5
"""Weight of the clause that a tool fits best, beside the whole request."""
FLAT = 1e-6
"""Standard deviation below which scores tell nothing."""
SHORTEST_PLURAL = 4
"""Letters; "days" loses its s, "gas" does not."""


@dataclass(frozen=True, slots=True)
class ScoredTool:
    """A tool and how well it fits: standard deviations above the average tool, summed over the ways to look."""

    definition: ToolDefinition
    score: float


class ToolSearch:
    """An index over names, descriptions, examples and arguments, built at the first search.

    Scores are made comparable by their mean and deviation and then summed: CombSUM (Fox and Shaw, TREC-2, 1994) over
    standardised scores.
    """

    def __init__(self, tools: Iterable[ToolDefinition], embedder: Embedder) -> None:
        self._tools = tuple(tools)
        self._embedder = embedder

    def search(self, request: str, limit: int = 10) -> list[ScoredTool]:
        """The tools that fit best, best first; a request without words fits none."""
        if not _words(request) or not self._tools:
            return []
        scores = self._scores(request)
        best = (-scores).argsort(kind="stable")[:limit].tolist()
        return [ScoredTool(self._tools[index], float(scores[index])) for index in best]

    def _scores(self, request: str) -> "Scores":
        parts = clauses_of(request)
        vectors = self._embedder.embed([request, *parts])
        own = self._by_words(self._index, request) + _standardised(self._by_meaning(vectors[0]))
        arguments = self._by_words(self._index_with_arguments, request)
        arguments = arguments + _standardised(self._vectors_with_arguments @ vectors[0])
        scores: Scores = own + ARGUMENTS * arguments
        if len(parts) > 1:
            fits = [
                self._by_words(self._index, part) + _standardised(self._by_meaning(vector))
                for part, vector in zip(parts, vectors[1:], strict=True)
            ]
            scores = scores + CLAUSE * _highest(fits)
        return scores

    def _by_words(self, index: "BM25", text: str) -> "Scores":
        import numpy as np

        known = [word for word in _words(text) if word in index.vocab_dict]
        return _standardised(index.get_scores(known) if known else np.zeros(len(self._tools), dtype=np.float32))

    def _by_meaning(self, vector: "NDArray[np.float32]") -> "Scores":
        """The nearer of a tool's name and of its whole text."""
        return _highest([self._vectors @ vector, self._name_vectors @ vector])

    @cached_property
    def _index(self) -> "BM25":
        return _indexed([_text(tool) for tool in self._tools])

    @cached_property
    def _index_with_arguments(self) -> "BM25":
        return _indexed([f"{_text(tool)}. {_arguments(tool)}" for tool in self._tools])

    @cached_property
    def _vectors(self) -> "NDArray[np.float32]":
        return self._embedder.embed([_text(tool) for tool in self._tools])

    @cached_property
    def _name_vectors(self) -> "NDArray[np.float32]":
        return self._embedder.embed([" ".join(split_name(tool.name)) for tool in self._tools])

    @cached_property
    def _vectors_with_arguments(self) -> "NDArray[np.float32]":
        return self._embedder.embed([f"{_text(tool)}. {_arguments(tool)}" for tool in self._tools])


def _text(tool: ToolDefinition) -> str:
    examples = (example.description for example in tool.examples)
    return ". ".join((" ".join(split_name(tool.name)), tool.annotations.title or "", tool.description, *examples))


def _arguments(tool: ToolDefinition) -> str:
    return ". ".join(
        f"{' '.join(split_name(name))} {schema.get('description', '')}" for name, schema in tool.parameters.items()
    )


def _indexed(texts: Sequence[str]) -> "BM25":
    from bm25s import BM25

    # The library sets its own logger to DEBUG, so that it would talk wherever logging is set up.
    logging.getLogger("bm25s").setLevel(logging.WARNING)
    index = BM25()
    index.index([_words(text) for text in texts], show_progress=False)
    return index


def _words(text: str) -> list[str]:
    from bm25s.stopwords import STOPWORDS_EN

    return [_singular(word) for word in split_name(text) if word not in STOPWORDS_EN]


def _singular(word: str) -> str:
    return word[:-1] if len(word) >= SHORTEST_PLURAL and word.endswith("s") and not word.endswith("ss") else word


def _standardised(scores: "Scores") -> "Scores":
    spread = float(scores.std())
    made: Scores = (scores - scores.mean()) / spread if spread > FLAT else scores * 0
    return made


def _highest(several: "Sequence[Scores]") -> "Scores":
    import numpy as np

    made: Scores = np.max(np.stack(several), axis=0)
    return made
