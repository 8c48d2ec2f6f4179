"""The verbs about evaluations: evaluate a suite, look at one again, compare two, judge a run's answer."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brain.aggregator import ANSWER_PROMPT, results_in_words
from brain.artifacts import is_table, with_rows
from brain.errors import ArtifactError, BudgetExhausted, ModelError, PlanningError, QuestionsError, UsageError
from brain.evaluator import (
    JUDGE_PROMPT,
    Attempt,
    Call,
    Case,
    CaseResult,
    Judge,
    Judged,
    Judgement,
    MadeWith,
    Suite,
    SuiteRun,
    evaluate_suite,
    made_with,
)
from brain.intent_inference.plan import Plan
from brain.language_models import Account, ChatModel, MeteredChat
from brain.pipeline_builder.pipeline import PlannedStep
from brain.pipeline_builder.references import input_reference
from brain.pipeline_builder.spec import read_spec
from brain.runs import Json, RunStatus, new_run_id, utc_now
from brain.session.order import Order, PlanOrder
from brain.session.run import Run

if TYPE_CHECKING:
    from brain.session.core import Core

__all__ = ["Evaluations", "OnCase", "SuiteOrder"]

log = logging.getLogger(__name__)

MOST_ROWS = 10_000
"""Of a table whose `rows` a suite looks at; one with more has none."""
SOURCE = "eval"
"""Marks the runs that an evaluation made."""

type OnCase = Callable[[CaseResult, int, int], None]
"""Told of each case as soon as it is done, with how many are and how many there are; called on the loop's thread."""


@dataclass(frozen=True, slots=True)
class SuiteOrder:
    """How a suite is to be evaluated."""

    suite: Suite
    folder: Path
    """What pipelines in the suite are relative to."""
    source: str = ""
    """The file that it stands in, if it does."""
    plan_only: bool = False
    """Whether only plans are looked at, and nothing is run."""
    jobs: int = 4
    """Cases at the same time."""
    judge: bool = False
    """Whether the chat model also rates the answers."""
    yes: bool = False
    use_cache: bool = True

    def __post_init__(self) -> None:
        if self.jobs < 1:
            raise UsageError(f"`jobs` is 1 or more cases at once, not {self.jobs}.")
        if self.judge and self.plan_only:
            raise UsageError("Where only plans are looked at there is no answer to judge: leave one of the two out.")


