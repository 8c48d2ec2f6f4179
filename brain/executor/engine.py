"""The schedule: each step starts the moment its last dependency is done."""

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from brain.errors import BudgetExhausted, ToolError
from brain.executor.calls import Call, Caller
from brain.executor.fan_out import FanOut
from brain.executor.fingerprint import approval_hash
from brain.executor.journal_writer import JournalWriter
from brain.executor.pace import Pace
from brain.executor.ports import EventSink, Journal, StepCache, ToolCaller
from brain.language_models import Account
from brain.pipeline_builder.pipeline import Pipeline, PlannedStep
from brain.pipeline_builder.references import compile_template
from brain.pipeline_builder.spec import OnError
from brain.runs import ApprovalRequest, EventType, Json, RunResult, RunStatus, Spending, StepResult, StepStatus, utc_now

__all__ = ["Approvals", "Engine", "Job"]

STOP_SECONDS = 5.0
"""How long a cancelled async tool may take to clean up before it is left alone."""


@dataclass(frozen=True, slots=True)
class Approvals:
    """What a person has allowed."""

    hashes: frozenset[str] = frozenset()
    everything: bool = False

    def allow(self, request_hash: str) -> bool:
        """Whether the call with this hash may be made."""
        return self.everything or request_hash in self.hashes


@dataclass(frozen=True, slots=True)
class Job:
    """One execution of a pipeline."""

    pipeline: Pipeline
    inputs: Mapping[str, Json] = field(default_factory=dict)
    """Bound: defaults filled in and checked (`Pipeline.bind_inputs`)."""
    approvals: Approvals = Approvals()
    earlier: tuple[StepResult, ...] = ()
    """Results of an earlier attempt; a finished step whose fingerprint is unchanged is not called again."""


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

    async def run(self, job: Job, cancel: asyncio.Event | None = None) -> RunResult:
        """Run to the end, or until all that is left waits for approval.

        Where the account does not hold a step's question to the chat model, nothing more is begun, what is under way
        ends, and the run is `interrupted`. Setting `cancel` ends it as `cancelled`: no task of it remains. Raises
        StaleAttempt where another process has taken the run over and DatabaseError where results cannot be kept; steps
        then stop likewise.
        """
        async with JournalWriter(self.journal) as writer:
            schedule = _Schedule(self, job, writer)
            watchers = [asyncio.create_task(schedule.watch_writer())]
            if cancel is not None:
                watchers.append(asyncio.create_task(schedule.stop_at(cancel)))
            try:
                return await schedule.run()
            finally:
                for watcher in watchers:
                    watcher.cancel()
                await asyncio.gather(*watchers, return_exceptions=True)


