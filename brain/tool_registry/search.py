"""Which tools fit a request: by its words (BM25) and by its meaning (vectors), the two rankings fused."""

import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from brain.language_models import Embedder
from brain.tool_registry.definitions import ToolDefinition

if TYPE_CHECKING:
    import numpy as np
    from bm25s import BM25
    from numpy.typing import NDArray

__all__ = ["ScoredTool", "ToolSearch"]

FUSION_CONSTANT = 60
"""k of reciprocal rank fusion: Cormack, Clarke and Büttcher, SIGIR 2009."""
WORD = re.compile(r"[^\W_]+")
SHORTEST_PLURAL = 4
"""Letters; "days" loses its s, "gas" does not."""


@dataclass(frozen=True, slots=True)
class ScoredTool:
    """A tool and how well it fits: the sum of 1 / (60 + rank) over the rankings that it is in."""

    definition: ToolDefinition
    score: float


class ToolSearch:
    """An index over names, descriptions and examples, built at the first search."""

    def __init__(self, tools: Iterable[ToolDefinition], embedder: Embedder) -> None:
        self._tools = tuple(tools)
        self._embedder = embedder

    def search(self, request: str, limit: int = 10) -> list[ScoredTool]:
        """The tools that fit best, best first; a request without words fits none."""
        words = _words(request)
        if not words or not self._tools:
            return []
        scores: dict[int, float] = {}
        for ranking in (self._by_words(words), self._by_meaning(request)):
            for rank, index in enumerate(ranking, start=1):
                scores[index] = scores.get(index, 0.0) + 1 / (FUSION_CONSTANT + rank)
        best = sorted(scores, key=lambda index: (-scores[index], index))[:limit]
        return [ScoredTool(self._tools[index], scores[index]) for index in best]

    def _by_words(self, words: list[str]) -> list[int]:
        """Only tools that share a word with the request."""
        known = [word for word in words if word in self._index.vocab_dict]
        if not known:
            return []
        scores = self._index.get_scores(known)
        return [index for index in _descending(scores) if scores[index] > 0]

    def _by_meaning(self, request: str) -> list[int]:
        return _descending(self._vectors @ self._embedder.embed([request])[0])

    @cached_property
    def _index(self) -> "BM25":
        from bm25s import BM25

        # The library sets its own logger to DEBUG, so that it would talk wherever logging is set up.
        logging.getLogger("bm25s").setLevel(logging.WARNING)
        index = BM25()
        index.index([_words(_text(tool)) for tool in self._tools], show_progress=False)
        return index

    @cached_property
    def _vectors(self) -> "NDArray[np.float32]":
        return self._embedder.embed([_text(tool) for tool in self._tools])


def _text(tool: ToolDefinition) -> str:
    examples = (example.description for example in tool.examples)
    name = tool.name.replace(".", " ").replace("_", " ")
    return ". ".join((name, tool.annotations.title or "", tool.description, *examples))


def _words(text: str) -> list[str]:
    from bm25s.stopwords import STOPWORDS_EN

    words = (word.lower() for word in WORD.findall(text))
    return [_singular(word) for word in words if word not in STOPWORDS_EN]


def _singular(word: str) -> str:
    return word[:-1] if len(word) >= SHORTEST_PLURAL and word.endswith("s") and not word.endswith("ss") else word


def _descending(scores: "NDArray[np.float32]") -> list[int]:
    order: list[int] = (-scores).argsort(kind="stable").tolist()
    return order
