"""What is on record when a run is cancelled, fails or is cut off, and what is then not done twice."""

import asyncio
from itertools import pairwise
from typing import Any

import pytest
from workbench import Recorder, Workbench

from brain.errors import StaleAttempt, ToolError
from brain.executor.engine import Approvals
from brain.executor.heartbeat import Heartbeat
from brain.executor.journal_writer import JournalWriter
from brain.executor.ports import MemoryJournal
from brain.runs import EventType, RunStatus, StepResult, StepStatus

YES = Approvals(everything=True)


def cancelled_after(seconds: float) -> asyncio.Event:
    cancel = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, cancel.set)
    return cancel


async def test_a_change_that_was_cut_off_is_on_record_as_interrupted_with_what_was_called(bench: Workbench) -> None:
    bench.functions["work.write"] = bench.functions["work.sleep"]
    result = await bench.run(
        {"id": "write", "tool": "work.write", "arguments": {"value": 30}}, approvals=YES, cancel=cancelled_after(0.05)
    )
    kept = bench.journal.states["write", None]
    assert result.status is RunStatus.CANCELLED
    assert (kept.status, kept.arguments, kept.tries) == (StepStatus.INTERRUPTED, {"value": 30}, 1)
    assert kept.fingerprint is not None
    assert bench.events.of("write") == [EventType.STEP_RUNNING, EventType.STEP_INTERRUPTED]


async def test_a_reading_step_that_was_cut_off_is_cancelled(bench: Workbench) -> None:
    bench.cluster = None  # only the worker knows the arguments
    await bench.run({"id": "read", "tool": "work.sleep", "arguments": {"value": 30}}, cancel=cancelled_after(0.05))
    kept = bench.journal.states["read", None]
    assert (kept.status, kept.arguments) == (StepStatus.CANCELLED, {"value": 30})


async def test_items_that_change_something_are_on_record_before_they_start_and_when_cut_off(bench: Workbench) -> None:
    seen: list[StepStatus] = []

    async def slow_from_the_second_on(value: Any = None, after: Any = None) -> Any:
        seen.append(bench.journal.states["all", value].status)
        await asyncio.sleep(30 if value else 0)
        return value

    bench.functions["work.write"] = slow_from_the_second_on
    step = {"id": "all", "tool": "work.write", "foreach": [0, 1, 2, 3], "max_parallel": 2}
    await bench.run({**step, "arguments": {"value": "${item}"}}, approvals=YES, cancel=cancelled_after(0.1))
    assert seen == [StepStatus.RUNNING] * 3
    states = {item: kept.status for (_, item), kept in bench.journal.states.items()}
    assert states == {
        None: StepStatus.INTERRUPTED,
        0: StepStatus.SUCCEEDED,
        1: StepStatus.INTERRUPTED,
        2: StepStatus.INTERRUPTED,
    }


async def test_a_change_is_on_record_as_done_before_anything_that_needs_it_begins(bench: Workbench) -> None:
    seen: list[Any] = []

    async def look(value: Any = None, after: Any = None) -> Any:
        seen.append((bench.journal.states["write", None].status, bench.journal.states["write", None].result))

    bench.tool("look", look)
    write = {"id": "write", "tool": "work.write", "arguments": {"value": 7}}
    await bench.run(write, {"id": "look", "tool": "work.look", "needs": ["write"]}, approvals=YES)
    assert seen == [(StepStatus.SUCCEEDED, 7)]


async def test_a_change_that_is_done_stays_so_where_the_run_is_cancelled_while_that_is_written(
    bench: Workbench,
) -> None:
    cancel = asyncio.Event()

    class Slow(MemoryJournal):
        async def record(self, steps: Any) -> None:
            if any(step.status is StepStatus.SUCCEEDED for step in steps):
                cancel.set()
                await asyncio.sleep(0.05)
            await super().record(steps)

    bench.journal = Slow()
    write = {"id": "write", "tool": "work.write", "arguments": {"value": 7}}
    later = {"id": "later", "tool": "work.echo", "needs": ["write"]}
    ended = await bench.run(write, later, approvals=YES, cancel=cancel)
    assert ended.status is RunStatus.CANCELLED
    kept = bench.journal.states["write", None]
    assert (kept.status, kept.result) == (StepStatus.SUCCEEDED, 7)


