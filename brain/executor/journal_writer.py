"""Group commit: step results are handed over without waiting and written together, off the hot path."""

import asyncio
import contextlib
from types import TracebackType
from typing import Self

from brain.executor.ports import Journal
from brain.runs import StepResult

__all__ = ["JournalWriter"]

MOST_PENDING = 2000
"""Results that may wait to be written."""
GROUP_SECONDS = 0.1
"""How long results of repeatable steps gather before they are committed together; a crash repeats at most these."""


class JournalWriter:
    """Writes what `add` takes, in order, in the background; leaving the context writes the rest.

    The first failure to write ends it: `failed` is set and `flush` raises that error from then on.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._pending: list[StepResult] = []
        self._news = asyncio.Event()
        self._writing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._write_in_groups())
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        if self.failed.done():
            self.failed.exception()
        elif exc_type is None:
            await self.flush()
        else:
            with contextlib.suppress(Exception):  # what is being raised says more
                await self.flush()

    def add(self, result: StepResult) -> None:
        """Take a result; returns at once."""
        self._pending.append(result)
        self._news.set()

    async def put_on_record(self, result: StepResult) -> None:
        """Take a result and return when it is committed: of what may not be repeated nothing may be lost."""
        self.add(result)
        await self.flush()

    async def keep_up(self) -> None:
        """Wait where results come faster than they are written, so that they do not gather without end."""
        if len(self._pending) >= MOST_PENDING:
            await self.flush()

    async def flush(self) -> None:
        """Return when everything taken so far is committed; raises what stopped the writing."""
        async with self._writing:
            if self.failed.done():
                self.failed.result()
            taken, self._pending = self._pending, []
            if not taken:
                return
            try:
                await self._journal.record(_latest(taken))
            except BaseException as exc:
                self._pending = taken + self._pending  # also of a write that was cancelled half way
                if isinstance(exc, Exception):
                    self.failed.set_exception(exc)
                raise

    async def _write_in_groups(self) -> None:
        while not self.failed.done():
            await self._news.wait()
            self._news.clear()
            await asyncio.sleep(GROUP_SECONDS)
            with contextlib.suppress(Exception):  # kept in `failed`, which whoever waits for a result looks at
                await self.flush()


def _latest(results: list[StepResult]) -> list[StepResult]:
    return list({(result.step_id, result.item): result for result in results}.values())
