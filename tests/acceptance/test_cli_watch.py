"""Two processes and one run: who watches sees everything once, whatever is killed meanwhile."""

import os
import signal
import time

from command_line import CommandLine, eventually, nap

SLOW = (nap("one", 1), nap("two", 1.5, needs=["one"]), nap("three", 1.5, needs=["two"]))


def test_a_watcher_that_comes_late_sees_every_event_once_although_redis_is_killed_in_mid_run(shop: CommandLine) -> None:
    assert shop("runs", "--json").code == 0  # the services are up
    [redis] = [service for service in shop("status", "--json").json if service["name"] == "redis"]
    running = shop.start("run", shop.write("slow.json", *SLOW))
    time.sleep(2)
    watching = shop.start("watch", "last", "--json")
    eventually(lambda: "one" in shop.naps())
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
    running = shop.start("run", shop.write("doomed.json", nap("first", 0), nap("second", 60, needs=["first"])))
    running.wait_for("second  running")
    watching = shop.start("watch")
    watching.wait_for("second  running")
    running.kill()
    running.end()

    [row] = shop("runs", "--text", "doomed", "--json").json
    shown = shop("show", row["id"], "--json").json

    assert row["status"] == shown["status"] == "interrupted"
    assert "gone" in shown["error"]
    assert [(step["id"], step["status"], step["result"]) for step in shown["steps"]] == [
        ("first", "succeeded", {"label": "first"})
    ]
    seen = watching.end()
    assert seen.code == 1
    assert "interrupted" in seen.err + seen.out


def test_a_run_goes_on_although_postgres_is_killed_in_mid_run(shop: CommandLine) -> None:
    assert shop("runs", "--json").code == 0  # the services are up
    [postgres] = [service for service in shop("status", "--json").json if service["name"] == "postgres"]
    running = shop.start("run", shop.write("bereft.json", *SLOW))
    running.wait_for("one  running")
    watching = shop.start("watch", "last", "--json")
    eventually(lambda: "one" in shop.naps())
    os.kill(postgres["pid"], signal.SIGKILL)

    ended, seen = running.end(), watching.end()

    assert (ended.code, seen.code) == (0, 0)
    assert "Traceback" not in ended.err + seen.err
    assert [event["seq"] for event in seen.events] == list(range(1, len(seen.events) + 1))
    [row] = shop("runs", "--text", "bereft", "--json").json
    assert row["status"] == "succeeded"
    shown = shop("show", row["id"], "--json").json
    assert [(step["id"], step["status"]) for step in shown["steps"]] == [
        (name, "succeeded") for name in ("one", "two", "three")
    ]
