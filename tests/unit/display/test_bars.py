"""What a person sees at a terminal while a run goes on."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from brain.display.bars import Bars
from brain.runs import EventType, RunEvent, new_run_id

RUN = new_run_id()
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def event(kind: str, step: str | None = None, *, at: float = 0, **more: Any) -> RunEvent:
    return RunEvent(RUN, 1, EventType(kind), BEGAN + timedelta(seconds=at), step, **more)


def plan(*steps: str) -> RunEvent:
    return event("plan.finished", data={"steps": [{"id": step} for step in steps]})


def drawn(events: Sequence[RunEvent], *, width: int = 80, height: int = 40, is_over: bool = False) -> list[str]:
    """The lines of the screen after these events."""
    console = Console(file=StringIO(), width=width, height=height, force_terminal=True, color_system=None)
    bars = Bars(console)
    for each in events:
        bars.show(each)
    bars._is_final = is_over
    with console.capture() as screen:
        console.print(bars)
    return screen.get().splitlines()


def test_each_step_has_a_line_with_sign_name_bar_time_and_words() -> None:
    begun = [event("run.running"), plan("read", "count", "later"), event("step.running", "read")]
    failed = event("step.failed", "count", at=75, message="it is\nnot so")
    skipped = event("step.skipped", "later", at=75, message="count failed")
    ended = [event("step.succeeded", "read", at=0.25), event("step.running", "count", at=1), failed, skipped]
    lines = drawn([*begun, *ended, event("run.failed", at=76, message="count: it is not so")])
    assert re.fullmatch(r"✗ run   ━{16} +1:16 failed *", lines[0])
    assert re.fullmatch(r"✓ read  ━{16} +0\.2 s *", lines[1])
    assert re.fullmatch(r"✗ count +1:14 it is not so *", lines[2])
    assert re.fullmatch(r"– later +count failed *", lines[3])


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_long_name_is_cut_and_leaves_room_for_bar_time_and_words(width: int) -> None:
    step = "a_step_whose_name_goes_on_and_on_for_no_reason_at_all_until_it_fills_the_screen"
    done = event("step.skipped", step, at=2, message="well, well")
    [_, line] = drawn([event("run.running"), plan(step), event("step.running", step), done], width=width)
    assert re.fullmatch(r"– a_step_whose\w+… +2\.0 s well, well *", line)
    assert line.index("2.0 s") - line.index("…") > 12
    assert len(line.rstrip()) <= width - 3  # what the terminal writes for Ctrl-C fits behind it


def test_the_progress_of_items_is_told_in_words_and_does_not_move_the_bar_of_their_step() -> None:
    counted = {"message": "1 of 4", "progress_percentage": 25, "data": {"done": 1, "total": 4}}
    begun = [
        event("run.running"),
        plan("each"),
        event("step.running", "each"),
        event("step.progress", "each", **counted),
    ]
    item = event("step.progress", "each", item=2, message="half way", progress_percentage=50)
    quarter, told = drawn(begun)[1], drawn([*begun, item])[1]
    assert "1 of 4" in quarter
    assert "3: half way" in told
    assert quarter.count("━") == told.count("━") == 4
    done = drawn([*begun, item, event("step.succeeded", "each", at=1)])[1]
    assert done.rstrip().endswith("1.0 s 1 of 4")


def test_what_is_told_again_after_an_approval_changes_neither_totals_nor_times() -> None:
    begun = [event("run.running"), plan("read", "save"), event("step.running", "read")]
    first = [*begun, event("step.succeeded", "read", at=1), event("run.waiting", at=1, data={"waiting_for": ["save"]})]
    waiting = drawn(first)
    assert re.fullmatch(r"… run  ━{8} +1\.0 s waiting *", waiting[0])
    assert re.fullmatch(r"… save +waits for approval *", waiting[2])
    again = [event("run.running", at=60, data={"attempt": 2}), event("step.succeeded", "read", at=60)]
    saved = [
        event("step.running", "save", at=60),
        event("step.succeeded", "save", at=62),
        event("run.succeeded", at=63),
    ]
    lines = drawn([*first, *again, *saved])
    assert re.fullmatch(r"✓ run  ━{16} +3\.0 s succeeded *", lines[0])
    assert re.fullmatch(r"✓ read ━{16} +1\.0 s *", lines[1])
    assert re.fullmatch(r"✓ save ━{16} +2\.0 s *", lines[2])


def test_on_a_low_screen_what_runs_and_what_failed_stays_and_all_is_shown_at_the_end() -> None:
    steps = [f"step_{number:02}" for number in range(30)]
    events = [event("run.running"), plan(*steps), *(event("step.succeeded", step) for step in steps[:12])]
    events += [event("step.failed", "step_12", message="no"), event("step.running", "step_13")]
    lines = drawn(events, height=12)
    assert len(lines) == 12 - 3
    assert [line[2:9] for line in lines[1:4]] == ["step_12", "step_13", "step_14"]
    assert lines[-1].strip() == "and 12 that have ended, 11 that have not begun"
    assert len(drawn(events, height=12, is_over=True)) == 31


def test_markup_in_what_a_tool_says_is_shown_as_it_is() -> None:
    lines = drawn(
        [plan("a"), event("step.running", "a"), event("step.progress", "a", message="[bold]half[/] [/nothing]")]
    )
    assert "[bold]half[/] [/nothing]" in lines[1]


def test_a_plan_grows_while_it_is_written_and_begins_anew_where_it_is_mended() -> None:
    def written(*steps: str, message: str = "") -> RunEvent:
        return event(
            "plan.progress", message=message, data={"steps": [{"id": step, "tool": "a.tool"} for step in steps]}
        )

    growing = [event("run.running"), written("rain"), written("rain", "chart")]
    assert [line.split()[:2] for line in drawn(growing)[1:]] == [["rain", "a.tool"], ["chart", "a.tool"]]
    [mending] = drawn([*growing, written(message="mending the plan: 1 problem (try 2)")])
    assert mending.rstrip().endswith("mending the plan: 1 problem (try 2)")
    [_, line] = drawn([*growing, written("wind"), plan("wind"), event("step.running", "wind")])
    assert "wind" in line
    assert "a.tool" not in line


def test_a_run_that_asks_says_what() -> None:
    [line] = drawn(
        [event("run.running"), event("run.waiting", data={"questions": [{"name": "city"}, {"name": "day"}]})]
    )
    assert line.rstrip().endswith("waits for answers: city, day")
