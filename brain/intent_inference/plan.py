"""What planning takes and gives, and the one seam that every planner fits."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from brain.intent_inference.mentions import Request
from brain.intent_inference.sources import Source
from brain.pipeline_builder.pipeline import Pipeline
from brain.pipeline_builder.preflight import Preflight
from brain.pipeline_builder.spec import PipelineSpec
from brain.runs import Json

__all__ = ["Check", "Plan", "Planner", "Provenance", "Question"]

type Check = Callable[[PipelineSpec], Pipeline]
"""Builds a spec; raises SpecError with every problem."""


@dataclass(frozen=True, slots=True)
class Question:
    """A request and what is known about the data that it names."""

    request: Request
    sources: tuple[Source, ...] = ()

    @property
    def inputs(self) -> dict[str, dict[str, str]]:
        """The inputs that a spec has to declare: the tables that were handed over."""
        return {
            source.input: {"type": "object", "format": "table"} for source in self.sources if source.input is not None
        }


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a literal argument comes from."""

    where: str
    """`steps.monthly.arguments.function`"""
    value: Json
    origin: str
    """Words of the request in quotation marks, `default`, or a sentence."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A pipeline that passed `build`, and how it came about."""

    pipeline: Pipeline
    planner: str
    """Which planner, and which model if one was asked."""
    provenance: tuple[Provenance, ...] = ()
    notes: tuple[str, ...] = ()
    """Sentences for the person: what to know before relying on it."""
    tokens_in: int = 0
    tokens_out: int = 0
    preflight: Preflight | None = None
    """What running it would touch and take; None in a plan that is run at once."""

    @property
    def spec(self) -> PipelineSpec:
        """The pipeline as it is written down."""
        return self.pipeline.spec


class Planner(Protocol):
    """Turns a question into a plan."""

    async def plan(self, question: Question) -> Plan:
        """Raises PlanningError where no tool serves the request, ModelError where a model was needed and failed."""