async def test_results_that_may_be_made_again_are_written_together_while_the_run_goes_on(bench: Workbench) -> None:
    cancel, written = asyncio.Event(), list[int]()

    class Counting(MemoryJournal):
        async def record(self, steps: Any) -> None:
            written.append(len(steps))
            await super().record(steps)
            if len(self.states) == 20:
                cancel.set()

    bench.journal = Counting()
    steps = [{"id": f"s{n}", "tool": "work.echo", "needs": [f"s{n - 1}"] if n else []} for n in range(20)]
    slow = {"id": "slow", "tool": "work.sleep", "arguments": {"value": 60}}
    assert (await bench.run(*steps, slow, cancel=cancel)).status is RunStatus.CANCELLED
    assert max(written) > 1


async def test_what_is_done_already_asks_nobody_again(bench: Workbench) -> None:
    steps = (
        {"id": "write", "tool": "work.write", "arguments": {"value": 1}},
        {"id": "all", "tool": "work.write", "foreach": [1, 2], "arguments": {"value": "${item}"}},
    )
    await bench.run(*steps, approvals=YES)
    before = len(bench.calls)
    again = await bench.run(*steps, earlier=bench.journal.states.values())
    assert again.status is RunStatus.SUCCEEDED
    assert len(bench.calls) == before
    changed = ({**steps[1], "foreach": [1, 2, 3]},)
    assert (await bench.run(*changed, earlier=bench.journal.states.values())).status is RunStatus.WAITING


async def test_what_is_left_of_a_run_is_done_with_the_results_of_the_rest(bench: Workbench) -> None:
    steps = (
        {"id": "first", "tool": "work.echo", "arguments": {"value": [7]}},
        {"id": "apart", "tool": "work.echo", "arguments": {"value": "apart"}},
        {"id": "broken", "tool": "work.fail", "arguments": {"value": "${first[0]}"}},
        {"id": "last", "tool": "work.echo", "arguments": {"value": "${first} and ${broken}"}, "needs": ["apart"]},
    )
    earlier = tuple((await bench.run(*steps)).steps.values())
    bench.functions["work.fail"] = bench.functions["work.echo"]
    bench.calls, bench.journal, bench.events = [], MemoryJournal(), Recorder()
    outputs = {"last": "${last}", "first": "${first}"}
    result = await bench.run(*steps, outputs=outputs, earlier=earlier, only_rest=True)
    assert (result.status, result.outputs) == (RunStatus.SUCCEEDED, {"last": "[7] and 7", "first": [7]})
    assert bench.calls == [("work.fail", 7), ("work.echo", "[7] and 7")]
    assert list(result.steps) == ["first", "apart", "broken", "last"]
    assert bench.journal.states.keys() == {("broken", None), ("last", None)}
    assert all(bench.events.of(step)[-1] is EventType.STEP_SUCCEEDED for step in result.steps)


async def test_a_run_that_was_cut_off_behind_its_last_step_has_nothing_left_to_do(bench: Workbench) -> None:
    steps = ({"id": "first", "tool": "work.echo", "arguments": {"value": 1}},)
    earlier = tuple((await bench.run(*steps)).steps.values())
    bench.calls.clear()
    result = await bench.run(*steps, earlier=earlier, only_rest=True)
    assert (result.status, result.outputs, bench.calls) == (RunStatus.SUCCEEDED, {"first": 1}, [])


async def test_waiting_for_a_free_place_is_no_part_of_a_steps_time(bench: Workbench) -> None:
    bench.slots = asyncio.Semaphore(1)
    steps = [{"id": f"s{n}", "tool": "work.sleep", "arguments": {"value": 0.1}, "timeout": "1100ms"} for n in range(12)]
    result = await bench.run(*steps)  # together they take longer than one may, by so much less that a stall does not
    assert result.status is RunStatus.SUCCEEDED, result.error
    times = sorted((step.started_at, step.finished_at) for step in result.steps.values())
    assert all(one[1] <= other[0] for one, other in pairwise(times))


async def test_a_step_that_raises_before_it_waits_takes_the_others_down_with_it(bench: Workbench) -> None:
    went_on = False

    class LostLater(MemoryJournal):
        async def record(self, steps: Any) -> None:
            if any(step.step_id == "write" for step in steps):
                raise StaleAttempt

    async def slow(value: Any = None, after: Any = None) -> Any:
        nonlocal went_on
        await asyncio.sleep(0.3)
        went_on = True

    bench.journal = LostLater()
    bench.tool("slow", slow)
    with pytest.raises(StaleAttempt):
        await bench.run(
            {"id": "slow", "tool": "work.slow"},
            {"id": "first", "tool": "work.echo"},
            {"id": "write", "tool": "work.write", "needs": ["first"]},
            approvals=YES,
        )
    await asyncio.sleep(0.4)
    assert not went_on


