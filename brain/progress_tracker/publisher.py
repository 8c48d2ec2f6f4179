"""The owner's side of a run's progress: numbers the events, thins them out, and hands them over in batches."""

import asyncio
import logging
import math
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Self
from uuid import UUID

from brain.config_secrets import Redactor
from brain.errors import ProgressUnavailable, StaleAttempt
from brain.progress_tracker.backend import STEP_STATUS, EventBackend, RunSnapshot
from brain.runs import EventType, Json, RunEvent, utc_now

__all__ = ["RunPublisher"]

log = logging.getLogger(__name__)

FLUSH_SECONDS = 0.02
"""Between two transactions of a run."""
PROGRESS_SECONDS = 0.1
"""Between two `step.progress` events of a step."""
RETRY_SECONDS = 1.0
"""Between two tries while no backend takes events."""
LONGEST_FLUSH_SECONDS = 10.0
"""How long the end of a run waits for its events to be stored."""
BATCH_SIZE = 500
"""Events in one transaction at most."""
NOT_NUMBERED = 0
"""The `seq` of an event that may still be replaced by a later one."""


class RunPublisher:
    """Publishes the events of one run; belongs to the event loop that it was made on.

    All events stay in memory until the publisher goes, because if a backend fails the next one gets all of them.
    A backend that has failed is not used again by this run. No failure is ever raised: progress does not stop work.
    """

    def __init__(
        self,
        run_id: UUID,
        backends: Sequence[EventBackend],
        *,
        attempt: int = 1,
        after_seq: int = 0,
        resumed: RunSnapshot | None = None,
        redactor: Redactor | None = None,
    ) -> None:
        self.run_id = run_id
        self._redactor = redactor
        self._backend, *self._fallbacks = backends
        self._snapshot = replace(resumed or RunSnapshot(run_id), attempt=attempt)
        self.seq = max(after_seq, self._snapshot.seq)
        """Of the latest event."""
        self._events: list[RunEvent] = []
        self._stored = 0
        self._throttles: dict[str | None, _Throttle] = {}
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._wake = asyncio.Event()
        self._handing_over = asyncio.Lock()
        self._sender = self._loop.create_task(self._keep_sending(), name=f"progress: {run_id}")
        self._closed = False
        self._has_given_way = False
        self._warned = False

    @property
    def backend(self) -> str:
        """The name of the backend that holds the events: redis, postgres or memory."""
        return self._backend.name

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    def publish(
        self,
        event_type: EventType,
        *,
        step_id: str | None = None,
        item: int | None = None,
        message: str = "",
        percentage: float | None = None,
        data: Mapping[str, Json] | None = None,
    ) -> None:
        """Take one event, cheaply, from any thread; what comes after `close` is dropped.

        Of `step.progress` ten a second a step go out, and always the last one before the step ends.
        """
        told = RunEvent(
            self.run_id,
            NOT_NUMBERED,
            event_type,
            utc_now(),
            step_id,
            item,
            message,
            _bounded(percentage),
            dict(data) if data else {},
        )
        if threading.get_ident() == self._thread:
            self._take(told)
        elif not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._take, told)

    async def flush(self) -> bool:
        """Hand over all that was published; returns whether it is stored now."""
        for throttle in self._throttles.values():
            self._release(throttle)
        try:
            async with asyncio.timeout(LONGEST_FLUSH_SECONDS):
                return await self._hand_over()
        except TimeoutError:
            return False

    async def close(self) -> None:
        """Flush and end; call it once the run has come to rest."""
        if self._closed:
            return
        stored = await self.flush()
        self._closed = True
        self._sender.cancel()
        await asyncio.wait([self._sender])
        if not stored:
            lost = len(self._events) - self._stored
            log.warning("The last %d progress events of the run %s could not be stored.", lost, self.run_id)

    def _take(self, told: RunEvent) -> None:
        if self._closed or self._has_given_way:
            return
        if told.event_type is EventType.STEP_PROGRESS:
            self._thin_out(told)
            return
        if told.step_id is not None and told.item is None:
            throttle = self._throttles.setdefault(told.step_id, _Throttle())
            self._release(throttle)
            status = STEP_STATUS[told.event_type]
            throttle.ended = throttle.ended if status is None else status.is_final
        self._add(told)

    def _thin_out(self, told: RunEvent) -> None:
        throttle = self._throttles.setdefault(told.step_id, _Throttle())
        if throttle.ended:
            return  # a tool that was given up still reports
        wait = throttle.free_at - self._loop.time()
        if throttle.held is None or told.item is None or throttle.held.item is not None:
            throttle.held = told  # how many items are done is worth more than how far one of them is
        if wait <= 0:
            self._release(throttle)
        elif throttle.timer is None:
            throttle.timer = self._loop.call_later(wait, self._release, throttle)

    def _release(self, throttle: "_Throttle") -> None:
        if throttle.timer is not None:
            throttle.timer.cancel()
            throttle.timer = None
        if throttle.held is not None:
            self._add(throttle.held)
            throttle.held = None
            throttle.free_at = self._loop.time() + PROGRESS_SECONDS

    def _add(self, told: RunEvent) -> None:
        self.seq += 1
        message, data = told.message, told.data
        if self._redactor is not None:
            message = self._redactor.text(message) if message else message
            data = self._redactor.value(data) if data else data
        self._events.append(
            RunEvent(
                told.run_id, self.seq, told.event_type, told.timestamp, told.step_id, told.item, message,
                told.progress_percentage, data,
            )
        )  # fmt: skip
        self._wake.set()

    async def _keep_sending(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            if await self._hand_over():
                await asyncio.sleep(FLUSH_SECONDS)
            else:
                await asyncio.sleep(RETRY_SECONDS)
                self._wake.set()

    async def _hand_over(self) -> bool:
        async with self._handing_over:
            while self._stored < len(self._events):
                batch = self._events[self._stored : self._stored + BATCH_SIZE]
                self._snapshot = self._snapshot.advance(batch)
                try:
                    await self._backend.append(self.run_id, batch, self._snapshot)
                except StaleAttempt:
                    self._give_way()
                except Exception as exc:  # noqa: BLE001 - whatever is wrong with progress, the run goes on
                    if not self._move_on(exc):
                        return False
                else:
                    self._stored += len(batch)
            return True

    def _give_way(self) -> None:
        """Another owner tells of this run now: nothing that comes from here is told any more."""
        log.info("The run %s goes on elsewhere; its last events here are dropped.", self.run_id)
        self._stored = len(self._events)
        self._has_given_way = True

    def _move_on(self, exc: Exception) -> bool:
        """Take the next backend, which gets all events; returns False where this is the last one."""
        said = exc if isinstance(exc, ProgressUnavailable) else repr(exc)
        if not self._fallbacks:
            if not self._warned:
                log.warning("Progress of the run %s is kept in memory for now: %s", self.run_id, said)
            self._warned = True
            return False
        failed, self._backend = self._backend.name, self._fallbacks.pop(0)
        self._stored = 0
        log.warning("Progress of the run %s moves from %s to %s: %s", self.run_id, failed, self.backend, said)
        return True


class _Throttle:
    """What `step.progress` of one step is held back."""

    def __init__(self) -> None:
        self.free_at = 0.0
        """On the loop's clock: when the next one may go out."""
        self.held: RunEvent | None = None
        self.timer: asyncio.TimerHandle | None = None
        self.ended = False


def _bounded(percentage: float | None) -> float | None:
    if percentage is None or math.isnan(percentage):
        return None
    return min(100.0, max(0.0, float(percentage)))
