"""The schedule: order, failure, conditions, fan-out, cancellation, and what is handed on."""

import asyncio
import time
from typing import Any

import pytest
from hypothesis import given, settings
from strategies import steps_registry, valid_specs
from workbench import Workbench

from brain.errors import BudgetExhausted, StaleAttempt, ToolError
from brain.executor.engine import Approvals, Engine, Job
from brain.executor.ports import Kept, MemoryJournal, ToolCall
from brain.pipeline_builder.build import build
from brain.pipeline_builder.spec import PipelineSpec
from brain.runs import EventType, RunStatus, StepStatus, new_run_id


async def test_a_step_gets_what_its_dependency_returned(bench: Workbench) -> None:
    result = await bench.run(
        {"id": "one", "tool": "work.echo", "arguments": {"value": {"n": [1, 2]}}},
        {"id": "two", "tool": "work.echo", "arguments": {"value": "${one.n[1]}"}},
    )
    assert result.status is RunStatus.SUCCEEDED
    assert result.outputs == {"two": 2}
    assert bench.events.of("two") == [EventType.STEP_RUNNING, EventType.STEP_SUCCEEDED]


async def test_a_step_starts_when_its_own_dependencies_are_done_not_when_a_level_is(bench: Workbench) -> None:
    await bench.run(
        {"id": "slow", "tool": "work.sleep", "arguments": {"value": 0.5}},
        {"id": "fast", "tool": "work.sleep", "arguments": {"value": 0.05}},
        {"id": "next", "tool": "work.sleep", "arguments": {"value": 0.05}, "needs": ["fast"]},
    )
    order = [step for kind, step, _ in bench.events.events if kind is EventType.STEP_SUCCEEDED]
    assert order == ["fast", "next", "slow"]


async def test_a_failure_fails_the_run_skips_dependants_and_leaves_the_other_branch_alone(bench: Workbench) -> None:
    result = await bench.run(
        {"id": "bad", "tool": "work.fail"},
        {"id": "after_bad", "tool": "work.echo", "arguments": {"value": "${bad}"}},
        {"id": "later", "tool": "work.echo", "needs": ["after_bad"]},
        {"id": "good", "tool": "work.echo", "arguments": {"value": 7}},
        outputs={"good": "${good}", "bad": "${after_bad.x}"},
    )
    assert result.status is RunStatus.FAILED
    assert result.error == "bad: it does not work"
    assert {step: found.status for step, found in result.steps.items()} == {
        "bad": StepStatus.FAILED,
        "after_bad": StepStatus.SKIPPED,
        "later": StepStatus.SKIPPED,
        "good": StepStatus.SUCCEEDED,
    }
    assert result.outputs == {"good": 7, "bad": None}


async def test_on_error_skip_lets_dependants_run_with_null(bench: Workbench) -> None:
    result = await bench.run(
        {"id": "bad", "tool": "work.fail", "on_error": "skip"},
        {"id": "after", "tool": "work.echo", "arguments": {"value": "${bad}"}},
    )
    assert result.status is RunStatus.SUCCEEDED
    assert result.steps["after"].status is StepStatus.SUCCEEDED
    assert result.outputs == {"after": None}


@pytest.mark.parametrize(("count", "expected"), [(3, StepStatus.SUCCEEDED), (0, StepStatus.SKIPPED)])
async def test_when_decides_on_earlier_results(bench: Workbench, count: int, expected: StepStatus) -> None:
    result = await bench.run(
        {"id": "found", "tool": "work.echo", "arguments": {"value": {"count": count}}},
        {"id": "then", "tool": "work.echo", "when": "found.count > `0`"},
        {"id": "last", "tool": "work.echo", "needs": ["then"]},
    )
    assert result.status is RunStatus.SUCCEEDED
    assert result.steps["then"].status is expected
    assert result.steps["last"].status is expected


async def test_foreach_keeps_item_order_and_bounds_what_runs_at_once(bench: Workbench) -> None:
    at_work, most = 0, 0

    async def work(value: Any = None, after: Any = None) -> Any:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        await asyncio.sleep(0.02 if value % 2 else 0.001)
        at_work -= 1
        return value * 10

    bench.tool("work", work)
    result = await bench.run(
        {
            "id": "all",
            "tool": "work.work",
            "foreach": "${inputs.items}",
            "arguments": {"value": "${item}"},
            "max_parallel": 3,
        },
        inputs={"items": list(range(10))},
    )
    assert result.outputs == {"all": [number * 10 for number in range(10)]}
    assert most == 3
    assert {item for _, item in bench.journal.states} == {None, *range(10)}


async def test_a_failed_item_fails_the_step_and_no_new_items_start(bench: Workbench) -> None:
    async def work(value: Any = None, after: Any = None) -> Any:
        if value == 2:
            raise ToolError("two is wrong")
        return value

    bench.tool("work", work)
    step = {
        "id": "all",
        "tool": "work.work",
        "foreach": [1, 2, 3, 4],
        "arguments": {"value": "${item}"},
        "max_parallel": 1,
    }
    result = await bench.run(step)
    assert result.error == "all: item 1 failed: two is wrong"
    assert [value for _, value in bench.calls] == [1, 2]


