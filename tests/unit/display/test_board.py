"""What is known of a run by its events."""

from datetime import UTC, datetime, timedelta
from typing import Any

from brain.display.board import Board
from brain.runs import EventType, RunEvent, RunStatus, Spending, StepStatus, new_run_id

RUN = new_run_id()
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def event(kind: str, step: str | None = None, *, at: float = 0, **more: Any) -> RunEvent:
    return RunEvent(RUN, 1, EventType(kind), BEGAN + timedelta(seconds=at), step, **more)


def board(*events: RunEvent) -> Board:
    made = Board()
    for each in events:
        made.take(each)
    return made


PLAN = event(
    "plan.finished", data={"steps": [{"id": "read", "tool": "table.read"}, {"id": "mean", "tool": "table.aggregate"}]}
)


def test_steps_are_known_from_the_plan_on() -> None:
    made = board(event("run.running"), PLAN)
    assert [(line.name, line.tool, line.status) for line in made.steps.values()] == [
        ("read", "table.read", StepStatus.PENDING),
        ("mean", "table.aggregate", StepStatus.PENDING),
    ]
    assert (made.percentage, made.plans, board().percentage) == (0, 1, None)


def test_how_far_a_run_is_counts_the_steps_that_have_ended() -> None:
    made = board(event("run.running"), PLAN, event("step.running", "read"), event("step.failed", "read", at=2))
    assert made.percentage == 50
    assert (made.steps["read"].seconds, made.steps["read"].is_running) == (2, False)


def test_spending_is_summed_while_it_runs_and_said_at_the_end() -> None:
    def took(tokens: int) -> dict[str, Any]:
        return {"data": {"spending": {"tokens_in": tokens, "tokens_out": 1, "cost_usd": 0.5}}}

    plan = event("plan.finished", data={**PLAN.data, **took(10)["data"]})
    begun = [event("run.running"), plan, event("step.succeeded", "read", **took(20))]
    assert board(*begun).spending == Spending(30, 2, 1.0)
    assert board(*begun, event("run.succeeded", **took(50))).spending == Spending(50, 1, 0.5)
    assert board(event("run.succeeded")).spending == Spending()


def test_a_step_that_waits_for_approval_is_asked_until_it_runs() -> None:
    waiting = [event("run.running"), PLAN, event("run.waiting", data={"waiting_for": ["mean"]})]
    assert board(*waiting).steps["mean"].is_asked
    assert board(*waiting).run.status is RunStatus.WAITING
    later = board(*waiting, event("run.running", data={"attempt": 2}), event("step.running", "mean"))
    assert (later.steps["mean"].is_asked, later.attempt) == (False, 2)


def test_the_log_has_a_line_for_each_change_but_not_for_progress_within_a_step() -> None:
    made = board(event("run.running"), event("step.running", "read"), event("step.progress", "read", message="half"))
    assert [line.split("  ", 1)[1] for line in made.log] == ["run running", "read  running"]
