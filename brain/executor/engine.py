"""The schedule: each step starts the moment its last dependency is done."""

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from brain.errors import BudgetExhausted, ToolError
from brain.executor.calls import Call, Caller
from brain.executor.cluster import Cluster, Errand, Submission, Workers, seen_by
from brain.executor.fan_out import FanOut, items_of
from brain.executor.fingerprint import approval_hash
from brain.executor.job import Approvals, Job
from brain.executor.journal_writer import JournalWriter
from brain.executor.limits import Limits
from brain.executor.outcome import Ending, joined, told
from brain.executor.pace import Pace
from brain.executor.past import IsWhole, Past
from brain.executor.ports import EventSink, Journal, StepCache, ToolCaller
from brain.executor.reasons import needs_a_word
from brain.executor.standing import unmet, unusable, value_of, without_call
from brain.executor.verdicts import Verdict
from brain.language_models import Account
from brain.pipeline_builder.pipeline import Pipeline, PlannedStep
from brain.runs import ApprovalRequest, EventType, Json, RunResult, RunStatus, StepResult, StepStatus, utc_now

__all__ = ["Approvals", "Engine", "Job"]

STOP_SECONDS = 5.0
"""How long a cancelled async tool may take to clean up before it is left alone."""


@dataclass(frozen=True, slots=True)
class Engine:
    """Runs jobs with these parts around it."""

    caller: ToolCaller
    events: EventSink
    journal: Journal
    project: Path | None = None
    cache: StepCache | None = None
    """None: every call is made."""
    account: Account = field(default_factory=Account)
    """Who pays for the run's questions to the chat model."""
    limits: Limits = field(default_factory=Limits)
    """Of the tools, shared by all runs of this process."""
    cluster: Cluster | None = None
    """Where workers make the calls that they take; None: all are made in this process."""
    is_whole: IsWhole | None = None
    """Tells whether an earlier result is there with all that it refers to; None: it is."""

    async def run(self, job: Job, cancel: asyncio.Event | None = None) -> RunResult:
        """Run to the end, or until all that is left waits for approval.

        Where the account does not hold a step's question to the chat model, nothing more is begun, what is under way
        ends, and the run is `interrupted`. Setting `cancel` ends it as `cancelled`: no task of it remains. Raises
        StaleAttempt where another process has taken the run over, DatabaseError where results cannot be kept and
        ClusterUnavailable where the cluster is gone; steps then stop likewise.
        """
        past = await job.recall(self.is_whole)
        async with JournalWriter(self.journal) as writer, self._workers(job.pipeline) as workers:
            schedule = _Schedule(self, job, past, writer, workers)
            watchers = [asyncio.create_task(schedule.watch_writer())]
            if cancel is not None:
                watchers.append(asyncio.create_task(schedule.stop_at(cancel)))
            try:
                return await schedule.run()
            finally:
                for watcher in watchers:
                    watcher.cancel()
                await asyncio.gather(*watchers, return_exceptions=True)

    def _workers(self, pipeline: Pipeline) -> AbstractAsyncContextManager[Workers | None]:
        return nullcontext() if self.cluster is None else self.cluster.workers(pipeline, self.events)