async def test_results_are_kept_although_another_step_broke_the_run(bench: Workbench) -> None:
    async def broken(value: Any = None, after: Any = None) -> Any:
        await asyncio.sleep(0.03)
        raise KeyError("a defect of the engine's surroundings")

    bench.functions["work.fail"] = broken
    with pytest.raises(KeyError):
        await bench.run(
            {"id": "good", "tool": "work.echo", "arguments": {"value": 7}}, {"id": "bad", "tool": "work.fail"}
        )
    assert bench.journal.states["good", None].result == 7


async def test_a_step_that_ends_after_it_was_given_up_ends_once(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("brain.executor.engine.STOP_SECONDS", 0.05)

    async def stubborn(value: Any = None, after: Any = None) -> Any:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            await asyncio.sleep(0.2)
        return "late"

    bench.tool("stubborn", stubborn)
    result = await bench.run({"id": "one", "tool": "work.stubborn"}, cancel=cancelled_after(0.05))
    await asyncio.sleep(0.3)
    assert result.steps["one"].status is StepStatus.CANCELLED
    assert bench.events.of("one") == [EventType.STEP_RUNNING, EventType.STEP_CANCELLED]


async def test_a_cancel_that_comes_when_all_is_done_changes_nothing(bench: Workbench) -> None:
    cancel = asyncio.Event()

    class SlowToWrite(MemoryJournal):
        async def record(self, steps: Any) -> None:
            cancel.set()
            await asyncio.sleep(0.02)
            await super().record(steps)

    bench.journal = SlowToWrite()
    result = await bench.run({"id": "one", "tool": "work.echo", "arguments": {"value": 1}}, cancel=cancel)
    assert (result.status, result.outputs) == (RunStatus.SUCCEEDED, {"one": 1})


async def test_a_tool_that_makes_an_error_of_its_cancellation_does_not_make_the_run_fail(bench: Workbench) -> None:
    async def sulking(value: Any = None, after: Any = None) -> Any:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            raise ToolError("interrupted, and says so") from None

    bench.tool("sulking", sulking)
    result = await bench.run({"id": "one", "tool": "work.sulking"}, cancel=cancelled_after(0.05))
    assert result.status is RunStatus.CANCELLED


async def test_a_fan_out_over_tools_that_never_wait_leaves_the_loop_free(bench: Workbench) -> None:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0)
            ticks += 1

    ticking = asyncio.create_task(tick())
    step = {"id": "all", "tool": "work.echo", "foreach": "${inputs.n}", "arguments": {"value": "${item}"}}
    result = await bench.run(step, inputs={"n": list(range(5000))})
    ticking.cancel()
    assert len(result.outputs["all"]) == 5000
    assert ticks > 8  # a loop that is held all the time ticks twice


@pytest.mark.parametrize("kind", [JournalWriter, lambda journal: Heartbeat(journal, asyncio.Event())])
async def test_leaving_the_background_work_does_not_swallow_a_cancel(
    kind: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("brain.executor.heartbeat.BEAT_SECONDS", 0.0)
    monkeypatch.setattr("brain.executor.journal_writer.GROUP_SECONDS", 0.0)

    class SlowToEnd(MemoryJournal):
        async def beat(self) -> bool:
            return await self._slowly()

        async def record(self, steps: Any) -> None:  # noqa: ARG002 - it never gets there
            await self._slowly()

        async def _slowly(self) -> bool:
            try:
                await asyncio.sleep(30)
            except asyncio.CancelledError:
                await asyncio.sleep(0.1)
                raise
            return False

    went_on = False

    async def work() -> None:
        nonlocal went_on
        async with kind(SlowToEnd()) as entered:
            if isinstance(entered, JournalWriter):
                entered.add(StepResult("a", "work.echo", StepStatus.SUCCEEDED))
            await asyncio.sleep(0.05)
        went_on = True

    task = asyncio.create_task(work())
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not went_on


async def test_one_beat_that_fails_does_not_end_the_heart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("brain.executor.heartbeat.BEAT_SECONDS", 0.01)
    beats = 0

    class Unsteady(MemoryJournal):
        async def beat(self) -> bool:
            nonlocal beats
            beats += 1
            if beats == 1:
                raise ToolError("no error of a service")
            return beats > 2

    cancel = asyncio.Event()
    async with Heartbeat(Unsteady(), cancel), asyncio.timeout(5):
        await cancel.wait()
