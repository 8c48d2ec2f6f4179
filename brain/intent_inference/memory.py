"""What people thought of earlier runs, as examples for a planner: which count, and how much each."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Protocol

from brain.config_secrets import SECRET_REFERENCE
from brain.intent_inference.draft import literally
from brain.intent_inference.plan import Example
from brain.intent_inference.similarity import Similarity
from brain.pipeline_builder.spec import PipelineSpec
from brain.runs import Json, RunStatus

__all__ = ["NEAREST", "InMemory", "Memory", "RatedPlan", "bound", "examples_of"]

NEAREST = 50
"""Rated runs that are looked at for one request."""
MOST_EXAMPLES = 6
WORTH_OF_STARS = {5: 1.0, 4: 0.9}
"""Runs with fewer stars are no examples."""
WORTH_OF_FAILURE = 0.8
"""Of a plan that somebody was content with although its run did not succeed."""
INPUT = re.compile(r"(?<!\$)\$\{inputs\.(\w+)\}")
LONGEST = 8_000
"""Characters of a plan, as JSON."""


@dataclass(frozen=True, slots=True)
class RatedPlan:
    """The plan of a run that somebody rated, well or badly."""

    run: str
    """The short id."""
    request: str
    spec: PipelineSpec
    as_of: date | None
    status: RunStatus
    stars: int
    rated_at: datetime
    similarity: float
    """Cosine of its request with the one that is to be planned."""


class Memory(Protocol):
    """The rated runs of a project."""

    async def nearest(self, request: str, /) -> Sequence[RatedPlan]:
        """The NEAREST whose requests mean nearly the same, the nearest first; raises BrainError."""


class InMemory:
    """Rated plans that are kept here; their own `similarity` does not count."""

    def __init__(self, plans: Iterable[RatedPlan], similarity: Similarity) -> None:
        self._plans = tuple(plans)
        self._similarity = similarity

    async def nearest(self, request: str, /) -> Sequence[RatedPlan]:
        """By the same cosines as the knowledge base has them."""
        nearness = self._similarity.between(request, [plan.request for plan in self._plans])
        found = [replace(plan, similarity=near) for plan, near in zip(self._plans, nearness, strict=True)]
        return sorted(found, key=lambda plan: (-plan.similarity, plan.run))[:NEAREST]


def examples_of(rated: Iterable[RatedPlan]) -> tuple[Example, ...]:
    """Those that people were content with, the weightiest first.

    Of the same plan for the same request the latest rating counts, so that no copy of a badly rated plan is an example.
    """
    latest: dict[tuple[str, str], RatedPlan] = {}
    for plan in sorted(rated, key=lambda plan: (plan.rated_at, plan.run)):
        latest[plan.request, _written(plan.spec)] = plan
    found = [
        Example(plan.request, plan.spec, plan.as_of, plan.run, plan.stars, _weight(plan))
        for (_, written), plan in latest.items()
        if plan.stars in WORTH_OF_STARS and len(written) <= LONGEST and not SECRET_REFERENCE.search(written)
    ]
    return tuple(sorted(found, key=lambda example: (-example.weight, example.run))[:MOST_EXAMPLES])


def bound(spec: PipelineSpec, inputs: Mapping[str, Json]) -> PipelineSpec:
    """The pipeline with the texts and numbers that its run was given for inputs in their places."""
    plain = {name: value for name, value in inputs.items() if isinstance(value, str | int | float)}
    written = spec.to_json()
    for part in ("steps", "outputs"):
        written[part] = _filled(written.get(part, []), plain)
    used = json.dumps(written["steps"]) + json.dumps(written["outputs"])
    written["inputs"] = {name: given for name, given in spec.inputs.items() if re.search(rf"inputs\.{name}\b", used)}
    return PipelineSpec.from_value({name: value for name, value in written.items() if value})


def _filled(value: Json, inputs: Mapping[str, Json]) -> Json:
    match value:
        case dict():
            return {name: _filled(each, inputs) for name, each in value.items()}
        case list():
            return [_filled(each, inputs) for each in value]
        case str() if (whole := INPUT.fullmatch(value)) and whole[1] in inputs:
            return literally(inputs[whole[1]])
        case str():
            return INPUT.sub(lambda found: literally(str(inputs[found[1]])) if found[1] in inputs else found[0], value)
        case _:
            return value


def _weight(plan: RatedPlan) -> float:
    worth = 1.0 if plan.status is RunStatus.SUCCEEDED else WORTH_OF_FAILURE
    return round(plan.similarity * worth * WORTH_OF_STARS[plan.stars], 6)


def _written(spec: PipelineSpec) -> str:
    """What the plan does, without its name."""
    return json.dumps([spec.to_json().get(name) for name in ("inputs", "steps", "outputs")], sort_keys=True)
