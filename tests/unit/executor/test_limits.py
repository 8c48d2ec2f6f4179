"""Limits of tools: how many calls go on at once, how often one begins, and what those that wait hold up."""

import asyncio
from typing import Any

import pytest
from workbench import Workbench

from brain.errors import ToolError
from brain.executor import limits
from brain.executor.limits import Limits
from brain.executor.ports import Kept
from brain.rate_limits.memory import MemoryRateLimiter
from brain.rates import Rate, parse_rate
from brain.runs import EventType, RunStatus, StepStatus, new_run_id
from brain.tool_registry.definitions import ToolLimits


class Counter:
    """A tool that knows how many of its calls go on, and when each began."""

    def __init__(self, fails: int = 0) -> None:
        self.now = self.most = 0
        self.begun: list[float] = []
        self.values: list[Any] = []
        self.fails = fails

    async def __call__(self, value: Any = None, **_: Any) -> Any:
        self.now += 1
        self.most = max(self.most, self.now)
        self.values.append(value)
        self.begun.append(asyncio.get_running_loop().time())
        await asyncio.sleep(0.005)
        self.now -= 1
        if len(self.begun) <= self.fails:
            raise ToolError("not yet", transient=True)
        return value


class CountedRates(MemoryRateLimiter):
    """Knows when each turn that was taken is due."""

    def __init__(self) -> None:
        super().__init__()
        self.due: list[float] = []

    async def take(self, tool: str, rate: Rate, *, ahead: float) -> float:
        asked = asyncio.get_running_loop().time()
        self.due.append(asked + await super().take(tool, rate, ahead=ahead))
        return self.due[-1] - asked


def each(step: str, tool: str, count: int, **more: Any) -> dict[str, Any]:
    return {"id": step, "tool": tool, "foreach": list(range(count)), "arguments": {"value": "${item}"}, **more}


async def test_a_tool_goes_on_so_often_at_once_over_all_steps_and_runs(bench: Workbench) -> None:
    counter = Counter()
    bench.tool("count", counter, limits=ToolLimits(concurrent=3))
    runs = [bench.run(each("one", "work.count", 8), each("other", "work.count", 8)) for _ in range(2)]
    assert [result.status for result in await asyncio.gather(*runs)] == [RunStatus.SUCCEEDED] * 2
    assert (counter.most, len(counter.begun)) == (3, 32)


async def test_tools_do_not_share_their_places(bench: Workbench) -> None:
    one, other = Counter(), Counter()
    bench.tool("one", one, limits=ToolLimits(concurrent=1))
    bench.tool("other", other, limits=ToolLimits(concurrent=2))
    await bench.run(each("one", "work.one", 5), each("other", "work.other", 5))
    assert (one.most, other.most) == (1, 2)


async def test_the_wait_for_a_place_is_no_part_of_a_calls_time(bench: Workbench) -> None:
    bench.tool("nap", bench.functions["work.sleep"], limits=ToolLimits(concurrent=1))
    result = await bench.run(
        {"id": "long", "tool": "work.nap", "arguments": {"value": 1}},
        {"id": "short", "tool": "work.nap", "arguments": {"value": 0}, "timeout": "700ms"},
    )
    assert result.status is RunStatus.SUCCEEDED, result.error
    long, short = result.steps["long"], result.steps["short"]
    assert short.started_at >= long.finished_at
    assert short.seconds < 0.7


async def test_every_try_takes_a_place_and_a_turn(bench: Workbench) -> None:
    counted = CountedRates()
    bench.limits = Limits(counted)
    bench.tool("fetch", Counter(fails=2), limits=ToolLimits(concurrent=1, rate="100/s"))
    result = await bench.run({"id": "a", "tool": "work.fetch", "retry": {"attempts": 3}})
    assert (result.status, result.steps["a"].tries) == (RunStatus.SUCCEEDED, 3)
    assert len(counted.due) == 3


async def test_no_call_begins_before_its_turn(bench: Workbench) -> None:
    counter, counted = Counter(), CountedRates()
    bench.limits = Limits(counted)
    bench.tool("fetch", counter, limits=ToolLimits(rate="10/s"))
    result = await bench.run(each("a", "work.fetch", 15, max_parallel=15))
    assert result.outputs == {"a": list(range(15))}
    assert all(due < begun + 0.001 for due, begun in zip(sorted(counted.due), sorted(counter.begun), strict=True))
    assert counter.values == list(range(15)), "they are served in their order"
    due = sorted(counted.due)
    assert all(after - first > 0.999 for first, after in zip(due, due[10:], strict=False)), "ten in any second"


