"""Evaluations of suites, their cases, and what models thought of answers, as rows."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlmodel import SQLModel, col

from brain.config_secrets import Redactor
from brain.database.engine import Database
from brain.database.tables import CaseResult, Judgement, SuiteRun
from brain.errors import UsageError
from brain.knowledge_base.cleaning import Cleaner
from brain.knowledge_base.ids import LAST, SHOWN_CANDIDATES, digits_of, spelled_with
from brain.runs import short_id, utc_now

__all__ = ["SuiteStore"]

WHERE_TO_LOOK = "`brain eval list` lists the ones there are."


class SuiteStore:
    """Everything is redacted on its way in; every method raises DatabaseError where the database cannot be used."""

    def __init__(self, database: Database, redactor: Redactor) -> None:
        self._database = database
        self._clean = Cleaner(redactor)

    async def begin(self, suite_run: SuiteRun) -> None:
        """An evaluation that has no cases yet."""
        await self._add(suite_run)

    async def keep(self, case: CaseResult, judgement: Judgement | None = None) -> None:
        """How a case went, and what a model thought of its answer."""
        await self._add(case, *([judgement] if judgement is not None else []))

    async def keep_judgement(self, judgement: Judgement) -> None:
        """What a model thought of a run's answer."""
        await self._add(judgement)

    async def finish(self, suite_run_id: UUID, *, score: float, planner: str, tool_versions: dict[str, str]) -> None:
        """All cases of an evaluation are done."""
        values = {"score": score, "planner": self._clean.text(planner), "tool_versions": tool_versions}
        ended = update(SuiteRun).where(col(SuiteRun.id) == suite_run_id).values(finished_at=utc_now(), **values)
        async with self._database.session() as session:
            await session.execute(ended)

    async def load(self, suite_run_id: UUID) -> tuple[SuiteRun, list[tuple[CaseResult, Judgement | None]]]:
        """An evaluation and its cases in their order, each with the latest judgement of its run."""
        async with self._database.session() as session:
            if (suite_run := await session.get(SuiteRun, suite_run_id)) is None:
                raise UsageError(f"There is no evaluation {suite_run_id}: {WHERE_TO_LOOK}")
            mine = col(CaseResult.suite_run_id) == suite_run_id
            cases = await session.scalars(select(CaseResult).where(mine).order_by(col(CaseResult.position)))
            of_mine = select(Judgement).where(col(Judgement.run_id).in_(select(col(CaseResult.run_id)).where(mine)))
            judged = await session.scalars(of_mine.order_by(col(Judgement.created_at), col(Judgement.id)))
            latest = {judgement.run_id: judgement for judgement in judged}
            return suite_run, [(case, latest.get(case.run_id) if case.run_id else None) for case in cases]

    async def judgements(self, run_id: UUID) -> list[Judgement]:
        """What models thought of a run's answer, the latest first."""
        async with self._database.session() as session:
            mine = select(Judgement).where(col(Judgement.run_id) == run_id)
            return list(await session.scalars(mine.order_by(col(Judgement.created_at).desc())))

    async def resolve(self, text: str, *, suite: str | None = None, plan_only: bool | None = None) -> UUID:
        """The evaluation that an id, the unique beginning or end of one, or `last` names.

        `last` is the newest that came to its end: of a suite, and of plans alone or of runs, where that is said. Raises
        UsageError.
        """
        if text.strip().lower() == LAST:
            return await self._newest(suite, plan_only)
        if (digits := digits_of(text)) is None:
            raise UsageError(f"{text!r} is no id of an evaluation: give some of its digits, or `last`.")
        fits = spelled_with(col(SuiteRun.id), digits)
        async with self._database.session() as session:
            found = list(await session.scalars(select(col(SuiteRun.id)).where(fits).limit(SHOWN_CANDIDATES)))
        if not found:
            raise UsageError(f"No evaluation's id begins or ends with {text!r}: {WHERE_TO_LOOK}")
        if len(found) > 1:
            raise UsageError(f"{text!r} fits several evaluations ({_listed(found)}): give more digits.")
        return found[0]

    async def _newest(self, suite: str | None, plan_only: bool | None) -> UUID:
        done = select(col(SuiteRun.id)).where(col(SuiteRun.finished_at).is_not(None))
        if suite is not None:
            done = done.where(col(SuiteRun.suite) == suite)
        if plan_only is not None:
            done = done.where(col(SuiteRun.plan_only).is_(plan_only))
        newest = done.order_by(col(SuiteRun.created_at).desc(), col(SuiteRun.id).desc()).limit(1)
        async with self._database.session() as session:
            found: UUID | None = await session.scalar(newest)
        if found is None:
            of = f" of the suite {suite}" if suite is not None else ""
            kind = "" if plan_only is None else " with plans alone" if plan_only else " with runs"
            raise UsageError(f"There is no finished evaluation{of}{kind} yet: brain eval SUITE makes one.")
        return found

    async def _add(self, *rows: SQLModel) -> None:
        async with self._database.session() as session:
            session.add_all([type(row)(**self._cleaned(row)) for row in rows])

    def _cleaned(self, row: SQLModel) -> dict[str, Any]:
        given = {name: value for name, value in row.model_dump().items() if value is not None}
        return {
            name: self._clean.value(value) if isinstance(value, str | list | dict) else value
            for name, value in given.items()
        }


def _listed(ids: Sequence[UUID]) -> str:
    return ", ".join(short_id(each) for each in ids)
