"""The verbs about batches: begin one or go on with one, wait for its end, look at it, watch it, end it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from brain.owners import Owner
from brain.runs import RunEvent, RunStatus
from brain.session.batching.carrying import Carrier
from brain.session.batching.events import BatchEvents
from brain.session.batching.order import BatchOrder
from brain.session.batching.preparing import Preparer
from brain.session.batching.reading import batch_run_of, parameters_of, status_of
from brain.session.batching.result import BatchRun, labels_of

if TYPE_CHECKING:
    import pandas as pd

    # loaded where the stores are opened: SQLAlchemy takes longer to load than everything else here
    from brain.knowledge_base.batches import BatchPlace
    from brain.session.core import Core

__all__ = ["Batches"]


class Batches:
    """The batches of a project; those that were begun here go on while nobody waits for them."""

    def __init__(self, core: "Core") -> None:
        self._core = core
        self._active: dict[UUID, asyncio.Task[None]] = {}
        """Those that this process sees to."""

    async def start(self, order: BatchOrder) -> UUID:
        """Begin a batch, or go on with one; nothing is run where anything about it is wrong.

        Raises UsageError, ToolError where the notebook cannot be read, ParametersError with every problem.
        """
        preparer = Preparer(self._core)
        if order.resumes:
            store = (await self._core.stores()).batches
            prepared = await preparer.earlier(order, store)
        else:  # the services may have to start, and so have the processes that look at the notebook
            prepared, stores = await asyncio.gather(preparer.new(order), self._core.stores())
            store = stores.batches
            await store.begin(prepared.batch)
        batch_id = prepared.batch.id
        await store.claim(batch_id, Owner.this_process())
        carried = Carrier(self._core, store, prepared).carry_out()
        self._active[batch_id] = asyncio.create_task(carried, name=f"batch {batch_id}")
        self._active[batch_id].add_done_callback(lambda task: self._forget(batch_id, task))
        return batch_id

    async def wait(self, batch_id: UUID) -> BatchRun:
        """The batch at rest; raises what kept this process from seeing it through."""
        if (task := self._active.get(batch_id)) is not None:
            await asyncio.wait([task])
            self._active.pop(batch_id, None)
            if (error := _error_of(task)) is not None:
                raise error
        else:
            async for _ in self.events(batch_id):
                pass
        return await self.show(batch_id)

    async def show(self, batch_id: UUID) -> BatchRun:
        """The batch as it stands; raises UsageError where there is none."""
        stores = await self._core.stores()
        await stores.store.mark_stale()
        batch, standing = await stores.batches.load(batch_id)
        places = await stores.batches.places(batch_id, results=True)
        status = status_of(len(batch.parameters), places, standing)
        return await asyncio.to_thread(
            batch_run_of, batch, places, status, self._core.settings.project, self._core.codec
        )

    async def events(self, batch_id: UUID) -> AsyncIterator[RunEvent]:
        """The batch as if it were a run, from its first set on, until it comes to rest."""
        stores = await self._core.stores()
        batch, _ = await stores.batches.load(batch_id)

        async def look() -> "tuple[Sequence[BatchPlace], RunStatus]":
            standing = await stores.batches.standing(batch_id)
            places = await stores.batches.places(batch_id)
            return places, status_of(len(batch.parameters), places, standing)

        async for event in BatchEvents(batch_id, labels_of(parameters_of(batch)), look, stores.tracker).all():
            yield event

    async def list(self, limit: int | None) -> "pd.DataFrame":
        """Batches with how many of their sets ended how, the newest first."""
        return await (await self._core.stores()).frames.batches(limit=limit)

    async def resolve(self, text: str) -> UUID:
        """The batch that `last`, an id, or the unique beginning or end of one names; raises UsageError."""
        return await (await self._core.stores()).batches.resolve(text)

    async def cancel(self, batch_id: UUID) -> RunStatus:
        """End a batch, here or in another process, which notices within a second; returns its status after that."""
        await (await self._core.stores()).batches.request_cancel(batch_id)
        if (task := self._active.get(batch_id)) is not None:
            task.cancel()
        return (await self.show(batch_id)).status

    def _forget(self, batch_id: UUID, task: asyncio.Task[None]) -> None:
        """One that has ended well; what kept another from it is told to who waits for it."""
        if _error_of(task) is None:
            self._active.pop(batch_id, None)

    async def close(self) -> None:
        """End those that still go on here."""
        tasks = [*self._active.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _error_of(task: asyncio.Task[None]) -> BaseException | None:
    return None if task.cancelled() else task.exception()