async def test_a_failed_item_is_the_end_for_the_items_beside_it_too(bench: Workbench) -> None:
    async def work(value: Any = None, after: Any = None) -> Any:
        await asyncio.sleep(0.01 + 0.02 * value)
        if value == 0:
            raise ToolError("nought is wrong")
        return value

    bench.tool("work", work)
    step = {"id": "all", "tool": "work.work", "foreach": list(range(10)), "arguments": {"value": "${item}"}}
    await bench.run(step | {"max_parallel": 2})
    assert [value for _, value in bench.calls] == [0, 1]


async def test_where_the_budget_is_used_up_nothing_more_begins_and_what_is_under_way_ends(bench: Workbench) -> None:
    async def ask(value: Any = None, after: Any = None) -> Any:
        await asyncio.sleep(0.01)
        raise BudgetExhausted("There is no money left.")

    bench.tool("ask", ask)
    result = await bench.run(
        {"id": "asks", "tool": "work.ask"},
        {"id": "runs", "tool": "work.sleep", "arguments": {"value": 0.05}},
        {"id": "next", "tool": "work.echo", "arguments": {"after": "${runs}"}},
    )
    assert (result.status, result.error) == (RunStatus.INTERRUPTED, "There is no money left.")
    assert {step_id: step.status for step_id, step in result.steps.items()} == {
        "asks": StepStatus.CANCELLED,
        "runs": StepStatus.SUCCEEDED,
        "next": StepStatus.CANCELLED,
    }
    assert result.steps["asks"].error == "There is no money left."


async def test_on_error_collect_puts_the_error_in_the_items_place(bench: Workbench) -> None:
    async def work(value: Any = None, after: Any = None) -> Any:
        if value == 2:
            raise ToolError("two is wrong")
        return value

    bench.tool("work", work)
    result = await bench.run(
        {
            "id": "all",
            "tool": "work.work",
            "foreach": [1, 2, 3],
            "arguments": {"value": "${item}"},
            "on_error": "collect",
        }
    )
    assert result.status is RunStatus.SUCCEEDED
    assert result.outputs == {"all": [1, {"error": "two is wrong"}, 3]}


async def test_foreach_over_something_that_is_no_list_says_so(bench: Workbench) -> None:
    result = await bench.run(
        {"id": "one", "tool": "work.echo", "arguments": {"value": {"n": 1}}},
        {"id": "all", "tool": "work.echo", "foreach": "${one.n}", "arguments": {"value": "${item}"}},
    )
    assert result.status is RunStatus.FAILED
    assert "takes a list and got a value of type int" in (result.error or "")


async def test_a_transient_error_is_retried_and_another_is_not(bench: Workbench) -> None:
    async def flaky(value: Any = None, after: Any = None) -> Any:
        if len(bench.calls) < 3:
            raise ToolError("later maybe", transient=True)
        return "done"

    bench.tool("flaky", flaky)
    result = await bench.run({"id": "one", "tool": "work.flaky", "retry": {"attempts": 3}})
    assert result.outputs == {"one": "done"}
    assert result.steps["one"].tries == 3
    assert bench.events.of("one").count(EventType.STEP_RETRYING) == 2

    refused = await bench.run({"id": "two", "tool": "work.fail", "retry": {"attempts": 3}})
    assert refused.steps["two"].tries == 1


async def test_a_timeout_is_a_clear_error(bench: Workbench) -> None:
    result = await bench.run({"id": "one", "tool": "work.sleep", "arguments": {"value": 5}, "timeout": "50ms"})
    assert result.status is RunStatus.FAILED
    assert "took longer than its timeout of 0.05 s" in (result.error or "")


async def test_a_step_that_changes_something_is_on_record_before_it_starts(bench: Workbench) -> None:
    seen: list[StepStatus] = []

    async def look(value: Any = None, after: Any = None) -> Any:
        seen.append(bench.journal.states["write", None].status)

    bench.functions["work.write"] = look
    await bench.run({"id": "write", "tool": "work.write"}, approvals=Approvals(everything=True))
    assert seen == [StepStatus.RUNNING]
    assert bench.journal.states["write", None].status is StepStatus.SUCCEEDED


async def test_cancel_ends_what_runs_and_leaves_no_task(bench: Workbench) -> None:
    cancel = asyncio.Event()
    asyncio.get_running_loop().call_later(0.05, cancel.set)
    before = asyncio.all_tasks()
    started = time.perf_counter()
    result = await bench.run(
        {"id": "quick", "tool": "work.echo", "arguments": {"value": 1}},
        {"id": "slow", "tool": "work.sleep", "arguments": {"value": 30}},
        {"id": "never", "tool": "work.echo", "needs": ["slow"]},
        cancel=cancel,
    )
    assert result.status is RunStatus.CANCELLED
    assert time.perf_counter() - started < 20
    assert {step: found.status for step, found in result.steps.items()} == {
        "quick": StepStatus.SUCCEEDED,
        "slow": StepStatus.CANCELLED,
        "never": StepStatus.CANCELLED,
    }
    assert asyncio.all_tasks() == before


