"""Models that are told no secret and tell none: what a server is asked, and what it says back, passes here."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from brain.config_secrets import Redactor
from brain.errors import AnswerMisfit, ModelError
from brain.language_models import ChatModel, Completion, Embedder, Hear, StructuredCompletion

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["RedactedChat", "RedactedEmbedder"]

log = logging.getLogger(__name__)


class RedactedChat:
    """A chat model without secrets."""

    def __init__(self, model: ChatModel, redactor: Redactor) -> None:
        self.name = model.name
        self.context_tokens = model.context_tokens
        self.price = model.price
        self._model = model
        self._redactor = redactor

    async def complete(self, prompt: str, *, system: str = "", max_tokens: int = 400) -> Completion:
        """Answer in prose."""
        told = self._redactor.text
        with _without_secrets(self._redactor):
            reply = await self._model.complete(told(prompt), system=told(system), max_tokens=max_tokens)
        return replace(reply, text=told(reply.text))

    async def structured(
        self, prompt: str, schema: dict[str, Any], *, system: str = "", max_tokens: int = 1500, hear: Hear | None = None
    ) -> StructuredCompletion:
        """Answer with JSON; what is heard of it beforehand is redacted too, as far as it is whole."""
        told = self._redactor.text
        heard: Hear | None = None if hear is None else lambda text: hear(told(text))
        with _without_secrets(self._redactor):
            reply = await self._model.structured(
                told(prompt), schema, system=told(system), max_tokens=max_tokens, hear=heard
            )
        return replace(reply, value=self._redactor.value(reply.value))


class RedactedEmbedder:
    """An embedder that is told no secret."""

    def __init__(self, embedder: Embedder, redactor: Redactor) -> None:
        self.name = embedder.name
        self._embedder = embedder
        self._redactor = redactor

    def embed(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Shape (len(texts), 256), rows of length 1."""
        with _without_secrets(self._redactor):
            return self._embedder.embed([self._redactor.text(text) for text in texts])


@contextmanager
def _without_secrets(redactor: Redactor) -> Iterator[None]:
    """Raise ModelError anew, without what led to it: servers repeat what they were sent, the key included."""
    try:
        yield
    except ModelError as exc:
        log.debug("the model failed", exc_info=True)
        told = exc.reworded(redactor.text(str(exc)))
        if isinstance(told, AnswerMisfit):
            told.value, told.finding = redactor.value(told.value), redactor.text(told.finding)
        raise told from None
