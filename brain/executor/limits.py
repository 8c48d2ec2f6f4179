"""What tools may take at once and in a while: calls that are one too many wait for their turn."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any

from brain.rate_limits.limiter import RateLimiter
from brain.rate_limits.memory import MemoryRateLimiter
from brain.rates import Rate, parse_rate
from brain.tool_registry.definitions import ToolDefinition

__all__ = ["Limits"]

TOLD_AFTER = 1.0
"""Seconds of waiting after which a person hears of it."""
AHEAD_SECONDS = 10.0
"""So long before it is due a call may be taken from a rate: what a process that ends takes with it is no more."""

type Tell = Callable[[str], None]
"""Takes what a call waits for, or has waited for."""


class Limits:
    """Places and turns of the tools of one process, for all its runs together; belongs to one event loop."""

    def __init__(self, rates: RateLimiter | None = None) -> None:
        self._rates = rates or MemoryRateLimiter()
        self._gates: dict[tuple[str, int | Rate], asyncio.Semaphore] = {}
        """By tool and limit: for places as many as these, for a rate as many as begin at once."""

    def of(
        self, tool: ToolDefinition, slot: AbstractAsyncContextManager[Any], tell: Tell
    ) -> AbstractAsyncContextManager[Any]:
        """The slot of one call, which opens once the tool's limits allow another one.

        The wait is no part of the call. One that is cancelled while it waits holds up nobody behind it.
        """
        limits = tool.limits
        return slot if limits.concurrent is None and limits.rate is None else self._limited(tool, slot, tell)

    @asynccontextmanager
    async def _limited(
        self, tool: ToolDefinition, slot: AbstractAsyncContextManager[Any], tell: Tell
    ) -> AsyncIterator[None]:
        concurrent, rate = tool.limits.concurrent, tool.limits.rate
        async with AsyncExitStack() as held:
            if concurrent is not None:
                with _telling(tell, f"one of its {concurrent} places" if concurrent > 1 else "its only place"):
                    await held.enter_async_context(self._gate(tool.name, concurrent, concurrent))
            if rate is None:
                await held.enter_async_context(slot)
            else:
                await self._begin(tool.name, parse_rate(rate), held, slot, tell)
            yield

    async def _begin(
        self, name: str, rate: Rate, held: AsyncExitStack, slot: AbstractAsyncContextManager[Any], tell: Tell
    ) -> None:
        """Wait for the turn first: a call that waits must not keep others from working."""
        async with AsyncExitStack() as queue:
            with _telling(tell, f"its rate limit of {rate}"):
                await queue.enter_async_context(self._gate(name, rate, rate.burst))
                await self._turn(name, rate)
            await held.enter_async_context(slot)

    async def _turn(self, name: str, rate: Rate) -> None:
        while True:
            wait = await self._rates.take(name, rate, ahead=AHEAD_SECONDS)
            if wait <= AHEAD_SECONDS:
                return await asyncio.sleep(wait)
            await asyncio.sleep(wait - AHEAD_SECONDS)

    def _gate(self, name: str, limit: int | Rate, width: int) -> asyncio.Semaphore:
        return self._gates.setdefault((name, limit), asyncio.Semaphore(width))


@contextmanager
def _telling(tell: Tell, what: str) -> Iterator[None]:
    """Say what is waited for where that takes its time, and afterwards that the wait is over."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    timer = loop.call_later(TOLD_AFTER, tell, f"waits for {what}")
    try:
        yield
    finally:
        timer.cancel()
    if (waited := loop.time() - began) > TOLD_AFTER:
        tell(f"waited {waited:.0f} s for {what}")
