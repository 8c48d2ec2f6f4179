"""Carries one run from its request to its answer: plan, execute, answer, score, remember, and tell as it goes."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

from brain.aggregator import Aggregator, Answer
from brain.artifacts import ArtifactCodec, is_table
from brain.budgets import UNLIMITED, Budget
from brain.database.tables import Run as RunRow
from brain.deadlines import Deadline
from brain.errors import (
    BrainError,
    BudgetExhausted,
    ClusterUnavailable,
    ProgressUnavailable,
    QuestionsError,
    StaleAttempt,
)
from brain.evaluator import Grounds, evaluate
from brain.executor.cluster import Cluster
from brain.executor.engine import Approvals, Engine, Job
from brain.executor.heartbeat import Heartbeat
from brain.executor.limits import Limits
from brain.executor.local import on_daemon_thread
from brain.executor.ports import ToolCaller
from brain.intent_inference.plan import Check, Plan
from brain.knowledge_base.large_values import LargeValues
from brain.knowledge_base.records import Outcome
from brain.knowledge_base.records import Plan as StoredPlan
from brain.knowledge_base.store import RunStore
from brain.language_models import Account, ChatModel, Embedder
from brain.owners import Owner
from brain.pipeline_builder.pipeline import Pipeline
from brain.pipeline_builder.spec import PipelineSpec
from brain.progress_tracker.tracker import ProgressTracker
from brain.runs import EventType, Json, RunResult, RunStatus, StepResult, new_run_id, today
from brain.session.active import ActiveRun, StoreJournal
from brain.session.deadline import DeadlineWatch
from brain.session.kept_results import StoreCache
from brain.session.order import Order, PlanOrder
from brain.session.resumption import Left, legacy_of
from brain.session.run import Run
from brain.tool_registry.definitions import ToolDefinition

__all__ = ["Runner", "RunnerParts"]

log = logging.getLogger(__name__)

MEANING_SECONDS = 10.0
"""How long the embedding of a request may take."""

type MakePlan = Callable[[ChatModel, PlanOrder], Awaitable[Plan]]
"""Raises QuestionsError where a person has to say something first, PlanningError, ModelError, BudgetExhausted."""


@dataclass(frozen=True, slots=True)
class RunnerParts:
    """What a run goes through."""

    store: RunStore
    tracker: ProgressTracker
    caller: ToolCaller
    limits: Limits
    codec: ArtifactCodec
    large: LargeValues
    check: Check
    rest: Callable[[PipelineSpec, Sequence[StepResult], UUID | None], Awaitable[Left]]
    """What is left of a pipeline after an earlier attempt with these results, of a run with or without a parent.

    Raises SpecError.
    """
    plan: MakePlan
    model: ChatModel
    aggregator: Callable[[ChatModel], Aggregator]
    """What writes the answers of a run, whose account pays for the model."""
    embedder: Embedder
    project: Path
    cluster: Cluster | None = None
    """Where tools are called; None: in this process."""

    async def ready(self) -> None:
        """Find out before a run is accepted whether it could be executed; raises ClusterUnavailable."""
        if self.cluster is not None:
            await self.cluster.open()


class Runner:
    """Runs orders in this process; each is a task that goes on while nobody waits for it."""

    def __init__(self, parts: RunnerParts) -> None:
        self._parts = parts
        self._active: dict[UUID, ActiveRun] = {}
        self._beginning: set[asyncio.Task[Any]] = set()

    async def start(self, order: Order) -> UUID:
        """Accept an order and begin; returns as soon as its row is there."""
        return await self._unbroken(self._start(order))

    async def go_on(self, run: Run, left: Left | None, order: Order, statuses: Collection[RunStatus]) -> None:
        """Take a run that is in one of these states and continue it; what is finished is not called again.

        `left` is what is left of the run's own pipeline; without one the request is planned anew. Budget and deadline
        stay as they were where the order has none. Raises StaleAttempt where somebody else was faster, UsageError where
        it is in another state by now.
        """
        await self._unbroken(self._go_on(run, left, order, statuses))

    async def _unbroken[T](self, work: Coroutine[Any, Any, T]) -> T:
        """Finish work although its caller is cancelled: no run is left in a row that nobody works on."""
        task = asyncio.create_task(work)
        self._beginning.add(task)
        task.add_done_callback(self._beginning.discard)
        return await asyncio.shield(task)

    async def _start(self, order: Order) -> UUID:
        parts = self._parts
        await parts.ready()
        spec = order.written
        pipeline = parts.check(spec) if spec is not None else None
        inputs = await asyncio.to_thread(parts.codec.pack, dict(order.inputs))
        if pipeline is not None:
            inputs = pipeline.bind_inputs(inputs)
        run_id = new_run_id()
        request = order.request or (spec.request if spec else "")
        row = RunRow(
            id=run_id, request=request, inputs=inputs, status=RunStatus.RUNNING, owner=str(Owner.this_process()),
            source=order.source, answers=dict(order.answers), as_of=today(),
            budget=_written(order.budget), deadline=_written(order.deadline),
            parent_run=order.parent,
        )  # fmt: skip
        if order.batch is not None:
            row.batch_id, row.batch_position = order.batch
        tools = _tools(pipeline) if pipeline is not None else ()
        if pipeline is not None:
            row.spec, row.name = pipeline.spec.to_json(), pipeline.spec.name
            row.tool_versions = {tool.name: tool.version for tool in tools}
        if order.plan is not None:
            row.planner, row.notes = order.plan.planner, list(order.plan.notes)
        await parts.store.create(row, tools)
        publisher, account = parts.tracker.publisher(run_id), Account(order.budget or UNLIMITED, order.spent)
        active = ActiveRun(run_id, 1, publisher, account, order.deadline, pipeline=pipeline, order=order)
        approvals = Approvals(everything=order.yes)
        self._begin(active, self._first_attempt(active, row, approvals))
        return run_id

    async def _go_on(self, run: Run, left: Left | None, order: Order, statuses: Collection[RunStatus]) -> None:
        parts, run_id = self._parts, run.run_id
        await parts.ready()
        told = await parts.tracker.snapshot(run_id)
        claim = await parts.store.claim(
            run_id, owner=Owner.this_process(), statuses=statuses, budget=_written(order.budget),
            deadline=_written(order.deadline),
        )  # fmt: skip
        if told is None or not told.is_last_of(claim.attempt - 1):
            with suppress(ProgressUnavailable):  # what the owner before told last may have come after the first look
                told = await parts.tracker.snapshot(run_id) or told
        publisher = parts.tracker.publisher(run_id, attempt=claim.attempt, after_seq=claim.last_seq, resumed=told)
        account, deadline = Account(Budget.parse(claim.budget or "none"), claim.spending), claim.deadline or "none"
        active = ActiveRun(run_id, claim.attempt, publisher, account, Deadline.parse(deadline), order=order)
        approvals = Approvals(frozenset(claim.approvals), everything=order.yes)
        work = (
            self._first_attempt(active, await parts.store.get(run_id), approvals)
            if left is None
            else self._next_attempt(active, left, run, approvals)
        )
        self._begin(active, work)

    async def _next_attempt(self, active: ActiveRun, left: Left, run: Run, approvals: Approvals) -> RunResult:
        parts = self._parts
        if run.attempt != active.attempt - 1:  # somebody else has gone on with it since it was looked at
            rows = await parts.store.step_results(run.run_id)
            left = await parts.rest(left.pipeline.spec, rows, run.parent_run)
        active.pipeline = left.pipeline
        legacy = await legacy_of(parts.store, parts.codec, run.parent_run, is_first=False)
        inputs = left.pipeline.bind_inputs(run.inputs)
        job = Job(left.pipeline, inputs, approvals, left.rows, legacy, active.order.words)
        return await self._execute(active, job)

    async def wait(self, run_id: UUID) -> None:
        """Return once a run of this process has come to rest."""
        active = self._active.get(run_id)
        if active is not None and active.task is not None:
            await asyncio.shield(active.task)

    def cancel(self, run_id: UUID) -> bool:
        """Cancel a run of this process at once; returns whether it is one."""
        active = self._active.get(run_id)
        if active is not None:
            active.cancel.set()
        return active is not None

    async def close(self) -> None:
        """Cancel what still runs and see it stored as cancelled."""
        await asyncio.gather(*self._beginning, return_exceptions=True)
        tasks = [active.task for active in self._active.values() if active.task is not None]
        for active in tuple(self._active.values()):
            active.cancel.set()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, active: ActiveRun, work: Coroutine[Any, Any, RunResult]) -> None:
        self._active[active.run_id] = active
        active.task = asyncio.create_task(self._see_through(active, work), name=f"run {active.run_id}")
        active.task.add_done_callback(lambda _task: self._active.pop(active.run_id, None))

    async def _see_through(self, active: ActiveRun, work: Coroutine[Any, Any, RunResult]) -> None:
        """Whatever happens, the run's row says how it ended and its listeners hear of it."""
        journal = StoreJournal(self._parts.store, self._parts.large, active)
        active.publisher.publish(EventType.RUN_RUNNING, data={"attempt": active.attempt})
        try:
            watch = DeadlineWatch(active.run_id, active.deadline, active.cancel)
            async with Heartbeat(journal, active.cancel) as heartbeat:
                with watch:
                    result, answer = await self._outcome(active, work)
            if heartbeat.lost is not None:
                raise heartbeat.lost
            await self._settle(active, watch.told(result), answer)
        except StaleAttempt as exc:
            log.warning("The run %s goes on elsewhere: %s", active.run_id, exc)
        except BrainError:
            log.exception("The end of the run %s could not be stored.", active.run_id)
        finally:
            await active.publisher.close()

    async def _outcome(
        self, active: ActiveRun, work: Coroutine[Any, Any, RunResult]
    ) -> tuple[RunResult, Answer | None]:
        try:
            result = await work
            try:
                return result, await self._answer(active, result)
            except BudgetExhausted as exc:
                return replace(result, status=RunStatus.INTERRUPTED, error=str(exc)), None
            except _CancelledWhilePlanning:
                return replace(result, status=RunStatus.CANCELLED), None
        except StaleAttempt:
            raise
        except (_CancelledWhilePlanning, BrainError) as exc:
            return _ended(exc), None
        except Exception as exc:
            log.exception("The run %s failed unexpectedly.", active.run_id)
            return RunResult(RunStatus.FAILED, error=f"An unexpected {type(exc).__name__}: {exc}"), None

    async def _first_attempt(self, active: ActiveRun, row: RunRow, approvals: Approvals) -> RunResult:
        """Plan, unless the run came with its pipeline, and execute."""
        embedding = asyncio.create_task(self._remember_meaning(active.run_id, row.request or active.pipeline))
        try:
            pipeline = active.pipeline or await self._planned(active, row)
            active.pipeline = pipeline
            active.publisher.publish(EventType.PLAN_FINISHED, data=_plan_data(pipeline) | _spent(active))
            legacy = await legacy_of(self._parts.store, self._parts.codec, row.parent_run, is_first=True)
            inputs = pipeline.bind_inputs(row.inputs)
            return await self._execute(
                active, Job(pipeline, inputs, approvals, legacy=legacy, words=active.order.words)
            )
        finally:
            if active.cancel.is_set():
                embedding.cancel()
            await asyncio.gather(embedding, return_exceptions=True)

    async def _planned(self, active: ActiveRun, row: RunRow) -> Pipeline:
        active.publisher.publish(EventType.PLAN_STARTED, message="planning")
        codec = self._parts.codec
        tables = {name: codec.table(value["artifact"]) for name, value in row.inputs.items() if is_table(value)}
        order = PlanOrder(row.request, tables, row.answers, row.as_of, active.sketched)
        planning = self._parts.plan(active.paying(self._parts.model), order)
        plan = await _unless_cancelled(planning, active.cancel)
        origins = tuple(each.to_json() for each in plan.provenance)
        tools, spent = _tools(plan.pipeline), active.account.spent
        stored = StoredPlan(plan.spec, plan.planner, tools, plan.notes, spent, origins)
        await self._parts.store.set_plan(active.run_id, active.attempt, stored)
        return plan.pipeline

    async def _execute(self, active: ActiveRun, job: Job) -> RunResult:
        parts, active.inputs = self._parts, job.inputs
        journal, cache = StoreJournal(parts.store, parts.large, active), StoreCache(parts.store, parts.codec)
        kept = cache if active.order.use_cache else None
        engine = Engine(
            parts.caller, active.publisher, journal, parts.project, kept, active.account, parts.limits, parts.cluster,
            parts.codec.is_there,
        )  # fmt: skip
        return await engine.run(job, active.cancel)

    async def _answer(self, active: ActiveRun, result: RunResult) -> Answer | None:
        if result.status is not RunStatus.SUCCEEDED or active.pipeline is None:
            return None
        active.publisher.publish(EventType.ANSWER_STARTED, message="answering")
        aggregator = self._parts.aggregator(active.paying(self._parts.model))
        answering = aggregator.answer(active.pipeline.spec, result, active.inputs)
        return await _unless_cancelled(answering, active.cancel)

    async def _settle(self, active: ActiveRun, result: RunResult, answer: Answer | None) -> None:
        """Commit the end first, then tell: who hears of it can read it."""
        text = answer.text if answer else None
        grounds = Grounds(answer.cited, answer.unverified) if answer else None
        scored = evaluate(result, grounds, active.pipeline) if result.status.is_final else None
        outputs = await self._parts.large.of_outputs(result.outputs)
        waiting_for = tuple(await self._parts.large.of_requests(result.waiting_for))
        outcome = Outcome(
            status=result.status, outputs=outputs, answer=text, error=result.error,
            score=scored.score if scored else None, checks=scored.checks if scored else None,
            notes=answer.notes if answer else (), waiting_for=waiting_for, questions=result.questions,
            spending=active.account.spent,
            last_seq=active.publisher.seq + 1, backend=active.publisher.backend,
        )  # fmt: skip
        status = await self._parts.store.settle(active.run_id, active.attempt, outcome)
        waits = status is RunStatus.WAITING
        data = {
            "answer": text,
            "outputs": dict(outputs),
            "waiting_for": [request.step_id for request in result.waiting_for] if waits else [],
            "questions": [question.to_json() for question in result.questions] if waits else [],
            **_spent(active),
        }
        active.publisher.publish(
            EventType.of_run(status), message=result.error or "", data={k: v for k, v in data.items() if v}
        )

    async def _remember_meaning(self, run_id: UUID, subject: str | Pipeline | None) -> None:
        text = subject.spec.name if isinstance(subject, Pipeline) else subject or ""
        embedder = self._parts.embedder
        try:
            async with asyncio.timeout(MEANING_SECONDS):
                vectors = await on_daemon_thread(lambda: embedder.embed([text]), name="embedder")
            await self._parts.store.set_embedding(run_id, vectors[0].tolist(), embedder.name)
        except (BrainError, TimeoutError) as exc:
            reason = str(exc) or f"{embedder.name} gave no answer within {MEANING_SECONDS:g} s."
            log.warning("The run %s will not be found by meaning: %s", run_id, reason)


