"""Two processes and one run: who watches sees everything once, whatever is killed meanwhile."""

import os
import signal
import time
from typing import Any

from command_line import CommandLine, Running, eventually, nap

SLOW = (nap("one", 1), nap("two", 1.5, needs=["one"]), nap("three", 1.5, needs=["two"]))


def begin(shop: CommandLine, name: str, *steps: dict[str, Any]) -> tuple[Running, str]:
    """A run under way in another process, and its id."""
    running = shop.start("run", shop.write(f"{name}.json", *steps))

    def find() -> str | None:
        found = shop("runs", "--status", "running", "--text", name, "--json").json
        return found[0]["id"] if found else None

    return running, eventually(find)


def test_a_watcher_that_comes_late_sees_every_event_once_although_redis_is_killed_in_mid_run(shop: CommandLine) -> None:
    assert shop("runs", "--json").code == 0  # the services are up
    running = shop.start("run", shop.write("slow.json", *SLOW))
    time.sleep(2)
    watching = shop.start("watch", "last", "--json")
    eventually(lambda: "one" in shop.naps())
    [redis] = [service for service in shop("status", "--json").json if service["name"] == "redis"]
    os.kill(redis["pid"], signal.SIGKILL)

    ended, seen = running.end(), watching.end()

    assert (ended.code, seen.code) == (0, 0)
    assert "moves from redis to postgres" in ended.err
    assert "Traceback" not in ended.err + seen.err
    assert [event["seq"] for event in seen.events] == list(range(1, len(seen.events) + 1))
    told = [(event["step_id"], event["event_type"]) for event in seen.events]
    assert [each for each in told if each[1] != "step.progress"] == [
        (None, "run.running"), (None, "plan.finished"),
        ("one", "step.running"), ("one", "step.succeeded"), ("two", "step.running"), ("two", "step.succeeded"),
        ("three", "step.running"), ("three", "step.succeeded"), (None, "answer.started"), (None, "run.succeeded"),
    ]  # fmt: skip
    assert seen.events[0].keys() == {
        "id", "run_id", "seq", "timestamp", "event_type", "step_id", "item", "message", "progress_percentage", "data",
    }  # fmt: skip


def test_a_killed_process_leaves_an_interrupted_run_with_its_finished_steps(shop: CommandLine) -> None:
    running, run_id = begin(shop, "doomed", nap("first", 0), nap("second", 60, needs=["first"]))
    watching = shop.start("watch", run_id)
    eventually(lambda: "first" in shop.naps())
    time.sleep(0.3)  # the result is committed within 20 ms of the nap's end
    running.kill()
    running.end()

    [row] = shop("runs", "--text", "doomed", "--json").json
    shown = shop("show", run_id, "--json").json

    assert row["status"] == shown["status"] == "interrupted"
    assert "gone" in shown["error"]
    assert [(step["id"], step["status"], step["result"]) for step in shown["steps"]] == [
        ("first", "succeeded", {"label": "first"})
    ]
    seen = watching.end()
    assert seen.code == 1
    assert "interrupted" in seen.err + seen.out
