"""The facts about runs that travel between parts, processes and machines; how they are stored is in `database`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from brain.errors import Clarification

__all__ = [
    "NOTHING_SPENT",
    "ApprovalRequest",
    "EventType",
    "Json",
    "RunEvent",
    "RunResult",
    "RunStatus",
    "Spending",
    "StepResult",
    "StepStatus",
    "new_run_id",
    "short_id",
    "today",
    "utc_now",
]

type Json = Any
"""A value that `json.dumps` takes: tables and files stand in it as artifact references (see `brain.artifacts`)."""

SHORT_ID_DIGITS = 8


class RunStatus(StrEnum):
    """The state of a run; nobody claims a `waiting` one, it waits for approval or answers."""

    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"

    @property
    def is_final(self) -> bool:
        """Whether the run has ended (it may still be resumed as a new attempt)."""
        return self in _FINAL_RUN

    @property
    def is_settled(self) -> bool:
        """Whether nothing more happens until a person does something."""
        return self.is_final or self is RunStatus.WAITING


class StepStatus(StrEnum):
    """The state of a step; `interrupted` = it was started and its outcome is unknown."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    CACHED = "cached"
    INTERRUPTED = "interrupted"

    @property
    def is_final(self) -> bool:
        """Whether the step has ended in this attempt."""
        return self not in (StepStatus.PENDING, StepStatus.RUNNING)

    @property
    def has_result(self) -> bool:
        """Whether later steps may use what the step returned."""
        return self in (StepStatus.SUCCEEDED, StepStatus.CACHED)


_FINAL_RUN = frozenset({RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELLED, RunStatus.INTERRUPTED})


class EventType(StrEnum):
    """What happened; `run.<status>` and `step.<status>` mirror the two status enums."""

    PLAN_STARTED = "plan.started"
    PLAN_PROGRESS = "plan.progress"
    """The steps of a plan that is being written, in `data`; nobody has checked them yet."""
    PLAN_FINISHED = "plan.finished"
    RUN_QUEUED = "run.queued"
    RUN_RUNNING = "run.running"
    RUN_WAITING = "run.waiting"
    RUN_SUCCEEDED = "run.succeeded"
    RUN_FAILED = "run.failed"
    RUN_CANCELLED = "run.cancelled"
    RUN_INTERRUPTED = "run.interrupted"
    STEP_RUNNING = "step.running"
    STEP_PROGRESS = "step.progress"
    STEP_RETRYING = "step.retrying"
    STEP_SUCCEEDED = "step.succeeded"
    STEP_FAILED = "step.failed"
    STEP_SKIPPED = "step.skipped"
    STEP_CANCELLED = "step.cancelled"
    STEP_CACHED = "step.cached"
    STEP_INTERRUPTED = "step.interrupted"
    ANSWER_STARTED = "answer.started"
    MODEL_WAITING = "model.waiting"
    """The chat model is busy and is asked again; with `step_id` where a step asks it."""

    @classmethod
    def of_run(cls, status: RunStatus) -> "EventType":
        """The event that tells a run has reached `status`."""
        return cls(f"run.{status}")

    @classmethod
    def of_step(cls, status: StepStatus) -> "EventType":
        """The event that tells a step has reached `status`."""
        return cls(f"step.{status}")

    @property
    def run_status(self) -> RunStatus | None:
        """The run status that this event announces, if it announces one."""
        kind, _, status = self.partition(".")
        return RunStatus(status) if kind == "run" else None

    @property
    def step_status(self) -> StepStatus | None:
        """The step status that this event announces, if it announces one."""
        kind, _, status = self.partition(".")
        return StepStatus(status) if kind == "step" and status in _STEP_STATUSES else None


_STEP_STATUSES = frozenset(StepStatus)


