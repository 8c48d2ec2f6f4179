"""Tools with a process of their own: what goes in and out, what ends them, and that nothing is left behind."""

import asyncio
import logging
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pyarrow as pa
import pytest
from command_line import eventually
from process_bench import TOKEN, ProcessBench

from brain.artifacts import File
from brain.errors import CallCutShort, StepTimeout, ToolError
from brain.runs import EventType, RunStatus, StepStatus

TESTS = Path(__file__).parents[1]
NUMBERS = 100_000_000
"""Whose sum takes a second or so."""
SCRIPT = """
import asyncio, sys
from pathlib import Path
from process_bench import ProcessBench

print("the script runs", flush=True)

async def main():
    project, name, path, where, seconds = sys.argv[1:]
    bench = ProcessBench(Path(project))
    try:
        print(await bench.call(name, process=where == "process", seconds=float(seconds), path=path))
    except Exception as exc:
        print(exc, flush=True)
    print("done", flush=True)

asyncio.run(main())
"""


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[ProcessBench]:
    made = ProcessBench(tmp_path / "project")
    yield made
    await made.caller.aclose()


@pytest.fixture
async def single(tmp_path: Path) -> AsyncIterator[ProcessBench]:
    """One that has no more than one process."""
    made = ProcessBench(tmp_path / "single", most=1)
    yield made
    await made.caller.aclose()


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def pid_in(path: Path) -> int:
    return int(eventually(lambda: path.exists() and path.read_text()))


async def said_in(path: Path) -> int:
    return await asyncio.to_thread(pid_in, path)


async def test_calls_at_the_same_time_have_processes_of_their_own(bench: ProcessBench) -> None:
    if (os.process_cpu_count() or 1) < 2:
        pytest.skip("there is one core")
    one, two = await asyncio.gather(*(bench.call("count", numbers=1_000_000) for _ in range(2)))
    assert one["sum"] == two["sum"] == 499_999_500_000
    assert len({one["pid"], two["pid"], os.getpid()}) == 3


async def test_a_process_is_kept_for_the_next_call(bench: ProcessBench) -> None:
    assert await bench.call("pid") == await bench.call("pid") != os.getpid()


async def test_the_loop_goes_on_while_a_tool_holds_the_interpreters_lock(bench: ProcessBench) -> None:
    await bench.call("pid")
    beside_process = await ticks_beside(bench, process=True)
    beside_thread = await ticks_beside(bench, process=False)
    assert beside_process > 10 > beside_thread


async def ticks_beside(bench: ProcessBench, *, process: bool) -> int:
    """How often the loop comes round while a tool counts."""
    counting = asyncio.create_task(bench.call("count", numbers=NUMBERS, process=process))
    ticks = 0
    while not counting.done():
        await asyncio.sleep(0.01)
        ticks += 1
    await counting
    return ticks


async def test_at_its_timeout_a_process_is_killed_and_the_step_says_so(bench: ProcessBench, tmp_path: Path) -> None:
    file = tmp_path / "pid"
    result = await bench.run(
        {"id": "spin", "tool": "spin", "arguments": {"path": str(file)}, "timeout": "2s"},
        {"id": "pid", "tool": "pid", "needs": ["spin"]},
    )
    assert result.status is RunStatus.FAILED
    assert result.steps["spin"].error == (
        "busy.spin took longer than its timeout of 2 s; raise `timeout` of the step or give it less to do."
    )
    killed = pid_in(file)
    eventually(lambda: is_gone(killed))
    assert await bench.call("pid") != killed


async def test_what_a_tool_has_started_is_killed_with_it(bench: ProcessBench, tmp_path: Path) -> None:
    file = tmp_path / "pid"
    with pytest.raises(StepTimeout):
        await bench.call("start_another", path=str(file), seconds=2)
    another = pid_in(file)
    eventually(lambda: is_gone(another))


