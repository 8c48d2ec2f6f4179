"""`Brain`: the synchronous face of the core, for notebooks, scripts and the command line."""

from asyncio import CancelledError, to_thread
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Iterable, Iterator, Mapping
from concurrent.futures import Future
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Unpack
from uuid import UUID

from brain.errors import RunUnfinished, UsageError
from brain.executor.foresight import Foresight
from brain.intent_inference.plan import Plan
from brain.intent_inference.sketch import Tell
from brain.pipeline_builder.pipeline import Pipeline
from brain.pipeline_builder.preflight import Preflight
from brain.runs import RunEvent, RunStatus
from brain.session.batch_verbs import BatchVerbs
from brain.session.batching.result import BatchRun
from brain.session.exporting import Exportable, exported, write_notebook
from brain.session.given import SpecLike, as_change, as_spec
from brain.session.one_step import HOW_TO_ALLOW, Arguments, CallOptions, order_of_call, step_id_of, told_of_call
from brain.session.opened import RunLike
from brain.session.order import BudgetLike, DeadlineLike, Order, PlanOrder, as_answers, as_budget, as_deadline
from brain.session.past import Past
from brain.session.planning import PlanOutcome, PlanRequest, as_tables
from brain.session.run import Run
from brain.session.toolbox import Toolbox

__all__ = ["Brain"]


