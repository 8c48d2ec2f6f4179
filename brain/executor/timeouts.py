"""The time that one call may take, and what is said where it takes longer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext

from brain.errors import StepTimeout

__all__ = ["within"]


UNLIMITED: AbstractAsyncContextManager[None] = nullcontext()


def within(seconds: float | None, tool: str) -> AbstractAsyncContextManager[None]:
    """Cancel what is done inside after so many seconds (None: never) and raise StepTimeout."""
    return UNLIMITED if seconds is None else _within(seconds, tool)


@asynccontextmanager
async def _within(seconds: float, tool: str) -> AsyncIterator[None]:
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            yield
    except TimeoutError:
        if not limit.expired():
            raise
        raise StepTimeout(
            f"{tool} took longer than its timeout of {seconds:g} s; raise `timeout` of the step or give it less to do.",
            transient=True,
        ) from None
