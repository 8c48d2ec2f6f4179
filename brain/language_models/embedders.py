"""Embedders: what turns texts into vectors, on this machine or at a server."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from brain.errors import ModelError
from brain.language_models import patience
from brain.language_models.failures import NOT_OPENAI, UNREADABLE, one_line

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["DIMENSIONS", "Embedder", "OpenAIEmbedder", "WordLlamaEmbedder"]

DIMENSIONS = 256
"""What the knowledge base's vector column holds."""


class Embedder(Protocol):
    """Turns texts into vectors whose dot product is their cosine similarity."""

    name: str

    def embed(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Shape (len(texts), 256), rows of length 1."""


class WordLlamaEmbedder:
    """Static word vectors distilled from a large model (the `wordllama` package): local, fast, deterministic."""

    name = "wordllama-l2-supercat-256"

    def embed(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Shape (len(texts), 256), rows of length 1; a text without known words is a row of zeros."""
        import numpy as np

        return _unit_rows(self._model.embed(list(texts), norm=False).astype(np.float32))

    @cached_property
    def _model(self) -> Any:
        with _logging_as_it_was():
            import wordllama

        weights = Path(wordllama.__file__).parent
        return wordllama.WordLlama.load(cache_dir=weights, disable_download=True)


@contextmanager
def _logging_as_it_was() -> Iterator[None]:
    """Keep a library from setting up the logging of the whole program as it is imported."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)


class OpenAIEmbedder:
    """An embedding model behind an OpenAI-compatible endpoint, cut to 256 dimensions (Matryoshka) by the server."""

    def __init__(self, model: str, api_key: str, base_url: str | None = None) -> None:
        self.name = model
        self._api_key = api_key
        self._base_url = base_url

    def embed(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Shape (len(texts), 256), rows of length 1; raises ModelError where the server gives something else."""
        import numpy as np
        import openai

        try:
            answer = self._client.embeddings.create(model=self.name, input=list(texts), dimensions=DIMENSIONS)
            vectors = np.array([row.embedding for row in answer.data], dtype=np.float32)
        except openai.OpenAIError as exc:
            raise ModelError(f"The embedding model {self.name} gave no answer: {one_line(exc)}.") from exc
        except UNREADABLE as exc:
            raise ModelError(f"The embedding model {self.name} gave no answer; {NOT_OPENAI}.") from exc
        if len(vectors) != len(texts):
            raise ModelError(f"The embedding model {self.name} gave {len(vectors)} vectors for {len(texts)} texts.")
        if vectors.shape != (len(texts), DIMENSIONS):
            raise ModelError(
                f"The embedding model {self.name} gives {vectors.shape[-1]} dimensions, the knowledge base holds "
                f"{DIMENSIONS}: set BRAIN_EMBEDDING_MODEL to one that can be cut to {DIMENSIONS}, or leave it empty."
            )
        return _unit_rows(vectors)

    @cached_property
    def _client(self) -> Any:
        import openai

        return openai.OpenAI(api_key=self._api_key, base_url=self._base_url, max_retries=patience.TRANSPORT_RETRIES)


def _unit_rows(vectors: "NDArray[np.float32]") -> "NDArray[np.float32]":
    import numpy as np

    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)
