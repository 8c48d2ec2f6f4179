"""How near texts are in meaning, each text embedded once."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from brain.language_models import DIMENSIONS, Embedder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Similarity"]

MOST_KEPT = 50_000
"""Vectors that are remembered: 50 MB. Where there are more, all are forgotten."""


class Similarity:
    """Cosine similarities between texts, each text embedded once."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._vectors: dict[str, NDArray[np.float32]] = {}

    def between(self, text: str, others: Sequence[str]) -> list[float]:
        """Similarity of one text with each of the others."""
        self._learn([text, *others])
        return [float(self._vectors[text] @ self._vectors[other]) for other in others]

    def vectors(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Shape (len(texts), 256), rows of length 1."""
        import numpy as np

        if not texts:
            return np.zeros((0, DIMENSIONS), dtype=np.float32)
        self._learn(texts)
        return np.stack([self._vectors[text] for text in texts])

    def _learn(self, texts: Iterable[str]) -> None:
        if len(self._vectors) > MOST_KEPT:
            self._vectors.clear()
        new = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        if new:
            self._vectors.update(zip(new, self._embedder.embed(new), strict=True))
