"""What goes to Dask workers and comes back: values, and no secret among them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from brain.artifacts import is_table
from brain.egress import EgressPolicy
from brain.pipeline_builder.build import build
from brain.pipeline_builder.pipeline import Pipeline
from brain.pipeline_builder.spec import PipelineSpec
from brain.runs import Json, StepResult
from brain.tool_registry.definitions import ToolDefinition
from brain.tool_registry.registry import Registry

__all__ = ["Bundle", "Outcome", "Site"]

CELL_BYTES = 8
"""What a cell of a table weighs at least."""


@dataclass(frozen=True, slots=True)
class Site:
    """What the calls of a project need to know of it on any machine."""

    project: str
    """The folder on the machine of the run; a worker that does not have it takes its own."""
    artifacts_url: str
    egress: EgressPolicy
    chromium: str | None = None
    warm_kernels: bool = True


@dataclass(frozen=True, slots=True)
class Bundle:
    """A pipeline with the definitions of its tools, as a worker builds it once more."""

    site: Site
    spec: Mapping[str, Any]
    tools: Sequence[Mapping[str, Any]]
    topic: str
    """Under which workers tell of events."""
    key: str = field(default_factory=lambda: uuid4().hex)

    @classmethod
    def of(cls, pipeline: Pipeline, site: Site, topic: str) -> "Bundle":
        """The pipeline, packed; the tools of steps that are finished too, since the spec names them."""
        used = [*(step.definition for step in pipeline.steps.values()), *pipeline.done.values()]
        tools = {tool.name: tool for tool in used}
        packed = [tool.model_dump(mode="json", by_alias=True, exclude_defaults=True) for tool in tools.values()]
        return cls(site, pipeline.spec.to_json(), packed, topic)

    def pipeline(self) -> Pipeline:
        """The pipeline, checked anew."""
        return build(PipelineSpec.from_value(dict(self.spec)), Registry(map(ToolDefinition.model_validate, self.tools)))


class Outcome:
    """How the calls of an errand ended.

    Dask takes it to be as large as the tables that it refers to, so that it begins a step where these are at hand.
    """

    def __init__(self, results: Sequence[StepResult]) -> None:
        self.results = results

    def __sizeof__(self) -> int:
        return object.__sizeof__(self) + sum(_weight(result.result) for result in self.results)


def _weight(value: Json) -> int:
    if is_table(value):
        return int(value.get("row_count", 0)) * len(value.get("columns", ())) * CELL_BYTES
    parts: Iterable[Json] = ()
    if isinstance(value, Mapping):
        parts = value.values()
    elif isinstance(value, list):
        parts = value
    return sum(map(_weight, parts), start=len(value) if isinstance(value, str) else 0)
