"""A project whose tools run in processes of their own (`busy.<name>`), and a place to call them."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from strategies import registry_of, tool
from workbench import Recorder

from brain.artifacts import ArtifactCodec, MemoryStore
from brain.config_secrets import ContentRedactor, Redactor, SecretResolver
from brain.egress import Egress, EgressPolicy
from brain.executor.engine import Approvals, Engine, Job
from brain.executor.local import LocalCaller, Surroundings
from brain.executor.ports import MemoryJournal, ToolCall
from brain.executor.processes import Processes
from brain.language_models import ChatEndpoint, OpenAIChat
from brain.pipeline_builder.build import build
from brain.pipeline_builder.spec import PipelineSpec
from brain.runs import RunResult
from brain.tool_registry.definitions import SecretBinding, ToolDefinition, ToolRun
from brain.tool_registry.own_modules import OwnModules
from brain.tool_registry.registry import load

__all__ = ["TOKEN", "TOOLS", "ProcessBench"]

TOKEN = "tok-8Hq2LmX0aZ"
TOOLS = """
import enum
import os
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

from brain import File
from brain.errors import ToolError

class Kind(enum.StrEnum):
    WET = "wet"

class Level(enum.IntEnum):
    HIGH = 3

class NotToday(ToolError):
    def __init__(self, message):
        super().__init__(message, transient=True)

def pid():
    return os.getpid()

def pid_for(number):
    return os.getpid()

def note_pid(path):
    Path(path).write_text(str(os.getpid()))

def count(numbers):
    return {"sum": sum(range(numbers)), "pid": os.getpid()}  # holds the interpreter's lock until it is done

def wait_for(path):
    while not Path(path).exists():
        time.sleep(0.01)

def spin(path):
    Path(path).write_text(str(os.getpid()))
    busy()

def busy():
    end = time.monotonic() + 300
    while time.monotonic() < end:
        pass

def start_another(path):
    Path(path).write_text(str(subprocess.Popen(["sleep", "300"]).pid))
    busy()

def leave(code):
    os._exit(code)

def leave_a_child(path):
    if (child := os.fork()) == 0:
        time.sleep(300)
    Path(path).write_text(str(child))
    os._exit(1)

def die_of(number):
    os.kill(os.getpid(), number)
    time.sleep(60)

def die_once(path):
    if not Path(path).exists():
        Path(path).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "at last"

def stop():
    sys.exit(2)

def same(value):
    return value

def first_row(table):
    assert type(table).__module__ == "pyarrow.lib"
    return {"tables": [table.slice(0, 1)], "rows": table.num_rows}

def frame(table):
    return table.to_pandas()

def shout(file):
    return File(file.content.upper(), file.media_type, f"loud-{file.name}")

def members():
    return {"kind": Kind.WET, "levels": (Level.HIGH, True), Kind.WET: 0.5}

def today():
    return {"day": date(2026, 11, 30)}

def unlike_json():
    return Kind

def refuse(text):
    raise ToolError(f"not {text}")

def not_today(text):
    raise NotToday(f"not {text} today")

def break_down(text):
    raise ValueError(f"broken by {text}")

def chatter(text):
    print(text)
    os.write(1, b"from below\\n")
    print(f"error: {text}", file=sys.stderr)

def arguments():
    return [*sys.argv[1:], sys.stdin.read()]

async def later():
    return 1

def reaching(*, context):
    return 1
"""


async def no_model() -> ChatEndpoint:
    raise AssertionError("no call here asks a model")


class ProcessBench:
    """Calls the tools of `busy_tools.py`, singly or in pipelines."""

    def __init__(self, project: Path, *, most: int | None = None, tools: str = TOOLS) -> None:
        project.mkdir(exist_ok=True)
        (project / "busy_tools.py").write_text(tools)
        self.project = project
        self.redactor = Redactor({"SHOP_TOKEN": TOKEN})
        self.codec = ArtifactCodec(MemoryStore(), ContentRedactor(self.redactor))
        self.events = Recorder()
        self.journal = MemoryJournal()
        importing = OwnModules(project).load
        self.caller = LocalCaller(
            lambda definition: load(definition, importing),
            Surroundings(
                project=project, codec=self.codec, egress=Egress(EgressPolicy()),
                model=OpenAIChat("none", 0, no_model), secrets=SecretResolver({"SHOP_TOKEN": TOKEN}),
                redactor=self.redactor, processes=Processes(project, most),
            ),
            max_parallel=32,
        )  # fmt: skip

    def tool(self, name: str, takes: Mapping[str, Any], *, process: bool = True) -> ToolDefinition:
        """A definition of one of the functions, of which all arguments are needed."""
        return tool(
            f"busy.{name}", {argument: {} for argument in takes}, required=tuple(takes),
            run=ToolRun(python=f"busy_tools:{name}", process=process),
            secrets=(SecretBinding(name="SHOP_TOKEN"),),
        )  # fmt: skip

    async def call(self, name: str, *, seconds: float | None = None, process: bool = True, **arguments: Any) -> Any:
        """Make one call, which may take so many seconds."""
        definition = self.tool(name, arguments, process=process)
        return await self.caller.call(ToolCall(definition, arguments, lambda *_: None, timeout=seconds))

    async def run(self, *steps: Mapping[str, Any], cancel: Any = None, process: bool = True) -> RunResult:
        """Run a pipeline of calls, whose tools are named without their family."""
        known = [self.tool(step["tool"], step.get("arguments", {}), process=process) for step in steps]
        spec = PipelineSpec.from_value({"steps": [{**step, "tool": f"busy.{step['tool']}"} for step in steps]})
        pipeline = build(spec, registry_of(*{definition.name: definition for definition in known}.values()))
        return await Engine(self.caller, self.events, self.journal).run(Job(pipeline, {}, Approvals()), cancel)

    @property
    def log(self) -> logging.Logger:
        """Where what tools print goes."""
        return logging.getLogger("brain.executor.processes")
