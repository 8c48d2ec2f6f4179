"""Sees one batch through: each set of parameters becomes a run of its own, so many at the same time."""

import asyncio
import logging
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import stamina

from brain.errors import BrainError, StaleAttempt
from brain.executor.fingerprint import fingerprint
from brain.executor.verdicts import Words
from brain.owners import Owner
from brain.pipeline_builder.references import input_reference
from brain.pipeline_builder.spec import PipelineSpec
from brain.runs import Json, RunStatus
from brain.session.batching.preparing import Prepared, places_of
from brain.session.batching.reading import parameters_of
from brain.session.order import Order
from brain.session.resumption import Change
from brain.session.run import Run
from brain.session.runnable import NOTEBOOK_TOOL
from brain.shortened import shortened

if TYPE_CHECKING:
    # loaded where the stores are opened: SQLAlchemy takes longer to load than everything else here
    from brain.knowledge_base.batches import BatchPlace, BatchStore
    from brain.session.core import Core

__all__ = ["Carrier"]

log = logging.getLogger(__name__)

STEP = "notebook"
INPUTS = {"path": "string", "parameters": "object", "digest": "string"}
"""Of the run of a notebook, named as the arguments of the tool."""
LONGEST_NAME = 200
"""Characters of the name of a run."""
BEAT_SECONDS = 1.0
"""Between two heartbeats; also how soon a wish to cancel is noticed."""
FIRST_WAIT, LONGEST_WAIT = 1.0, 30.0
"""Seconds before a notebook that failed is run again, doubling in between."""
AGAIN = Words(retry=frozenset({STEP}))
"""Who goes on with a batch wants its notebooks run again, whatever they may have done before."""


class _Failed(Exception):
    """A notebook did not succeed, and may be run again."""


