"""`Brain`: the synchronous face of the core, for notebooks, scripts and the command line."""

from asyncio import CancelledError, to_thread
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import nullcontext, suppress
from datetime import date, datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from brain.config_secrets import Settings, load_settings
from brain.errors import UsageError
from brain.evaluator import Comparison, Judgement, SuiteRun
from brain.executor.foresight import Foresight
from brain.intent_inference.plan import Plan
from brain.intent_inference.sketch import Tell
from brain.pipeline_builder.pipeline import Pipeline
from brain.pipeline_builder.preflight import Preflight
from brain.runs import RunEvent, RunStatus
from brain.session.bridge import Bridge
from brain.session.core import Core, WhileOpening
from brain.session.evaluations import OnCase, SuiteOrder
from brain.session.examples import ExampleResult
from brain.session.given import SpecLike, SuiteLike, as_change, as_spec, as_suite
from brain.session.order import BudgetLike, DeadlineLike, Order, PlanOrder, as_answers, as_budget, as_deadline
from brain.session.own_tools import AddedTool
from brain.session.planning import PlanOutcome, PlanRequest, as_tables
from brain.session.run import Run
from brain.session.secrets import SecretInfo
from brain.tool_registry.definitions import ToolDefinition

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Brain"]

type RunLike = Run | UUID | str
"""A run, its id, the beginning or end of its id, or `last`."""


