"""The async core: every verb once, over parts that are wired here and nowhere else."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, nullcontext
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self
from uuid import UUID

from brain.aggregator import Aggregator
from brain.artifacts import ArtifactCodec, FsspecStore
from brain.budgets import Budget
from brain.config_secrets import (
    ContentRedactor,
    ProjectEnvironment,
    Redactor,
    Settings,
    install_log_redaction,
)
from brain.embedded import in_use
from brain.errors import BrainError, UsageError
from brain.executor.foresight import Foresight, foresee
from brain.executor.limits import Limits
from brain.executor.ports import ToolCall
from brain.intent_inference.clarifying import checked_answers
from brain.intent_inference.plan import Plan
from brain.intent_inference.sources import table_reader
from brain.language_models import ChatModel
from brain.notebook_runs.parameters import Inspected
from brain.pipeline_builder.build import build
from brain.pipeline_builder.pipeline import Pipeline
from brain.pipeline_builder.preflight import Preflight, estimate, preflight
from brain.pipeline_builder.spec import PipelineSpec
from brain.progress_tracker.tracker import ProgressTracker
from brain.runs import NOTHING_SPENT, RunEvent, RunStatus, Spending
from brain.session import admission
from brain.session.batching.batches import Batches
from brain.session.calling import local_caller, notebook_runners
from brain.session.evaluations import Evaluations
from brain.session.examples import ExampleResult, Examples
from brain.session.memory import KnowledgeMemory
from brain.session.order import Order, PlanOrder
from brain.session.own_tools import OwnTools
from brain.session.planning import Planning, PlanOutcome, PlanRequest
from brain.session.resumption import Change, is_in_doubt, job_of, left_of, order_for, rest_of
from brain.session.run import Run
from brain.session.runnable import runnable
from brain.session.secrets import Secrets
from brain.session.services import (
    chat_model,
    cluster_of,
    embedder,
    has_database,
    is_hosted_chat,
    tools_file_of,
)
from brain.session.stores import Stores, open_stores
from brain.tool_registry.context import SharedResources
from brain.tool_registry.definitions import ToolDefinition
from brain.tool_registry.own_modules import OwnModules
from brain.tool_registry.registry import Registry
from brain.tool_registry.search import ToolSearch

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    # loaded where the stores are opened: SQLAlchemy takes longer to load than everything else here
    from brain.knowledge_base.frames import RunFilter
    from brain.knowledge_base.store import RunStore
    from brain.rate_limits.limiter import RateLimiter
    from brain.session.runner import Runner
    from brain.vault import Vault

__all__ = ["Core", "WhileOpening"]

log = logging.getLogger(__name__)

type WhileOpening = Callable[[], AbstractContextManager[object]]
"""What surrounds the first use of the services, which may have to be started; a door shows that it waits."""
TOOLS_THAT_FIT = 10
"""Of those that a query finds, where nobody says how many."""


class Core:
    """Everything that the doors do; used on one event loop. Services start when a verb first needs them."""

    def __init__(self, settings: Settings, while_opening: WhileOpening = nullcontext) -> None:
        self.settings = settings
        self._while_opening = while_opening
        importing = OwnModules(settings.project).load
        self.own_tools = OwnTools(settings, importing, self._use, self.inspect_notebook)
        self.registry = Registry.from_file(tools_file_of(settings))
        names = [binding.name for tool in self.registry for binding in tool.secrets]
        self.redactor = Redactor.of_environment(settings.project, names)
        install_log_redaction(self.redactor)
        self.secrets = Secrets(settings, self.registry, self.redactor, self._vault)
        self.codec = ArtifactCodec(FsspecStore(settings.artifacts_url), ContentRedactor(self.redactor))
        self._embedder = embedder(settings, self.redactor)
        self._planning = Planning(
            settings, self._embedder, self.open_table, KnowledgeMemory(self._past_runs, self._embedder)
        )
        self._search = ToolSearch(self.registry, self._embedder)
        self.model = chat_model(settings, self.redactor)
        self.evaluations = Evaluations(self)
        self.batches = Batches(self)
        self._shared = SharedResources()
        self._caller = local_caller(
            settings, importing=importing, codec=self.codec, model=self.model, secrets=self.secrets,
            redactor=self.redactor, shared=self._shared,
        )  # fmt: skip
        self._cluster = cluster_of(settings)
        self._stack = AsyncExitStack()
        self._stack.enter_context(in_use(settings.state_folder))
        self._opening = asyncio.Lock()
        self._stores: Stores | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            await self.batches.close()
            await self._stack.aclose()
        finally:
            self._stores = None
            await self._caller.aclose()
            if self._cluster is not None:
                await self._cluster.aclose()

    async def plan(self, order: PlanOrder, model: ChatModel | None = None) -> Plan:
        """A plan for a request and its preflight; nothing is stored or run.

        `model` is the project's own on somebody's account. Raises QuestionsError where a person has to say something
        first, PlanningError, ModelError.
        """
        made = await self._planned(model or self.model, order)
        return replace(made, preflight=await self.preflight(made.pipeline))

    async def preflight(self, pipeline: Pipeline) -> Preflight:
        """What running a pipeline would touch, need, write and take; without an estimate where no store answers."""
        try:
            tools = {step.definition.name for step in pipeline.steps.values()}
            history = await (await self.stores()).store.tool_history(tools)
            known = {secret.name for secret in await self.secrets.list() if secret.source.has_value}
        except BrainError as exc:
            log.info("No estimate: %s", exc)
            return preflight(pipeline, ProjectEnvironment(self.settings.project).__contains__)
        return replace(
            preflight(pipeline, known.__contains__), estimate=estimate(pipeline, history, self.model.price.cost)
        )

    async def plan_each(self, requests: Sequence[PlanRequest], jobs: int) -> AsyncIterator[PlanOutcome]:
        """What becomes of each request, in their order; nothing is stored or run."""
        await self._know_secrets()
        async for outcome in self._planning.plan_each(self.registry, self._search, self.model, requests, jobs):
            yield outcome

    async def _planned(self, model: ChatModel, order: PlanOrder) -> Plan:
        await self._know_secrets()
        return await self._planning.plan(self.registry, self._search, model, order)

    async def _past_runs(self) -> "RunStore | None":
        """None where nothing was ever run, so that a plan alone starts no database."""
        is_open = self._stores is not None
        return (await self.stores()).store if is_open or has_database(self.settings) else None

    async def _know_secrets(self) -> None:
        """The redactor must know the table of secrets before a model is asked."""
        if self.settings.secrets_keys:
            await self.stores()

    def check(self, spec: PipelineSpec) -> Pipeline:
        """Build a spec with this project's tools; raises SpecError with every problem."""
        return build(spec, runnable(self.registry, spec))

    async def start(self, order: Order) -> UUID:
        """Begin a run; it goes on in the background. Raises UsageError where its budget cannot be held."""
        if order.spec is None and order.plan is None:
            admission.usable(order.request)
        budget = self.settings.brain_run_budget if order.budget is None else order.budget
        deadline = self.settings.brain_run_deadline if order.deadline is None else order.deadline
        self._admit(None if order.written is None else self.check(order.written), budget, order.spent)
        return await (await self.stores()).runner.start(replace(order, budget=budget, deadline=deadline))

    async def resume(self, run_id: UUID, order: Order, change: Change) -> UUID:
        """Go on with a run that failed, was cancelled or interrupted; with another pipeline or inputs as a new run.

        Of the order count its budget, which all attempts together may spend, the deadline of each (None: what they
        were), `yes`, `use_cache`. Raises UsageError where it cannot go on, StaleAttempt where somebody else runs it.
        """
        stores = await self.stores()
        run, order = await self._going_on(run_id, order, change)
        left = await left_of(run, order, self.registry, self.codec)
        spent = NOTHING_SPENT if change.makes_new_run else run.spending
        self._admit(
            left.pipeline if left is not None else None, run.budget if order.budget is None else order.budget, spent
        )
        if change.words or await is_in_doubt(run, stores.store):
            foresight = await self._foreseen(run, order)
            admission.fitting(change.words, run, foresight)
            admission.decided(foresight)
        if change.makes_new_run:
            return await stores.runner.start(order)
        await stores.runner.go_on(run, left, order, admission.RESUMABLE)
        return run_id

    async def foresee(self, run_id: UUID, change: Change) -> Foresight:
        """What going on with a run would do; nothing is done. Raises as `resume` does but where a word is needed."""
        run, order = await self._going_on(run_id, Order(), change)
        foresight = await self._foreseen(run, order)
        admission.fitting(change.words, run, foresight)
        return foresight

    async def _going_on(self, run_id: UUID, order: Order, change: Change) -> tuple[Run, Order]:
        run = await self.show(run_id, items=True)
        admission.resumable(run, as_new_run=change.makes_new_run)
        return run, order_for(run, order, change)

    async def _foreseen(self, run: Run, order: Order) -> Foresight:
        if order.spec is None:
            return Foresight()
        job = await job_of(run, order, self.check(order.spec), (await self.stores()).store, self.codec)
        return await foresee(job, self.settings.project, self.codec.is_there)

    def _admit(self, pipeline: Pipeline | None, budget: Budget, spent: Spending = NOTHING_SPENT) -> None:
        if pipeline is None or admission.asks_model(pipeline, writes_answers=self.has_hosted_chat):
            admission.affordable(budget, self.model, spent)

    async def wait(self, run_id: UUID) -> Run:
        """The run, once it has come to rest; of another process's run as its events tell."""
        stores = await self.stores()
        await stores.runner.wait(run_id)
        run = await self.show(run_id)
        if not run.status.is_settled:
            async for _ in self.events(run_id):
                pass
            run = await self.show(run_id)
        return run

    async def approve(self, run_id: UUID, hashes: Collection[str] = ()) -> UUID:
        """Allow the calls with these hashes, else all that a waiting run waits for, and go on with it here."""
        stores = await self.stores()
        run = await self.show(run_id, items=True)
        admission.approvable(run)
        await stores.store.approve(run_id, hashes or [request.hash for request in run.waiting_for])
        left = await left_of(run, Order(spec=run.spec), self.registry, self.codec)
        await stores.runner.go_on(run, left, Order(), {RunStatus.WAITING})
        return run_id

    async def answer(self, run_id: UUID, order: Order) -> UUID:
        """Answer what a run waits to know, and go on with it here: it is planned again, knowing the answers.

        Of the order count its answers, `yes` and `use_cache`. Raises UsageError where the run asks nothing, or the
        answers do not fit; it then goes on waiting.
        """
        stores = await self.stores()
        run = await self.show(run_id)
        admission.answerable(run)
        await stores.store.answer(run_id, run.attempt, checked_answers(run.questions, order.answers))
        await stores.runner.go_on(run, None, order, {RunStatus.WAITING})
        return run_id

    async def cancel(self, run_id: UUID) -> RunStatus:
        """Ask for the end of a run, here or in another process, which notices within a second."""
        stores = await self.stores()
        stores.runner.cancel(run_id)
        return await stores.store.request_cancel(run_id)

    async def events(self, run_id: UUID, *, after: int = 0) -> AsyncIterator[RunEvent]:
        """Every event of a run from the first, each once, until it comes to rest."""
        stores = await self.stores()
        listener = stores.tracker.listen(run_id, after=after)
        try:
            async for event in listener:
                yield event
        finally:
            await listener.aclose()

    async def resolve(self, text: str) -> UUID:
        """The run that `last`, an id, or the unique beginning or end of one names; raises RunNotFound."""
        return await (await self.stores()).store.resolve(text)

    async def show(self, run_id: UUID, *, items: bool = False) -> Run:
        """One run with its steps, and with the items of these where they are wanted; raises RunNotFound."""
        stores = await self.stores()
        await stores.store.mark_stale()
        row, steps = await stores.store.get_with_steps(run_id, items=items)
        return Run.of_row(row, steps, self.codec)

    async def runs(self, wanted: "RunFilter", limit: int | None) -> "pd.DataFrame":
        """Past and present runs, the newest first; ones whose process is gone are marked first."""
        stores = await self.stores()
        await stores.store.mark_stale()
        return await stores.frames.runs(wanted, limit=limit)

    async def steps(self, run_id: UUID | None, *, items: bool, limit: int | None) -> "pd.DataFrame":
        """Steps of one run, or of the newest runs."""
        return await (await self.stores()).frames.steps(run_id, items=items, limit=limit)

    async def search(self, text: str, limit: int) -> "pd.DataFrame":
        """Runs whose requests mean nearly the same, the nearest first."""
        if not text.strip():
            raise UsageError("There is nothing to search for: say in words what the runs were about.")
        stores = await self.stores()
        vectors = await asyncio.to_thread(self._embedder.embed, [text])
        return await stores.frames.similar(vectors[0].tolist(), model=self._embedder.name, limit=limit)

    async def sql(self, query: str) -> "pd.DataFrame":
        """A read-only query over the knowledge base."""
        return await (await self.stores()).frames.sql(query)

    async def rate(self, run_id: UUID, stars: int, comment: str) -> None:
        """Keep what a person thought of a run."""
        await (await self.stores()).store.rate(run_id, stars, comment)

    async def tools(self, query: str, limit: int | None = None) -> list[ToolDefinition]:
        """The tools that fit a query, best first; all in their order without one."""
        if limit is not None and limit < 1:
            raise UsageError(f"A limit is 1 or more, or None, not {limit}.")
        if not query:
            return list(self.registry)[:limit]
        found = await asyncio.to_thread(self._search.search, query, limit or TOOLS_THAT_FIT)
        return [scored.definition for scored in found]

    async def test_tool(self, name: str, *, yes: bool) -> list[ExampleResult]:
        """Run the examples of a tool; raises UsageError where there is no such tool."""
        return await Examples(self.registry, self._caller, self.codec).run(self.registry.get(name), yes=yes)

    def _use(self, registry: Registry) -> None:
        self.registry = registry
        self.secrets = Secrets(self.settings, registry, self.redactor, self._vault)
        self._search = ToolSearch(registry, self._embedder)

    @property
    def has_hosted_chat(self) -> bool:
        """Whether the chat model is one that the settings name, rather than the small one that comes along."""
        return is_hosted_chat(self.settings)

    async def suite_runs(self, suite: str, limit: int | None) -> "pd.DataFrame":
        """Evaluations of suites, the newest first."""
        return await (await self.stores()).frames.suite_runs(suite=suite, limit=limit)

    async def _vault(self) -> "Vault":
        return (await self.stores()).vault

    async def open_table(self, path: str) -> "pa.Table":
        """The table in a file of the project; raises ToolError."""
        tool, argument = table_reader(self.registry)
        reference = await self._caller.call(ToolCall(tool, {argument: path}, lambda _percentage, _message: None))
        return self.codec.table(reference["artifact"])

    async def stores(self) -> Stores:
        """The stores of the project; services start where they are not up yet."""
        async with self._opening:
            if self._stores is None:
                with self._while_opening():
                    self._stores = await open_stores(
                        self.settings, self.redactor, self.secrets.learn, self._runner, self._stack
                    )
            return self._stores

    async def places(self) -> int:
        """So many calls are made at the same time and get a processor each."""
        return (os.process_cpu_count() or 1) if self._cluster is None else (await self._cluster.open()).threads

    async def inspect_notebook(self, path: Path, *, soon: int = 0) -> Inspected:
        """What is known of a notebook; raises ToolError. `soon` so many of it are to be run at the same time."""
        return await (await self._shared.get(notebook_runners(self.settings))).inspect(path, soon=soon)

    def _runner(self, store: "RunStore", tracker: ProgressTracker, rates: "RateLimiter") -> "Runner":
        from brain.knowledge_base.large_values import LargeValues
        from brain.session.runner import Runner, RunnerParts

        return Runner(
            RunnerParts(
                store=store,
                tracker=tracker,
                caller=self._caller,
                limits=Limits(rates),
                codec=self.codec,
                large=LargeValues(self.codec, self.redactor),
                check=self.check,
                rest=lambda spec, rows, parent: rest_of(spec, rows, parent, self.registry, self.codec),
                plan=self._planned,
                model=self.model,
                aggregator=lambda model: Aggregator(self.codec.table, model if self.has_hosted_chat else None),
                embedder=self._embedder,
                project=self.settings.project,
                cluster=self._cluster,
            )
        )