async def test_cancelling_a_run_kills_its_processes(bench: ProcessBench, tmp_path: Path) -> None:
    file, cancel = tmp_path / "pid", asyncio.Event()
    spin = {"id": "spin", "tool": "spin", "arguments": {"path": str(file)}}
    running = asyncio.create_task(bench.run(spin, cancel=cancel))
    pid = await said_in(file)

    cancel.set()
    result = await running

    assert result.status is RunStatus.CANCELLED
    eventually(lambda: is_gone(pid))


@pytest.mark.parametrize(
    ("name", "arguments", "how"),
    [
        ("leave", {"code": 3}, "ended with exit code 3"),
        ("die_of", {"number": int(signal.SIGSEGV)}, "ended with SIGSEGV"),
        ("die_of", {"number": int(signal.SIGTERM)}, "ended with SIGTERM"),
        ("die_of", {"number": int(signal.SIGRTMIN) + 1}, f"ended with signal {int(signal.SIGRTMIN) + 1}"),
        ("die_of", {"number": int(signal.SIGKILL)}, "was killed (SIGKILL)"),
    ],
)
async def test_a_process_that_dies_fails_its_call_in_one_sentence(
    bench: ProcessBench, name: str, arguments: dict[str, int], how: str
) -> None:
    with pytest.raises(CallCutShort) as failed:
        await bench.call(name, **arguments)
    then = (
        ", as the system does where memory runs out; then give it less to do at once."
        if "killed" in how
        else "; BRAIN_LOG_LEVEL=DEBUG shows what it printed."
    )
    assert str(failed.value) == f"busy.{name} failed: its process {how} before there was a result{then}"
    assert failed.value.transient
    assert await bench.call("same", value=1) == 1


async def test_a_step_that_may_be_tried_again_gets_a_new_process(bench: ProcessBench, tmp_path: Path) -> None:
    step = {"id": "once", "tool": "die_once", "arguments": {"path": str(tmp_path / "died")}, "retry": {"attempts": 2}}
    result = await bench.run(step)
    assert (result.outputs, result.steps["once"].tries) == ({"once": "at last"}, 2)


async def test_a_child_that_a_dead_process_has_left_holds_nothing_up(bench: ProcessBench, tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="exit code 1"):
        await bench.call("leave_a_child", path=str(tmp_path / "pid"))
    child = pid_in(tmp_path / "pid")
    eventually(lambda: is_gone(child))


async def test_an_idle_process_that_was_killed_is_replaced(bench: ProcessBench) -> None:
    pid = await bench.call("pid")
    os.kill(pid, signal.SIGKILL)
    await asyncio.to_thread(lambda: eventually(lambda: not psutil.pid_exists(pid)))
    assert await bench.call("pid") != pid


async def test_the_wait_for_a_process_is_no_part_of_a_calls_time(single: ProcessBench, tmp_path: Path) -> None:
    file = tmp_path / "go"
    first = asyncio.create_task(single.call("wait_for", path=str(file)))
    second = asyncio.create_task(single.call("pid", seconds=1))
    await asyncio.sleep(2)
    assert not second.done()
    file.touch()
    assert await second
    await first


async def test_all_processes_end_with_the_caller(bench: ProcessBench, tmp_path: Path) -> None:
    idle = await bench.call("pid")
    busy = asyncio.create_task(bench.call("spin", path=str(tmp_path / "pid")))
    pids = {idle, await said_in(tmp_path / "pid")}
    await bench.caller.aclose()
    assert not any(map(psutil.pid_exists, pids))
    with pytest.raises(ToolError, match="was killed"):
        await busy


async def test_tables_go_in_and_out(bench: ProcessBench) -> None:
    table = bench.codec.pack(pa.table({"day": [1, 2, 3], "rain": [0.5, None, 2.0]}))
    result = await bench.call("first_row", table=table)
    assert result["rows"] == 3
    assert result["tables"][0]["head"] == [{"day": 1, "rain": 0.5}]
    assert bench.codec.table(result["tables"][0]["artifact"]).to_pylist() == [{"day": 1, "rain": 0.5}]
    assert (await bench.call("frame", table=table))["row_count"] == 3


