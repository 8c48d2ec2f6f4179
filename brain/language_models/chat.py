"""What a chat model is asked and answers, and the one seam that every chat model fits."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from brain.language_models.prices import Price
from brain.runs import Json

__all__ = [
    "LARGE_CONTEXT",
    "REASONING_TOKENS",
    "ChatEndpoint",
    "ChatModel",
    "Completion",
    "Hear",
    "StructuredCompletion",
    "room_to_think",
]

LARGE_CONTEXT = 32_000
"""Tokens of context from which a model may be one that thinks first."""
REASONING_TOKENS = 8000
"""Room beside the answer, because what a model thinks before it writes counts too."""


type Hear = Callable[[str], None]
"""Is told the text of an answer as far as it has come, each time that there is more of it."""


@dataclass(frozen=True, slots=True)
class ChatEndpoint:
    """Where an OpenAI-compatible chat model answers."""

    model: str
    api_key: str = field(repr=False)
    base_url: str | None = None
    """None means OpenAI itself."""
    context_tokens: int = 128_000
    """The longest prompt and answer together."""


@dataclass(frozen=True, slots=True)
class Completion:
    """What the model wrote."""

    text: str
    tokens_in: int = 0
    tokens_out: int = 0
    is_cut: bool = False
    """Whether it was longer than it might be, so that its end is missing."""
    tokens_cached: int = 0
    """Of those that went in: how many the server had read before, which cost less."""


@dataclass(frozen=True, slots=True)
class StructuredCompletion:
    """What the model wrote as JSON, parsed; it follows the schema that was asked for."""

    value: Json
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0


class ChatModel(Protocol):
    """A model that answers; both methods raise ModelError in one sentence where it does not."""

    name: str
    context_tokens: int
    price: Price

    async def complete(self, prompt: str, *, system: str = "", max_tokens: int = 400) -> Completion:
        """Answer in prose."""

    async def structured(
        self, prompt: str, schema: dict[str, Any], *, system: str = "", max_tokens: int = 1500, hear: Hear | None = None
    ) -> StructuredCompletion:
        """Answer with JSON that follows `schema`; raises AnswerMisfit where it does not.

        `hear` is told it as it grows, where the server streams; a server that does not is asked without.
        """


def room_to_think(context_tokens: int) -> int:
    """Tokens beside the answer, for a model with such a context."""
    return REASONING_TOKENS if context_tokens >= LARGE_CONTEXT else 0
