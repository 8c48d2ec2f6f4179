"""A batch as events: as if it were a run, and each set of parameters a step of it, for whatever shows runs."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING
from uuid import UUID

from brain.errors import ProgressUnavailable
from brain.progress_tracker.tracker import ProgressTracker
from brain.runs import EventType, Json, RunEvent, RunStatus, StepStatus, utc_now
from brain.session.runnable import NOTEBOOK_TOOL

if TYPE_CHECKING:
    from brain.knowledge_base.batches import BatchPlace  # loads SQLAlchemy

__all__ = ["BatchEvents"]

LOOK_SECONDS = 0.2
"""Between two looks at the rows."""
CELL = re.compile(r"cell (\d+) of (\d+)")
"""What `notebook.run` tells of a notebook."""
STEPS = {
    RunStatus.RUNNING: StepStatus.RUNNING, RunStatus.WAITING: StepStatus.RUNNING,
    RunStatus.SUCCEEDED: StepStatus.SUCCEEDED, RunStatus.FAILED: StepStatus.FAILED,
    RunStatus.CANCELLED: StepStatus.CANCELLED, RunStatus.INTERRUPTED: StepStatus.INTERRUPTED,
}  # fmt: skip

type Look = Callable[[], Awaitable[tuple[Sequence["BatchPlace"], RunStatus]]]
"""The runs that there are by now, and how the whole batch stands."""


class BatchEvents:
    """Tells what changes between two looks; whoever joins late is told how all stands first."""

    def __init__(self, batch_id: UUID, labels: Sequence[str], look: Look, tracker: ProgressTracker) -> None:
        self._batch_id = batch_id
        self._labels = labels
        self._look = look
        self._tracker = tracker
        self._numbers = count(1)
        self._told: dict[int, tuple[int, str]] = {}
        """By position the attempt and status that were told last."""
        self._words: dict[int, str] = {}

    async def all(self) -> AsyncIterator[RunEvent]:
        """Until the batch comes to rest."""
        yield self._event(EventType.RUN_RUNNING)
        steps: list[Json] = [{"id": label, "tool": NOTEBOOK_TOOL, "needs": []} for label in self._labels]
        yield self._event(EventType.PLAN_FINISHED, data={"name": NOTEBOOK_TOOL, "steps": steps})
        while True:
            places, status = await self._look()
            for place in places:
                for event in self._changes(place):
                    yield event
            if status is not RunStatus.RUNNING:
                break
            async for event in self._progress(places):
                yield event
            await asyncio.sleep(LOOK_SECONDS)
        yield self._event(EventType.of_run(status))

    def _changes(self, place: "BatchPlace") -> Iterator[RunEvent]:
        status = STEPS.get(RunStatus(place.status))
        told = (place.attempt, place.status)
        if status is None or self._told.get(place.position) == told:
            return
        was_told_to_run = self._told.get(place.position) == (place.attempt, RunStatus.RUNNING)
        self._told[place.position] = told
        if place.cached_from is not None and status is StepStatus.SUCCEEDED:
            yield self._event(EventType.STEP_CACHED, place, data={"cached_from": str(place.cached_from)})
            return
        if status is not StepStatus.RUNNING and not was_told_to_run:
            yield self._event(EventType.STEP_RUNNING, place, ago=timedelta(seconds=place.seconds or 0))
        yield self._event(EventType.of_step(status), place, message=place.error or "")

    async def _progress(self, places: "Sequence[BatchPlace]") -> AsyncIterator[RunEvent]:
        for place in places:
            if place.status != RunStatus.RUNNING:
                continue
            try:
                snapshot = await self._tracker.snapshot(place.run_id)
            except ProgressUnavailable:
                return
            words = snapshot.message if snapshot is not None else ""
            if (cell := CELL.fullmatch(words)) and self._words.get(place.position) != words:
                self._words[place.position] = words
                share = 100 * (int(cell[1]) - 1) / int(cell[2])
                yield self._event(EventType.STEP_PROGRESS, place, message=words, percentage=share)

    def _event(
        self, kind: EventType, place: "BatchPlace | None" = None, *, message: str = "", percentage: float | None = None,
        data: Json = None, ago: timedelta = timedelta(),
    ) -> RunEvent:  # fmt: skip
        step = None if place is None else self._labels[place.position - 1]
        about = {} if place is None else {"run_id": str(place.run_id)}
        return RunEvent(
            self._batch_id, next(self._numbers), kind, utc_now() - ago, step, None, message, percentage,
            about | (data or {}),
        )  # fmt: skip