async def test_files_go_in_and_out(bench: ProcessBench) -> None:
    file = bench.codec.pack(File(b"it rains", "text/plain", "note.txt"))
    result = await bench.call("shout", file=file)
    assert (result["format"], result["name"], result["media_type"]) == ("file", "loud-note.txt", "text/plain")
    assert bench.codec.content(result["artifact"]) == b"IT RAINS"


async def test_classes_of_a_tools_own_module_come_out_as_json(bench: ProcessBench) -> None:
    result = await bench.call("members")
    assert result == {"kind": "wet", "levels": [3, True], "wet": 0.5}
    assert [type(value) for value in (result["kind"], *result["levels"])] == [str, int, bool]


@pytest.mark.parametrize(("name", "kind"), [("today", "date"), ("unlike_json", "EnumType")])
async def test_a_result_that_cannot_be_kept_is_refused_as_it_is_on_a_thread(
    bench: ProcessBench, name: str, kind: str
) -> None:
    for process in (True, False):
        with pytest.raises(ToolError) as refused:
            await bench.call(name, process=process)
        assert str(refused.value) == (
            f"A value of type {kind} cannot be stored: return JSON values, tables or brain.artifacts.File."
        )


@pytest.mark.parametrize(
    ("name", "said", "transient"),
    [
        ("refuse", "not rain", False),
        ("not_today", "not rain today", True),
        ("break_down", "busy.break_down failed unexpectedly with ValueError: broken by rain.", True),
    ],
)
async def test_what_a_tool_raises_is_told_as_it_is_on_a_thread(
    bench: ProcessBench, name: str, said: str, *, transient: bool
) -> None:
    for process in (True, False):
        with pytest.raises(ToolError) as raised:
            await bench.call(name, text="rain", process=process)
        assert (str(raised.value), raised.value.transient) == (said, transient)


async def test_a_tool_that_ends_the_interpreter_fails_and_the_process_goes_on(bench: ProcessBench) -> None:
    pid = await bench.call("pid")
    with pytest.raises(ToolError, match=r"^busy\.stop stopped with SystemExit\.$"):
        await bench.call("stop")
    assert await bench.call("pid") == pid


async def test_secrets_go_in_and_neither_results_nor_errors_show_them(bench: ProcessBench) -> None:
    steps = [
        {"id": name, "tool": name, "arguments": {argument: "Bearer ${secret:SHOP_TOKEN}"}}
        for name, argument in (("same", "value"), ("break_down", "text"), ("refuse", "text"))
    ]
    result = await bench.run(*steps)
    assert result.steps["same"].result == "Bearer ${secret:SHOP_TOKEN}"
    assert result.steps["refuse"].error == "not Bearer ${secret:SHOP_TOKEN}"
    assert TOKEN not in str(result)


async def test_what_a_tool_prints_goes_to_the_log(
    bench: ProcessBench, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG, bench.log.name):
        await bench.call("chatter", text="it rains")
        await asyncio.to_thread(lambda: eventually(lambda: "error: it rains" in caplog.text))
    said = [record.getMessage() for record in caplog.records if record.name == bench.log.name]
    assert said == [f"busy.chatter printed: {line}" for line in ("it rains", "from below", "error: it rains")]
    assert capfd.readouterr() == ("", "")


async def test_a_traceback_goes_to_the_log_alone(bench: ProcessBench, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "brain.executor.local"), pytest.raises(ToolError) as raised:
        await bench.call("break_down", text="rain")
    assert 'raise ValueError(f"broken by {text}")' in caplog.text
    assert not hasattr(raised.value, "__notes__")
    assert raised.value.__cause__ is raised.value.__context__ is None


async def test_a_tool_sees_neither_our_command_line_nor_our_input(bench: ProcessBench) -> None:
    assert await bench.call("arguments") == [""]


