"""Ends an attempt of a run at its deadline."""

import asyncio
from dataclasses import replace
from types import TracebackType
from typing import Self
from uuid import UUID

from brain.deadlines import NO_DEADLINE, Deadline
from brain.runs import RunResult, RunStatus, short_id

__all__ = ["DeadlineWatch"]


class DeadlineWatch:
    """Sets `cancel` once the time is over that runs while its context is open, and tells such an end from a cancel."""

    def __init__(self, run_id: UUID, deadline: Deadline | None, cancel: asyncio.Event) -> None:
        self._run_id = run_id
        self._deadline = deadline or NO_DEADLINE
        self._cancel = cancel
        self._timer: asyncio.TimerHandle | None = None
        self._has_ended_it = False

    def __enter__(self) -> Self:
        if self._deadline.seconds is not None:
            self._timer = asyncio.get_running_loop().call_later(self._deadline.seconds, self._end)
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def told(self, result: RunResult) -> RunResult:
        """How the run ended: `interrupted` with the reason where it was the deadline that ended it."""
        if not self._has_ended_it or result.status is not RunStatus.CANCELLED:
            return result
        reasons = (self._reason(), result.error)
        return replace(result, status=RunStatus.INTERRUPTED, error="; ".join(filter(None, reasons)))

    def _end(self) -> None:
        if not self._cancel.is_set():
            self._has_ended_it = True
            self._cancel.set()

    def _reason(self) -> str:
        go_on = f"brain resume {short_id(self._run_id)} --deadline {self._deadline.twice}"
        return f"The run took longer than its deadline of {self._deadline}; what was done is kept: {go_on}"