class _Schedule:
    def __init__(self, engine: Engine, job: Job, past: Past, writer: JournalWriter, workers: Workers | None) -> None:
        self._events = engine.events
        self._pipeline = job.pipeline
        self._approvals = job.approvals
        self._past = past
        self._writer = writer
        self._calls = Caller(
            engine.caller, engine.events, engine.project, engine.account, cache=engine.cache, limits=engine.limits,
            past=past, workers=workers,
        )  # fmt: skip
        self._workers = workers
        self._results = job.done
        self._untold = tuple(self._results.values())
        """Finished in an earlier attempt: they are on record, and the events of this attempt tell of them."""
        self._scope: dict[str, Json] = {step_id: result.result for step_id, result in self._results.items()}
        self._scope["inputs"] = dict(job.inputs)
        self._missing = {step.id: set(step.dependencies - self._results.keys()) for step in job.pipeline.steps.values()}
        self._ready = deque(step for step in job.pipeline.steps.values() if not self._missing[step.id])
        self._tasks: set[asyncio.Task[None]] = set()
        self._started: dict[str, Call] = {}
        self._ahead: dict[str, Submission] = {}
        """Steps that workers have, and may have before those that they need are done."""
        self._ends: dict[str, asyncio.Event] = {}
        self._waiting: dict[str, ApprovalRequest] = {}
        self._progress = asyncio.Event()
        self._stopped_by: BaseException | None = None
        self._stopping = False
        self._exhausted = ""
        """Why the budget lets nothing more begin."""
        self._was_cut_short = False
        """Whether there was something left to do when the run was stopped."""

    async def run(self) -> RunResult:
        try:
            await self._drive()
        except BaseException:
            self._stopping = True
            await self._abandon_rest()
            raise
        await self._abandon_rest()
        if self._stopped_by is not None:
            raise self._stopped_by
        await self._writer.flush()
        return self._outcome()

    async def watch_writer(self) -> None:
        """Stop when results can no longer be kept."""
        try:
            await asyncio.shield(self._writer.failed)
        except Exception as exc:  # noqa: BLE001 - whatever stopped the writing stops the run and is raised by it
            self._stop(exc)

    async def stop_at(self, cancel: asyncio.Event) -> None:
        """Stop when somebody in this process cancels."""
        await cancel.wait()
        self._stop()

    def _stop(self, reason: BaseException | None = None) -> None:
        self._stopping = True
        self._stopped_by = self._stopped_by or reason
        self._progress.set()

    async def _drive(self) -> None:
        while not self._stopping:
            await self._start_ready()
            self._tell_done()
            if not self._tasks and (not self._ready or self._exhausted):
                return
            await self._progress.wait()
            self._progress.clear()

    async def _start_ready(self) -> None:
        loop, pace = asyncio.get_running_loop(), Pace()
        while self._ready and not self._stopping and not self._exhausted:
            step = self._ready.popleft()
            task = asyncio.Task(self._step(step), loop=loop, eager_start=True)
            if task.done():
                self._on_done(task)
            else:
                self._tasks.add(task)
                task.add_done_callback(self._on_done)
            await pace.keep()

    def _tell_done(self) -> None:
        """After what is left has been started, because nobody waits for this."""
        for result in self._untold:
            self._tell(result)
        self._untold = ()

    def _on_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._stop(error)
        self._progress.set()

    async def _abandon_rest(self) -> None:
        self._was_cut_short = self._stopping and any(self._unfinished())
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=STOP_SECONDS)
        if self._stopping or self._exhausted:
            for step in self._unfinished():
                self._finish(step, self._cut_short(step))

    async def _step(self, step: PlannedStep) -> None:
        started = utc_now()
        try:
            if (reason := self._reason_to_skip(step)) is not None:
                self._finish(step, without_call(step, StepStatus.SKIPPED, error=reason))
            elif step.foreach is not None:
                await self._fan_out(step)
            elif self._goes_ahead(step):
                await self._go_ahead(step)
            else:
                await self._single(step)
        except ToolError as exc:
            self._finish(step, without_call(step, StepStatus.FAILED, error=str(exc), started_at=started))
        except BudgetExhausted as exc:
            self._run_dry(step, exc, self._cut_short(step, started))
        except asyncio.CancelledError:
            self._finish(step, self._cut_short(step, started))
            if not self._stopping:
                raise

    def _run_dry(self, step: PlannedStep, exc: BudgetExhausted, cut_short: StepResult) -> None:
        """End a step that may not ask what it wants to ask; nothing more begins, what is under way ends."""
        self._exhausted = str(exc)
        for step_id, submission in self._ahead.items():
            if not self._pipeline.steps[step_id].dependencies <= self._results.keys():
                submission.cancel()
        self._finish(step, replace(cut_short, error=str(exc)))

    def _cut_short(self, step: PlannedStep, started: datetime | None = None) -> StepResult:
        """How a step ended that was cancelled before or while it ran."""
        if (call := self._started.get(step.id)) is not None:
            return call.cut_short()
        is_unknown = step.foreach is not None and started is not None and not step.definition.is_repeatable
        return without_call(step, StepStatus.INTERRUPTED if is_unknown else StepStatus.CANCELLED, started_at=started)

    def _reason_to_skip(self, step: PlannedStep) -> str | None:
        if (reason := unusable(step, self._pipeline, self._results)) is not None:
            return reason
        return unmet(step, self._scope) if step.dependencies <= self._results.keys() else None

    def _goes_ahead(self, step: PlannedStep) -> bool:
        """Whether workers may begin a step before anybody here hears that those that it needs are done."""
        is_allowed = step.definition.is_read_only or self._approvals.everything
        return step.foreach is None and is_allowed and self._calls.hands_over(step)

    async def _go_ahead(self, step: PlannedStep) -> None:
        assert self._workers is not None  # noqa: S101 - `hands_over` said so
        after = {needed: self._ahead[needed] for needed in step.dependencies if needed not in self._results}
        submission = self._workers.submit(Errand(step, seen_by(step, self._scope), after))
        self._ahead[step.id] = submission
        for dependent in step.dependents:
            if self._goes_ahead(self._pipeline.steps[dependent]):
                self._release(dependent, step.id)
        (result,) = await submission.results()
        await self._until_ended(step.dependencies)
        self._finish(step, result if self._is_as_recorded(step, result) else await self._made_again(step))

    def _is_as_recorded(self, step: PlannedStep, result: StepResult) -> bool:
        """Whether the step was given the results that are on record.

        Where a worker was lost, the cluster has made calls again whose results had come back already.
        """
        return not result.status.has_result or result.arguments == step.arguments.resolve(self._scope)

    async def _made_again(self, step: PlannedStep) -> StepResult:
        return await self._calls.make(await self._calls.prepare(step, self._scope))

    async def _until_ended(self, steps: Iterable[str]) -> None:
        for step_id in steps:
            if step_id not in self._results:
                await self._ends.setdefault(step_id, asyncio.Event()).wait()

    async def _single(self, step: PlannedStep) -> None:
        call = await self._calls.prepare(step, self._scope)
        if (known := self._calls.known(call)) is not None:
            self._finish(step, known, is_on_record=call.found.is_on_record)
        elif call.found.verdict is Verdict.DOUBTFUL:
            self._finish(step, without_call(step, StepStatus.INTERRUPTED, needs_a_word(step.id, call.found.reason)))
        elif self._may_run(step, call.arguments):
            if call.found.is_again or not self._calls.goes_elsewhere(step):
                self._calls.announce(call)
            if not call.is_repeatable:
                await self._writer.put_on_record(call.begun())
            self._started[step.id] = call
            call.outcome = await self._calls.make(call)
            if not call.is_repeatable:
                await self._writer.put_on_record(call.outcome)
            self._finish(step, call.outcome, is_on_record=not call.is_repeatable)

    def _may_run(self, step: PlannedStep, arguments: Json) -> bool:
        if step.definition.is_read_only:
            return True
        request_hash = approval_hash(step.definition, arguments)
        if self._approvals.allow(request_hash):
            return True
        self._waiting[step.id] = ApprovalRequest(step.id, step.definition.name, arguments, request_hash)
        return False

    async def _fan_out(self, step: PlannedStep) -> None:
        started, given = utc_now(), items_of(step, self._scope)
        items = FanOut(step, given, self._scope, self._calls, self._writer)
        if not step.definition.is_read_only and not await self._may_run_items(step, items):
            return
        self._events.publish(EventType.STEP_RUNNING, step_id=step.id, message=f"{len(given)} items")
        if not step.definition.is_repeatable:
            await self._writer.put_on_record(without_call(step, StepStatus.RUNNING, started_at=started))
        await items.run(self._events)
        whole = joined(step, items, started)
        if items.exhausted is None:
            self._finish(step, whole)
        else:
            self._run_dry(step, items.exhausted, replace(self._cut_short(step, started), spending=whole.spending))

    async def _may_run_items(self, step: PlannedStep, items: FanOut) -> bool:
        """Whether a person has allowed the calls, or all have been made; raises ToolError where one does not fit."""
        is_done, arguments, kept = True, [], list[StepResult]()
        async for call in items.calls():
            if call.found.verdict is Verdict.DOUBTFUL:
                self._finish(step, without_call(step, StepStatus.INTERRUPTED, needs_a_word(step.id, call.found.reason)))
                return False
            if (known := self._calls.known(call)) is None:
                is_done = False
            elif not call.found.is_on_record:
                kept.append(known)
            if not self._approvals.everything:
                arguments.append(call.arguments)
        for known in kept:  # in one write: an item that has moved must not be forgotten between two
            self._writer.add(known)
        return is_done or self._may_run(step, {"items": arguments})

    def _finish(self, step: PlannedStep, result: StepResult, *, is_on_record: bool = False) -> None:
        if step.id in self._results:
            return  # it was given up, and ended all the same
        self._results[step.id] = result
        self._scope[step.id] = value_of(result)
        if not is_on_record and self._is_worth_keeping(step, result):
            # the items are on record one by one; their list is put together again where it is read
            self._writer.add(replace(result, result=None) if result.items else result)
        self._tell(result)
        for dependent in step.dependents:
            self._release(dependent, step.id)
        if (end := self._ends.get(step.id)) is not None:
            end.set()
        self._progress.set()

    def _tell(self, result: StepResult) -> None:
        kind = EventType.of_step(result.status)
        self._events.publish(kind, step_id=result.step_id, message=result.error or "", data=told(result))

    def _is_worth_keeping(self, step: PlannedStep, result: StepResult) -> bool:
        """Whether a state goes on record: that of no call must not take the place of what an earlier call gave."""
        if result.fingerprint is not None or result.items is not None or not self._past.holds(step.id):
            return True
        return result.status is StepStatus.FAILED and step.definition.is_repeatable

    def _release(self, dependent: str, needed: str) -> None:
        """A step need not wait for that one, any more; after the last it begins."""
        missing = self._missing[dependent]
        if needed in missing:
            missing.remove(needed)
            if not missing:
                self._ready.append(self._pipeline.steps[dependent])

    def _unfinished(self) -> Iterator[PlannedStep]:
        return (step for step in self._pipeline.steps.values() if step.id not in self._results)

    def _outcome(self) -> RunResult:
        stopped = RunStatus.CANCELLED if self._was_cut_short else RunStatus.INTERRUPTED if self._exhausted else None
        ending = Ending(self._pipeline, self._results, self._scope, tuple(self._waiting.values()))
        return ending.outcome(stopped, self._exhausted)
