"""The chat model and the embedder that the settings name, each behind one small Protocol."""

import asyncio
import json
import logging
import re
import ssl
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from brain.errors import AnswerCutOff, ModelError
from brain.runs import Json
from brain.shortened import shortened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import numpy as np
    from langchain_openai import ChatOpenAI
    from numpy.typing import NDArray

__all__ = [
    "LARGE_CONTEXT",
    "ChatEndpoint",
    "ChatModel",
    "Completion",
    "Embedder",
    "MeteredChat",
    "OpenAIChat",
    "OpenAIEmbedder",
    "StructuredCompletion",
    "WordLlamaEmbedder",
]

DIMENSIONS = 256
"""What the knowledge base's vector column holds."""
CHAT_TIMEOUT = 120.0
"""Seconds for one answer."""
TRANSPORT_RETRIES = 2
"""Of the OpenAI client, for 429, 5xx and broken connections, with its own backoff."""
UNREADABLE = (ValueError, TypeError, LookupError, AttributeError)
"""What the OpenAI client and LangChain raise on a body that is no answer of OpenAI's protocol."""
NOT_OPENAI = "what came is no answer of OpenAI's protocol, check OPENAI_BASE_URL"
REASONING_TOKENS = 8000
"""Room beside the answer, because what a model thinks before it writes counts too."""
OWN_TEMPERATURE = re.compile(r"(?:^|/)(?:o\d|gpt-5(?!-chat))")
"""Models that think first and refuse a temperature; a router puts the vendor before the name."""
LONGEST_SHOWN = 80
"""Characters of an answer in a message."""
LARGE_CONTEXT = 32_000
"""Tokens of context from which a model may be one that thinks first."""


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


@dataclass(frozen=True, slots=True)
class StructuredCompletion:
    """What the model wrote as JSON, parsed; it was asked to follow a schema but is not trusted to."""

    value: Json
    tokens_in: int = 0
    tokens_out: int = 0


class ChatModel(Protocol):
    """A model that answers; both methods raise ModelError in one sentence where it does not."""

    name: str
    context_tokens: int

    async def complete(self, prompt: str, *, system: str = "", max_tokens: int = 400) -> Completion:
        """Answer in prose."""

    async def structured(
        self, prompt: str, schema: dict[str, Any], *, system: str = "", max_tokens: int = 1500
    ) -> StructuredCompletion:
        """Answer with JSON that follows `schema`, as far as the server can enforce it."""


