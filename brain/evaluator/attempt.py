"""What became of a case, as far as expectations are about it, whoever planned and ran it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from brain.pipeline_builder.spec import PipelineSpec
from brain.runs import NOTHING_SPENT, Json, RunStatus, Spending

__all__ = ["Attempt", "Call", "Judgement"]


@dataclass(frozen=True, slots=True)
class Call:
    """One step's tool with its arguments as they stand in the plan, and as they were filled in where it ran."""

    tool: str
    written: Mapping[str, Json]
    filled_in: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a model thinks of an answer; it never counts in the score by checks."""

    score: float
    """0 to 1: the mean over the criteria."""
    criteria: Mapping[str, int]
    """By name, 1 (bad) to 5 (good)."""
    reasons: str
    model: str
    prompt: str
    """The file in `prompts/` that holds the rubric."""
    tokens_in: int = 0
    tokens_out: int = 0

    def to_json(self) -> dict[str, Json]:
        """As it is kept beside a case and given to programs."""
        return {
            "score": self.score,
            "criteria": dict(self.criteria),
            "reasons": self.reasons,
            "model": self.model,
            "prompt": self.prompt,
        }


@dataclass(frozen=True, slots=True)
class Attempt:
    """A request that was planned, and run unless only plans are looked at."""

    spec: PipelineSpec | None = None
    """None where there is no plan."""
    planner: str = ""
    calls: tuple[Call, ...] = ()
    declined: str | None = None
    """Why no plan was made, where that is the planner's answer."""
    questions: tuple[str, ...] = ()
    """What is asked in return."""
    run_id: UUID | None = None
    status: RunStatus | None = None
    """None where nothing was run."""
    error: str | None = None
    outputs: Mapping[str, Json] = field(default_factory=dict)
    answer: str | None = None
    score: float | None = None
    """The run's, by checks that need no model."""
    tool_versions: Mapping[str, str] = field(default_factory=dict)
    spending: Spending = NOTHING_SPENT
    """Of the plan and the run; what a judge took stands with its judgement."""
    judgement: Judgement | None = None
    notes: tuple[str, ...] = ()
    """Such as why there is no judgement."""