@dataclass(frozen=True, slots=True)
class RunEvent:
    """One thing that happened in a run; `seq` counts up by one within the run, starting at 1."""

    run_id: UUID
    seq: int
    event_type: EventType
    timestamp: datetime
    step_id: str | None = None
    item: int | None = None
    message: str = ""
    progress_percentage: float | None = None
    """0 to 100, of the step where `step_id` is set, else of the run."""
    data: Mapping[str, Json] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The event's identity in every backend: the run's id and `seq`."""
        return f"{self.run_id}:{self.seq}"

    def to_json(self) -> dict[str, Json]:
        """The event as it goes over a wire: ids and times as text, times in ISO 8601 with offset."""
        return {
            "id": self.id,
            "run_id": str(self.run_id),
            "seq": self.seq,
            "timestamp": self.timestamp.isoformat(),
            "event_type": str(self.event_type),
            "step_id": self.step_id,
            "item": self.item,
            "message": self.message,
            "progress_percentage": self.progress_percentage,
            "data": dict(self.data),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Json]) -> "RunEvent":
        """The event that `to_json` wrote."""
        return cls(
            run_id=UUID(value["run_id"]),
            seq=value["seq"],
            event_type=EventType(value["event_type"]),
            timestamp=datetime.fromisoformat(value["timestamp"]),
            step_id=value["step_id"],
            item=value["item"],
            message=value["message"],
            progress_percentage=value["progress_percentage"],
            data=value["data"],
        )


@dataclass(frozen=True, slots=True)
class Spending:
    """What language models took."""

    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float | None = 0.0
    """In US dollars; None where the price of some of it is not known."""

    @property
    def tokens(self) -> int:
        """In and out together."""
        return self.tokens_in + self.tokens_out

    def __add__(self, other: "Spending") -> "Spending":
        """Both together; of what is not known the sum is not known either."""
        known = self.cost_usd is not None and other.cost_usd is not None
        return Spending(
            self.tokens_in + other.tokens_in,
            self.tokens_out + other.tokens_out,
            (self.cost_usd or 0) + (other.cost_usd or 0) if known else None,
        )


NOTHING_SPENT = Spending()


@dataclass(frozen=True, slots=True)
class StepResult:
    """How one step (or, with `item`, one item of a `foreach` step) ended."""

    step_id: str
    tool: str
    status: StepStatus
    item: int | None = None
    tool_version: str = ""
    arguments: Mapping[str, Json] = field(default_factory=dict)
    """As resolved, secrets still as `${secret:NAME}`."""
    result: Json = None
    error: str | None = None
    fingerprint: str | None = None
    """SHA-256 in hex over tool, version, resolved arguments and the files that they name; None where the step never got
    that far, or a file could not be read."""
    items: int | None = None
    """Of a `foreach` step: how many items it had; None for any other."""
    tries: int = 0
    """How often the tool was called."""
    spending: Spending = NOTHING_SPENT
    """What the tool's questions to the chat model took, of all tries; of a `foreach` step what its items took."""
    cached_from: UUID | None = None
    """Of a `cached` one: the run that made the result."""
    started_at: datetime | None = None
    finished_at: datetime | None = None

    @property
    def is_waived(self) -> bool:
        """Whether a person said that the call is not to be made again: its result is null, and later steps run.

        A step that its condition or a failure skipped never got as far as a call.
        """
        return self.status is StepStatus.SKIPPED and self.fingerprint is not None

    @property
    def seconds(self) -> float | None:
        """Wall-clock time between start and end."""
        if self.started_at is None or self.finished_at is None:
            return None
        return (self.finished_at - self.started_at).total_seconds()


@dataclass(frozen=True, slots=True)
class ApprovalRequest:
    """A step that changes something outside the Brain, and that a person must allow first."""

    step_id: str
    tool: str
    arguments: Json
    """As resolved; of a `foreach` step the list of every item's."""
    hash: str
    """What the approval binds to: tool, version and these arguments."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run ended, or where it waits."""

    status: RunStatus
    outputs: Mapping[str, Json] = field(default_factory=dict)
    steps: Mapping[str, StepResult] = field(default_factory=dict)
    error: str | None = None
    waiting_for: tuple[ApprovalRequest, ...] = ()
    questions: tuple[Clarification, ...] = ()
    """What a person has to answer before there is a plan."""


def new_run_id() -> UUID:
    """A UUIDv7 (RFC 9562): run ids sort by time of creation."""
    return uuid7()


def short_id(run_id: UUID) -> str:
    """The last eight hex digits, which surfaces show; the first ones are the clock and look alike."""
    return run_id.hex[-SHORT_ID_DIGITS:]


def today() -> date:
    """The day by this machine's calendar, which is what a person at it means."""
    return utc_now().astimezone().date()


def utc_now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)