class _CancelledWhilePlanning(Exception):
    pass


def _ended(exc: Exception) -> RunResult:
    """How a run comes to rest that ended by an exception on purpose."""
    match exc:
        case _CancelledWhilePlanning():
            return RunResult(RunStatus.CANCELLED)
        case QuestionsError():
            return RunResult(RunStatus.WAITING, questions=exc.questions)
        case BudgetExhausted() | ClusterUnavailable():
            return RunResult(RunStatus.INTERRUPTED, error=str(exc))
        case _:
            return RunResult(RunStatus.FAILED, error=str(exc))


async def _unless_cancelled[T](work: Awaitable[T], cancel: asyncio.Event) -> T:
    task, stop = asyncio.ensure_future(work), asyncio.create_task(cancel.wait())
    try:
        await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise _CancelledWhilePlanning
        return task.result()
    finally:
        for each in (task, stop):
            each.cancel()
        await asyncio.gather(task, stop, return_exceptions=True)


def _written(bound: Budget | Deadline | None) -> str | None:
    return None if bound is None else str(bound)


def _tools(pipeline: Pipeline) -> tuple[ToolDefinition, ...]:
    return tuple({step.definition.name: step.definition for step in pipeline.steps.values()}.values())


def _spent(active: ActiveRun) -> dict[str, Json]:
    """What the run has taken from the chat model in all its attempts, for events; nothing where it asked nothing."""
    spent = active.account.spent
    return {"spending": asdict(spent)} if spent.tokens else {}


def _plan_data(pipeline: Pipeline) -> dict[str, Json]:
    steps = [
        {"id": step.id, "tool": step.definition.name, "needs": sorted(step.dependencies)}
        for step in pipeline.steps.values()
    ]
    return {"name": pipeline.spec.name, "steps": steps}
