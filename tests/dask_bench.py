"""A project with tools of its own, a real Dask cluster of worker processes on it, and an engine that uses it."""

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest
from command_line import BRAIN
from strategies import registry_of, tool
from workbench import Recorder

from brain.artifacts import ArtifactCodec, FsspecStore
from brain.config_secrets import Redactor, SecretResolver
from brain.egress import Egress, EgressPolicy
from brain.executor.cluster import Cluster
from brain.executor.dask.cluster import DaskCluster
from brain.executor.dask.travelling import Site
from brain.executor.engine import Approvals, Engine, Job
from brain.executor.local import LocalCaller, Surroundings
from brain.executor.ports import MemoryJournal
from brain.language_models import ChatEndpoint, OpenAIChat
from brain.pipeline_builder.build import build
from brain.pipeline_builder.pipeline import Pipeline
from brain.pipeline_builder.spec import PipelineSpec
from brain.runs import RunResult, StepResult
from brain.tool_registry.definitions import SecretBinding, ToolAnnotations, ToolDefinition, ToolRun
from brain.tool_registry.own_modules import OwnModules
from brain.tool_registry.registry import load

__all__ = ["CANARY", "DaskBench", "OwnCluster", "own_cluster", "pipeline_of", "write_tools"]

CANARY = "canary-7f3a9c51d2"
"""The value of a secret that only the workers have."""
FAILURES = "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES"
"""How many workers may die of a task before it is given up; each new one takes seconds to start."""
MODULE = "dask_bench_tools"
TOOLS = r"""
import asyncio
import os
import time
from pathlib import Path

import pyarrow as pa

HERE = Path(__file__).parent


def where(value=None, after=None):
    return {"pid": os.getpid(), "value": value}


async def wait(seconds=0, after=None):
    await asyncio.sleep(seconds)
    return os.getpid()


def nap(seconds=0, after=None):
    with (HERE / "naps").open("a") as naps:
        naps.write(f"{os.getpid()}\n")
    time.sleep(seconds)
    return os.getpid()


def note(text=None, seconds=0, after=None):
    with (HERE / "notes").open("a") as notes:
        notes.write(f"{text}\n")
    (HERE / "note.pid").write_text(str(os.getpid()))
    time.sleep(seconds)
    return text


def gate(after=None):
    while not (HERE / "open").exists():
        time.sleep(0.05)
    return os.getpid()


def flaky(name=None):
    with (HERE / name).open("a") as tries:
        tries.write("x")
    if (HERE / name).stat().st_size < 3:
        raise ConnectionError("not yet")
    return os.getpid()


def fail(value=None):
    if value == 3:
        raise ValueError("three is wrong")
    return value


def leave(code=0):
    os._exit(code)


def rows(count=0):
    return pa.table({"n": list(range(count)), "pid": [os.getpid()] * count})


def total(table=None):
    return {"sum": sum(table.column("n").to_pylist()), "made_by": table.column("pid")[0].as_py(), "pid": os.getpid()}


def login(password=None, *, context):
    return f"with {password or context.secret('BENCH_PASSWORD')}"


def length(path=None, *, context):
    return {"pid": os.getpid(), "bytes": (context.project / path).stat().st_size}


def ask(value=None, *, context):
    return os.getpid()


def crunch(value=None):
    return {"pid": os.getpid(), "worker": os.getppid(), "value": value}
"""
TAKES = {
    "where": ("value", "after"), "wait": ("seconds", "after"), "nap": ("seconds", "after"), "gate": ("after",),
    "note": ("text", "seconds", "after"), "flaky": ("name",), "fail": ("value",), "leave": ("code",),
    "rows": ("count",), "total": ("table",), "login": ("password",), "ask": ("value",),
}  # fmt: skip
CHANGES = ToolAnnotations()
PATH = {"type": "string", "format": "path"}
PASSWORD = (SecretBinding(name="BENCH_PASSWORD"),)


def _tools() -> list[ToolDefinition]:
    more: dict[str, dict[str, Any]] = {
        "note": {"annotations": CHANGES}, "login": {"secrets": PASSWORD}, "ask": {"uses_model": True}
    }  # fmt: skip
    made = [
        tool(f"bench.{name}", {key: {} for key in takes}, python=f"{MODULE}:{name}", **more.get(name, {}))
        for name, takes in TAKES.items()
    ]
    own = ToolRun(python=f"{MODULE}:crunch", process=True)
    return [
        *made,
        tool("bench.length", {"path": PATH}, python=f"{MODULE}:length"),
        tool("bench.crunch", {"value": {}}, run=own),
    ]


