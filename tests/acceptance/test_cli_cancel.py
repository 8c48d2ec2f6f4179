"""The end of a run that somebody does not want any more, or whose tool never comes back."""

import signal
import time

import psutil
from command_line import CommandLine, Terminal, eventually, nap


def hanging(pid: int) -> list[psutil.Process]:
    """What `shop.hang` has started; a first command starts services as well."""
    return [child for child in psutil.Process(pid).children(recursive=True) if "sleep" in child.name()]


def test_ctrl_c_cancels_the_run_and_says_how_to_look_at_it(shop: CommandLine) -> None:
    running = shop.start("run", shop.write("long.json", nap("short", 0), nap("long", 60, needs=["short"])))
    running.wait_for("long  running")

    running.interrupt()
    ended = running.end(10)

    assert ended.code == 130
    said = ended.err.splitlines()
    assert any("long  cancelled" in line for line in said)
    run_id = said[-1].removeprefix("Cancelled. What was done is kept: brain show ")
    shown = shop("show", run_id, "--json").json
    assert shown["status"] == "cancelled"
    assert [(step["id"], step["status"]) for step in shown["steps"]] == [("short", "succeeded"), ("long", "cancelled")]


def test_ctrl_c_at_any_earlier_moment_ends_the_command_with_a_sentence_and_no_run_goes_on(shop: CommandLine) -> None:
    spec = shop.write("early.json", nap("early", 60))
    for seconds in (0.5, 0.8, 1.1):
        running = shop.start("run", spec)
        time.sleep(seconds)
        running.interrupt()
        ended = running.end(10)
        assert ended.code == 130
        assert "Traceback" not in ended.err
        last = ended.err.splitlines()[-1]
        assert last.startswith(("brain: interrupted; ", "Cancelled. What was done is kept: brain show"))
    states = {row["status"] for row in shop("runs", "--text", "early", "--json").json}
    assert states <= {"cancelled"}


def test_ctrl_c_ends_watching_and_cancel_ends_the_run_elsewhere_with_all_its_processes(shop: CommandLine) -> None:
    running = shop.start("run", shop.write("far.json", {"id": "far", "tool": "shop.hang"}))
    running.wait_for("far  running")
    watching = shop.start("watch")
    watching.wait_for("far  running")
    watching.interrupt()
    watched = watching.end(10)
    assert watched.code == 130
    assert watched.err.startswith("The run goes on without being watched")
    run_id = watched.err.strip().rpartition(" ")[2]
    [child] = eventually(lambda: hanging(running.process.pid))

    cancelled = shop("cancel", run_id, "--json")
    ended = running.end(10)

    assert (cancelled.code, ended.code) == (0, 130)
    assert cancelled.json["status"] == "cancelled"
    assert "\ncancelled in " in ended.out
    eventually(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, seconds=1)
    again = shop("cancel", run_id)
    assert again.code == 0
    assert again.err == f"There is nothing to cancel: the run {run_id} is cancelled.\n"


def test_a_supervisor_that_ends_the_command_ends_its_run_and_what_its_tools_have_started(shop: CommandLine) -> None:
    running = shop.start("run", shop.write("served.json", {"id": "served", "tool": "shop.hang"}))
    running.wait_for("served  running")
    [child] = eventually(lambda: hanging(running.process.pid))

    running.process.terminate()
    ended = running.end(10)

    assert ended.code == 128 + signal.SIGTERM
    assert ended.err.splitlines()[-1].startswith("Cancelled. What was done is kept: brain show ")
    eventually(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, seconds=1)
    query = "SELECT status, owner FROM runs WHERE name = 'served'"
    assert shop("sql", query, "--json").json == [{"status": "cancelled", "owner": None}]


def test_a_terminal_that_goes_away_ends_the_run(shop: CommandLine) -> None:
    terminal = Terminal(shop, "run", shop.write("left.json", {"id": "left", "tool": "shop.hang"}))
    [child] = eventually(lambda: hanging(terminal.process.pid))

    terminal.close()
    terminal.process.send_signal(signal.SIGHUP)

    assert terminal.process.wait(10) == 128 + signal.SIGHUP
    eventually(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, seconds=1)
    query = "SELECT status, owner FROM runs WHERE name = 'left'"
    assert shop("sql", query, "--json").json == [{"status": "cancelled", "owner": None}]


def test_a_tool_that_never_comes_back_is_given_up_and_the_command_ends_at_once(shop: CommandLine) -> None:
    read = {"id": "read", "tool": "table.read", "arguments": {"path": "sales.csv"}}
    running = shop.start("run", shop.write("hang.json", read, {"id": "hang", "tool": "shop.hang", "timeout": "1s"}))
    running.wait_for("run failed")
    ended = running.end(10)

    assert ended.code == 1
    assert ended.err == ""
    assert "hang: shop.hang took longer than its timeout of 1 s; raise `timeout` of the step" in ended.out


def test_a_busy_run_that_is_cancelled_keeps_what_its_items_have_done(shop: CommandLine) -> None:
    many = {"id": "many", "tool": "shop.nap", "foreach": "${inputs.naps}", "max_parallel": 1,
            "arguments": {"seconds": "${item}", "label": "nap${index}"}}  # fmt: skip
    spec = shop.write("items.json", many, inputs={"naps": {"type": "array"}, "yes": {"type": "integer"}})
    running = shop.start("run", spec, "--input", "naps=[0, 0, 60]", "-i", "yes=1")
    eventually(lambda: "nap1" in shop.naps())
    time.sleep(0.3)
    running.interrupt()
    assert running.end(10).code == 130
    query = "SELECT item, i.status FROM step_items AS i JOIN runs ON id = run_id WHERE name = 'items' ORDER BY item"
    rows = shop("sql", query, "--json").json
    assert rows[:2] == [{"item": 0, "status": "succeeded"}, {"item": 1, "status": "succeeded"}]