class Carrier:
    """Carries a batch out that this process owns."""

    def __init__(self, core: "Core", store: "BatchStore", prepared: Prepared) -> None:
        self._core = core
        self._store = store
        self._order = prepared.order
        self._batch = prepared.batch
        self._inspected = prepared.inspected
        self._parameters = parameters_of(prepared.batch)
        self._files = places_of(prepared.batch, core.settings.project)
        self._waiting: deque[int] = deque()
        """The positions that are still to be begun."""
        self._known: dict[int, BatchPlace] = {}
        self._begun_here: dict[int, UUID] = {}
        self._made: dict[int, UUID] = {}
        """By position an earlier run, of any batch, with the same call."""

    async def carry_out(self) -> None:
        """Return once all sets have ended; cancelling it cancels their runs. Raises what keeps it from going on."""
        work = asyncio.current_task()
        assert work is not None  # noqa: S101 - this is a coroutine
        owner = Owner.this_process()
        beating = asyncio.create_task(self._beat(owner, work))
        try:
            await self._look()
            async with asyncio.TaskGroup() as group:
                for _ in range(min(self._order.jobs or await self._core.places(), len(self._waiting))):
                    group.create_task(self._work())
        except* BrainError as group:
            raise group.exceptions[0] from None
        finally:
            beating.cancel()
            await asyncio.shield(self._let_go(owner))

    async def _look(self) -> None:
        """What there is already, of this batch and of others."""
        self._known = {place.position: place for place in await self._store.places(self._batch.id)}
        done = {place.position for place in self._known.values() if place.status == RunStatus.SUCCEEDED}
        self._waiting.extend(n for n in range(1, len(self._parameters) + 1) if n not in done)
        if self._batch.options["fresh"] or not self._waiting:
            return
        tool = self._core.check(self._spec(self._waiting[0])).steps[STEP].definition
        calls = {n: fingerprint(tool, self._arguments(n)) or "" for n in self._waiting if n not in self._known}
        made = await self._store.made(set(calls.values()))
        self._made = {n: made[call] for n, call in calls.items() if call in made}

    async def _beat(self, owner: Owner, work: asyncio.Task[object]) -> None:
        """Say that the batch is seen to, and end the work where somebody wants that, or has taken it over."""
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            try:
                if await self._store.beat(self._batch.id, owner):
                    break
            except StaleAttempt:
                log.warning("The batch %s goes on elsewhere.", self._batch.id)
                break
            except BrainError as exc:
                log.warning("The batch %s could not say that it lives: %s", self._batch.id, exc)
        work.cancel()

    async def _let_go(self, owner: Owner) -> None:
        try:
            await self._store.finish(self._batch.id, owner)
        except BrainError as exc:
            log.warning("The end of the batch %s could not be stored: %s", self._batch.id, exc)

    async def _work(self) -> None:
        while self._waiting:
            await self._see_to(self._waiting.popleft())

    async def _see_to(self, position: int) -> None:
        """Run the notebook with a set, as often as is wanted where it fails."""
        tries = stamina.retry_context(
            on=_Failed, attempts=self._order.retries + 1, timeout=None, wait_initial=FIRST_WAIT, wait_max=LONGEST_WAIT
        )
        try:
            async for attempt in tries:
                with attempt:
                    await self._run(position)
        except _Failed:  # its run tells how
            return

    async def _run(self, position: int) -> None:
        """Have a run of the set; cancelling this cancels it, also one that is just being begun. Raises _Failed."""
        beginning = asyncio.ensure_future(self._begun(position))
        try:
            run_id = await asyncio.shield(beginning)
            await self._ended(position, run_id)
        except asyncio.CancelledError:
            run_id = await beginning
            await self._core.cancel(run_id)
            await self._ended(position, run_id)
            raise

    async def _begun(self, position: int) -> UUID:
        """A new run, or another attempt of the one that there is."""
        if (run_id := await self._left(position)) is not None:
            doubtful = [step.step_id for step in (await self._core.foresee(run_id, Change())).doubtful]
            change = Change(words=Words(retry=frozenset(doubtful)))
            return await self._core.resume(run_id, Order(yes=True, source=self._order.source), change)
        order = Order(
            spec=self._spec(position), inputs=self._arguments(position), yes=True, source=self._order.source,
            parent=self._made.get(position), words=AGAIN, batch=(self._batch.id, position),
        )  # fmt: skip
        self._begun_here[position] = begun = await self._core.start(order)
        return begun

    async def _left(self, position: int) -> UUID | None:
        """The run that an earlier attempt left, where it is of the notebook as it is now."""
        if (run_id := self._begun_here.get(position)) is not None:
            return run_id
        known = self._known.get(position)
        if known is None:
            return None
        if known.digest == self._inspected.digest:
            return known.run_id
        await self._store.release(known.run_id)
        return None

    async def _ended(self, position: int, run_id: UUID) -> None:
        """Wait for the end of a run; raises _Failed where it is not what was wanted."""
        run = await self._core.wait(run_id)
        await asyncio.to_thread(self._write, position, run)
        if run.status is RunStatus.FAILED:
            raise _Failed

    def _write(self, position: int, run: Run) -> None:
        """The notebook of a run where it belongs; it stays an artifact all the same."""
        path = self._files.of(position, self._parameters[position - 1], len(self._parameters))
        try:
            left = self._core.codec.restore(run.step_results[0].result) if run.step_results else None
            if left:
                write_file(path, self._core.codec.unpack(left["notebook"]).content)
        except (OSError, BrainError) as exc:
            log.warning("The notebook %s could not be written: %s", path, exc)

    def _arguments(self, position: int) -> dict[str, Json]:
        """Of the call of the tool."""
        parameters = dict(self._parameters[position - 1])
        return {"path": self._batch.notebook, "parameters": parameters, "digest": self._inspected.digest}

    def _spec(self, position: int) -> PipelineSpec:
        step: dict[str, Json] = {
            "id": STEP,
            "tool": NOTEBOOK_TOOL,
            "arguments": {name: input_reference(name) for name in INPUTS},
        }
        if self._batch.options["timeout"] is not None:
            step["timeout"] = self._batch.options["timeout"]
        values = ", ".join(f"{name}={value}" for name, value in self._parameters[position - 1].items())
        return PipelineSpec.from_value({
            "name": shortened(f"{self._batch.name}: {values}".removesuffix(": "), LONGEST_NAME),
            "inputs": {name: {"type": kind} for name, kind in INPUTS.items()},
            "steps": [step],
            "outputs": {"notebook": f"${{{STEP}.notebook}}", "recorded": f"${{{STEP}.recorded}}"},
        })  # fmt: skip


def write_file(path: Path, content: bytes) -> None:
    """Write a file whole: who reads it meanwhile reads what was there before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.new")
    unfinished.write_bytes(content)
    unfinished.replace(path)
