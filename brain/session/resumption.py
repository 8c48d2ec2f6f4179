"""How a run goes on: as it is, or with another pipeline or other inputs as a run of its own."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from brain.artifacts import ArtifactCodec
from brain.errors import UsageError
from brain.executor.job import Job
from brain.executor.past import Legacy, inherited_from
from brain.executor.verdicts import NOTHING_SAID, Words
from brain.pipeline_builder.build import build
from brain.pipeline_builder.pipeline import Pipeline
from brain.pipeline_builder.spec import PipelineSpec
from brain.runs import StepResult, StepStatus
from brain.session.kept_results import restored, whole_ones
from brain.session.order import Order
from brain.session.run import Run
from brain.session.runnable import runnable
from brain.tool_registry.registry import Registry

if TYPE_CHECKING:
    # loaded where the stores are opened: SQLAlchemy takes longer to load than everything else here
    from brain.database.tables import Run as RunRow
    from brain.knowledge_base.store import RunStore

__all__ = ["Change", "Left", "is_in_doubt", "job_of", "left_of", "legacy_of", "order_for", "rest_of"]


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be different from now on."""

    spec: PipelineSpec | None = None
    """Another pipeline; None: the run's own."""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    """In place of the run's own of these names."""
    words: Words = NOTHING_SAID

    @property
    def makes_new_run(self) -> bool:
        """Whether it is more than a word about some steps: one run has one pipeline and one set of inputs."""
        return self.spec is not None or bool(self.inputs)


def order_for(run: Run, order: Order, change: Change) -> Order:
    """What the runner is to do to go on with a run; raises UsageError where there is no pipeline to change."""
    if not change.makes_new_run:
        return replace(order, request=run.request, spec=run.spec, words=change.words)
    spec = change.spec or run.spec
    if spec is None:
        raise UsageError(f"The run {run.id} has no pipeline yet, so it has no inputs: give it one with --pipeline.")
    return replace(
        order, request=spec.request or run.request, spec=spec, inputs=_inputs(run, spec, change.inputs),
        budget=run.budget if order.budget is None else order.budget,
        deadline=run.deadline if order.deadline is None else order.deadline, parent=run.run_id, words=change.words,
    )  # fmt: skip


def _inputs(run: Run, spec: PipelineSpec, given: Mapping[str, Any]) -> dict[str, Any]:
    """The run's own, as far as the pipeline has them; what was a default may be another one by now."""
    declared = run.spec.inputs if run.spec is not None else {}
    own = {
        name: value
        for name, value in run.inputs.items()
        if name in spec.inputs and ("default", value) not in declared.get(name, {}).items()
    }
    return {**own, **given}


async def job_of(run: Run, order: Order, pipeline: Pipeline, store: "RunStore", codec: ArtifactCodec) -> Job:
    """What the engine will be given, as far as it decides which calls are made."""
    is_new = order.parent is not None
    given = await asyncio.to_thread(codec.pack, dict(order.inputs)) if is_new else run.inputs
    legacy = await legacy_of(store, codec, order.parent or run.parent_run, is_first=is_new)
    earlier = () if is_new else await asyncio.to_thread(restored, run.step_results, codec)
    return Job(pipeline, pipeline.bind_inputs(given), earlier=earlier, legacy=legacy, words=order.words)


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of a run."""

    pipeline: Pipeline
    rows: tuple[StepResult, ...] = ()
    """What its steps and items gave so far."""


async def left_of(run: Run, order: Order, registry: Registry, codec: ArtifactCodec) -> Left | None:
    """What there is to do: all of another pipeline, what is left of the run's own; None where it has none yet."""
    if order.spec is None:
        return None
    if order.parent is not None:
        return Left(build(order.spec, runnable(registry, order.spec)))
    return await rest_of(order.spec, run.step_results, run.parent_run, registry, codec)


async def rest_of(
    spec: PipelineSpec, rows: Sequence[StepResult], parent: UUID | None, registry: Registry, codec: ArtifactCodec
) -> Left:
    """What is left of a run's pipeline after an attempt that left these rows; raises SpecError.

    A run that goes on from a parent is looked at step by step: some of its results stand in the parent's rows.
    """
    known, whole = await asyncio.to_thread(_looked_at, rows, codec)
    return Left(build(spec, runnable(registry, spec), whole if parent is None else ()), known)


def _looked_at(rows: Sequence[StepResult], codec: ArtifactCodec) -> tuple[tuple[StepResult, ...], list[StepResult]]:
    known = restored(rows, codec)
    return known, whole_ones(known, codec)


async def is_in_doubt(run: Run, store: "RunStore") -> bool:
    """Whether something that the run, or one that it goes on from, began may have done its work."""
    before = [steps async for _, steps in _line(store, run.parent_run)]
    return any(step.status is StepStatus.INTERRUPTED for steps in (run.step_results, *before) for step in steps)


async def legacy_of(store: "RunStore", codec: ArtifactCodec, parent: UUID | None, *, is_first: bool) -> Legacy:
    """What a run has from its parent, and from those before; `is_first`: it has no rows of its own yet."""
    generations, had = [], None
    async for row, steps in _line(store, parent):
        if is_first and had is None:
            had = frozenset(step["id"] for step in (row.spec or {}).get("steps", ()))
        results = await asyncio.to_thread(restored, steps, codec)
        generations.append(tuple(inherited_from(row.id, results)))
    return Legacy(tuple(generations), had)


async def _line(store: "RunStore", run_id: UUID | None) -> "AsyncIterator[tuple[RunRow, Sequence[StepResult]]]":
    """A run and those that it goes on from, the newest first, each with its steps."""
    while run_id is not None:
        row = await store.get(run_id)
        yield row, await store.step_results(run_id)
        run_id = row.parent_run
