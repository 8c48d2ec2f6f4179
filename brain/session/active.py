"""A run that this process carries through, and where the states of its steps are kept meanwhile."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from brain.deadlines import Deadline
from brain.intent_inference.sketch import Sketch
from brain.knowledge_base.large_values import LargeValues
from brain.knowledge_base.store import RunStore
from brain.language_models import Account, ChatModel, MeteredChat
from brain.pipeline_builder.pipeline import Pipeline
from brain.progress_tracker.publisher import RunPublisher
from brain.runs import EventType, Json, StepResult
from brain.session.order import Order

__all__ = ["ActiveRun", "StoreJournal"]


@dataclass(slots=True)
class ActiveRun:
    """What is known of it here, beside its row."""

    run_id: UUID
    attempt: int
    publisher: RunPublisher
    account: Account
    """Who pays for whatever the run asks a model."""
    deadline: Deadline | None
    cancel: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None
    pipeline: Pipeline | None = None
    order: Order = field(default_factory=Order)
    inputs: Mapping[str, Json] = field(default_factory=dict)
    """Of the job that it executes."""

    def paying(self, model: ChatModel) -> MeteredChat:
        """The model on the run's account, which tells the run's listeners where it waits."""
        return MeteredChat(model, self.account, self._waits)

    def sketched(self, sketch: Sketch) -> None:
        """Tell the run's listeners of a plan that is being written."""
        steps = [{"id": step.id, "tool": step.tool} for step in sketch.steps]
        self.publisher.publish(EventType.PLAN_PROGRESS, message=sketch.words, data={"steps": steps})

    def _waits(self, text: str) -> None:
        self.publisher.publish(EventType.MODEL_WAITING, message=text)


class StoreJournal:
    """The executor's journal, kept in the run store."""

    def __init__(self, store: RunStore, large: LargeValues, active: ActiveRun) -> None:
        self._store = store
        self._large = large
        self._active = active

    async def record(self, steps: Sequence[StepResult]) -> None:
        """Commit these states; raises StaleAttempt where another process owns the run by now."""
        pipeline = self._active.pipeline
        positions = {step.id: step.position for step in pipeline.steps.values()} if pipeline else {}
        rows = await self._large.of_steps(steps)
        await self._store.record(self._active.run_id, self._active.attempt, rows, positions)

    async def beat(self) -> bool:
        """Say that the owner lives; returns whether somebody asked to cancel. Raises StaleAttempt likewise."""
        active = self._active
        return await self._store.beat(
            active.run_id, active.attempt, last_seq=active.publisher.seq, backend=active.publisher.backend,
            spending=active.account.spent,
        )  # fmt: skip
