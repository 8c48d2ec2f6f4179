"""What planning takes and gives, and the one seam that every planner fits."""

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Protocol

from brain.intent_inference.mentions import Request
from brain.intent_inference.sources import Source
from brain.pipeline_builder.pipeline import Pipeline
from brain.pipeline_builder.preflight import Preflight
from brain.pipeline_builder.spec import PipelineSpec
from brain.runs import Json
from brain.shortened import shortened, shown

__all__ = ["Check", "Example", "Origin", "Plan", "Planner", "Provenance", "Question"]

ARGUMENT = re.compile(r"steps\.[^.]+\.arguments\.[^.\[]+")
"""A whole argument, of which a literal may be a part."""
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
LONGEST_REQUEST = 120
"""Characters of an earlier request, for people."""

type Check = Callable[[PipelineSpec], Pipeline]
"""Builds a spec; raises SpecError with every problem."""


@dataclass(frozen=True, slots=True)
class Example:
    """A request of the past and the pipeline that served it well."""

    request: str
    spec: PipelineSpec
    as_of: date | None = None
    """The day that words such as `yesterday` counted from."""
    run: str = ""
    """The short id of its run."""
    stars: int = 5
    weight: float = 1.0
    """How near the request is (cosine), times what the rating and the status of the run are worth: 0 to 1."""

    def is_dated(self, value: Json, as_of: date | None) -> bool:
        """Whether a value holds a day that may have been counted from another one than `as_of`."""
        return self.as_of != as_of and DAY.search(json.dumps(value)) is not None

    @property
    def note(self) -> str:
        """For the person who gets a plan that was adapted from it."""
        words = shortened(" ".join(self.request.split()), LONGEST_REQUEST)
        return f"Adapted from the run {self.run} (“{words}”), which was rated {self.stars} of 5."


@dataclass(frozen=True, slots=True)
class Question:
    """A request, what is known about the data that it names, and what a person has said since."""

    request: Request
    sources: tuple[Source, ...] = ()
    answers: Mapping[str, Json] = field(default_factory=dict)
    """What earlier questions were answered with, by their names."""
    as_of: date | None = None
    """The day that words such as `yesterday` count from."""
    examples: tuple[Example, ...] = ()
    """Similar runs that people were content with, the weightiest first."""
    may_mean_data: bool = True
    """Whether there is data that the request could be about, though it names none: the small planner then guesses no
    calls of other tools."""

    @property
    def asked_before(self) -> tuple[Example, ...]:
        """The examples whose request has the same words."""
        words = self.request.text.casefold().split()
        return tuple(each for each in self.examples if each.request.casefold().split() == words)

    @property
    def inputs(self) -> dict[str, dict[str, str]]:
        """The inputs that a spec has to declare: the tables that were handed over."""
        return {
            source.input: {"type": "object", "format": "table"} for source in self.sources if source.input is not None
        }


class Origin(StrEnum):
    """What kind of place a literal comes from."""

    SPAN = "span"
    """It stands in the request."""
    RULE = "rule"
    """It stands there in another form, which a named rule leads to."""
    ANSWER = "answer"
    """A person answered so."""
    DATA = "data"
    """It is a column or a value of the described data."""
    SCHEMA = "schema"
    """It is the default, or the only value, that the tool's schema has."""
    STEP = "step"
    """An earlier step gives or names it."""
    READING = "reading"
    """One of a closed set (enum, true or false), chosen by the model."""
    MEMORY = "memory"
    """An earlier run had it, for a request that is nearly the same and that does not say it either."""
    MODEL = "model"
    """The model's own words, where any will do."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a literal argument comes from."""

    where: str
    """`steps.monthly.arguments.function`"""
    value: Json
    origin: str
    """Words of the request in quotation marks, `default`, or a sentence."""
    kind: Origin | None = None
    """None in plans of before it was kept."""

    def to_json(self) -> dict[str, Json]:
        """All of it."""
        return {"where": self.where, "value": self.value, "origin": self.origin, "kind": self.kind}

    @classmethod
    def from_json(cls, value: Mapping[str, Json]) -> "Provenance":
        """What `to_json` wrote."""
        kind = value.get("kind")
        return cls(value["where"], value["value"], value["origin"], Origin(kind) if kind else None)


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
    as_of: date | None = None
    """The day that words such as `yesterday` were counted from."""

    @property
    def spec(self) -> PipelineSpec:
        """The pipeline as it is written down."""
        return self.pipeline.spec

    @property
    def origins(self) -> dict[str, str]:
        """By argument, as in `steps.monthly.arguments.function`, where its literals come from.

        Of several literals each is told with its value.
        """
        by_argument: dict[str, list[Provenance]] = {}
        for each in self.provenance:
            argument = ARGUMENT.match(each.where)
            by_argument.setdefault(argument[0] if argument else each.where, []).append(each)
        return {where: _origin(found) for where, found in by_argument.items()}

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, str]:
        from brain.display.plan_page import plan_views

        views = plan_views(
            self.pipeline, planner=self.planner, origins=self.origins, notes=self.notes, preflight=self.preflight
        )
        return views.bundle(include, exclude)

    def to_json(self) -> dict[str, Json]:
        """The pipeline and how it came about, without the preflight."""
        return {
            "plan": self.spec.to_json(),
            "provenance": [each.to_json() for each in self.provenance],
            "planner": self.planner,
            "notes": list(self.notes),
            "as_of": self.as_of.isoformat() if self.as_of else None,
        }


def _origin(found: Sequence[Provenance]) -> str:
    if len({each.origin for each in found}) == 1:
        return found[0].origin
    return "; ".join(dict.fromkeys(f"{shown(each.value)} {each.origin}" for each in found))


class Planner(Protocol):
    """Turns a question into a plan."""

    async def plan(self, question: Question) -> Plan:
        """Raises PlanningError where no tool serves the request, ModelError where a model was needed and failed.

        Of the PlanningErrors, QuestionsError says what a person has to answer first.
        """
