"""Vectors of texts, each embedded once."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from brain.language_models import Embedder

__all__ = ["Meaning"]

MOST_KEPT = 50_000


class Meaning:
    """An embedder that remembers."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._known: dict[str, NDArray[np.float32]] = {}

    def of(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Shape (len(texts), 256)."""
        if not texts:
            return np.zeros((0, 256), dtype=np.float32)
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if len(self._known) > MOST_KEPT:
            self._known.clear()
            new = list(dict.fromkeys(texts))
        if new:
            self._known.update(zip(new, self._embedder.embed(new), strict=True))
        return np.stack([self._known[text] for text in texts])
