"""One `foreach` step: its items side by side, each a call with retries, timeout and record of its own."""

import asyncio
from collections.abc import Iterator, Sequence

from brain.errors import BrainError, BudgetExhausted
from brain.executor.calls import Call, Caller
from brain.executor.journal_writer import JournalWriter
from brain.executor.pace import Pace
from brain.executor.ports import EventSink
from brain.pipeline_builder.pipeline import PlannedStep
from brain.pipeline_builder.spec import OnError
from brain.runs import EventType, StepResult, StepStatus

__all__ = ["FanOut"]

DEFAULT_WIDTH = 16
"""Items at once, where the step does not say."""


class FanOut:
    """Makes the calls of one step; where one fails that fails the step, or the budget is used up, none is begun."""

    def __init__(self, step: PlannedStep, calls: Sequence[Call], caller: Caller, writer: JournalWriter) -> None:
        self._step = step
        self._calls = calls
        self._caller = caller
        self._writer = writer
        self._results: list[StepResult | None] = [None] * len(calls)
        self._left: Iterator[tuple[int, Call]] = enumerate(calls)
        self._done = 0
        self.exhausted: BudgetExhausted | None = None
        """Set once the run's budget did not hold an item's question to the chat model."""
        self._pace = Pace()

    async def run(self, events: EventSink) -> list[StepResult]:
        """The results of the calls that were made, in item order; raises what stopped the writing."""
        width = min(self._step.max_parallel or DEFAULT_WIDTH, len(self._calls))
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(width):
                    group.create_task(self._work(events))
        except* BrainError as errors:
            raise errors.exceptions[0] from None  # results cannot be kept any more: the same error for every item
        return [result for result in self._results if result is not None]

    async def _work(self, events: EventSink) -> None:
        while (following := next(self._left, None)) is not None:
            place, call = following
            result = self._results[place] = await self._item(call)
            if self.exhausted is not None:
                return
            self._done += 1
            self._tell(events)
            if result.status is StepStatus.FAILED and self._step.on_error is not OnError.COLLECT:
                self._left = iter(())
            await self._pace.keep()

    async def _item(self, call: Call) -> StepResult:
        if (known := self._caller.known(call)) is not None:
            return known
        if not call.is_repeatable:
            await self._writer.put_on_record(call.begun())
        try:
            result = await self._caller.make(call)
        except asyncio.CancelledError:
            self._writer.add(call.cut_short())
            raise
        except BudgetExhausted as exc:
            self.exhausted, self._left = exc, iter(())
            result = call.cut_short(str(exc))
        if call.is_repeatable:
            self._writer.add(result)
        else:
            await self._writer.put_on_record(result)
        return result

    def _tell(self, events: EventSink) -> None:
        done, total = self._done, len(self._calls)
        events.publish(
            EventType.STEP_PROGRESS,
            step_id=self._step.id,
            message=f"{done} of {total}",
            percentage=100 * done / total,
            data={"done": done, "total": total},
        )
