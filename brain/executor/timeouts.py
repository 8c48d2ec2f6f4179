"""The time that one call may take, and what is said where it takes longer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext

from brain.errors import StepTimeout, ToolError

__all__ = ["within"]


UNLIMITED: AbstractAsyncContextManager[None] = nullcontext()


def within(seconds: float | None, tool: str) -> AbstractAsyncContextManager[None]:
    """Cancel what is done inside after so many seconds (None: never) and raise StepTimeout.

    A tool that says how it ended, with a ToolError, has ended: that is raised, with the timeout for its reason.
    """
    return UNLIMITED if seconds is None else _within(seconds, tool)


@asynccontextmanager
async def _within(seconds: float, tool: str) -> AsyncIterator[None]:
    limit = asyncio.timeout(seconds)
    reason = f"{tool} took longer than its timeout of {seconds:g} s; raise `timeout` of the step or give it less to do."
    try:
        async with limit:
            yield
    except TimeoutError:
        if not limit.expired():
            raise
        raise StepTimeout(reason, transient=True) from None
    except ToolError as exc:
        if not limit.expired():
            raise
        raise ToolError(reason, transient=True, left=exc.left) from None