class Brain(Past, Toolbox, BatchVerbs):
    """Plans, runs, watches and remembers pipelines of tools.

    Every method raises BrainError with one clear sentence where something is wrong. Use it as a context manager, or
    call `close`: runs that still go on are then cancelled. `executor` is `local`, `dask`, or what the settings say.
    """

    def plan(
        self, request: str, /, *, answers: Mapping[str, Any] | None = None, as_of: date | None = None,
        tell: Tell | None = None, **inputs: Any,
    ) -> Plan:  # fmt: skip
        """What would be done about a request, and what that would touch; nothing is run.

        `inputs` are DataFrames that it is about, `as_of` is the day that words such as `yesterday` count from (None:
        today). Raises QuestionsError where a person has to say something first: its `questions` are answered by name
        in `answers`. `tell` hears of the steps of a plan as they are written, on another thread.
        """
        order = PlanOrder(request, as_tables(inputs), as_answers(answers), as_of, tell)
        return self._bridge.run(self._core.plan(order))

    def plan_each(self, requests: Iterable[PlanRequest], *, jobs: int = 4) -> Iterator[PlanOutcome]:
        """What becomes of each of many requests, in their order: a plan, questions, or why there is none.

        Nothing is stored or run. At most `jobs` of them are planned at once, where a hosted model plans.
        """
        if jobs < 1:
            raise UsageError(f"At least one request is planned at a time, not {jobs}.")
        return self._bridge.iterate(self._core.plan_each(list(requests), jobs))

    def ask(
        self, request: str, /, *, yes: bool = False, use_cache: bool = True, budget: BudgetLike = None,
        deadline: DeadlineLike = None, answers: Mapping[str, Any] | None = None, **inputs: Any,
    ) -> Run:  # fmt: skip
        """Plan, run and answer a request; without `yes` it waits where a person must approve a step first.

        Where a person has to say something before there is a plan it waits with `questions`, for `answer`; `answers`
        are those that are known already. Where its questions to the chat model would go over the budget, or it takes
        longer than the deadline, it is interrupted, and `resume` goes on with it.
        """
        started = self.start_ask(
            request, yes=yes, use_cache=use_cache, budget=budget, deadline=deadline, answers=answers, **inputs
        )
        return self.wait(started)

    async def aask(self, request: str, /, **options: Any) -> Run:
        """`ask` with the same options, to be awaited; cancelling the wait cancels the run."""
        return await self._awaited(await to_thread(partial(self.start_ask, request, **options)))

    async def arun(self, pipeline: SpecLike, /, **options: Any) -> Run:
        """`run` with the same options, to be awaited; cancelling the wait cancels the run."""
        return await self._awaited(await to_thread(partial(self.start_run, pipeline, **options)))

    async def _awaited(self, run_id: UUID) -> Run:
        try:
            return await self._bridge.awaited(self._core.wait(run_id))
        except CancelledError:
            self.cancel(run_id)
            raise

    def run(
        self, pipeline: SpecLike, /, *, yes: bool = False, use_cache: bool = True, budget: BudgetLike = None,
        deadline: DeadlineLike = None, **inputs: Any,
    ) -> Run:  # fmt: skip
        """Run a pipeline that is written down; `start` takes inputs of any name."""
        started = self.start_run(pipeline, yes=yes, use_cache=use_cache, budget=budget, deadline=deadline, **inputs)
        return self.wait(started)

    def call(self, tool: str, arguments: Arguments, /, **options: Unpack[CallOptions]) -> Any:
        """What a tool gives for these arguments, or for each of a list of them; the call is a run of its own.

        Tables come back as pandas DataFrames and files as `brain.File`. `options` are those of `CallOptions`. Raises
        RunUnfinished where the call did not succeed, or waits for approval.
        """
        if isinstance(arguments, list | tuple) and not arguments:
            return []
        run = self.wait(self.start_call(tool, arguments, options))
        if run.status is not RunStatus.SUCCEEDED:
            raise RunUnfinished(f"The call of {tool}, run {run.id}, {_ending(run)}")
        return run.results[step_id_of(tool)]

    def start_call(
        self, tool: str, arguments: Arguments, options: CallOptions, *, may_wait: bool = True, source: str = "python"
    ) -> UUID:
        """The same as `call`, without waiting for the end; there is at least one call.

        Without `may_wait` a tool that changes something is refused where `yes` does not allow it.
        """
        known = self._core.registry.get(tool) if isinstance(tool, str) and tool in self._core.registry else None
        with told_of_call(tool):
            order = order_of_call(
                tool, arguments, options, known.parameters if known is not None else (), source=source
            )
            if known is not None and not (known.is_read_only or order.yes or may_wait):
                raise UsageError(f"{tool} changes something, and nobody is there to allow it: {HOW_TO_ALLOW}.")
            return self.start(order)

    def start_ask(
        self, request: str, /, *, yes: bool = False, use_cache: bool = True, budget: BudgetLike = None,
        deadline: DeadlineLike = None, answers: Mapping[str, Any] | None = None, **inputs: Any,
    ) -> UUID:  # fmt: skip
        """The same as `ask`, without waiting for the end."""
        may, until, said = as_budget(budget), as_deadline(deadline), as_answers(answers)
        return self.start(Order(
            request=request, inputs=inputs, yes=yes, use_cache=use_cache, budget=may, deadline=until, answers=said
        ))  # fmt: skip

    def start_run(
        self, pipeline: SpecLike, /, *, yes: bool = False, use_cache: bool = True, budget: BudgetLike = None,
        deadline: DeadlineLike = None, **inputs: Any,
    ) -> UUID:  # fmt: skip
        """The same as `run`, without waiting for the end."""
        spec, may, until = as_spec(pipeline), as_budget(budget), as_deadline(deadline)
        return self.start(Order(spec=spec, inputs=inputs, yes=yes, use_cache=use_cache, budget=may, deadline=until))

    def start(self, order: Order) -> UUID:
        """Begin what is wanted, without waiting for the end."""
        return self._begun(self._core.start(order))

    def _begun(self, work: Coroutine[Any, Any, UUID]) -> UUID:
        """The run that was begun; an interrupt that comes meanwhile ends it."""
        return self._bridge.run_whole(work, self.cancel)

    def wait(self, run: RunLike) -> Run:
        """The run at rest; an interrupt (Ctrl-C, the stop button) cancels it first, and then is raised."""
        run_id = self.resolve(run)
        try:
            return self._bridge.run(self._core.wait(run_id))
        except KeyboardInterrupt:
            self.cancel(run_id)
            self._bridge.run(self._core.wait(run_id))
            raise

    def watch(self, run: RunLike | BatchRun, *, after: int = 0) -> Iterator[RunEvent]:
        """Every event of a run from its first, in this process or another, until the run comes to rest.

        Of a batch, as if it were a run and its sets of parameters were the steps.
        """
        return self._bridge.iterate(self._events(run, after))

    def follow(self, run: RunLike | BatchRun, take: Callable[[RunEvent], None], *, after: int = 0) -> Future[None]:
        """Call `take` with the same events as `watch` gives, on another thread, without waiting for the end."""
        return self._bridge.spawn(_taken(self._events(run, after), take))

    def _events(self, run: RunLike | BatchRun, after: int) -> AsyncIterator[RunEvent]:
        if (batch_id := self.find_batch(run)) is not None:
            return self._core.batches.events(batch_id)
        return self._core.events(self.resolve(run), after=after)  # type: ignore[arg-type] # it is no batch

    def approve(self, run: RunLike) -> Run:
        """Allow what a waiting run waits for, and go on with it.

        Of a `Run` these are the calls that it shows: should the run wait for others by now, it goes on waiting.
        """
        return self.wait(self.start_approved(run))

    def start_approved(self, run: RunLike) -> UUID:
        """The same as `approve`, without waiting for the end."""
        shown = [request.hash for request in run.waiting_for] if isinstance(run, Run) else []
        return self._begun(self._core.approve(self.resolve(run), shown))

    def answer(self, run: RunLike, answers: Mapping[str, Any], /, *, yes: bool = False, use_cache: bool = True) -> Run:
        """Answer the `questions` that a run waits with, by their names, and go on with it.

        A question that has a default may be left out. Raises UsageError where an answer does not fit its question.
        """
        return self.wait(self.start_answered(run, answers, yes=yes, use_cache=use_cache))

    def start_answered(
        self, run: RunLike, answers: Mapping[str, Any], /, *, yes: bool = False, use_cache: bool = True
    ) -> UUID:
        """The same as `answer`, without waiting for the end."""
        order = Order(answers=as_answers(answers), yes=yes, use_cache=use_cache)
        return self._begun(self._core.answer(self.resolve(run), order))

    def resume(
        self, run: RunLike, *, pipeline: SpecLike | None = None, inputs: Mapping[str, Any] | None = None,
        budget: BudgetLike = None, deadline: DeadlineLike = None, yes: bool = False, use_cache: bool = True,
        retry_steps: Collection[str] = (), skip_steps: Collection[str] = (),
    ) -> Run:  # fmt: skip
        """Go on with a run that failed, was cancelled or interrupted; what is finished is not called again.

        With another `pipeline`, or `inputs` in place of its own of these names, it goes on as a new run, which takes
        over what is finished and the same; so does one that succeeded. `budget` is what all its attempts together may
        spend, `deadline` how long this one may take; None leaves them as they were. Where nobody knows whether a step
        did its work that may not be done twice, `retry_steps` names it to be called again and `skip_steps` to be left,
        with null for its result.
        """
        started = self.start_resumed(
            run, pipeline=pipeline, inputs=inputs, budget=budget, deadline=deadline, yes=yes, use_cache=use_cache,
            retry_steps=retry_steps, skip_steps=skip_steps,
        )  # fmt: skip
        return self.wait(started)

    def start_resumed(
        self, run: RunLike, *, pipeline: SpecLike | None = None, inputs: Mapping[str, Any] | None = None,
        budget: BudgetLike = None, deadline: DeadlineLike = None, yes: bool = False, use_cache: bool = True,
        retry_steps: Collection[str] = (), skip_steps: Collection[str] = (), source: str = "python",
    ) -> UUID:  # fmt: skip
        """The same as `resume`, without waiting for the end."""
        order = Order(
            yes=yes, source=source, use_cache=use_cache, budget=as_budget(budget), deadline=as_deadline(deadline)
        )
        change = as_change(pipeline, inputs, retry_steps, skip_steps)
        return self._begun(self._core.resume(self.resolve(run), order, change))

    def foresee(
        self, run: RunLike, *, pipeline: SpecLike | None = None, inputs: Mapping[str, Any] | None = None,
        retry_steps: Collection[str] = (), skip_steps: Collection[str] = (),
    ) -> Foresight:  # fmt: skip
        """What `resume` would do with each step, and why; nothing is done."""
        change = as_change(pipeline, inputs, retry_steps, skip_steps)
        return self._bridge.run(self._core.foresee(self.resolve(run), change))

    def cancel(self, run: RunLike | BatchRun) -> RunStatus:
        """End a run, or a batch and what of it runs, here or in another process."""
        if (batch_id := self.find_batch(run)) is not None:
            return self._bridge.run(self._core.batches.cancel(batch_id))
        return self._bridge.run(self._core.cancel(self.resolve(run)))  # type: ignore[arg-type] # it is no batch

    def export(self, source: Exportable, path: str | Path | None = None, *, overwrite: bool = False) -> Path:
        """Write a run, a plan or a pipeline as a notebook with a cell for each step, which papermill can run too.

        Inputs are its parameters, and so is whatever of a plan stood in the request. Without a `path` it is named
        after the pipeline. Returns where it stands; raises UsageError where a file holds something else already and
        `overwrite` does not say that it may be replaced.
        """
        return write_notebook(exported(source, self.show, self.check), path, overwrite=overwrite)

    def check(self, pipeline: SpecLike) -> Pipeline:
        """The pipeline, checked against this project's tools; raises SpecError with every problem."""
        return self._core.check(as_spec(pipeline))

    def preflight(self, pipeline: SpecLike) -> Preflight:
        """What running a pipeline would touch, need, write and take; nothing is run."""
        return self._bridge.run(self._core.preflight(self.check(pipeline)))


def _ending(run: Run) -> str:
    """What became of a run that did not succeed, behind its name."""
    return run.waits if run.status is RunStatus.WAITING else f"{run.status}{f': {run.error}' if run.error else '.'}"


async def _taken(events: AsyncIterator[RunEvent], take: Callable[[RunEvent], None]) -> None:
    async for event in events:
        take(event)
