"""Events as plain lines, for logs and pipes."""

import re
from typing import Any

import pytest

from brain.cli import live
from brain.runs import EventType, RunEvent, new_run_id, utc_now


def told(capsys: pytest.CaptureFixture[str], *events: tuple[str, dict[str, Any]], attempt: int = 1) -> list[str]:
    """The lines without their times."""
    with live.view("plain", attempt=attempt) as view:
        for seq, (kind, more) in enumerate(events, 1):
            view.show(RunEvent(new_run_id(), seq, EventType(kind), utc_now(), **more))
    said = capsys.readouterr()
    assert said.out == ""
    return [re.sub(r"^\d\d:\d\d:\d\d  ", "", line) for line in said.err.splitlines()]


def test_the_end_of_a_run_leaves_why_it_failed_to_what_is_printed_below(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(
        capsys,
        ("step.failed", {"step_id": "a", "message": "no paper"}),
        ("step.failed", {"step_id": "b", "message": "no ink"}),
        ("run.failed", {"message": "a: no paper; b: no ink"}),
    ) == ["a  failed: no paper", "b  failed: no ink", "run failed"]
    assert told(capsys, ("run.failed", {"message": "there is no plan"})) == ["run failed"]


def test_a_run_that_waits_says_for_what(capsys: pytest.CaptureFixture[str]) -> None:
    waiting = {"data": {"waiting_for": ["save", "send"]}}
    assert told(capsys, ("run.waiting", waiting)) == ["run waiting: save, send"]


def test_lines_begin_with_the_attempt_that_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    events = [
        ("run.running", {"data": {"attempt": 1}}),
        ("step.succeeded", {"step_id": "a"}),
        ("run.running", {"data": {"attempt": 2}}),
        ("step.running", {"step_id": "b"}),
    ]
    assert told(capsys, *events, attempt=2) == ["run running", "b  running"]
    assert len(told(capsys, *events)) == 4


def test_progress_and_long_messages_make_no_more_lines(capsys: pytest.CaptureFixture[str]) -> None:
    message = "word " * 60
    assert told(
        capsys,
        ("step.progress", {"step_id": "a", "message": "half"}),
        ("step.failed", {"step_id": "a", "message": message}),
    ) == [f"a  failed: {message}"]


def test_a_plan_that_is_written_tells_each_step_once_and_a_run_that_asks_says_what(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rain, chart = {"id": "rain", "tool": "table.read"}, {"id": "chart", "tool": "table.plot"}
    assert told(
        capsys,
        ("plan.progress", {"message": "rain (table.read)", "data": {"steps": [rain]}}),
        ("plan.progress", {"message": "rain (table.read), chart (table.plot)", "data": {"steps": [rain, chart]}}),
        ("plan.progress", {"message": "mending the plan: 1 problem (try 2)", "data": {"steps": []}}),
        ("run.waiting", {"data": {"questions": [{"name": "kind"}, {"name": "city"}]}}),
    ) == [
        "plan progress: rain (table.read)",
        "plan progress: chart (table.plot)",
        "plan progress: mending the plan: 1 problem (try 2)",
        "run waiting: kind, city",
    ]