def write_tools(project: Path) -> None:
    """Make a folder a project with the bench's tools."""
    entries = [each.model_dump(mode="json", by_alias=True, exclude_defaults=True) for each in _tools()]
    (project / "tools.json").write_text(json.dumps({"tools": entries}))
    (project / f"{MODULE}.py").write_text(TOOLS)


def pipeline_of(*steps: Mapping[str, Any], earlier: Iterable[StepResult] = (), **more: Any) -> Pipeline:
    """A pipeline of the bench's tools, or what an earlier attempt has left of it."""
    return build(PipelineSpec.from_value({"steps": list(steps), **more}), registry_of(*_tools()), earlier)


@dataclass
class OwnCluster:
    """`brain cluster` as a process."""

    address: str
    project: Path
    process: subprocess.Popen[str]

    @property
    def workers(self) -> list[psutil.Process]:
        """The processes that call tools."""
        return [child for child in psutil.Process(self.process.pid).children(recursive=True) if _is_worker(child)]

    def kill_scheduler(self) -> None:
        """End the cluster at once, and its workers with it."""
        workers = self.workers
        self.process.kill()
        self.process.wait()
        for worker in workers:
            with suppress(psutil.NoSuchProcess):
                worker.kill()


def _is_worker(process: psutil.Process) -> bool:
    try:
        return "spawn_main" in " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return False


@contextmanager
def own_cluster(project: Path, *options: str, **environment: str) -> Iterator[OwnCluster]:
    """A cluster on a project folder, with the bench's tools in it."""
    write_tools(project)
    command = [str(BRAIN), "cluster", "--json", "--project", str(project), *options]
    told = os.environ | {"BENCH_PASSWORD": CANARY, "BRAIN_HOME": str(project), FAILURES: "1"} | environment
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=told, start_new_session=True)
    assert process.stdout is not None
    text = ""
    while not text.rstrip().endswith("}"):
        line = process.stdout.readline()
        if not line:
            pytest.fail(f"the cluster did not start: {text}")
        text += line
    made = OwnCluster(json.loads(text)["address"], project, process)
    try:
        yield made
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=30)
        process.stdout.close()


@dataclass
class DaskBench:
    """An engine with the cluster, and what it told and kept."""

    cluster: Cluster
    caller: LocalCaller
    project: Path
    events: Recorder = field(default_factory=Recorder)
    journal: MemoryJournal = field(default_factory=MemoryJournal)

    async def until(self, holds: Callable[[], bool], running: "asyncio.Task[RunResult]") -> None:
        """Return once something that a run does is so."""
        while not holds():
            assert not running.done(), running.result()
            await asyncio.sleep(0.05)

    async def run(
        self,
        *steps: Mapping[str, Any],
        cancel: asyncio.Event | None = None,
        inputs: Mapping[str, Any] | None = None,
        earlier: Iterable[StepResult] = (),
    ) -> RunResult:
        declared = {name: {"default": value} for name, value in (inputs or {}).items()}
        pipeline = pipeline_of(*steps, inputs=declared, earlier=earlier)
        engine = Engine(self.caller, self.events, self.journal, self.project, cluster=self.cluster)
        job = Job(pipeline, pipeline.bind_inputs({}), Approvals(everything=True), tuple(earlier))
        return await engine.run(job, cancel)

    @classmethod
    @asynccontextmanager
    async def on(cls, address: str, project: Path, artifacts: str = "") -> "AsyncIterator[DaskBench]":
        """A bench on the cluster at an address."""
        url = artifacts or str(project / ".brain" / "artifacts")
        site = Site(str(project), url, EgressPolicy())
        redactor = Redactor.of_environment(project, ())
        around = Surroundings(
            project,
            ArtifactCodec(FsspecStore(url)),
            Egress(),
            OpenAIChat("none", 0, _no_model),
            SecretResolver({}),
            redactor,
        )
        importing = OwnModules(project).load
        caller = LocalCaller(lambda tool: load(tool, importing=importing), around, max_parallel=32)
        made = cls(DaskCluster(address, site), caller, project)
        try:
            yield made
        finally:
            await made.cluster.aclose()


async def _no_model() -> ChatEndpoint:
    raise AssertionError("no tool of the bench asks a model")
