"""Requests with the calls that answer them, written by hand: what is in the YAML files of `examples/`."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from brain.intent_inference.calls.planned_tool import PlannedTool, ToolOutput

__all__ = [
    "EXAMPLE_FILES",
    "TOOLBOX_FILES",
    "WEIGHTS_FILE",
    "BrokenExamplesError",
    "ExampleTool",
    "PlanRequest",
    "Request",
    "Step",
    "Toolbox",
    "load_toolboxes",
    "load_tools",
]

HERE = Path(__file__).parent
EXAMPLE_FILES = sorted((HERE / "examples").glob("*.yaml"))
TOOLBOX_FILES = sorted((HERE / "examples" / "toolboxes").glob("*.yaml"))
WEIGHTS_FILE = HERE.parents[1] / "brain" / "intent_inference" / "calls" / "weights.json"

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


def load_tools(files: Sequence[Path] = EXAMPLE_FILES) -> Iterator[ExampleTool]:
    """The tools of all files, in order; raises BrokenExamplesError."""
    for file in files:
        yield from _read(file, TypeAdapter(list[ExampleTool]))


def load_toolboxes(files: Sequence[Path] = TOOLBOX_FILES) -> Iterator[Toolbox]:
    """One a file, in order; raises BrokenExamplesError."""
    for file in files:
        yield _read(file, TypeAdapter(Toolbox))


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
