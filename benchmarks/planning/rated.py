"""Rated requests of the past beside new ones that are like them, and when the plan of a new one is right."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

from benchmarks.planning.examples import PlanRequest, Rated, Step, Toolbox
from benchmarks.planning.right_values import same
from brain.intent_inference.calls.arguments import Argument, Kind
from brain.intent_inference.calls.beside import CallBeside, value_at
from brain.intent_inference.calls.contents import Contents
from brain.intent_inference.calls.planned_tool import PlannedTool
from brain.intent_inference.calls.precedent import Given
from brain.intent_inference.calls.reading import Reading
from brain.intent_inference.plan import Example
from brain.intent_inference.similarity import Similarity
from brain.pipeline_builder.spec import PipelineSpec
from brain.runs import Json
from brain.tool_registry.definitions import ToolDefinition

__all__ = ["Again", "Box", "is_right", "spec_of", "spec_of_steps"]

REFERENCE = re.compile(r"\$(\d+)")
"""`$1.id` is a field of what the first step gives."""
SPOKEN = (Kind.TEXT, Kind.INTEGER, Kind.NUMBER, Kind.DATE, Kind.OPTION)
"""Kinds whose values stand in a request as they are."""


@dataclass(frozen=True, slots=True)
class Again:
    """A new request that is like a rated one."""

    kind: str
    """`swapped` (the same words around other values), `reworded`, `paraphrase`, `variation`, `lure`, or `other`."""
    ask: str
    spec: PipelineSpec | None
    """The right plan; None where the tools at hand are not for it."""
    rated: Rated | None = None


@dataclass(frozen=True)
class Box:
    """A toolbox with rated requests."""

    toolbox: Toolbox
    rated: Sequence[Rated]

    @cached_property
    def tools(self) -> dict[str, ToolDefinition]:
        """As a registry has them, by name."""
        return {tool.tool: tool.definition for tool in self.toolbox.tools}

    @cached_property
    def planned(self) -> dict[str, PlannedTool]:
        """As the planner takes them, by name."""
        return {name: PlannedTool.of(tool) for name, tool in self.tools.items()}

    @cached_property
    def examples(self) -> list[Example]:
        """The rated requests."""
        return [Example(each.ask, spec_of(each.plan)) for each in self.rated]

    def again(self, similarity: Similarity) -> Iterator[Again]:
        """The new requests of each rated one, its own with the values of variations, and all that are like none."""
        for rated in self.rated:
            for kind, asked in rated.again:
                yield Again(kind, asked.ask, None if asked.plan is None else spec_of(asked.plan), rated)
            for variation in rated.variations:
                if variation.plan and (ask := self._swapped(rated, variation, similarity)):
                    yield Again("swapped", ask, spec_of(variation.plan), rated)
        known = {rated.ask for rated in self.rated}
        for other in (each for each in self.toolbox.requests if each.ask not in known):
            yield Again("other", other.ask, None if other.plan is None else spec_of(other.plan))

    def _swapped(self, rated: Rated, variation: PlanRequest, similarity: Similarity) -> str | None:
        """The rated request with other values where it says its own; None where they do not fit."""
        swaps = _Swaps(rated.ask)
        steps = zip(spec_of(rated.plan).steps, spec_of(variation.plan or []).steps, strict=False)
        if [step.tool for step in rated.plan] != [step.tool for step in variation.plan or []]:
            return None
        for step, other in steps:
            call = CallBeside.of(step, self.planned[step.tool], swaps.contents, swaps.contents, [], similarity)
            for argument in call.arguments:
                given = call.precedent.given.get(argument.path)
                if not swaps.takes(argument, given, value_at(other.arguments, argument.path)):
                    return None
        return swaps.text


class _Swaps:
    """Values that take the places of others in a text."""

    def __init__(self, text: str) -> None:
        self.contents = Contents(Reading(text))
        self._places: dict[tuple[int, int], str] = {}

    def takes(self, argument: Argument, given: Given | None, value: Json) -> bool:
        """Whether the new value can stand where the old one does."""
        if given is None or value is None:
            return given is None and value is None
        if same(given.value, value):
            return True
        if argument.kind not in SPOKEN or argument.is_list or isinstance(value, list) or not given.placed:
            return False
        reading, longest = self.contents.reading, max(each.length for each in given.placed)
        for each in given.placed:
            place = reading.tokens[each.first].start, reading.tokens[each.last - 1].end
            if argument.kind is Kind.OPTION and not same(reading.text[slice(*place)], given.value):
                return False
            if each.length == longest and self._places.setdefault(place, str(value)) != str(value):
                return False
        return True

    @property
    def text(self) -> str | None:
        """With all of them; None where there are none, or two overlap."""
        places = sorted(self._places)
        if not places or any(one[1] > other[0] for one, other in pairwise(places)):
            return None
        text = self.contents.reading.text
        for start, end in reversed(places):
            text = text[:start] + self._places[start, end] + text[end:]
        return text


def spec_of(plan: Sequence[Step]) -> PipelineSpec:
    """A plan of the examples as a pipeline, its steps called s1, s2, …"""
    steps = [
        {"id": f"s{number}", "tool": step.tool, "arguments": _referring(step.arguments)}
        for number, step in enumerate(plan, start=1)
    ]
    return spec_of_steps(steps)


def spec_of_steps(steps: Sequence[Mapping[str, Any]]) -> PipelineSpec:
    """Steps as a spec has them, as a pipeline."""
    return PipelineSpec.from_value({"name": "example", "steps": list(steps)})


def is_right(spec: PipelineSpec | None, right: PipelineSpec | None) -> bool:
    """Whether a plan has the same calls in any order; of references only counts that both refer."""
    if spec is None or right is None or len(spec.steps) != len(right.steps):
        return spec is right
    left = list(right.steps)
    for step in spec.steps:
        hit = next((each for each in left if each.tool == step.tool and _same(step.arguments, each.arguments)), None)
        if hit is None:
            return False
        left.remove(hit)
    return True


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return one.keys() == other.keys() and all(_same_value(value, other[name]) for name, value in one.items())


def _same_value(one: Any, other: Any) -> bool:
    if isinstance(one, str) and isinstance(other, str) and "${" in one and "${" in other:
        return True
    if isinstance(one, dict) and isinstance(other, dict):
        return _same(one, other)
    if isinstance(one, list) and one and all(isinstance(each, dict) for each in one):
        return isinstance(other, list) and sorted(map(_written, one)) == sorted(map(_written, other))
    return same(one, other)


def _written(value: Any) -> str:
    """Of conditions, whose order does not matter."""
    return json.dumps(value, sort_keys=True).lower()


def _referring(value: Any) -> Any:
    match value:
        case str() if REFERENCE.match(value):
            return f"${{s{value[1:]}}}"
        case list():
            return [_referring(each) for each in value]
        case dict():
            return {name: _referring(each) for name, each in value.items()}
        case _:
            return value