class _Schedule:
    def __init__(self, engine: Engine, job: Job, writer: JournalWriter) -> None:
        self._events = engine.events
        self._pipeline = job.pipeline
        self._approvals = job.approvals
        self._writer = writer
        self._calls = Caller(
            engine.caller, engine.events, engine.project, engine.account, cache=engine.cache, earlier=job.earlier
        )
        self._results = _done(job)
        self._untold = tuple(self._results.values())
        """Finished in an earlier attempt: they are on record, and the events of this attempt tell of them."""
        self._scope: dict[str, Json] = {step_id: result.result for step_id, result in self._results.items()}
        self._scope["inputs"] = dict(job.inputs)
        self._missing = {step.id: len(step.dependencies - self._results.keys()) for step in job.pipeline.steps.values()}
        self._ready = deque(step for step in job.pipeline.steps.values() if not self._missing[step.id])
        self._tasks: set[asyncio.Task[None]] = set()
        self._started: dict[str, Call] = {}
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
                self._finish(step, _ended(step, StepStatus.SKIPPED, error=reason))
            elif step.foreach is not None:
                await self._fan_out(step)
            else:
                await self._single(step)
        except ToolError as exc:
            self._finish(step, _ended(step, StepStatus.FAILED, error=str(exc), started_at=started))
        except BudgetExhausted as exc:
            self._run_dry(step, exc, self._cut_short(step, started))
        except asyncio.CancelledError:
            self._finish(step, self._cut_short(step, started))
            if not self._stopping:
                raise

    def _run_dry(self, step: PlannedStep, exc: BudgetExhausted, cut_short: StepResult) -> None:
        """End a step that may not ask what it wants to ask; nothing more begins, what is under way ends."""
        self._exhausted = str(exc)
        self._finish(step, replace(cut_short, error=str(exc)))

    def _cut_short(self, step: PlannedStep, started: datetime | None = None) -> StepResult:
        """How a step ended that was cancelled before or while it ran."""
        if (call := self._started.get(step.id)) is not None:
            return call.cut_short()
        is_unknown = step.foreach is not None and started is not None and not step.definition.is_repeatable
        return _ended(step, StepStatus.INTERRUPTED if is_unknown else StepStatus.CANCELLED, started_at=started)

    def _reason_to_skip(self, step: PlannedStep) -> str | None:
        for dependency in step.dependencies:
            if not self._is_usable(dependency):
                return f"{dependency} {self._results[dependency].status}"
        if step.when is not None and not step.when.holds(self._scope):
            return f"its condition is not met: {step.when.source}"
        return None

    def _is_usable(self, step_id: str) -> bool:
        result = self._results[step_id]
        return result.status.has_result or (result.status is StepStatus.FAILED and not self._fails_run(result))

    async def _single(self, step: PlannedStep) -> None:
        call = await self._calls.prepare(step, self._scope)
        if (known := self._calls.known(call)) is not None:
            self._finish(step, known)
        elif self._may_run(step, call.arguments):
            self._events.publish(EventType.STEP_RUNNING, step_id=step.id)
            if not call.is_repeatable:
                await self._writer.put_on_record(call.begun())
            self._started[step.id] = call
            self._finish(step, await self._calls.make(call))

    def _may_run(self, step: PlannedStep, arguments: Json) -> bool:
        if step.definition.is_read_only:
            return True
        request_hash = approval_hash(step.definition, arguments)
        if self._approvals.allow(request_hash):
            return True
        self._waiting[step.id] = ApprovalRequest(step.id, step.definition.name, arguments, request_hash)
        return False

    async def _fan_out(self, step: PlannedStep) -> None:
        started = utc_now()
        calls = await self._calls.prepare_items(step, self._scope)
        is_done = all(self._calls.known(call) is not None for call in calls)
        if not is_done and not self._may_run(step, {"items": [call.arguments for call in calls]}):
            return
        self._events.publish(EventType.STEP_RUNNING, step_id=step.id, message=f"{len(calls)} items")
        if not step.definition.is_repeatable:
            await self._writer.put_on_record(_ended(step, StepStatus.RUNNING, started_at=started))
        items = FanOut(step, calls, self._calls, self._writer)
        results = await items.run(self._events)
        whole = _joined(step, results, started)
        if items.exhausted is None:
            self._finish(step, whole)
        else:
            self._run_dry(step, items.exhausted, replace(self._cut_short(step, started), spending=whole.spending))

    def _finish(self, step: PlannedStep, result: StepResult) -> None:
        if step.id in self._results:
            return  # it was given up, and ended all the same
        self._results[step.id] = result
        self._scope[step.id] = result.result if result.status.has_result else None
        # the items are on record one by one; their list is put together again where it is read
        self._writer.add(replace(result, result=None) if result.items else result)
        self._tell(result)
        for dependent in step.dependents:
            self._missing[dependent] -= 1
            if not self._missing[dependent]:
                self._ready.append(self._pipeline.steps[dependent])
        self._progress.set()

    def _tell(self, result: StepResult) -> None:
        data = {"seconds": result.seconds} if result.seconds is not None else None
        kind = EventType.of_step(result.status)
        self._events.publish(kind, step_id=result.step_id, message=result.error or "", data=data)

    def _unfinished(self) -> Iterator[PlannedStep]:
        return (step for step in self._pipeline.steps.values() if step.id not in self._results)

    def _outcome(self) -> RunResult:
        failed = [result for result in self._results.values() if self._fails_run(result)]
        if self._was_cut_short:
            status = RunStatus.CANCELLED
        elif self._exhausted:
            status = RunStatus.INTERRUPTED
        elif failed:
            status = RunStatus.FAILED
        elif self._waiting:
            status = RunStatus.WAITING
        else:
            status = RunStatus.SUCCEEDED
        return RunResult(
            status=status,
            outputs=self._outputs() if status is not RunStatus.WAITING else {},
            steps={step.id: self._results[step.id] for step in self._pipeline.spec.steps if step.id in self._results},
            error="; ".join(filter(None, (self._exhausted, *_reasons(failed)))) or None,
            waiting_for=tuple(self._waiting.values()) if status is RunStatus.WAITING else (),
        )

    def _outputs(self) -> dict[str, Json]:
        """Each output by name; null where the step that it comes from has no result."""
        outputs = {}
        for name, source in self._pipeline.outputs.source.items():
            try:
                outputs[name] = compile_template(source, f"outputs.{name}").resolve(self._scope)
            except ToolError:
                outputs[name] = None
        return outputs

    def _fails_run(self, result: StepResult) -> bool:
        if result.status is not StepStatus.FAILED:
            return False
        return self._pipeline.steps[result.step_id].on_error is not OnError.SKIP


def _done(job: Job) -> dict[str, StepResult]:
    """The results of the steps that the pipeline leaves out."""
    done = job.pipeline.done
    return {result.step_id: result for result in job.earlier if result.item is None and result.step_id in done}


def _reasons(failed: Iterable[StepResult]) -> Iterator[str]:
    return (f"{result.step_id}: {result.error}" for result in failed)


def _ended(step: PlannedStep, status: StepStatus, **fields: Any) -> StepResult:
    finished = utc_now() if status is not StepStatus.RUNNING else None
    definition = step.definition
    return StepResult(step.id, definition.name, status, tool_version=definition.version, finished_at=finished, **fields)


def _joined(step: PlannedStep, results: list[StepResult], started: datetime) -> StepResult:
    """How a `foreach` step ended, from how its items did."""
    took = {
        "started_at": started,
        "items": len(results),
        "spending": sum((result.spending for result in results), Spending()),
    }
    failed = next((result for result in results if result.status is StepStatus.FAILED), None)
    if failed is not None and step.on_error is not OnError.COLLECT:
        return _ended(step, StepStatus.FAILED, error=f"item {failed.item} failed: {failed.error}", **took)
    return _ended(step, StepStatus.SUCCEEDED, result=[_value(result) for result in results], **took)


def _value(result: StepResult) -> Json:
    return {"error": result.error} if result.status is StepStatus.FAILED else result.result