async def test_who_waits_is_told_of_it_and_so_are_those_who_watch(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "TOLD_AFTER", 0.1)
    bench.tool("fetch", Counter(), limits=ToolLimits(rate="1/s"))
    bench.tool("nap", bench.functions["work.sleep"], limits=ToolLimits(concurrent=1))
    rated = [{"id": f"rated{number}", "tool": "work.fetch"} for number in range(3)]
    await bench.run(*rated, each("placed", "work.nap", 2, arguments={"value": 0.4}))
    told = [(step, message) for kind, step, message in bench.events.events if kind is EventType.STEP_PROGRESS]
    waits = {step for step, message in told if message == "waits for its rate limit of 1/s"}
    assert waits == {"rated1", "rated2"}, "also who stands behind another"
    assert ("placed", "waits for its only place") in told
    ends = [message.partition(" s for ") for step, message in told if message.startswith("waited ")]
    assert sorted(what for _, _, what in ends) == ["its only place", "its rate limit of 1/s", "its rate limit of 1/s"]


async def test_who_does_not_wait_says_nothing(bench: Workbench) -> None:
    bench.tool("fetch", Counter(), limits=ToolLimits(rate="2/s", concurrent=2))
    await bench.run({"id": "a", "tool": "work.fetch"}, {"id": "b", "tool": "work.fetch"})
    assert [kind for kind, _, _ in bench.events.events if kind is EventType.STEP_PROGRESS] == []


async def test_a_call_that_waits_for_its_turn_keeps_no_other_from_working(bench: Workbench) -> None:
    cancel = asyncio.Event()

    async def stop(**_: Any) -> None:
        cancel.set()

    bench.slots = asyncio.Semaphore(1)
    bench.tool("fetch", Counter(), limits=ToolLimits(rate="1/h"))
    bench.tool("stop", stop)
    result = await bench.run(
        {"id": "first", "tool": "work.fetch"},
        {"id": "second", "tool": "work.fetch", "needs": ["first"]},
        each("free", "work.echo", 20, needs=["first"]),
        {"id": "stop", "tool": "work.stop", "needs": ["free"]},
        cancel=cancel,
    )
    assert {step: found.status for step, found in result.steps.items()} == {
        "first": StepStatus.SUCCEEDED,
        "second": StepStatus.CANCELLED,
        "free": StepStatus.SUCCEEDED,
        "stop": StepStatus.SUCCEEDED,
    }
    assert bench.slots.locked() is False


async def test_those_that_are_cancelled_while_they_wait_take_nobodys_turn(bench: Workbench) -> None:
    counter, cancel = Counter(), asyncio.Event()

    async def fetch(**arguments: Any) -> None:
        await counter(**arguments)
        cancel.set()

    bench.tool("fetch", fetch, limits=ToolLimits(rate="1/h", concurrent=20))
    result = await bench.run(each("a", "work.fetch", 20, max_parallel=20), cancel=cancel)
    assert (result.status, len(counter.begun)) == (RunStatus.CANCELLED, 1)
    wait = await bench.limits._rates.take("work.fetch", parse_rate("1/h"), ahead=0)
    assert 3600 - 60 < wait <= 3600, "the hour of the call that was made, and no other"
    assert all(gate._value in (1, 20) for gate in bench.limits._gates.values()), "every place is free again"


async def test_a_result_that_is_known_takes_no_turn(bench: Workbench) -> None:
    class Cache:
        async def find(self, _fingerprint: str) -> Kept | None:
            return Kept("kept", 1.0, new_run_id()) if bench.calls else None

    counter = Counter()
    bench.cache = Cache()
    bench.tool("fetch", counter, limits=ToolLimits(rate="1/h"))
    step = {"id": "a", "tool": "work.fetch", "cache": "1h"}
    first = await bench.run(step | {"arguments": {"value": "made"}})
    assert first.outputs == {"a": "made"}
    second = await bench.run(step)
    assert (second.steps["a"].status, second.outputs) == (StepStatus.CACHED, {"a": "kept"})
    again = await bench.run(step | {"arguments": {"value": "made"}, "cache": None}, earlier=first.steps.values())
    assert again.outputs == {"a": "made"}
    assert len(counter.begun) == 1
