"""Any chat model behind an OpenAI-compatible endpoint, through LangChain and the OpenAI client."""

import asyncio
import json
import re
import ssl
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext
from functools import cache
from typing import TYPE_CHECKING, Any

from brain.errors import AnswerMisfit, ModelError
from brain.language_models import patience
from brain.language_models.chat import ChatEndpoint, Completion, Hear, StructuredCompletion, room_to_think
from brain.language_models.failures import translated
from brain.language_models.prices import UNKNOWN, Price
from brain.language_models.schemas import misfit
from brain.language_models.streaming import streamed
from brain.shortened import shortened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from langchain_openai import ChatOpenAI

__all__ = ["OpenAIChat"]

OWN_TEMPERATURE = re.compile(r"(?:^|/)(?:o\d|gpt-5(?!-chat))")
"""Models that think first and refuse a temperature; a router puts the vendor before the name."""
LONGEST_SHOWN = 80
"""Characters of an answer in a message."""
ANOTHER = "try again or set another BRAIN_CHAT_MODEL"


class OpenAIChat:
    """Any OpenAI-compatible endpoint, found (and started, if embedded) at its first use."""

    def __init__(
        self,
        name: str,
        context_tokens: int,
        endpoint: Callable[[], Awaitable[ChatEndpoint]],
        *,
        at_once: int | None = None,
        price: Price = UNKNOWN,
    ) -> None:
        self.name = name
        self.context_tokens = context_tokens
        self.price = price
        self._endpoint = endpoint
        self._turn = nullcontext() if at_once is None else asyncio.Semaphore(at_once)
        """For a server that answers so many questions at once: the others wait here, where no timeout runs."""

    async def complete(self, prompt: str, *, system: str = "", max_tokens: int = 400) -> Completion:
        """Answer in prose."""
        async with self._connected() as (client, room):
            message = await client.bind(max_completion_tokens=max_tokens + room).ainvoke(_messages(prompt, system))
        is_cut = message.response_metadata.get("finish_reason") == "length"
        tokens_in, tokens_out, cached = _usage(message)
        return Completion(_said(self.name, message), tokens_in, tokens_out, is_cut, cached)

    async def structured(
        self, prompt: str, schema: dict[str, Any], *, system: str = "", max_tokens: int = 1500, hear: Hear | None = None
    ) -> StructuredCompletion:
        """Answer with JSON that follows the schema, which is checked here: not every server enforces it.

        With `hear` the answer is streamed. Raises AnswerCutOff where it is too long, AnswerMisfit where it is other
        JSON, ModelError where it is none.
        """
        async with self._connected() as (client, room):
            wanted = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": False}}
            bound = client.bind(response_format=wanted, max_completion_tokens=max_tokens + room)
            messages = _messages(prompt, system)
            message = await bound.ainvoke(messages) if hear is None else await streamed(bound, messages, hear)
        text, (tokens_in, tokens_out, cached) = _said(self.name, message), _usage(message)
        try:
            answer = StructuredCompletion(json.loads(text), tokens_in, tokens_out, cached)
        except (json.JSONDecodeError, RecursionError):
            said = shortened(text, LONGEST_SHOWN)
            raise ModelError(
                f"The model {self.name} was asked for JSON and wrote {said!r}; {ANOTHER}.",
                tokens_in=tokens_in,
                tokens_out=tokens_out,
            ) from None
        if finding := misfit(answer.value, schema):
            raise AnswerMisfit(
                f"The model {self.name} answered with JSON that is not what was asked for ({finding}); {ANOTHER}.",
                value=answer.value,
                finding=finding,
                tokens_in=tokens_in,
                tokens_out=tokens_out,
            )
        return answer

    @asynccontextmanager
    async def _connected(self) -> "AsyncIterator[tuple[ChatOpenAI, int]]":
        """A client for one question, with connections of its own, and the room that the model may need to think.

        LangChain's default shares one pool between all clients of a process, and so between event loops.
        """
        endpoint = await self._endpoint()
        import openai
        from langchain_openai import ChatOpenAI

        waiting = patience.Patience(self.name)
        async with (
            self._turn,
            openai.DefaultAsyncHttpxClient(timeout=None, verify=_trusted(), event_hooks=waiting.hooks) as connections,
        ):
            client = ChatOpenAI(
                model=endpoint.model,
                api_key=endpoint.api_key,
                base_url=endpoint.base_url,
                temperature=None if OWN_TEMPERATURE.search(endpoint.model) else 0,
                seed=0,
                max_retries=patience.TRANSPORT_RETRIES,
                http_async_client=connections,
            )
            with translated(self.name):
                async with waiting:
                    yield client, room_to_think(endpoint.context_tokens)


@cache
def _trusted() -> ssl.SSLContext:
    """The certificates to trust, read once: it takes 50 ms, which is most of what a client takes."""
    import httpx

    return httpx.create_ssl_context()


def _messages(prompt: str, system: str) -> list[tuple[str, str]]:
    return [("system", system), ("user", prompt)] if system else [("user", prompt)]


def _said(name: str, message: Any) -> str:
    """The text of an answer; raises ModelError where there is none."""
    text: str = message.text.strip()
    if text:
        return text
    tokens_in, tokens_out, _ = _usage(message)
    if refusal := message.additional_kwargs.get("refusal"):
        why = f"refused: {shortened(refusal, 200).rstrip('.')}"
    else:
        why = f"answered with nothing; {ANOTHER}"
    raise ModelError(f"The model {name} {why}.", tokens_in=tokens_in, tokens_out=tokens_out)


def _usage(message: Any) -> tuple[int, int, int]:
    """Tokens in and out, and how many of those in the server had in its cache."""
    usage = message.usage_metadata or {}
    details = usage.get("input_token_details") or {}
    return usage.get("input_tokens", 0), usage.get("output_tokens", 0), details.get("cache_read") or 0
