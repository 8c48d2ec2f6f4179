"""Events of runs, from the process that runs to everybody who watches; falls back where Redis fails."""

import asyncio
from types import TracebackType
from typing import Self
from uuid import UUID

from brain.config_secrets import Redactor
from brain.errors import ProgressUnavailable
from brain.progress_tracker.backend import EventBackend, RunSnapshot
from brain.progress_tracker.listener import FindPosition, RunListener
from brain.progress_tracker.publisher import RunPublisher
from brain.runs import RunEvent

__all__ = ["ProgressTracker"]


class ProgressTracker:
    """One way to publish and to listen, over a backend and the one to fall back to."""

    def __init__(
        self,
        primary: EventBackend,
        fallback: EventBackend | None = None,
        position: FindPosition | None = None,
        redactor: Redactor | None = None,
    ) -> None:
        self._backends = (primary,) if fallback is None else (primary, fallback)
        self._redactor = redactor
        self._position = position

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for backend in self._backends:
            await backend.aclose()

    def publisher(
        self, run_id: UUID, *, attempt: int = 1, after_seq: int = 0, resumed: RunSnapshot | None = None
    ) -> RunPublisher:
        """The side of a run's owner, in that attempt; its events are numbered after `after_seq`.

        Who resumes a run passes `resumed=await tracker.snapshot(run_id)`, because the row's `last_seq` may be behind.
        """
        return RunPublisher(
            run_id, self._backends, attempt=attempt, after_seq=after_seq, resumed=resumed, redactor=self._redactor
        )

    def listen(self, run_id: UUID, *, after: int = 0, until_final: bool = False) -> RunListener:
        """The run's events after a `seq`, until it comes to rest; with `until_final`, `waiting` is no rest.

        A run that has no events yet is waited for.
        """
        return RunListener(run_id, self._backends, self._position, after=after, until_final=until_final)

    async def history(self, run_id: UUID, *, after: int = 0) -> list[RunEvent]:
        """The events that are kept now, wherever they are; a hole in `seq` means that some are kept no longer.

        Raises ProgressUnavailable where no backend can be reached.
        """
        found: dict[int, RunEvent] = {}
        failures: list[ProgressUnavailable] = []
        for backend in self._backends:
            try:
                found |= await _read_all(backend, run_id, after)
            except ProgressUnavailable as exc:
                failures.append(exc)
        self._raise_if_all(failures)
        return [found[seq] for seq in sorted(found)]

    async def snapshot(self, run_id: UUID) -> RunSnapshot | None:
        """Where the run stands by the latest event that any backend knows; None where none knows the run.

        Raises ProgressUnavailable where no backend can be reached.
        """
        answers = await asyncio.gather(*(_look(backend, run_id) for backend in self._backends))
        self._raise_if_all([answer for answer in answers if isinstance(answer, ProgressUnavailable)])
        found = [answer for answer in answers if isinstance(answer, RunSnapshot)]
        return max(found, key=lambda snapshot: snapshot.seq, default=None)

    def _raise_if_all(self, failures: list[ProgressUnavailable]) -> None:
        if len(failures) == len(self._backends):
            raise failures[0]


async def _look(backend: EventBackend, run_id: UUID) -> RunSnapshot | ProgressUnavailable | None:
    try:
        return await backend.snapshot(run_id)
    except ProgressUnavailable as exc:
        return exc


async def _read_all(backend: EventBackend, run_id: UUID, after: int) -> dict[int, RunEvent]:
    found: dict[int, RunEvent] = {}
    while events := await backend.read(run_id, max(found, default=after)):
        found |= {event.seq: event for event in events}
    return found
