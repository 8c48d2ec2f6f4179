"""The seam of the progress tracker: where a run's events are kept and what every such place can do."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from brain.runs import EventType, Json, RunEvent, RunStatus, StepStatus

__all__ = ["PAGE_SIZE", "STEP_STATUS", "EventBackend", "EventLog", "News", "RunSnapshot"]

PAGE_SIZE = 1000
"""Events that one `read` returns at most, so that a long history does not hold up everybody else."""

RUN_STATUS = {kind: kind.run_status for kind in EventType}
STEP_STATUS = {kind: kind.step_status for kind in EventType}


@dataclass(frozen=True, slots=True)
class RunSnapshot:
    """Where a run stands after one of its events."""

    run_id: UUID
    seq: int = 0
    attempt: int = 1
    """The owner's; a backend takes nothing from the owner of an earlier attempt."""
    status: RunStatus | None = None
    """None until an event tells it."""
    progress: float | None = None
    """0 to 100, of the whole run."""
    steps: Mapping[str, StepStatus] = field(default_factory=dict)
    message: str = ""
    """The latest one that was not empty."""
    updated_at: datetime | None = None

    def advance(self, events: Iterable[RunEvent]) -> "RunSnapshot":
        """Where the run stands after further events; those it already counts change nothing."""
        seq, status, progress, message, updated_at = self.seq, self.status, self.progress, self.message, self.updated_at
        steps = dict(self.steps)
        for event in events:
            if event.seq <= seq:
                continue
            seq, updated_at = event.seq, event.timestamp
            status = RUN_STATUS[event.event_type] or status
            message = event.message or message
            step_status = STEP_STATUS[event.event_type]
            if event.step_id is None:
                progress = progress if event.progress_percentage is None else event.progress_percentage
            elif event.item is None and step_status:
                steps[event.step_id] = step_status
        return RunSnapshot(self.run_id, seq, self.attempt, status, progress, steps, message, updated_at)

    def is_last_of(self, attempt: int) -> bool:
        """Whether the owner in that attempt has told everything: how the run came to rest is the last thing."""
        return self.attempt == attempt and self.status is not None and self.status.is_settled

    def to_json(self) -> dict[str, Json]:
        """The snapshot as it is stored: ids and times as text, times in ISO 8601 with offset."""
        return {
            "run_id": str(self.run_id),
            "seq": self.seq,
            "attempt": self.attempt,
            "status": self.status,
            "progress": self.progress,
            "steps": dict(self.steps),
            "message": self.message,
            "updated_at": self.updated_at and self.updated_at.isoformat(),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Json]) -> "RunSnapshot":
        """The snapshot that `to_json` wrote."""
        status, updated_at = value["status"], value["updated_at"]
        return cls(
            run_id=UUID(value["run_id"]),
            seq=value["seq"],
            attempt=value["attempt"],
            status=status and RunStatus(status),
            progress=value["progress"],
            steps={step: StepStatus(state) for step, state in value["steps"].items()},
            message=value["message"],
            updated_at=updated_at and datetime.fromisoformat(updated_at),
        )


class EventLog(Protocol):
    """Keeps events; every method raises ProgressUnavailable where the service behind it cannot be used."""

    async def append(self, run_id: UUID, events: Sequence[RunEvent], snapshot: RunSnapshot) -> None:
        """Keep events (in order of `seq`, all or none) and where the run stands; what is kept already stays.

        Raises StaleAttempt where a later attempt than the snapshot's has begun.
        """

    async def read(self, run_id: UUID, after: int) -> list[RunEvent]:
        """The next events with a `seq` above `after`, in order, at most PAGE_SIZE; none means there are no more."""

    async def snapshot(self, run_id: UUID) -> RunSnapshot | None:
        """Where the run stands; None where nothing is known of it."""


class News(Protocol):
    """What a listener holds on to while it follows a run."""

    async def wait(self, seconds: float) -> None:
        """Return as soon as a run may have new events, after `seconds` at the latest; a hint, never the truth."""


class EventBackend(EventLog, Protocol):
    """An event log that also tells when there is something new."""

    name: str
    """How it is named in the run's row and in messages."""

    def follow(self, run_id: UUID) -> AbstractAsyncContextManager[News]:
        """News of one run; nothing that is appended after entering is missed."""

    async def aclose(self) -> None:
        """Let go of every connection."""
