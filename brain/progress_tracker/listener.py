"""The watcher's side of a run's progress: joins at any time, sees each event once, in order, and ends."""

import asyncio
import contextlib
import logging
import math
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from brain.errors import ProgressUnavailable, ServiceError
from brain.progress_tracker.backend import PAGE_SIZE, EventBackend, News
from brain.runs import EventType, RunEvent, RunStatus, short_id, utc_now

__all__ = ["FindPosition", "RunListener", "RunPosition"]

log = logging.getLogger(__name__)

SILENCE_SECONDS = 2.0
"""After which the run's row is asked where the run is."""
GRACE_SECONDS = 0.5
"""What a last event may still need, once the row says that the run is over or its owner gone."""
GAP_POLL_SECONDS = 0.2
RETRY_SECONDS = 0.5
PATIENCE_SECONDS = 15.0
"""How long every backend may be away before a listener that was under way gives up."""
INTERRUPTED = "The run was interrupted before it could say so; `brain show {run}` tells what it had done. Run it again."
NO_HISTORY = "The run has ended; its last events were lost or are no longer kept."


@dataclass(frozen=True, slots=True)
class RunPosition:
    """What a run's row says about it; rows are the truth, events may be late or lost."""

    status: RunStatus
    backend: str | None = None
    """Where its owner publishes; None where no heartbeat has told it."""
    last_seq: int = 0
    """At the last heartbeat."""
    alive: bool = True
    """Of a running run: whether its owner is still there."""

    @property
    def is_abandoned(self) -> bool:
        """Whether the run should be under way, but nobody works on it."""
        return self.status is RunStatus.RUNNING and not self.alive


type FindPosition = Callable[[UUID], Awaitable[RunPosition | None]]
"""Looks a run's row up; None where there is no such run, and a ServiceError counts as not knowing."""