class Evaluations:
    """Tries the cases of suites through the same core as any request, and keeps what came of them."""

    def __init__(self, core: "Core") -> None:
        self._core = core

    async def run(self, order: SuiteOrder, on_case: OnCase | None = None) -> SuiteRun:
        """Evaluate a suite; raises SuiteError where it expects a tool that there is not, else no case ends it."""
        from brain.session import evaluation_rows as rows

        order.suite.check_tools([tool.name for tool in self._core.registry], order.source)
        judge = self._judge() if order.judge else None
        store = (await self._core.stores()).suites
        before = MadeWith(self._core.model.name, prompts=self._prompts(order))
        wanted = len(order.suite.cases)
        begun = SuiteRun(new_run_id(), order.suite.name, order.plan_only, wanted, (), before, utc_now())
        await store.begin(rows.suite_row(begun))
        kept: list[Attempt | None] = []

        async def keep(case: CaseResult, attempt: Attempt | None) -> None:
            await store.keep(*rows.case_rows(begun.suite_run_id, case))
            kept.append(attempt)
            if on_case is not None:
                on_case(case, len(kept), wanted)

        attempt = partial(self._attempt, order=order, judge=judge)
        cases = await evaluate_suite(order.suite, attempt, keep, jobs=order.jobs, plan_only=order.plan_only)
        done = replace(begun, cases=cases, made_with=made_with(before, filter(None, kept)), finished_at=utc_now())
        made = done.made_with
        await store.finish(
            begun.suite_run_id, score=done.score, planner=made.planner, tool_versions=dict(made.tool_versions)
        )
        return done

    async def show(self, text: str, *, suite: str | None = None, plan_only: bool | None = None) -> SuiteRun:
        """The evaluation that an id, a part of one, or `last` names; the rest says of what. Raises UsageError."""
        from brain.session import evaluation_rows as rows

        store = (await self._core.stores()).suites
        return rows.suite_run_of(*await store.load(await store.resolve(text, suite=suite, plan_only=plan_only)))

    async def judge(self, run: Run, rubric: str = "") -> Judgement:
        """Have the chat model rate a run's answer, and keep that; raises UsageError, ModelError."""
        from brain.session import evaluation_rows as rows

        if run.answer is None:
            raise UsageError(f"The run {run.id} is {run.status} and has no answer to judge.")
        judgement = await self._judge().judge(await asyncio.to_thread(self._judged, run, run.request, rubric))
        await ((await self._core.stores()).suites).keep_judgement(rows.judgement_row(run.run_id, judgement))
        return judgement

    def _judge(self) -> Judge:
        if not self._core.has_hosted_chat:
            raise UsageError(
                "A judge must know more than what it judges: set OPENAI_API_KEY, or OPENAI_BASE_URL, for a chat model."
            )
        return Judge(self._core.model)

    def _prompts(self, order: SuiteOrder) -> dict[str, str]:
        if order.plan_only or not self._core.has_hosted_chat:
            return {}
        return {"answer": ANSWER_PROMPT} | ({"judge": JUDGE_PROMPT} if order.judge else {})

    async def _attempt(self, case: Case, *, order: SuiteOrder, judge: Judge | None) -> Attempt:
        account = Account(self._core.settings.brain_run_budget)
        try:
            plan, inputs = await self._planned(case, order, MeteredChat(self._core.model, account))
        except QuestionsError as exc:
            return Attempt(questions=tuple(question.question for question in exc.questions), spending=account.spent)
        except PlanningError as exc:
            return Attempt(declined=str(exc), spending=account.spent)
        except (ModelError, BudgetExhausted) as exc:
            return Attempt(error=str(exc), spending=account.spent)
        planned = replace(_of_plan(plan, inputs), spending=account.spent)
        if order.plan_only:
            return planned
        run = await self._seen_through(
            Order(
                request=case.request,
                plan=plan,
                spent=account.spent,
                inputs=inputs,
                yes=order.yes,
                source=SOURCE,
                use_cache=order.use_cache,
            )
        )
        outputs = await asyncio.to_thread(self._outputs, run, case)
        filled_in = await asyncio.to_thread(self._filled_in, run)
        ran = _of_run(run, planned, outputs, filled_in)
        return ran if judge is None or run.answer is None else await self._judged_as_well(ran, run, case, judge)

    async def _planned(self, case: Case, order: SuiteOrder, model: ChatModel) -> tuple[Plan, Mapping[str, Any]]:
        if case.pipeline is not None:
            spec = await asyncio.to_thread(read_spec, order.folder / case.pipeline)
            return Plan(self._core.check(spec), planner=""), case.inputs
        tables = {name: await self._core.open_table(file) for name, file in case.inputs.items()}
        return await self._core.plan(PlanOrder(case.request, tables), model), tables

    async def _seen_through(self, order: Order) -> Run:
        """The run at rest; one that waits for somebody, or that is given up, is cancelled."""
        core = self._core
        run_id = await core.start(order)
        try:
            run = await core.wait(run_id)
        except asyncio.CancelledError:
            await core.cancel(run_id)
            raise
        if run.status is RunStatus.WAITING:
            await core.cancel(run_id)
        return run

    def _outputs(self, run: Run, case: Case) -> dict[str, Json]:
        outputs = run.outputs.restored()
        return self._with_rows(outputs) if case.expect.looks_at_rows else outputs

    def _filled_in(self, run: Run) -> dict[str, dict[str, Json]]:
        """The arguments of each step."""
        steps = (step for step in run.step_results if step.item is None)
        return {step.step_id: run.outputs.of(step.arguments).restored() for step in steps}

    def _with_rows(self, value: Json) -> Any:
        """The value with all rows of the tables in it, as far as they are not too many."""
        if is_table(value) and value["row_count"] <= MOST_ROWS:
            return with_rows(value, self._core.codec.table(value["artifact"]))
        match value:
            case Mapping():
                return {name: self._with_rows(item) for name, item in value.items()}
            case list():
                return [self._with_rows(item) for item in value]
            case _:
                return value

    async def _judged_as_well(self, attempt: Attempt, run: Run, case: Case, judge: Judge) -> Attempt:
        """The attempt with the judgement, or with why there is none: that is no failure of the case."""
        try:
            judged = await asyncio.to_thread(self._judged, run, case.request or run.request, case.rubric)
            return replace(attempt, judgement=await judge.judge(judged))
        except (ModelError, ArtifactError) as exc:
            return replace(attempt, notes=(*attempt.notes, f"Not judged: {exc}"))

    def _judged(self, run: Run, request: str, rubric: str) -> Judged:
        results = results_in_words(run.outputs.restored(), self._core.codec.table)
        return Judged(request or run.name, run.answer or "", results, rubric)


def _of_plan(plan: Plan, inputs: Mapping[str, Any]) -> Attempt:
    steps = plan.pipeline.steps.values()
    given = {
        input_reference(name): inputs.get(name, schema.get("default")) for name, schema in plan.spec.inputs.items()
    }
    return Attempt(
        spec=plan.spec, planner=plan.planner,
        calls=tuple(_call(step, given) for step in steps),
        tool_versions={step.definition.name: step.definition.version for step in steps},
    )  # fmt: skip


def _call(step: PlannedStep, given: Mapping[str, Any]) -> Call:
    """A step as it is planned, with what the inputs fill in."""
    written = step.arguments.source
    filled = {name: given[value] for name, value in written.items() if isinstance(value, str) and value in given}
    return Call(step.definition.name, written, filled)


def _of_run(
    run: Run, planned: Attempt, outputs: Mapping[str, Json], filled_in: Mapping[str, Mapping[str, Json]]
) -> Attempt:
    ids = [step.id for step in planned.spec.steps] if planned.spec else []
    calls = zip(ids, planned.calls, strict=True)
    return replace(
        planned, calls=tuple(replace(call, filled_in=filled_in.get(step, call.filled_in)) for step, call in calls),
        run_id=run.run_id, status=run.status, error=_why(run), outputs=outputs, answer=run.answer, score=run.score,
        spending=run.spending,
    )  # fmt: skip


def _why(run: Run) -> str | None:
    if run.status is not RunStatus.WAITING:
        return run.error
    waiting = ", ".join(f"{request.step_id} ({request.tool})" for request in run.waiting_for)
    return f"{waiting} changes something and was not approved: evaluate with --yes to let it"
