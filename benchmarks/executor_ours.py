"""Our side of the executor benchmark: the same graphs as pipelines of one tool, checked and compiled beforehand."""

import asyncio
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from benchmarks.graphs import Graph, Node
from benchmarks.harness import Side
from benchmarks.services import Services
from benchmarks.workflows.load import all_graphs
from brain.artifacts import ArtifactCodec, MemoryStore
from brain.config_secrets import ContentRedactor, Redactor, SecretResolver
from brain.database.engine import Database
from brain.database.tables import Run
from brain.egress import Egress
from brain.executor.engine import Engine, Job
from brain.executor.heartbeat import Heartbeat
from brain.executor.local import LocalCaller, Surroundings
from brain.executor.ports import MemoryJournal
from brain.knowledge_base.large_values import LargeValues
from brain.knowledge_base.records import Outcome
from brain.knowledge_base.store import RunStore
from brain.language_models import ChatEndpoint, OpenAIChat
from brain.owners import Owner
from brain.pipeline_builder.build import Pipeline, build
from brain.pipeline_builder.spec import PipelineSpec
from brain.progress_tracker.publisher import RunPublisher
from brain.progress_tracker.redis import RedisBackend
from brain.progress_tracker.tracker import ProgressTracker
from brain.runs import NOTHING_SPENT, EventType, RunResult, RunStatus, StepResult, new_run_id
from brain.tool_registry.definitions import ToolDefinition
from brain.tool_registry.registry import Registry, load

__all__ = ["MAX_PARALLEL", "NoEvents", "Ours", "step", "surroundings"]

MAX_PARALLEL = 1000

TOOL = ToolDefinition.model_validate(
    {
        "name": "bench.step",
        "description": "Reads the results of the steps before it, may sleep, and returns 1.",
        "inputSchema": {
            "type": "object",
            "properties": {"after": {"type": "array", "items": {"type": "integer"}}, "seconds": {"type": "number"}},
            "required": ["after"],
            "additionalProperties": False,
        },
        "outputSchema": {"type": "integer"},
        "annotations": {"readOnlyHint": True},
        "run": {"python": "benchmarks.executor_ours:step"},
    }
)


async def step(after: list[int], seconds: float = 0) -> int:
    """The tool: the counterpart of a langgraph node that reads and writes its channel."""
    if seconds:
        await asyncio.sleep(seconds)
    return 1 if all(after) else 0


class Ours:
    """The engine with everything connected, so that only runs are measured, from the first write to the last answer."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def __enter__(self) -> Self:
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self._pipelines = {name: build(_spec(graph), Registry([TOOL])) for name, graph in all_graphs().items()}
        self._runner.run(self._connect())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runner.run(self._stack.aclose())
        self._runner.close()

    def sides(self, graph: Graph) -> dict[str, Side]:
        """The engine on this graph, without and with storing."""
        pipeline = self._pipelines[graph.name]
        return {
            "ours": lambda: self._runner.run(self._bare(pipeline)),
            "ours stored": lambda: self._runner.run(self._stored(pipeline)),
        }

    async def _connect(self) -> None:
        database = await self._stack.enter_async_context(Database(self._services.database_url))
        backend = RedisBackend(self._services.redis_url)
        redactor = Redactor({"BENCH_KEY": "a-secret-that-each-result-is-searched-for"})
        self._tracker = await self._stack.enter_async_context(ProgressTracker(backend, redactor=redactor))
        self._store = RunStore(database, redactor)
        self._large = LargeValues(ArtifactCodec(MemoryStore()), redactor)
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        self._caller = LocalCaller(load, surroundings(folder, redactor), max_parallel=MAX_PARALLEL)

    async def _bare(self, pipeline: Pipeline) -> float:
        begin = time.perf_counter()
        engine = Engine(caller=self._caller, events=NoEvents(), journal=MemoryJournal())
        result = await engine.run(Job(pipeline))
        seconds = time.perf_counter() - begin
        _check(result, pipeline)
        return seconds

    async def _stored(self, pipeline: Pipeline) -> float:
        run_id = new_run_id()
        begin = time.perf_counter()
        result = await self._run_and_store(pipeline, run_id)
        seconds = time.perf_counter() - begin
        _check(result, pipeline)
        kept = await self._store.step_results(run_id)
        assert [outcome.result for outcome in kept] == [1] * len(pipeline.steps)
        told = [event.event_type for event in await self._tracker.history(run_id)]
        assert told.count(EventType.STEP_SUCCEEDED) == len(pipeline.steps)
        assert told[-1] is EventType.RUN_SUCCEEDED
        return seconds

    async def _run_and_store(self, pipeline: Pipeline, run_id: UUID) -> RunResult:
        """What a session does around the engine: accept, plan, run, settle, and tell of it all."""
        owner = str(Owner.this_process())
        spec, versions = pipeline.spec.to_json(), {TOOL.name: TOOL.version}
        run = Run(id=run_id, status=RunStatus.RUNNING, owner=owner, spec=spec, tool_versions=versions)
        await self._store.create(run, (TOOL,))
        async with self._tracker.publisher(run_id) as events:
            events.publish(EventType.RUN_RUNNING)
            journal = _StoreJournal(self._store, self._large, run_id, pipeline, events)
            async with Heartbeat(journal, asyncio.Event()):
                result = await Engine(caller=self._caller, events=events, journal=journal).run(Job(pipeline))
            outcome = Outcome(result.status, result.outputs, last_seq=events.seq + 1, backend=events.backend)
            await self._store.settle(run_id, 1, outcome)
            events.publish(EventType.of_run(result.status))
        return result


class _StoreJournal:
    def __init__(
        self, store: RunStore, large: LargeValues, run_id: UUID, pipeline: Pipeline, events: RunPublisher
    ) -> None:
        self._store = store
        self._large = large
        self._run_id = run_id
        self._positions: Mapping[str, int] = {step.id: step.position for step in pipeline.steps.values()}
        self._events = events

    async def record(self, steps: Sequence[StepResult]) -> None:
        await self._store.record(self._run_id, 1, await self._large.of_steps(steps), self._positions)

    async def beat(self) -> bool:
        seq, backend = self._events.seq, self._events.backend
        return await self._store.beat(self._run_id, 1, last_seq=seq, backend=backend, spending=NOTHING_SPENT)


class NoEvents:
    def publish(self, *_: object, **__: object) -> None:
        """Nobody listens."""


def _check(result: RunResult, pipeline: Pipeline) -> None:
    assert result.status is RunStatus.SUCCEEDED, result.error
    assert [outcome.result for outcome in result.steps.values()] == [1] * len(pipeline.steps)


def _spec(graph: Graph) -> PipelineSpec:
    steps = [{"id": node.id, "tool": TOOL.name, "arguments": _arguments(node)} for node in graph.nodes]
    return PipelineSpec.model_validate({"version": 1, "name": graph.name, "steps": steps})


def _arguments(node: Node) -> dict[str, Any]:
    after = {"after": [f"${{{need}}}" for need in node.needs]}
    return after | {"seconds": node.seconds} if node.seconds else after


def surroundings(project: Path, redactor: Redactor) -> Surroundings:
    async def no_model() -> ChatEndpoint:
        raise AssertionError("no step of a benchmark asks a model")

    return Surroundings(
        project=project,
        codec=ArtifactCodec(MemoryStore(), ContentRedactor(redactor)),
        egress=Egress(),
        model=OpenAIChat("none", 0, no_model),
        secrets=SecretResolver({}),
        redactor=redactor,
    )
