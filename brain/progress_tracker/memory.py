"""Events kept in this process, for tests and for runs that nobody else watches."""

import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from brain.errors import StaleAttempt
from brain.progress_tracker.backend import PAGE_SIZE, News, RunSnapshot
from brain.progress_tracker.hints import Hints
from brain.progress_tracker.wire import decode, encode
from brain.runs import RunEvent

__all__ = ["MemoryBackend"]


class MemoryBackend:
    """Holds events as they would go over a wire, so that they behave as in the other backends."""

    name = "memory"

    def __init__(self) -> None:
        self._events: defaultdict[UUID, dict[int, bytes]] = defaultdict(dict)
        self._snapshots: dict[UUID, RunSnapshot] = {}
        self._hints = Hints()

    async def append(self, run_id: UUID, events: Sequence[RunEvent], snapshot: RunSnapshot) -> None:
        """Keep events and snapshot, and wake the listeners."""
        before = self._snapshots.get(run_id)
        if before is not None and before.attempt > snapshot.attempt:
            raise StaleAttempt
        kept = self._events[run_id]
        for event in events:
            kept.setdefault(event.seq, encode(event.to_json()))
        self._snapshots[run_id] = snapshot
        self._hints.tell(str(run_id))

    async def read(self, run_id: UUID, after: int) -> list[RunEvent]:
        """The next events after a `seq`."""
        kept = self._events.get(run_id, {})
        later = sorted(seq for seq in kept if seq > after)[:PAGE_SIZE]
        return [RunEvent.from_json(decode(kept[seq])) for seq in later]

    async def snapshot(self, run_id: UUID) -> RunSnapshot | None:
        """Where the run stands."""
        return self._snapshots.get(run_id)

    @contextlib.asynccontextmanager
    async def follow(self, run_id: UUID) -> AsyncIterator[News]:
        """News of one run."""
        with self._hints.follow(str(run_id)) as news:
            yield news

    async def aclose(self) -> None:
        """Nothing is held open."""
