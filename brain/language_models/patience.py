"""How long one question waits for its answer, each time that the OpenAI client asks it, and who hears of it."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from brain.errors import ModelSilent
from brain.language_models.failures import is_asked_again, rest_of
from brain.language_models.notices import notify

__all__ = ["CHAT_TIMEOUT", "TRANSPORT_RETRIES", "Patience"]

CHAT_TIMEOUT = 120.0
"""Seconds for one answer, from the question to its last byte."""
TRANSPORT_RETRIES = 2
"""Of the OpenAI client, for 429, 5xx and broken connections: after what `Retry-After` says, else its own backoff."""
BACKOFF_SECONDS = 8.0
"""The longest that the OpenAI client waits by itself (its MAX_RETRY_DELAY)."""
COUNT = "x-stainless-retry-count"
"""In its requests: how often it has asked before."""


class Patience:
    """Ends a question that gets no whole answer in time, which HTTP timeouts do not: they begin anew at each byte.

    Such a question is not asked again, because it may have been paid for. What the client asks again, and when, it
    decides itself; its hooks hear of it here, so that the wait does not count and a person is told.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._deadline = asyncio.timeout(None)
        self.hooks: dict[str, list[Callable[..., Any]]] = {
            "request": [self._on_request],
            "response": [self._on_response],
        }
        """For the HTTP client that the questions go through."""

    async def __aenter__(self) -> Self:
        await self._deadline.__aenter__()
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            await self._deadline.__aexit__(exc_type, exc, traceback)
        except TimeoutError:
            raise ModelSilent(
                f"The model {self._name} did not answer within {CHAT_TIMEOUT:g} s; try again later.", transient=True
            ) from None

    async def _on_request(self, _request: Any) -> None:
        self._wait(CHAT_TIMEOUT)

    async def _on_response(self, response: Any) -> None:
        asked_before = int(response.request.headers.get(COUNT, 0))
        if asked_before >= TRANSPORT_RETRIES or not is_asked_again(response):
            return
        rest = rest_of(response.headers) or 0.0
        self._wait(CHAT_TIMEOUT + max(rest, BACKOFF_SECONDS))
        when = f" in {rest:.0f} s" if rest else ""
        notify(f"{self._name} is busy (status {response.status_code}), asking again{when}")

    def _wait(self, seconds: float) -> None:
        self._deadline.reschedule(asyncio.get_running_loop().time() + seconds)
