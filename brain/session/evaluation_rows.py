"""Between evaluations as they travel and their rows; loads SQLAlchemy, so it is imported where rows are at hand."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from brain.database import tables
from brain.evaluator import CaseResult, Finding, Judgement, MadeWith, Outcome, SuiteRun
from brain.runs import Spending, new_run_id

__all__ = ["case_rows", "judgement_row", "suite_row", "suite_run_of"]


def suite_row(begun: SuiteRun) -> tables.SuiteRun:
    """The row of an evaluation that begins."""
    return tables.SuiteRun(
        id=begun.suite_run_id, suite=begun.suite, plan_only=begun.plan_only, wanted=begun.wanted,
        model=begun.made_with.model, prompts=dict(begun.made_with.prompts), created_at=begun.created_at,
    )  # fmt: skip


def case_rows(suite_run_id: UUID, case: CaseResult) -> tuple[tables.CaseResult, tables.Judgement | None]:
    """The row of a case, and of what a model thought of its answer."""
    row = tables.CaseResult(
        suite_run_id=suite_run_id, position=case.position, name=case.name, request=case.request, run_id=case.run_id,
        outcome=str(case.outcome), passed=case.passed, score=case.score,
        findings=[{"what": found.what, "wrong": list(found.wrong)} for found in case.findings], plan=case.plan,
        planner=case.planner, error=case.error, notes=list(case.notes), seconds=case.seconds,
        **asdict(case.spending),
    )  # fmt: skip
    is_judged = case.judgement is not None and case.run_id is not None
    return row, judgement_row(case.run_id, case.judgement) if is_judged else None


def judgement_row(run_id: UUID | None, judgement: Judgement | None) -> tables.Judgement:
    """The row of a judgement."""
    if run_id is None or judgement is None:
        raise ValueError("a judgement is about a run")
    return tables.Judgement(
        id=new_run_id(), run_id=run_id, score=judgement.score, criteria=dict(judgement.criteria),
        reasons=judgement.reasons, model=judgement.model, prompt=judgement.prompt, tokens_in=judgement.tokens_in,
        tokens_out=judgement.tokens_out,
    )  # fmt: skip


def suite_run_of(row: tables.SuiteRun, cases: Sequence[tuple[tables.CaseResult, Any]]) -> SuiteRun:
    """The evaluation that its rows tell of."""
    return SuiteRun(
        row.id, row.suite, row.plan_only, row.wanted, tuple(_case_of(case, judgement) for case, judgement in cases),
        MadeWith(row.model, row.planner, row.prompts, row.tool_versions), row.created_at, row.finished_at,
    )  # fmt: skip


def _case_of(row: tables.CaseResult, judgement: tables.Judgement | None) -> CaseResult:
    return CaseResult(
        name=row.name, position=row.position, request=row.request, outcome=Outcome(row.outcome),
        findings=tuple(Finding(found["what"], tuple(found["wrong"])) for found in row.findings), error=row.error,
        plan=row.plan, planner=row.planner, run_id=row.run_id, seconds=row.seconds,
        spending=Spending(row.tokens_in, row.tokens_out, row.cost_usd), judgement=_judgement_of(judgement),
        notes=tuple(row.notes),
    )  # fmt: skip


def _judgement_of(row: tables.Judgement | None) -> Judgement | None:
    if row is None:
        return None
    return Judgement(row.score, row.criteria, row.reasons, row.model, row.prompt, row.tokens_in, row.tokens_out)
