"""Tools with a process of their own, as the command line has them."""

import json
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from command_line import CommandLine, eventually, new_project, remove_project
from process_bench import TOOLS

from brain.tool_registry.tools_file import ToolsFile

TAKES = {"spin": "path", "chatter": "text", "die_of": "number", "pid_for": "number"}


@pytest.fixture(scope="module")
def works(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    made = new_project(tmp_path_factory.mktemp("works") / "works")
    (made.project / "busy_tools.py").write_text(TOOLS)
    for name, argument in TAKES.items():
        ToolsFile(made.project / "tools.json").put({
            "name": f"busy.{name}", "description": "A tool that keeps a core busy.",
            "inputSchema": {"type": "object", "properties": {argument: {}}, "required": [argument]},
            "annotations": {"readOnlyHint": True}, "run": {"python": f"busy_tools:{name}", "process": True},
        })  # fmt: skip
    yield made
    remove_project(made.project)


def spinning(works: CommandLine, name: str) -> tuple[str, Path]:
    """A pipeline that never ends, and where its process says its number."""
    file = works.project / f"{name}.pid"
    return works.write(f"{name}.json", {"id": "spin", "tool": "busy.spin", "arguments": {"path": str(file)}}), file


def process_of(file: Path) -> psutil.Process:
    return psutil.Process(int(eventually(lambda: file.exists() and file.read_text())))


def is_gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_what_a_process_prints_does_not_get_among_the_json(works: CommandLine) -> None:
    spec = works.write("chatter.json", {"id": "chatter", "tool": "busy.chatter", "arguments": {"text": "it rains"}})
    ended = works("run", spec, "--json")
    assert (ended.code, ended.err, ended.json["status"]) == (0, "", "succeeded")
    debugged = works.having(BRAIN_LOG_LEVEL="DEBUG")("run", spec, "--json")
    assert debugged.json["status"] == "succeeded"
    assert "busy.chatter printed: it rains" in debugged.err


def test_a_process_that_the_system_kills_fails_the_step_in_one_sentence(works: CommandLine) -> None:
    ended = works("run", works.write("killed.json", {"id": "die", "tool": "busy.die_of", "arguments": {"number": 9}}))
    assert ended.code == 1
    assert "busy.die_of failed: its process was killed (SIGKILL) before there was a result" in ended.out
    assert "Traceback" not in ended.out + ended.err


def test_there_are_no_more_processes_than_the_setting_says(works: CommandLine) -> None:
    numbers = {"id": "pids", "tool": "busy.pid_for", "foreach": "${inputs.numbers}", "arguments": {"number": "${item}"}}
    spec = works.write("pids.json", numbers, inputs={"numbers": {"type": "array", "default": [1, 2, 3, 4]}})
    pids = works.having(BRAIN_MAX_PROCESSES="1")("run", spec, "--json").json["outputs"]["pids"]
    assert (len(pids), len(set(pids))) == (4, 1)


def test_ctrl_c_is_a_cancellation_and_no_crash_of_the_process(works: CommandLine) -> None:
    spec, file = spinning(works, "interrupted")
    running = works.start("run", spec)
    process = process_of(file)

    running.interrupt()
    ended = running.end(10)

    assert ended.code == 130
    assert any("spin  cancelled" in line for line in ended.err.splitlines())
    assert "SIG" not in ended.err
    eventually(lambda: is_gone(process))
    query = "SELECT s.status, s.error FROM steps AS s JOIN runs ON id = run_id WHERE name = 'interrupted'"
    assert json.loads(works("sql", query, "--json").out) == [{"status": "cancelled", "error": None}]


def test_a_command_that_is_killed_leaves_no_process(works: CommandLine) -> None:
    spec, file = spinning(works, "orphaned")
    running = works.start("run", spec)
    process = process_of(file)

    running.kill()

    eventually(lambda: is_gone(process))
    running.end(10)