class RunListener(AsyncIterator[RunEvent]):
    """The events of one run after a `seq`, each once and in order, until the run comes to rest.

    A last event with `data == {"synthetic": True}` was not published: the row says that the run is over, or its owner
    is gone, and the events never said so. Its `seq` is one above all others.
    Raises ProgressUnavailable where no backend can be reached.
    """

    def __init__(
        self,
        run_id: UUID,
        backends: Sequence[EventBackend],
        find_position: FindPosition | None,
        *,
        after: int = 0,
        until_final: bool = False,
    ) -> None:
        self.run_id = run_id
        self.missing = 0
        """Events that were passed over because nobody keeps them any more."""
        self._backends = backends
        self._backend = backends[0]
        self._find_position = find_position
        self._until_final = until_final
        self._seq = after
        self._at_rest = False
        """Whether the latest event says that the run is."""
        self._doubted = False
        """Whether the row says that no more is to come; it has to say so twice."""
        self._over = False
        self._read_on = False
        """Whether more can be read at once."""
        self._check_at = -math.inf
        self._reached_at = -math.inf
        self._gap_since: float | None = None
        self._events = self._listen()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> RunEvent:
        return await anext(self._events)

    async def aclose(self) -> None:
        """Stop listening."""
        await self._events.aclose()

    async def _listen(self) -> AsyncGenerator[RunEvent]:
        await self._choose_backend()
        while not self._over:
            backend = self._backend
            try:
                async with backend.follow(self.run_id) as news:
                    while backend is self._backend and not self._over:
                        for event in await self._next_events():
                            yield event
                        if last_word := await self._pause(news):
                            yield last_word
            except ProgressUnavailable as exc:
                await self._survive(exc)

    async def _choose_backend(self) -> None:
        position = await self._position()
        named = [backend for backend in self._backends if position and backend.name == position.backend]
        self._backend = named[0] if named else self._backends[0]
        if self._seq:
            with contextlib.suppress(ProgressUnavailable):
                latest = await self._backend.read(self.run_id, self._seq - 1)
                self._at_rest = [event.seq for event in latest] == [self._seq] and self._is_rest(latest[0])

    async def _next_events(self) -> list[RunEvent]:
        events = await self._backend.read(self.run_id, self._seq)
        self._reached_at = time.monotonic()
        if events and events[-1].seq - self._seq != len(events):
            events = await self._filled(events)
        return self._accept(events)

    async def _filled(self, events: list[RunEvent]) -> list[RunEvent]:
        """The events with what the other backends have, as after a move or a resumption."""
        found = {event.seq: event for event in events}
        for other in self._others():
            with contextlib.suppress(ProgressUnavailable):
                found |= {event.seq: event for event in await other.read(self.run_id, self._seq)}
        return [found[seq] for seq in sorted(found)]

    def _accept(self, events: list[RunEvent]) -> list[RunEvent]:
        """Those that follow on the last one; a gap holds the rest back for a while."""
        now = time.monotonic()
        accepted = []
        may_skip = self._gap_since is not None and now - self._gap_since >= SILENCE_SECONDS
        for event in events:
            if event.seq != self._seq + 1:
                if not may_skip:
                    break
                self._skip_to(event.seq)
            self._seq = event.seq
            accepted.append(event)
        held_back = len(accepted) < len(events)
        if accepted:
            self._check_at = now + SILENCE_SECONDS
            self._doubted, self._at_rest = False, self._is_rest(accepted[-1])
        self._gap_since = (now if accepted or self._gap_since is None else self._gap_since) if held_back else None
        self._read_on = bool(accepted) and (held_back or len(events) >= PAGE_SIZE)
        return accepted

    def _skip_to(self, seq: int) -> None:
        missing = seq - self._seq - 1
        self.missing += missing
        log.warning("%d events of the run %s before event %d are no longer kept.", missing, self.run_id, seq)

    async def _pause(self, news: News) -> RunEvent | None:
        """Wait for news, or find out that there will be none; returns what is to be told in that case."""
        if self._read_on:
            return None
        if self._at_rest and await self._is_confirmed():
            self._over = True
            return None
        if time.monotonic() >= self._check_at:
            return await self._check()
        until_check = max(0.0, self._check_at - time.monotonic())
        await news.wait(until_check if self._gap_since is None else min(until_check, GAP_POLL_SECONDS))
        return None

    async def _is_confirmed(self) -> bool:
        """Whether the row agrees that the run is at rest; where it was resumed, events go on."""
        position = await self._position()
        return position is None or self._rests(position.status)

    async def _check(self) -> RunEvent | None:
        """Ask the row: the run may have moved to another backend, or be over without a word."""
        position = await self._position()
        self._check_at = time.monotonic() + SILENCE_SECONDS
        elsewhere = position is None or position.backend != self._backend.name or position.last_seq > self._seq
        if elsewhere and await self._move():
            return None
        over = position is not None and (self._rests(position.status) or position.is_abandoned)
        if position is None or not over or self._gap_since is not None:
            self._doubted = False
            return None
        if not self._doubted:
            self._doubted = True
            self._check_at = time.monotonic() + GRACE_SECONDS
            return None
        self._over = True
        return None if self._at_rest and not position.is_abandoned else self._last_word(position)

    async def _move(self) -> bool:
        """Go where there are newer events; returns whether there were any."""
        for other in self._others():
            with contextlib.suppress(ProgressUnavailable):
                if await other.read(self.run_id, self._seq):
                    self._backend = other
                    return True
        return False

    async def _survive(self, exc: ProgressUnavailable) -> None:
        """Follow another backend while this one is away; raises where all are, at once or after some patience."""
        for other in self._others():
            with contextlib.suppress(ProgressUnavailable):
                await other.read(self.run_id, self._seq)
                self._backend = other
                return
        if time.monotonic() - self._reached_at > PATIENCE_SECONDS:
            raise exc
        await asyncio.sleep(RETRY_SECONDS)

    def _last_word(self, position: RunPosition) -> RunEvent:
        status = RunStatus.INTERRUPTED if position.is_abandoned else position.status
        interrupted = status is RunStatus.INTERRUPTED
        message = INTERRUPTED.format(run=short_id(self.run_id)) if interrupted else NO_HISTORY
        seq = max(self._seq, position.last_seq) + 1
        kind = EventType.of_run(status)
        return RunEvent(self.run_id, seq, kind, utc_now(), message=message, data={"synthetic": True})

    async def _position(self) -> RunPosition | None:
        if self._find_position is None:
            return None
        try:
            return await self._find_position(self.run_id)
        except ServiceError as exc:
            log.debug("Where the run %s is cannot be asked: %s", self.run_id, exc)
            return None

    def _others(self) -> list[EventBackend]:
        return [backend for backend in self._backends if backend is not self._backend]

    def _is_rest(self, event: RunEvent) -> bool:
        status = event.event_type.run_status
        return status is not None and self._rests(status)

    def _rests(self, status: RunStatus) -> bool:
        return status.is_final if self._until_final else status.is_settled
