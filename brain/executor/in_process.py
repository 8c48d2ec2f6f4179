"""A cluster whose workers are tasks of this process: the seam's counterpart of a store in memory."""

import asyncio
import pickle
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from brain.executor.cluster import ClusterSize, Errand, Submission, Workers
from brain.executor.ports import EventSink, ToolCaller
from brain.executor.workplace import Work, Workplace
from brain.pipeline_builder.pipeline import Pipeline, PlannedStep
from brain.runs import StepResult

__all__ = ["InProcessCluster"]


class InProcessCluster:
    """So many errands at a time, made with this caller; what goes to workers and back travels as bytes."""

    def __init__(
        self, caller: ToolCaller, *, slots: int = 2, takes: Callable[[PlannedStep], bool] = lambda _step: True
    ) -> None:
        self._caller = caller
        self._slots = slots
        self._takes = takes

    async def open(self) -> ClusterSize:
        """It is always there."""
        return ClusterSize(1, self._slots, "this process")

    async def aclose(self) -> None:
        """Nothing is held."""

    @asynccontextmanager
    async def workers(self, pipeline: Pipeline, events: EventSink) -> AsyncIterator[Workers]:
        """The workers for one run."""
        made = _Workers(Workplace(pipeline, self._caller, events), self._slots, self._takes)
        try:
            yield made
        finally:
            await made.aclose()


class _Workers:
    def __init__(self, place: Workplace, slots: int, takes: Callable[[PlannedStep], bool]) -> None:
        self._place = place
        self._free = asyncio.Semaphore(slots)
        self._tasks: set[asyncio.Task[Sequence[StepResult]]] = set()
        self.slots = slots
        self.takes = takes

    def submit(self, errand: Errand) -> "_Submitted":
        task = asyncio.create_task(self._carry_out(pickle.dumps(Work.of(errand)), dict(errand.after)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return _Submitted(task)

    async def _carry_out(self, packed: bytes, after: dict[str, Submission]) -> Sequence[StepResult]:
        given = {step_id: (await asyncio.shield(submission.results()))[0] for step_id, submission in after.items()}
        async with self._free:
            results = await self._place.carry_out(pickle.loads(packed), given)  # noqa: S301 - written above
        returned: Sequence[StepResult] = pickle.loads(pickle.dumps(results))  # noqa: S301
        return returned

    async def aclose(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@dataclass(frozen=True, slots=True)
class _Submitted:
    _task: asyncio.Task[Sequence[StepResult]]

    async def results(self) -> Sequence[StepResult]:
        """How the calls ended; several may wait, and one that is cancelled cancels for all."""
        return await self._task

    def cancel(self) -> None:
        """End the calls."""
        self._task.cancel()
