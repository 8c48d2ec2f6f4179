"""A checked pipeline, ready to be run or drawn; `build` makes it and nothing changes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from brain.errors import ToolError, UsageError
from brain.nearest import did_you_mean
from brain.pipeline_builder.references import Condition, Template
from brain.pipeline_builder.schemas import Validator, about
from brain.pipeline_builder.spec import OnError, PipelineSpec
from brain.runs import Json
from brain.tool_registry.definitions import ToolDefinition

__all__ = ["Pipeline", "PlannedStep"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlannedStep:
    """One step with everything looked up, parsed and compiled."""

    id: str
    position: int
    """Its place in the spec, from 0."""
    definition: ToolDefinition
    arguments: Template
    foreach: Template | None
    """Resolves to the list of items."""
    when: Condition | None
    dependencies: frozenset[str]
    dependents: tuple[str, ...]
    """The steps that wait for this one, in the order of the spec."""
    on_error: OnError
    attempts: int
    """Calls in all, retries included."""
    timeout: float | None
    """Seconds that one call may take; of a `foreach` step, one item."""
    cache: float | None
    """Seconds that a result may stand for another call with the same arguments; None and 0: never."""
    max_parallel: int | None
    """Items at work at the same time; None: what the executor allows."""
    validator: Validator | None
    """None where the tool takes anything."""

    def validate(self, arguments: Mapping[str, Json]) -> None:
        """Check resolved arguments; raises ToolError with the first thing that the tool does not take."""
        if self.validator is None:
            return
        if misfit := next(self.validator.misfits(arguments), None):
            end = "" if misfit.what.endswith("?") else "."
            raise ToolError(f"steps.{self.id}.arguments{misfit.path}: {misfit.what}{end}")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pipeline:
    """A spec that has passed every check, as a graph."""

    spec: PipelineSpec
    steps: Mapping[str, PlannedStep]
    """By id, in the order of the spec."""
    order: tuple[str, ...]
    """Ids so that each step comes after its dependencies, else in the order of the spec."""
    outputs: Template
    """An object; where the spec names no outputs, the results of the steps that no other step uses."""
    done: Mapping[str, ToolDefinition] = field(default_factory=dict)
    """Steps of the spec that are finished, with their tools; `steps` and `order` are what is left."""

    @property
    def secrets(self) -> frozenset[str]:
        """The names that stand as `${secret:NAME}` in the spec; arguments are the only place where they may."""
        return frozenset(name for step in self.steps.values() for name, _ in step.arguments.secrets)

    def bind_inputs(self, given: Mapping[str, Json]) -> dict[str, Json]:
        """What is given, defaults for the rest; raises UsageError that lists all that is missing, unknown or unfit."""
        declared = self.spec.inputs
        problems = [
            f"{name}: the pipeline has no such input.{did_you_mean(name, declared)}"
            for name in given
            if name not in declared
        ]
        bound: dict[str, Json] = {}
        for name, schema in declared.items():
            if name in given:
                bound[name] = given[name]
                problems += [f"{name}{it.path}: {it.what}" for it in Validator(schema).misfits(given[name])]
            elif "default" in schema:
                bound[name] = schema["default"]
            else:
                problems.append(f"{name}: is missing{about(schema)}")
        if problems:
            lines = "\n".join(f"  - {problem}" for problem in problems)
            raise UsageError(f"The inputs do not fit the pipeline {self.spec.name}:\n{lines}")
        return bound