class Brain:
    """Plans, runs, watches and remembers pipelines of tools.

    Every method raises BrainError with one clear sentence where something is wrong. Use it as a context manager, or
    call `close`: runs that still go on are then cancelled. `executor` is `local`, `dask`, or what the settings say.
    """

    def __init__(
        self,
        project: str | Path | None = None,
        *,
        tools: str | Path | None = None,
        executor: str | None = None,
        settings: Settings | None = None,
        while_opening: WhileOpening = nullcontext,
    ) -> None:
        overrides: dict[str, Any] = {"brain_tools": Path(tools).absolute()} if tools is not None else {}
        overrides |= {"brain_executor": executor} if executor is not None else {}
        self.settings = settings or load_settings(Path(project) if project is not None else None, **overrides)
        self._bridge = Bridge()
        try:
            self._core = self._bridge.run(_open(self.settings, while_opening))
        except BaseException:
            self._bridge.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Cancel what still runs here, and let go of the services; a second call does nothing."""
        if self._bridge.is_open:
            try:
                with suppress(KeyboardInterrupt):
                    self._bridge.run(self._core.__aexit__(None, None, None))
            finally:
                self._bridge.close()

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
        return self._bridge.run(self._core.start(order))

    def wait(self, run: RunLike) -> Run:
        """The run at rest; an interrupt (Ctrl-C, the stop button) cancels it first, and then is raised."""
        run_id = self.resolve(run)
        try:
            return self._bridge.run(self._core.wait(run_id))
        except KeyboardInterrupt:
            self.cancel(run_id)
            self._bridge.run(self._core.wait(run_id))
            raise

    def watch(self, run: RunLike, *, after: int = 0) -> Iterator[RunEvent]:
        """Every event of a run from its first, in this process or another, until the run comes to rest."""
        return self._bridge.iterate(self._core.events(self.resolve(run), after=after))

    def follow(self, run: RunLike, take: Callable[[RunEvent], None], *, after: int = 0) -> Future[None]:
        """Call `take` with the same events as `watch` gives, on another thread, without waiting for the end."""
        return self._bridge.spawn(_taken(self._core.events(self.resolve(run), after=after), take))

    def approve(self, run: RunLike) -> Run:
        """Allow what a waiting run waits for, and go on with it.

        Of a `Run` these are the calls that it shows: should the run wait for others by now, it goes on waiting.
        """
        return self.wait(self.start_approved(run))

    def start_approved(self, run: RunLike) -> UUID:
        """The same as `approve`, without waiting for the end."""
        shown = [request.hash for request in run.waiting_for] if isinstance(run, Run) else []
        return self._bridge.run(self._core.approve(self.resolve(run), shown))

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
        return self._bridge.run(self._core.answer(self.resolve(run), order))

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
        return self._bridge.run(self._core.resume(self.resolve(run), order, change))

    def foresee(
        self, run: RunLike, *, pipeline: SpecLike | None = None, inputs: Mapping[str, Any] | None = None,
        retry_steps: Collection[str] = (), skip_steps: Collection[str] = (),
    ) -> Foresight:  # fmt: skip
        """What `resume` would do with each step, and why; nothing is done."""
        change = as_change(pipeline, inputs, retry_steps, skip_steps)
        return self._bridge.run(self._core.foresee(self.resolve(run), change))

    def cancel(self, run: RunLike) -> RunStatus:
        """End a run, here or in another process."""
        return self._bridge.run(self._core.cancel(self.resolve(run)))

    def show(self, run: RunLike = "last", *, items: bool = False) -> Run:
        """One run with its answer, results and steps; with `items` each `foreach` step is followed by its items."""
        return self._bridge.run(self._core.show(self.resolve(run), items=items))

    def runs(
        self, *, status: str | None = None, text: str = "", since: datetime | None = None, limit: int | None = 1000
    ) -> "pd.DataFrame":
        """Past and present runs as a DataFrame, the newest first."""
        from brain.knowledge_base.frames import RunFilter

        if since is not None and not isinstance(since, datetime):
            raise UsageError(f"`since` takes a datetime, not {since!r}.")
        statuses = (_status(status),) if status is not None else ()
        return self._bridge.run(self._core.runs(RunFilter(statuses, since, text), limit))

    def steps(self, run: RunLike | None = None, *, items: bool = False, limit: int | None = 10_000) -> "pd.DataFrame":
        """Steps of a run (or of all recent ones) as a DataFrame; `items` adds the items of `foreach` steps."""
        run_id = None if run is None else self.resolve(run)
        return self._bridge.run(self._core.steps(run_id, items=items, limit=limit))

    def search(self, text: str, *, limit: int = 10) -> "pd.DataFrame":
        """Past runs whose requests mean nearly the same, as a DataFrame with their similarity."""
        return self._bridge.run(self._core.search(text, limit))

    def sql(self, query: str) -> "pd.DataFrame":
        """Any read-only SQL over the knowledge base (schema `brain`) as a DataFrame."""
        return self._bridge.run(self._core.sql(query))

    def rate(self, run: RunLike, stars: int, comment: str = "") -> None:
        """Say how good a run was, 1 to 5."""
        self._bridge.run(self._core.rate(self.resolve(run), stars, comment))

    def judge(self, run: RunLike, *, rubric: str = "") -> Judgement:
        """Have the chat model rate the answer of a run by a rubric, and keep that beside its score."""
        return self._bridge.run(self._core.evaluations.judge(self.show(run), rubric))

    def eval(
        self, suite: SuiteLike, /, *, cases: Collection[str] = (), plan_only: bool = False, jobs: int = 4,
        judge: bool = False, yes: bool = False, use_cache: bool = True, on_case: OnCase | None = None,
    ) -> SuiteRun:  # fmt: skip
        """Evaluate a suite, or those of its cases that are named; `frame` of what comes back has a row a case.

        `plan_only` looks at plans alone and runs nothing, `judge` has the chat model rate the answers as well.
        """
        whole, folder, source = as_suite(suite, self.settings.project)
        order = SuiteOrder(
            whole.only(cases) if cases else whole, folder, source, plan_only=plan_only, jobs=jobs, judge=judge, yes=yes,
            use_cache=use_cache,
        )  # fmt: skip
        return self._bridge.run(self._core.evaluations.run(order, on_case))

    def evaluation(self, which: str = "last", *, suite: str | None = None, plan_only: bool | None = None) -> SuiteRun:
        """An earlier evaluation, named by its id, a part of it, or `last`: of a suite and kind, where that is said."""
        return self._bridge.run(self._core.evaluations.show(which, suite=suite, plan_only=plan_only))

    def evaluations(self, *, suite: str = "", limit: int | None = 1000) -> "pd.DataFrame":
        """Evaluations of suites as a DataFrame, the newest first."""
        return self._bridge.run(self._core.suite_runs(suite, limit))

    def compare(self, before: SuiteRun | str, after: SuiteRun | str = "last") -> Comparison:
        """Two evaluations side by side: what got better, what got worse, and what else differs."""
        return Comparison(*(each if isinstance(each, SuiteRun) else self.evaluation(each) for each in (before, after)))

    def tools(self, query: str = "", *, limit: int | None = None) -> list[ToolDefinition]:
        """The tools there are, or the ones that fit a query, best first (10 where no limit is given)."""
        return self._bridge.run(self._core.tools(query, limit))

    def tool(self, name: str) -> ToolDefinition:
        """The definition of a tool; raises UsageError with the nearest names where there is none."""
        return self._core.registry.get(name)

    def add_tool(
        self, function: Callable[..., Any] | str, *, after: str | None = None, path: str | Path | None = None
    ) -> AddedTool:
        """Write the entry of a function that `brain.tool` decorates into tools.json, or replace the one of its name.

        `function` may be its name too, as in `my_tools:change`; `after` names the tool that the entry shall stand
        behind, `path` another file than this project's own.
        """
        place = None if path is None else Path(path).absolute()
        return self._bridge.run(self._core.own_tools.add(function, place, after=after))

    def remove_tool(self, name: str, *, path: str | Path | None = None) -> bool:
        """Take a tool out of tools.json; returns whether the file was made of the built-in tools first."""
        return self._bridge.run(self._core.own_tools.remove(name, None if path is None else Path(path).absolute()))

    def test_tool(self, name: str, *, yes: bool = False) -> list[ExampleResult]:
        """Make the calls that a tool's examples show; those of a tool that changes something only with `yes`."""
        return self._bridge.run(self._core.test_tool(name, yes=yes))

    def secrets(self) -> list[SecretInfo]:
        """The secrets that tools bind and that the table holds: where each comes from and may go, never a value."""
        return self._bridge.run(self._core.secrets.list())

    def set_secret(self, name: str, value: str) -> SecretInfo:
        """Keep a secret encrypted in the database, for tools that bind its name; `.env` and the environment win."""
        return self._bridge.run(self._core.secrets.set(name, value))

    def remove_secret(self, name: str) -> None:
        """Forget a secret that the database holds."""
        self._bridge.run(self._core.secrets.remove(name))

    def rotate_secrets(self) -> int:
        """Encrypt every secret in the database under the first key of BRAIN_SECRETS_KEY; returns how many."""
        return self._bridge.run(self._core.secrets.rotate())

    def check(self, pipeline: SpecLike) -> Pipeline:
        """The pipeline, checked against this project's tools; raises SpecError with every problem."""
        return self._core.check(as_spec(pipeline))

    def preflight(self, pipeline: SpecLike) -> Preflight:
        """What running a pipeline would touch, need, write and take; nothing is run."""
        return self._bridge.run(self._core.preflight(self.check(pipeline)))

    def resolve(self, run: RunLike) -> UUID:
        """The full id of a run."""
        match run:
            case UUID():
                return run
            case Run():
                return run.run_id
            case str():
                return self._bridge.run(self._core.resolve(run))
            case _:
                raise UsageError(f"A run is named by its id, a part of it, or `last`, not by {run!r}.")


def _status(status: str) -> RunStatus:
    try:
        return RunStatus(status)
    except ValueError:
        raise UsageError(f"A run is {', '.join(RunStatus)}; not {status!r}.") from None


async def _taken(events: AsyncIterator[RunEvent], take: Callable[[RunEvent], None]) -> None:
    async for event in events:
        take(event)


async def _open(settings: Settings, while_opening: WhileOpening) -> Core:
    return Core(settings, while_opening)
