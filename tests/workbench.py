"""A place to work that calls plain functions, and an engine around it that keeps everything in memory."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from strategies import registry_of, tool

from brain.errors import ToolError
from brain.executor.cluster import Cluster
from brain.executor.engine import Approvals, Engine, Job
from brain.executor.foresight import Foresight, foresee
from brain.executor.limits import Limits
from brain.executor.past import NO_LEGACY, IsWhole, Legacy
from brain.executor.ports import MemoryJournal, StepCache, ToolCall
from brain.executor.timeouts import within
from brain.executor.verdicts import NOTHING_SAID, Words
from brain.pipeline_builder.build import build
from brain.pipeline_builder.pipeline import Pipeline
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

    def reasons(self, step_id: str) -> list[str]:
        """Why it was begun again."""
        return [
            message
            for event_type, step, message in self.events
            if step == step_id and event_type is EventType.STEP_RUNNING and message
        ]

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
    cluster: Cluster | None = None
    project: Path | None = None
    is_whole: IsWhole | None = None
    earlier: list[Any] = field(default_factory=list)
    """What calls were handed of an older result."""
    limits: Limits = field(default_factory=Limits)
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1000))

    def slot(self) -> asyncio.Semaphore:
        return self.slots

    async def call(self, call: ToolCall) -> Any:
        self.calls.append((call.tool.name, call.arguments.get("value")))
        self.earlier += [] if call.earlier is None else [call.earlier]
        async with within(call.timeout, call.tool.name):
            return await self.functions[call.tool.name](**call.arguments)

    async def run(
        self,
        *steps: Mapping[str, Any],
        inputs: Mapping[str, Any] | None = None,
        outputs: Mapping[str, Any] | None = None,
        cancel: asyncio.Event | None = None,
        approvals: Approvals | None = None,
        earlier: Iterable[StepResult] = (),
        legacy: Legacy = NO_LEGACY,
        words: Words = NOTHING_SAID,
        only_rest: bool = False,
    ) -> RunResult:
        pipeline = self.pipeline(*steps, inputs=inputs, outputs=outputs, done=earlier if only_rest else ())
        engine = Engine(
            self, self.events, self.journal, self.project, cache=self.cache, limits=self.limits, cluster=self.cluster,
            is_whole=self.is_whole,
        )  # fmt: skip
        job = Job(pipeline, pipeline.bind_inputs({}), approvals or Approvals(), tuple(earlier), legacy, words)
        return await engine.run(job, cancel)

    async def foresee(
        self,
        *steps: Mapping[str, Any],
        inputs: Mapping[str, Any] | None = None,
        earlier: Iterable[StepResult] = (),
        legacy: Legacy = NO_LEGACY,
        words: Words = NOTHING_SAID,
    ) -> Foresight:
        """What `run` would do."""
        pipeline = self.pipeline(*steps, inputs=inputs)
        job = Job(pipeline, pipeline.bind_inputs({}), Approvals(), tuple(earlier), legacy, words)
        return await foresee(job, self.project, self.is_whole)

    def pipeline(
        self,
        *steps: Mapping[str, Any],
        inputs: Mapping[str, Any] | None = None,
        outputs: Mapping[str, Any] | None = None,
        done: Iterable[StepResult] = (),
    ) -> Pipeline:
        declared = {name: {"default": value} for name, value in (inputs or {}).items()}
        spec = PipelineSpec.from_value({"steps": list(steps), "outputs": outputs or {}, "inputs": declared})
        return build(spec, registry_of(*self.definitions.values()), tuple(done))

    def redefine(self, name: str, **changes: Any) -> None:
        """Another definition of `work.<name>`."""
        self.definitions[f"work.{name}"] = self.definitions[f"work.{name}"].model_copy(update=changes)


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
