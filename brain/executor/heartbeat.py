"""Tells everybody else, once a second, that the owner of a run lives, and notices that somebody wants it cancelled."""

import asyncio
import logging
from types import TracebackType
from typing import Self

from brain.errors import StaleAttempt
from brain.executor.ports import Journal

__all__ = ["Heartbeat"]

log = logging.getLogger(__name__)

BEAT_SECONDS = 1.0
"""Between two heartbeats; a cancel from another process is seen at the next one."""


class Heartbeat:
    """Beats while its context is open; sets `cancel` where somebody asks for it or has taken the run over."""

    def __init__(self, journal: Journal, cancel: asyncio.Event) -> None:
        self._journal = journal
        self._cancel = cancel
        self._task: asyncio.Task[None] | None = None
        self.lost: StaleAttempt | None = None
        """Set once another process owns the run."""

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._beat())
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            try:
                if await self._journal.beat():
                    self._cancel.set()
            except StaleAttempt as exc:
                self.lost = exc
                self._cancel.set()
                return
            except Exception:  # whatever it is, the next beat may succeed; without any the run is taken over
                log.warning("A heartbeat could not be written; trying again.", exc_info=True)