class Embedder(Protocol):
    """Turns texts into vectors whose dot product is their cosine similarity."""

    name: str

    def embed(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Shape (len(texts), 256), rows of length 1."""


class MeteredChat:
    """A chat model that counts what its questions take; tokens in and out of each go to `spend` as well."""

    def __init__(self, model: ChatModel, spend: Callable[[int, int], None] | None = None) -> None:
        self._model = model
        self._spend = spend
        self.name = model.name
        self.context_tokens = model.context_tokens
        self.tokens_in = self.tokens_out = 0

    async def complete(self, prompt: str, *, system: str = "", max_tokens: int = 400) -> Completion:
        """Answer in prose."""
        return await self._metered(self._model.complete(prompt, system=system, max_tokens=max_tokens))

    async def structured(
        self, prompt: str, schema: dict[str, Any], *, system: str = "", max_tokens: int = 1500
    ) -> StructuredCompletion:
        """Answer with JSON."""
        return await self._metered(self._model.structured(prompt, schema, system=system, max_tokens=max_tokens))

    async def _metered[T: Completion | StructuredCompletion](self, question: Awaitable[T]) -> T:
        try:
            completion = await question
        except ModelError as exc:
            self._count(exc.tokens_in, exc.tokens_out)
            raise
        self._count(completion.tokens_in, completion.tokens_out)
        return completion

    def _count(self, tokens_in: int, tokens_out: int) -> None:
        self.tokens_in += tokens_in
        self.tokens_out += tokens_out
        if self._spend is not None:
            self._spend(tokens_in, tokens_out)


class OpenAIChat:
    """Any OpenAI-compatible endpoint, through LangChain; found (and started, if embedded) at its first use."""

    def __init__(
        self,
        name: str,
        context_tokens: int,
        endpoint: Callable[[], Awaitable[ChatEndpoint]],
        *,
        at_once: int | None = None,
    ) -> None:
        self.name = name
        self.context_tokens = context_tokens
        self._endpoint = endpoint
        self._turn = nullcontext() if at_once is None else asyncio.Semaphore(at_once)
        """For a server that answers so many questions at once: the others wait here, where no timeout runs."""

    async def complete(self, prompt: str, *, system: str = "", max_tokens: int = 400) -> Completion:
        """Answer in prose."""
        async with self._connected() as (client, room), _translated(self.name):
            message = await client.bind(max_completion_tokens=max_tokens + room).ainvoke(_messages(prompt, system))
        is_cut = message.response_metadata.get("finish_reason") == "length"
        return Completion(_said(self.name, message), *_usage(message), is_cut=is_cut)

    async def structured(
        self, prompt: str, schema: dict[str, Any], *, system: str = "", max_tokens: int = 1500
    ) -> StructuredCompletion:
        """Answer with JSON; raises AnswerCutOff where it is too long, ModelError where what came is no JSON."""
        async with self._connected() as (client, room), _translated(self.name):
            bound = client.with_structured_output(
                {"title": "answer", **schema},
                method="json_schema",
                include_raw=True,
                max_completion_tokens=max_tokens + room,
            )
            reply: Any = await bound.ainvoke(_messages(prompt, system))
        text, (tokens_in, tokens_out) = _said(self.name, reply["raw"]), _usage(reply["raw"])
        try:
            return StructuredCompletion(json.loads(text), tokens_in, tokens_out)
        except (json.JSONDecodeError, RecursionError):
            raise ModelError(
                f"The model {self.name} was asked for JSON and wrote {shortened(text, LONGEST_SHOWN)!r}; "
                "try again or set another BRAIN_CHAT_MODEL.",
                tokens_in=tokens_in,
                tokens_out=tokens_out,
            ) from None

    @asynccontextmanager
    async def _connected(self) -> "AsyncIterator[tuple[ChatOpenAI, int]]":
        """A client for one question, with connections of its own, and the room that the model may need to think.

        LangChain's default shares one pool between all clients of a process, and so between event loops.
        """
        endpoint = await self._endpoint()
        import openai
        from langchain_openai import ChatOpenAI

        room = REASONING_TOKENS if endpoint.context_tokens >= LARGE_CONTEXT else 0
        async with self._turn, openai.DefaultAsyncHttpxClient(timeout=CHAT_TIMEOUT, verify=_trusted()) as connections:
            client = ChatOpenAI(
                model=endpoint.model,
                api_key=endpoint.api_key,
                base_url=endpoint.base_url,
                temperature=None if OWN_TEMPERATURE.search(endpoint.model) else 0,
                seed=0,
                timeout=CHAT_TIMEOUT,
                max_retries=TRANSPORT_RETRIES,
                http_async_client=connections,
            )
            yield client, room


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
    tokens_in, tokens_out = _usage(message)
    if refusal := message.additional_kwargs.get("refusal"):
        why = f"refused: {shortened(refusal, 200).rstrip('.')}"
    else:
        why = "answered with nothing; try again or set another BRAIN_CHAT_MODEL"
    raise ModelError(f"The model {name} {why}.", tokens_in=tokens_in, tokens_out=tokens_out)


def _usage(message: Any) -> tuple[int, int]:
    usage = message.usage_metadata or {}
    return usage.get("input_tokens", 0), usage.get("output_tokens", 0)


@asynccontextmanager
async def _translated(name: str) -> "AsyncIterator[None]":
    import openai

    try:
        yield
    except openai.APITimeoutError as exc:
        raise ModelError(f"The model {name} did not answer within {CHAT_TIMEOUT:g} s; try again later.") from exc
    except openai.APIConnectionError as exc:
        raise ModelError(f"The model {name} cannot be reached; check OPENAI_BASE_URL and that it is up.") from exc
    except openai.AuthenticationError as exc:
        raise ModelError(f"The model {name} refused the key; check OPENAI_API_KEY.") from exc
    except openai.APIStatusError as exc:
        raise ModelError(f"The model {name} answered with status {exc.status_code}: {_reason(exc)}.") from exc
    except openai.LengthFinishReasonError as exc:
        usage = exc.completion.usage
        raise AnswerCutOff(
            f"The model {name} was cut off before its answer was whole; ask for less or set another BRAIN_CHAT_MODEL.",
            tokens_in=usage.prompt_tokens if usage else 0,
            tokens_out=usage.completion_tokens if usage else 0,
        ) from exc
    except openai.OpenAIError as exc:
        raise ModelError(f"The model {name} gave no usable answer: {_one_line(exc)}.") from exc
    except UNREADABLE as exc:
        raise ModelError(f"The model {name} gave no usable answer; {NOT_OPENAI}.") from exc


def _reason(exc: Any) -> str:
    body = exc.body if isinstance(exc.body, dict) else {}
    return _one_line(body.get("message") or exc.message)


def _one_line(said: object) -> str:
    return shortened(" ".join(str(said).split()), 200).rstrip(".")


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
            raise ModelError(f"The embedding model {self.name} gave no answer: {_one_line(exc)}.") from exc
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

        return openai.OpenAI(api_key=self._api_key, base_url=self._base_url, max_retries=TRANSPORT_RETRIES)


def _unit_rows(vectors: "NDArray[np.float32]") -> "NDArray[np.float32]":
    import numpy as np

    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)
