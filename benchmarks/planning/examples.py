"""Requests with the calls that answer them, written by hand: what is in the YAML files of `examples/`."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from brain.intent_inference.calls.planned_tool import PlannedTool, ToolOutput
from brain.tool_registry.definitions import ToolDefinition

__all__ = [
    "EXAMPLE_FILES",
    "TOOLBOX_FILES",
    "WEIGHTS_FILE",
    "BrokenExamplesError",
    "ExampleTool",
    "PlanRequest",
    "Rated",
    "RatedPipeline",
    "Request",
    "Step",
    "Toolbox",
    "load_pipelines",
    "load_rated",
    "load_toolboxes",
    "load_tools",
]

HERE = Path(__file__).parent
EXAMPLE_FILES = sorted((HERE / "examples").glob("*.yaml"))
TOOLBOX_FILES = sorted((HERE / "examples" / "toolboxes").glob("*.yaml"))
WEIGHTS_FILE = HERE.parents[1] / "brain" / "intent_inference" / "calls" / "weights.json"

SHORTEST_DESCRIPTION = 10
"""Characters that the registry wants."""

type Call = dict[str, Any]
"""Arguments by name."""


class BrokenExamplesError(Exception):
    """A file of examples that cannot be read; the message names file, place and problem."""


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Output(_Shape):
    """Something that a tool gives."""

    type: str = ""
    description: str = ""


class Tool(_Shape):
    """A tool: its arguments are JSON schemas with `required: true` where they are."""

    tool: str
    description: str
    arguments: dict[str, dict[str, Any]]
    gives: dict[str, Output] = {}

    @property
    def schema_of_arguments(self) -> dict[str, Any]:
        """The JSON schema of its arguments."""
        return {
            "type": "object",
            "properties": {
                name: {key: value for key, value in schema.items() if key != "required"}
                for name, schema in self.arguments.items()
            },
            "required": [name for name, schema in self.arguments.items() if schema.get("required")],
        }

    @property
    def definition(self) -> ToolDefinition:
        """As a registry has it."""
        gives = {
            name: {"type": each.type or "string", "description": each.description} for name, each in self.gives.items()
        }
        return ToolDefinition.model_validate(
            {
                "name": self.tool,
                "description": self.description.ljust(SHORTEST_DESCRIPTION, "."),
                "inputSchema": self.schema_of_arguments,
                "outputSchema": {"type": "object", "properties": gives},
            }
        )

    @property
    def planned(self) -> PlannedTool:
        """As the planner takes it."""
        outputs = tuple(ToolOutput(name, each.type, each.description, name) for name, each in self.gives.items())
        return PlannedTool(self.tool, self.description, self.schema_of_arguments, outputs)


class Request(_Shape):
    """What somebody asks of one tool: one call, several, or (`call: null`) something that the tool is not for."""

    ask: str
    call: Call | None = None
    calls: list[Call] | None = None

    @property
    def right_calls(self) -> list[Call]:
        """The calls that answer it."""
        if self.calls is not None:
            return self.calls
        return [] if self.call is None else [self.call]


class ExampleTool(Tool):
    """A tool with requests."""

    requests: list[Request]


class Step(_Shape):
    """A call in a plan; its arguments may refer to earlier steps."""

    tool: str
    arguments: Call


class PlanRequest(_Shape):
    """What somebody asks of several tools; no plan where none of them is for it."""

    ask: str
    plan: list[Step] | None


class Toolbox(_Shape):
    """Tools that belong together, with requests for several of them."""

    tools: list[Tool]
    requests: list[PlanRequest]


class Pipeline(_Shape):
    """What somebody asks of a data file, and the steps of the pipeline for it, as a spec has them."""

    ask: str
    steps: list[dict[str, Any]]


class RatedPipeline(Pipeline):
    """A request of the past that people were content with, and new ones that are like it."""

    paraphrases: list[str] = []
    variations: list[Pipeline] = []
    lures: list[Pipeline] = []

    @property
    def again(self) -> list[tuple[str, str, list[dict[str, Any]]]]:
        """All new requests: what they are, their words, the right steps."""
        same = [("paraphrase", ask, self.steps) for ask in self.paraphrases]
        others = [
            (kind, each.ask, each.steps)
            for kind, found in (("variation", self.variations), ("lure", self.lures))
            for each in found
        ]
        return [("the same", self.ask, self.steps), *same, *others]


class Rated(_Shape):
    """A request of the past that people were content with, and new ones that are like it."""

    ask: str
    plan: list[Step]
    paraphrases: list[str] = []
    """The same in other words."""
    reworded: list[str] = []
    """The same in nearly the same words."""
    variations: list[PlanRequest] = []
    """The same with other values."""
    lures: list[PlanRequest] = []
    """Alike in words, but not the same."""

    @property
    def again(self) -> list[tuple[str, PlanRequest]]:
        """All new requests with what they are."""
        same = [
            (kind, PlanRequest(ask=ask, plan=self.plan))
            for kind, asks in (("reworded", self.reworded), ("paraphrase", self.paraphrases))
            for ask in asks
        ]
        return [*same, *(("variation", each) for each in self.variations), *(("lure", each) for each in self.lures)]


def load_tools(files: Sequence[Path] = EXAMPLE_FILES) -> Iterator[ExampleTool]:
    """The tools of all files, in order; raises BrokenExamplesError."""
    for file in files:
        yield from _read(file, TypeAdapter(list[ExampleTool]))


def load_toolboxes(files: Sequence[Path] = TOOLBOX_FILES) -> Iterator[Toolbox]:
    """One a file, in order; raises BrokenExamplesError."""
    for file in files:
        yield _read(file, TypeAdapter(Toolbox))


def load_rated(folder: str) -> Iterator[tuple[Toolbox, list[Rated]]]:
    """The rated requests of `memory/<folder>` with their toolboxes, in order; raises BrokenExamplesError."""
    for file in sorted((HERE / "memory" / folder).glob("box*.yaml")):
        toolbox = _read(HERE / "examples" / "toolboxes" / file.name, TypeAdapter(Toolbox))
        yield toolbox, _read(file, TypeAdapter(list[Rated]))


def load_pipelines(folder: str) -> list[RatedPipeline]:
    """The rated requests about tables of `memory/<folder>`, in order; raises BrokenExamplesError."""
    return _read(HERE / "memory" / folder / "tables.yaml", TypeAdapter(list[RatedPipeline]))


def _read[T](file: Path, shape: TypeAdapter[T]) -> T:
    try:
        return shape.validate_python(yaml.safe_load(file.read_text(encoding="utf-8")))
    except OSError as exc:
        raise BrokenExamplesError(f"{file} cannot be read: {exc.strerror}.") from exc
    except yaml.YAMLError as exc:
        raise BrokenExamplesError(f"{file} is no YAML: {' '.join(str(exc).split())}.") from exc
    except ValidationError as exc:
        first = exc.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole file"
        raise BrokenExamplesError(f"{file}, {place}: {first['msg']}.") from exc