async def test_each_project_has_its_own_modules(bench: ProcessBench, tmp_path: Path) -> None:
    other = ProcessBench(tmp_path / "other", tools="def pid():\n    return 'of the other project'\n")
    try:
        assert await other.call("pid") == "of the other project"
        assert isinstance(await bench.call("pid"), int)
    finally:
        await other.caller.aclose()


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        (
            "later",
            {},
            "an async function cannot have a process of its own; write it without async, or leave process out",
        ),
        (
            "reaching",
            {},
            "a context cannot go into a process of its own; write the function without it, or leave process out",
        ),
        ("nowhere", {}, "nowhere does not exist in busy_tools"),
        ("refuse", {"word": "rain"}, "inputSchema has word, which the function does not take"),
    ],
)
async def test_a_function_that_is_unfit_says_what_to_change(
    bench: ProcessBench, name: str, arguments: dict[str, str], said: str
) -> None:
    with pytest.raises(ToolError) as refused:
        await bench.call(name, **arguments)
    assert str(refused.value) == f"The tool busy.{name} cannot be run (busy_tools:{name}): {said}."


async def test_a_process_that_cannot_be_started_is_told(
    bench: ProcessBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(ToolError, match=r"^No process could be started for a tool: its process ended with exit code 1"):
        await bench.call("pid")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nowhere"))
    with pytest.raises(ToolError, match="failed unexpectedly with FileNotFoundError"):
        await bench.call("pid")


def script(folder: Path, name: str, *, process: bool, seconds: float = 600) -> "subprocess.Popen[str]":
    """A script without a guard around what it does, that calls a tool."""
    file = folder / "script.py"
    file.write_text(SCRIPT)
    where = "process" if process else "thread"
    return subprocess.Popen(
        [sys.executable, file, folder / "project", name, folder / "said", where, str(seconds)],
        env={**os.environ, "PYTHONPATH": str(TESTS)}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_the_main_script_is_not_run_once_more(tmp_path: Path) -> None:
    (tmp_path / "said").touch()
    with script(tmp_path, "wait_for", process=True) as running:
        assert running.communicate(timeout=60)[0].splitlines() == ["the script runs", "None", "done"]
    assert running.returncode == 0


def test_no_process_outlives_one_that_is_killed(tmp_path: Path) -> None:
    with script(tmp_path, "spin", process=True) as running:
        pid = pid_in(tmp_path / "said")
        running.kill()
    eventually(lambda: is_gone(pid))


def test_an_interpreter_that_ends_without_a_word_takes_its_processes_along(tmp_path: Path) -> None:
    with script(tmp_path, "note_pid", process=True) as running:
        assert running.communicate(timeout=60)[0].splitlines()[1:] == ["None", "done"]
    assert running.returncode == 0
    pid = pid_in(tmp_path / "said")
    eventually(lambda: is_gone(pid))


def test_a_thread_that_never_comes_back_does_not_hold_up_the_end_of_the_interpreter(tmp_path: Path) -> None:
    with script(tmp_path, "wait_for", process=False, seconds=0.5) as running:
        assert running.communicate(timeout=60)[0].splitlines()[1:] == [
            "busy.wait_for took longer than its timeout of 0.5 s; raise `timeout` of the step or give it less to do.",
            "done",
        ]
    assert running.returncode == 0


async def test_what_a_thread_gives_after_its_timeout_is_dropped(bench: ProcessBench, tmp_path: Path) -> None:
    file = tmp_path / "go"
    step = {"id": "late", "tool": "wait_for", "arguments": {"path": str(file)}, "timeout": "500ms"}
    result = await bench.run(step, process=False)
    late = result.steps["late"]
    assert (result.status, late.status) == (RunStatus.FAILED, StepStatus.FAILED)
    assert late.error is not None
    assert late.error.startswith("busy.wait_for took longer than its timeout of 0.5 s; ")

    file.touch()
    await bench.call("same", value=1, process=False)  # the loop has gone round since the thread came back
    await asyncio.to_thread(lambda: eventually(lambda: not threads_of("busy.wait_for")))
    await asyncio.sleep(0)

    assert bench.events.of("late") == [EventType.STEP_RUNNING, EventType.STEP_FAILED]
    assert bench.journal.states["late", None].status is StepStatus.FAILED


def threads_of(name: str) -> list[str]:
    import threading

    return [thread.name for thread in threading.enumerate() if thread.name == f"brain-{name}"]
