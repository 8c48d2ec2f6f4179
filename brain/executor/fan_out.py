"""One `foreach` step: its items side by side, each a call with retries, timeout and record of its own.

An item is prepared when its turn comes, and of one that is done its value is kept: a hundred thousand items are neither
a hundred thousand tasks nor as many records in memory.
"""

import asyncio
from collections import ChainMap
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from brain.errors import BrainError, BudgetExhausted, ToolError
from brain.executor.calls import Call, Caller
from brain.executor.journal_writer import JournalWriter
from brain.executor.pace import Pace
from brain.executor.portions import Portions
from brain.executor.ports import EventSink
from brain.executor.standing import without_call
from brain.pipeline_builder.pipeline import PlannedStep
from brain.pipeline_builder.spec import OnError
from brain.runs import NOTHING_SPENT, EventType, Json, StepResult, StepStatus, utc_now

__all__ = ["FanOut", "items_of"]

DEFAULT_WIDTH = 16
"""Items at once, where the step does not say."""


def items_of(step: PlannedStep, scope: Mapping[str, Json]) -> list[Json]:
    """What a `foreach` step iterates over; raises ToolError where that is no list."""
    assert step.foreach is not None  # noqa: S101 - the schedule only asks for those that have it
    items = step.foreach.resolve(scope)
    if not isinstance(items, list):
        raise ToolError(f"foreach takes a list and got {_kind(items)}; check what {step.id} iterates over.")
    return items


class FanOut:
    """Makes the calls of one step; where one fails that fails the step, or the budget is used up, none is begun."""

    def __init__(
        self, step: PlannedStep, items: Sequence[Json], scope: Mapping[str, Json], calls: Caller, writer: JournalWriter
    ) -> None:
        self._step = step
        self._items = items
        self._scope = dict(scope)
        self._calls = calls
        self._writer = writer
        self._is_handed_over = calls.hands_over(step)
        most = calls.errands_at_once if self._is_handed_over else DEFAULT_WIDTH
        self._width = min(step.max_parallel or most, len(items))
        self._width_there = max(1, step.max_parallel // self._width) if step.max_parallel and items else None
        self._portions = Portions(self._width)
        self._next, self._end = 0, len(items)
        self._done = 0
        self._cached_from = set[UUID | None]()
        self._has_told_why = False
        self._pace = Pace()
        self.values: list[Json] = [None] * len(items)
        """By item what it gave, or `{"error": ...}`."""
        self.spending = NOTHING_SPENT
        """What all items together asked the chat model."""
        self.failed: StepResult | None = None
        """The first of the items that failed."""
        self.unknown: StepResult | None = None
        """One of which nobody knows whether it did its work."""
        self.exhausted: BudgetExhausted | None = None
        """Set once the run's budget did not hold an item's question to the chat model."""

    async def calls(self) -> AsyncIterator[Call]:
        """Every call in item order; raises ToolError at the first whose arguments do not fit the tool."""
        for index in range(len(self._items)):
            yield await self._prepared(index)
            await self._pace.keep()

    async def run(self, events: EventSink) -> None:
        """Make the calls; raises what stopped the writing."""
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self._width):
                    group.create_task(self._work(events))
        except* BrainError as errors:
            raise errors.exceptions[0] from None  # results cannot be kept any more: the same error for every item

    async def _work(self, events: EventSink) -> None:
        while indexes := self._taken():
            for result in await (self._portion(indexes) if self._is_handed_over else self._single(indexes[0])):
                self._keep(result)
            self._tell(events)
            await self._writer.keep_up()
            await self._pace.keep()

    def _taken(self) -> range:
        """The items whose turn it is."""
        size = self._portions.size(self._end - self._next) if self._is_handed_over else 1
        begin, self._next = self._next, min(self._next + size, self._end)
        return range(begin, self._next)

    def _stop(self) -> None:
        self._end = self._next

    async def _portion(self, indexes: range) -> Sequence[StepResult]:
        items = [(index, self._items[index]) for index in indexes]
        began = utc_now()
        try:
            results = await self._calls.make_elsewhere(self._step, self._scope, items, self._width_there)
            self._portions.learn(len(results), _seconds_of(results))
        except ToolError as exc:
            results = [self._failed(index, exc, began) for index in indexes]
        for result in results:
            self._writer.add(result)
        return results

    async def _single(self, index: int) -> Sequence[StepResult]:
        began = utc_now()
        try:
            call = await self._prepared(index)
        except ToolError as exc:
            self._writer.add(failed := self._failed(index, exc, began))
            return [failed]
        if (known := self._calls.known(call)) is not None:
            if not call.found.is_on_record:
                self._writer.add(known)
            return [known]
        self._tell_why(call)
        return [await self._made(call)]

    def _failed(self, index: int, exc: ToolError, began: datetime) -> StepResult:
        """An item that came to no call of its own."""
        return without_call(self._step, StepStatus.FAILED, str(exc), item=index, started_at=began)

    async def _prepared(self, index: int) -> Call:
        own = {"item": self._items[index], "index": index}
        return await self._calls.prepare(self._step, ChainMap(own, self._scope), index)

    async def _made(self, call: Call) -> StepResult:
        """How the call ended, on record."""
        if not call.is_repeatable:
            await self._writer.put_on_record(call.begun())
        try:
            result = await self._calls.make(call)
        except asyncio.CancelledError:
            self._writer.add(call.cut_short())
            raise
        except BudgetExhausted as exc:
            self._stop()
            self.exhausted, result = exc, call.cut_short(str(exc))
        if call.is_repeatable:
            self._writer.add(result)
        else:
            await self._writer.put_on_record(result)
        return result

    def _keep(self, result: StepResult) -> None:
        assert result.item is not None  # noqa: S101 - these are items
        self.spending += result.spending
        self._cached_from.add(result.cached_from)
        if result.status is StepStatus.FAILED:
            self._keep_failure(result, result.item)
        elif result.status is StepStatus.INTERRUPTED and self.exhausted is None:
            self.unknown = result
            self._stop()
        elif result.status.has_result or result.is_waived:
            self._done += 1
            self.values[result.item] = result.result

    def _keep_failure(self, result: StepResult, item: int) -> None:
        self._done += 1
        self.values[item] = {"error": result.error}
        if self.failed is None or self.failed.item is None or item < self.failed.item:
            self.failed = result
        if self._step.on_error is not OnError.COLLECT:
            self._stop()

    @property
    def cached_from(self) -> UUID | None:
        """The run that all items come from; None where some were made, or they come from several."""
        return next(iter(self._cached_from)) if len(self._cached_from) == 1 else None

    def _tell_why(self, call: Call) -> None:
        """Of the first item that is done again."""
        if call.found.is_again and not self._has_told_why:
            self._has_told_why = True
            self._calls.announce(call)

    def _tell(self, events: EventSink) -> None:
        done, total = self._done, len(self._items)
        events.publish(
            EventType.STEP_PROGRESS,
            step_id=self._step.id,
            message=f"{done} of {total}",
            percentage=100 * done / total,
            data={"done": done, "total": total},
        )


def _seconds_of(results: Sequence[StepResult]) -> float:
    """From the begin of the first to the end of the last, by the worker's clock."""
    times = [time for result in results for time in (result.started_at, result.finished_at) if time is not None]
    return (max(times) - min(times)).total_seconds() if times else 0.0


def _kind(value: Json) -> str:
    return "nothing" if value is None else f"a value of type {type(value).__name__}"
