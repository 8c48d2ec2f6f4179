"""What goes into the store and comes out of it beside rows: a plan, how a run ended, where it is, what is like it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from brain.errors import Clarification
from brain.pipeline_builder.spec import PipelineSpec
from brain.runs import NOTHING_SPENT, ApprovalRequest, Json, RunStatus, Spending
from brain.tool_registry.definitions import ToolDefinition

__all__ = ["Claim", "Outcome", "Plan", "Position", "RatedRun"]


@dataclass(frozen=True, slots=True)
class Plan:
    """A pipeline that was made for a run, by whom, and the tools as they were defined then."""

    spec: PipelineSpec
    planner: str = ""
    """Planner, model and prompt version; empty for a spec that a person wrote."""
    tools: tuple[ToolDefinition, ...] = ()
    notes: tuple[str, ...] = ()
    """What a person should know before relying on it."""
    spending: Spending = NOTHING_SPENT
    """What the run has taken so far, in all its attempts."""
    provenance: tuple[Mapping[str, Json], ...] = ()
    """Where each literal comes from: `where`, `value`, `origin`, `kind`."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended, or what it waits for."""

    status: RunStatus
    outputs: Mapping[str, Json] = field(default_factory=dict)
    answer: str | None = None
    error: str | None = None
    score: float | None = None
    """0 to 1, by the evaluator."""
    checks: Mapping[str, bool] | None = None
    """What the score is made of."""
    notes: tuple[str, ...] = ()
    """What a person should know before relying on the answer; added to the plan's."""
    waiting_for: tuple[ApprovalRequest, ...] = ()
    questions: tuple[Clarification, ...] = ()
    spending: Spending = NOTHING_SPENT
    """What the run has taken, in all its attempts."""
    last_seq: int = 0
    backend: str | None = None
    """The progress backend that holds the events."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A run that was taken over, and what its new owner goes on from."""

    attempt: int
    last_seq: int
    spending: Spending
    budget: str | None
    """As `Budget` reads it; None: what it takes."""
    deadline: str | None
    """As `Deadline` reads it; None: as long as it takes."""
    approvals: tuple[str, ...]
    """Hashes of the calls that a person has allowed."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a run is, for a listener that hears nothing."""

    status: RunStatus
    backend: str | None
    last_seq: int
    heartbeat_age: float | None
    """Seconds by the server's clock since the owner last said that it lives."""


@dataclass(frozen=True, slots=True)
class RatedRun:
    """A run that somebody rated, whose request means nearly the same."""

    run_id: UUID
    request: str
    spec: dict[str, Any]
    inputs: dict[str, Any]
    as_of: date | None
    """The day that words such as `yesterday` counted from."""
    status: RunStatus
    stars: int
    """1 to 5, the latest."""
    rated_at: datetime
    similarity: float
    """Cosine of the angle between the embeddings: 1 = the same, 0 = unrelated."""