async def test_a_run_that_was_taken_over_stops_and_writes_no_more(bench: Workbench) -> None:
    class Lost(MemoryJournal):
        async def record(self, steps: Any) -> None:  # noqa: ARG002 - refused whatever it is
            raise StaleAttempt

    bench.journal = Lost()
    with pytest.raises(StaleAttempt):
        await bench.run(
            {"id": "one", "tool": "work.echo"},
            {"id": "slow", "tool": "work.sleep", "arguments": {"value": 30}, "needs": ["one"]},
        )


async def test_a_thousand_steps_that_never_wait_leave_the_loop_free(bench: Workbench) -> None:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0)
            ticks += 1

    ticking = asyncio.create_task(tick())
    steps = [{"id": f"s{n}", "tool": "work.echo", "needs": [f"s{n - 1}"] if n else []} for n in range(1000)]
    result = await bench.run(*steps)
    ticking.cancel()
    assert result.status is RunStatus.SUCCEEDED
    assert ticks > 2


class _Counting:
    """Runs `values.*` tools and checks that everything a step waits for is done when it starts."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}

    def slot(self) -> asyncio.Semaphore:
        return asyncio.Semaphore()

    async def call(self, call: ToolCall) -> Any:
        await asyncio.sleep(0)
        return list(range(2)) if call.tool.name == "values.list" else call.arguments.get("value")


@settings(max_examples=60)
@given(spec=valid_specs())
def test_every_valid_graph_runs_each_step_at_most_once_and_after_its_dependencies(spec: PipelineSpec) -> None:
    pipeline = build(spec, steps_registry())
    events: list[tuple[EventType, str]] = []

    class Sink:
        def publish(self, event_type: EventType, *, step_id: str | None = None, **_: Any) -> None:
            if step_id is not None and event_type is not EventType.STEP_PROGRESS:
                events.append((event_type, step_id))

    job = Job(pipeline, pipeline.bind_inputs({}), Approvals(everything=True))
    result = asyncio.run(Engine(_Counting(), Sink(), MemoryJournal()).run(job))
    assert result.status in (RunStatus.SUCCEEDED, RunStatus.FAILED)
    assert set(result.steps) == set(pipeline.steps)
    ended = {step: place for place, (kind, step) in enumerate(events) if kind is not EventType.STEP_RUNNING}
    for place, (kind, step) in enumerate(events):
        if kind is EventType.STEP_RUNNING:
            assert events.count((kind, step)) == 1
            assert all(ended[dependency] < place for dependency in pipeline.steps[step].dependencies)


class _Shelf:
    """A step cache that has one result, of a certain age, for every call."""

    def __init__(self, age: float) -> None:
        self._kept = Kept("kept", age, new_run_id())
        self.asked: list[str] = []

    async def find(self, fingerprint: str) -> Kept:
        self.asked.append(fingerprint)
        return self._kept


@pytest.mark.parametrize(("age", "expected"), [(3599.0, StepStatus.CACHED), (3601.0, StepStatus.SUCCEEDED)])
async def test_a_young_result_stands_for_a_call_where_the_step_says_so(
    bench: Workbench, age: float, expected: StepStatus
) -> None:
    bench.cache = _Shelf(age)
    result = await bench.run({"id": "a", "tool": "work.echo", "arguments": {"value": 1}, "cache": "1h"})
    assert result.steps["a"].status is expected
    assert result.outputs == {"a": "kept" if expected is StepStatus.CACHED else 1}
    assert bench.cache.asked == [result.steps["a"].fingerprint]
    assert bench.earlier == ([] if expected is StepStatus.CACHED else ["kept"])


async def test_the_cache_is_left_alone_without_a_word_and_for_tools_that_change_something(bench: Workbench) -> None:
    bench.cache = _Shelf(0)
    await bench.run({"id": "a", "tool": "work.echo"}, {"id": "b", "tool": "work.echo", "cache": "0s"})
    await bench.run({"id": "c", "tool": "work.write", "cache": "1h"}, approvals=Approvals(everything=True))
    assert bench.cache.asked == []


async def test_each_item_is_looked_up_by_itself(bench: Workbench) -> None:
    bench.cache = _Shelf(0)
    step = {"id": "a", "tool": "work.echo", "foreach": [1, 2], "arguments": {"value": "${item}"}, "cache": "1h"}
    result = await bench.run(step)
    assert result.outputs == {"a": ["kept", "kept"]}
    assert len(set(bench.cache.asked)) == 2
    assert bench.calls == []
