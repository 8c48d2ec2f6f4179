"""A place to work that calls plain functions, and an engine around it that keeps everything in memory."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from strategies import registry_of, tool

from brain.errors import ToolError
from brain.executor.engine import Approvals, Engine, Job
from brain.executor.ports import MemoryJournal, StepCache, ToolCall
from brain.pipeline_builder.build import build
from brain.pipeline_builder.spec import PipelineSpec
from brain.runs import EventType, RunResult, StepResult
from brain.tool_registry.definitions import ToolAnnotations, ToolDefinition

ANYTHING = {"value": {}, "after": {}}


@dataclass
class Recorder:
    """An event sink that keeps what it is told."""

    events: list[tuple[EventType, str | None, str]] = field(default_factory=list)

    def publish(self, event_type: EventType, *, step_id: str | None = None, message: str = "", **_: Any) -> None:
        self.events.append((event_type, step_id, message))

    def of(self, step_id: str) -> list[EventType]:
        return [event_type for event_type, step, _ in self.events if step == step_id]


@dataclass
class Workbench:
    """Functions as tools (`work.<name>`), and what happened to the pipelines that were run with them."""

    functions: dict[str, Callable[..., Awaitable[Any]]] = field(default_factory=dict)
    definitions: dict[str, ToolDefinition] = field(default_factory=dict)
    calls: list[tuple[str, Any]] = field(default_factory=list)
    events: Recorder = field(default_factory=Recorder)
    journal: MemoryJournal = field(default_factory=MemoryJournal)

    def tool(self, name: str, function: Callable[..., Awaitable[Any]], **more: Any) -> None:
        self.functions[f"work.{name}"] = function
        self.definitions[f"work.{name}"] = tool(f"work.{name}", ANYTHING, **more)

    cache: StepCache | None = None
    earlier: list[Any] = field(default_factory=list)
    """What calls were handed of an older result."""
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1000))

    def slot(self) -> asyncio.Semaphore:
        return self.slots

    async def call(self, call: ToolCall) -> Any:
        self.calls.append((call.tool.name, call.arguments.get("value")))
        self.earlier += [] if call.earlier is None else [call.earlier]
        return await self.functions[call.tool.name](**call.arguments)

    async def run(
        self,
        *steps: Mapping[str, Any],
        inputs: Mapping[str, Any] | None = None,
        outputs: Mapping[str, Any] | None = None,
        cancel: asyncio.Event | None = None,
        approvals: Approvals | None = None,
        earlier: Iterable[StepResult] = (),
        only_rest: bool = False,
    ) -> RunResult:
        declared = {name: {"default": value} for name, value in (inputs or {}).items()}
        spec = PipelineSpec.from_value({"steps": list(steps), "outputs": outputs or {}, "inputs": declared})
        pipeline = build(spec, registry_of(*self.definitions.values()), tuple(earlier) if only_rest else ())
        engine = Engine(self, self.events, self.journal, cache=self.cache)
        job = Job(pipeline, pipeline.bind_inputs({}), approvals or Approvals(), tuple(earlier))
        return await engine.run(job, cancel)


def workbench() -> Workbench:
    """A bench with `work.echo`, `work.fail`, `work.sleep` and, changing something, `work.write`."""
    made = Workbench()

    async def echo(value: Any = None, after: Any = None) -> Any:
        return value

    async def fail(value: Any = None, after: Any = None) -> Any:
        raise ToolError("it does not work")

    async def sleep(value: Any = 0, after: Any = None) -> Any:
        await asyncio.sleep(value)
        return value

    made.tool("echo", echo)
    made.tool("fail", fail)
    made.tool("sleep", sleep)
    made.tool("write", echo, annotations=ToolAnnotations())
    return made
