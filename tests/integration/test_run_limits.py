"""Limits of tools over runs and processes: real ones, with Redis, after its death, and without it."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from command_line import CommandLine, eventually, new_project, remove_project

from brain import Brain, embedded
from brain.runs import EventType, RunStatus

LATE = 1.4
"""Seconds by which the first calls may be late to begin, on a machine that starts two processes at once."""
BEGIN = """
import os
import time

def fetch(label="", *, context):
    with (context.project / "begun.txt").open("a") as begun:
        begun.write(f"{time.time()} {os.getpid()}\\n")
    return label
"""


def _tool(name: str, **limits: Any) -> dict[str, Any]:
    return {
        "name": name,
        "description": "Note when a call begins.",
        "inputSchema": {"type": "object", "properties": {"label": {}}},
        "annotations": {"readOnlyHint": True},
        "limits": limits,
        "run": {"python": "fetching:fetch"},
    }


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    made = new_project(tmp_path_factory.mktemp("limits") / "shop")
    registry = json.loads((made.project / "tools.json").read_text(encoding="utf-8"))
    registry["tools"] += [_tool("shop.fetch", rate="10/s"), _tool("shop.crawl", rate="1/h", concurrent=4)]
    (made.project / "tools.json").write_text(json.dumps(registry), encoding="utf-8")
    (made.project / "fetching.py").write_text(BEGIN, encoding="utf-8")
    made.write("fetches.json", fetches(30))
    with Brain(made.project) as brain:
        brain.runs()  # the services are up before anybody counts seconds
    yield made
    remove_project(made.project)


@pytest.fixture(autouse=True)
def nothing_begun(shop: CommandLine) -> None:
    (shop.project / "begun.txt").unlink(missing_ok=True)


def fetches(count: int, tool: str = "shop.fetch") -> dict[str, Any]:
    return {"id": "each", "tool": tool, "foreach": list(range(count)), "arguments": {"label": "${item}"}}


def begun(shop: CommandLine) -> list[tuple[float, str]]:
    """When each call began, and in which process."""
    lines = (shop.project / "begun.txt").read_text().splitlines()
    return sorted((float(moment), process) for moment, process in map(str.split, lines))


@pytest.mark.parametrize("redis", ["", "off"], ids=["through Redis", "through PostgreSQL"])
def test_a_rate_holds_over_all_processes_of_a_project(shop: CommandLine, redis: str) -> None:
    both = [shop.having(REDIS_URL=redis).start("run", "fetches.json", "--json") for _ in range(2)]
    ended = [process.end() for process in both]
    assert [(one.code, one.err) for one in ended] == [(0, "")] * 2
    calls = begun(shop)
    assert (len(calls), len({process for _, process in calls})) == (60, 2)
    assert calls[-1][0] - calls[0][0] > 5.9 - LATE, "ten at once, and fifty a tenth of a second apart"
    kept = shop("sql", "SELECT tool, rate FROM rate_limits", "--json").json
    assert kept == ([{"tool": "shop.fetch", "rate": "10/s"}] if redis else []), "by now nobody needed the database"


def test_a_run_whose_redis_dies_goes_on_and_keeps_the_rate(shop: CommandLine, caplog: pytest.LogCaptureFixture) -> None:
    [redis] = [service for service in embedded.services(shop.project / ".brain") if service.name == "redis"]
    with Brain(shop.project) as brain, caplog.at_level(logging.WARNING):
        started = brain.start_run({"name": "fetches", "steps": [fetches(40)]})
        eventually((shop.project / "begun.txt").exists)
        assert redis.stop()
        run = brain.wait(started)
        assert run.status is RunStatus.SUCCEEDED, run.error
        calls = begun(shop)
        assert len(calls) == 40
        assert calls[-1][0] - calls[-20][0] > 1.9 - LATE, "they still are"
        told = [record.message for record in caplog.records if "rates of tools" in record.message]
        assert len(told) == 1
        assert told[0].startswith("The rates of tools are kept in PostgreSQL for now: Redis at ")


def test_a_person_sees_what_a_run_waits_for(shop: CommandLine) -> None:
    with Brain(shop.project) as brain:
        run = brain.start_run({"name": "crawl", "steps": [fetches(3, "shop.crawl")]})
        events = brain.watch(run)
        told = next(event for event in events if event.message.startswith("waits for"))
        assert (told.event_type, told.step_id, told.message) == (
            EventType.STEP_PROGRESS, "each", "waits for its rate limit of 1/h",
        )  # fmt: skip
        brain.cancel(run)
        assert brain.wait(run).status is RunStatus.CANCELLED
    assert len(begun(shop)) == 1


def test_what_waits_for_its_turn_is_cancelled_at_the_deadline_and_takes_no_time(shop: CommandLine) -> None:
    with Brain(shop.project) as brain:
        spec = {
            "name": "crawl",
            "steps": [{"id": "one", "tool": "shop.crawl", "timeout": "1ms", "retry": {"attempts": 3}}],
        }
        run = brain.run(spec, deadline="1s")
    assert (run.status, run.step_results[0].tries) == (RunStatus.INTERRUPTED, 0), "the hour of the test before goes on"


def test_limits_are_shown_with_the_tool(shop: CommandLine) -> None:
    shown = " ".join(shop("tools", "show", "shop.crawl").out.split())
    assert "At most 4 calls go on at the same time. At most 1 an hour begins." in shown
    assert shop("tools", "show", "shop.crawl", "--json").json["limits"] == {"concurrent": 4, "rate": "1/h"}
    assert "at the same time" not in shop("tools", "show", "table.read").out
