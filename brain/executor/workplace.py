"""What a worker does with an errand: it prepares, calls and retries as the process of the run does with its own."""

import asyncio
from collections import ChainMap, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from brain.errors import ToolError
from brain.executor.calls import Caller
from brain.executor.cluster import Errand
from brain.executor.ports import EventSink, ToolCaller
from brain.executor.standing import unmet, unusable, value_of, without_call
from brain.language_models import Account
from brain.pipeline_builder.pipeline import Pipeline, PlannedStep
from brain.pipeline_builder.spec import OnError
from brain.runs import EventType, Json, StepResult, StepStatus, utc_now
from brain.tool_registry.definitions import ToolDefinition

__all__ = ["Work", "Workplace"]


@dataclass(frozen=True, slots=True)
class Work:
    """An errand as it travels: nothing but names and values."""

    step_id: str
    scope: Mapping[str, Json] = field(default_factory=dict)
    items: Sequence[tuple[int, Json]] | None = None
    width: int | None = None
    """Items at the same time; None: as many as suit the tool."""
    earlier: Json = None

    @classmethod
    def of(cls, errand: Errand) -> "Work":
        """What a worker has to know of an errand, beside the results of what it comes after."""
        return cls(errand.step.id, dict(errand.scope), errand.items, errand.width, errand.earlier)


class Workplace:
    """Carries out the errands of one pipeline in this process."""

    def __init__(
        self,
        pipeline: Pipeline,
        caller: ToolCaller,
        events: EventSink,
        *,
        project: Path | None = None,
        width_of: Callable[[ToolDefinition], int] = lambda _tool: 1,
    ) -> None:
        self._pipeline = pipeline
        self._events = events
        self._calls = Caller(caller, events, project, Account())
        self._width_of = width_of

    async def carry_out(self, work: Work, given: Mapping[str, StepResult]) -> Sequence[StepResult]:
        """How the calls ended, in their order; `given` are the results of what the errand comes after."""
        step = self._pipeline.steps[work.step_id]
        scope = {**work.scope, **{name: value_of(result) for name, result in given.items()}}
        if work.items is not None:
            return await self._items(step, scope, work)
        started = utc_now()
        try:
            if (reason := unusable(step, self._pipeline, given) or unmet(step, scope)) is not None:
                return [without_call(step, StepStatus.SKIPPED, reason)]
            self._events.publish(EventType.STEP_RUNNING, step_id=step.id)
            return [await self._made(step, scope, earlier=work.earlier)]
        except ToolError as exc:
            return [without_call(step, StepStatus.FAILED, str(exc), started_at=started)]

    async def _items(self, step: PlannedStep, scope: dict[str, Json], work: Work) -> Sequence[StepResult]:
        """The results of the items that were made: after one that fails the step none is begun."""
        left, made = deque(work.items or ()), list[StepResult]()

        async def take() -> None:
            while left:
                index, value = left.popleft()
                made.append(result := await self._item(step, scope, index, value))
                if result.status is StepStatus.FAILED and step.on_error is not OnError.COLLECT:
                    left.clear()

        width = work.width or self._width_of(step.definition)
        await asyncio.gather(*(take() for _ in range(min(width, len(left)))))
        return made

    async def _item(self, step: PlannedStep, scope: dict[str, Json], index: int, value: Json) -> StepResult:
        began = utc_now()
        try:
            return await self._made(step, ChainMap({"item": value, "index": index}, scope), index)
        except ToolError as exc:
            return without_call(step, StepStatus.FAILED, str(exc), item=index, started_at=began)

    async def _made(
        self, step: PlannedStep, scope: Mapping[str, Json], item: int | None = None, earlier: Json = None
    ) -> StepResult:
        call = await self._calls.prepare(step, scope, item)
        call.earlier = earlier
        return await self._calls.make(call)
