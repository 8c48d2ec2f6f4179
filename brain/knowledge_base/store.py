"""The knowledge base's one door for rows: runs, their steps, plans, outcomes, approvals and ratings."""

import dataclasses
import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import stamina

from brain.config_secrets import Redactor
from brain.database.engine import Database
from brain.database.tables import Run
from brain.errors import DatabaseUnreachable, RunNotFound, StaleAttempt, UsageError
from brain.knowledge_base import queries, search, statements
from brain.knowledge_base.cleaning import Cleaner, as_json
from brain.knowledge_base.records import Claim, Outcome, Plan, Position, RatedRun
from brain.owners import Owner
from brain.pipeline_builder.preflight import ToolHistory
from brain.runs import Json, RunStatus, Spending, StepResult, new_run_id, short_id
from brain.tool_registry.definitions import ToolDefinition

__all__ = ["CANCEL_CHANNEL", "RESUMABLE", "RunStore"]

CANCEL_CHANNEL = "brain_cancel"
"""A NOTIFY here carries the id of a run that somebody wants cancelled; a hint, the row is the truth."""
RESUMABLE = frozenset({RunStatus.WAITING, RunStatus.FAILED, RunStatus.CANCELLED, RunStatus.INTERRUPTED})
ONCE_MORE = 2
"""Attempts of what a person waits for."""
PATIENCE_SECONDS = 10
"""How long a write that may be repeated waits for a server that is away; less than a heartbeat may be old."""
STARS = range(1, 6)


class RunStore:
    """Rows in PostgreSQL; everything is redacted on its way in, and each method is one transaction.

    Every method raises DatabaseError where the database cannot be used.
    """

    def __init__(self, database: Database, redactor: Redactor) -> None:
        self._database = database
        self._clean = Cleaner(redactor)

    async def create(self, run: Run, tools: Collection[ToolDefinition] = ()) -> None:
        """Accept a run; one with an owner lives from now on by its heartbeat.

        Of a run that comes with its `spec`, `tools` are the definitions that it uses.
        """
        given = {name: _as_text(value) for name, value in run.model_dump().items() if value is not None}
        statement = statements.insert_run(sorted(given.keys() - {"started_at", "heartbeat_at"}))
        await self._write(statement, row=self._clean.json(given), tools=as_json(self._backups(tools)))

    async def set_plan(self, run_id: UUID, attempt: int, plan: Plan) -> None:
        """Keep the pipeline and the tools as they are defined now; raises StaleAttempt."""
        await self._write_owned(
            statements.SET_PLAN,
            run_id,
            attempt,
            spec=self._clean.json(plan.spec.to_json()),
            name=self._clean.text(plan.spec.name),
            planner=self._clean.text(plan.planner),
            notes=self._clean.json(list(plan.notes)),
            provenance=self._clean.json(list(plan.provenance)),
            tool_versions=as_json({tool.name: tool.version for tool in plan.tools}),
            tools=as_json(self._backups(plan.tools)),
            **dataclasses.asdict(plan.spending),
        )

    async def record(
        self, run_id: UUID, attempt: int, steps: Sequence[StepResult], positions: Mapping[str, int]
    ) -> None:
        """Write how steps and items stand, all or none, in one round trip; raises StaleAttempt.

        Of several states of one step or item the last one counts; `positions` is each step's place in the spec.
        """
        latest = {(step.step_id, step.item): step for step in steps}
        rows = [_entry(step, positions.get(step.step_id, 0)) for step in latest.values()]
        if rows:
            await self._write_owned(statements.RECORD, run_id, attempt, rows=self._clean.json(rows))

    async def beat(self, run_id: UUID, attempt: int, *, last_seq: int, backend: str | None, spending: Spending) -> bool:
        """Say that the owner lives, and what the run has taken; returns whether somebody asked to cancel.

        Raises StaleAttempt.
        """
        told = {"last_seq": last_seq, "backend": backend, **dataclasses.asdict(spending)}
        row = await self._write_owned(statements.BEAT, run_id, attempt, **told)
        return bool(row[0])

    async def settle(self, run_id: UUID, attempt: int, outcome: Outcome) -> RunStatus:
        """Write how the run ended or what it waits for, and let go of it; raises StaleAttempt.

        Returns its status: `cancelled` where it would wait and somebody wants it cancelled.
        """
        waiting = _waiting(outcome)
        row = await self._write_owned(
            statements.SETTLE,
            run_id,
            attempt,
            status=outcome.status,
            is_final=outcome.status.is_final,
            outputs=self._clean.json(outcome.outputs),
            answer=self._clean.optional(outcome.answer),
            error=self._clean.optional(outcome.error),
            score=outcome.score,
            notes=self._clean.json(list(outcome.notes)),
            checks=None if outcome.checks is None else as_json(dict(outcome.checks)),
            waiting_for=self._clean.json(waiting) if waiting else None,
            **dataclasses.asdict(outcome.spending),
            last_seq=outcome.last_seq,
            backend=outcome.backend,
        )
        return RunStatus(row[0])

    async def set_embedding(self, run_id: UUID, vector: Sequence[float], model: str) -> None:
        """Keep what the request means, to be found by; raises ModelError where the vector has another length."""
        await self._write_known(statements.SET_EMBEDDING, run_id, vector=search.vector_text(vector, model), model=model)

    async def get(self, run_id: UUID) -> Run:
        """The run as it stands; raises RunNotFound."""
        async with self._database.connection() as connection:
            return await queries.load_run(run_id, connection=connection)

    async def get_with_steps(self, run_id: UUID, *, items: bool = False) -> tuple[Run, list[StepResult]]:
        """The run and its steps, with `items` each followed by these.

        They are read in that order: a row that was at rest tells that nobody changed the steps since.
        """
        load = queries.load_step_results if items else queries.load_steps
        async with self._database.connection() as connection:
            run = await queries.load_run(run_id, connection=connection)
            return run, await load(run_id, connection=connection)

    async def step_results(self, run_id: UUID) -> list[StepResult]:
        """The steps in the order of the spec, each followed by its items."""
        async with self._database.connection() as connection:
            return await queries.load_step_results(run_id, connection=connection)

    async def position(self, run_id: UUID) -> Position:
        """Where the run is and when its owner was last heard of; raises RunNotFound."""
        async with self._database.session() as session:
            return await queries.load_position(run_id, session=session)

    async def resolve(self, text: str) -> UUID:
        """The run that `last`, an id, or the unique beginning or end of one names; raises RunNotFound."""
        async with self._database.session() as session:
            return await queries.find_run_id(text, session=session)

    async def rated(self, vector: Sequence[float], *, model: str, limit: int) -> list[RatedRun]:
        """Runs that somebody rated, well or badly, whose requests mean nearly the same, the nearest first."""
        async with self._database.session() as session:
            return await search.find_rated(vector, model=model, limit=limit, session=session)

    async def tool_history(self, tools: Collection[str]) -> dict[str, ToolHistory]:
        """What the latest successful calls of each tool took; a tool that never succeeded is left out."""
        async with self._database.connection() as connection:
            rows = await (await connection.execute(statements.TOOL_HISTORY, {"tools": list(tools)})).fetchall()
        return {tool: ToolHistory(*took) for tool, *took in rows}

    async def cached(self, fingerprint: str) -> tuple[Json, float, UUID] | None:
        """The latest good result of a call with this fingerprint, its age in seconds, and the run that made it."""
        async with self._database.connection() as connection:
            row = await (await connection.execute(statements.CACHED, {"fingerprint": fingerprint})).fetchone()
        return None if row is None else (row[0], row[1], row[2])

    async def request_cancel(self, run_id: UUID) -> RunStatus:
        """Ask for the end of a run; one that nobody is running ends at once. Returns its status after that.

        Raises RunNotFound; a run that has ended stays as it is.
        """
        gone = await self._gone_owners()
        row = await self._write(statements.CANCEL, run_id=run_id, gone=gone, channel=CANCEL_CHANNEL)
        return (await self.position(run_id)).status if row is None else RunStatus(row[0])

    async def approve(self, run_id: UUID, hashes: Collection[str]) -> None:
        """Remember that a person allowed these calls; raises RunNotFound."""
        await self._write_known(statements.APPROVE, run_id, hashes=list(hashes))

    async def answer(self, run_id: UUID, attempt: int, answers: Mapping[str, Json]) -> None:
        """Keep what a person answered a run that waits; raises StaleAttempt where it has gone on since."""
        await self._write_owned(statements.ANSWER, run_id, attempt, answers=self._clean.json(dict(answers)))

    async def claim(
        self, run_id: UUID, *, owner: Owner, statuses: Collection[RunStatus] = RESUMABLE, budget: str | None = None,
        deadline: str | None = None,
    ) -> Claim:  # fmt: skip
        """Take a run over that is in one of `statuses` or whose owner is gone, in a new attempt.

        `budget` is what it may spend from now on, `deadline` how long an attempt may take, both as text; None leaves
        them as they were.

        Of several at once exactly one gets it, the others StaleAttempt. Raises UsageError where the run is in no state
        to be taken, RunNotFound.
        """
        parameters = {
            "run_id": run_id,
            "owner": str(owner),
            "statuses": [str(status) for status in statuses],
            "budget": budget,
            "deadline": deadline,
        }
        parameters["gone"] = await self._gone_owners()
        async with self._database.connection() as connection:
            row = await (await connection.execute(statements.CLAIM, parameters)).fetchone()
        if row is None:
            raise _not_claimed(await self.get(run_id))
        attempt, last_seq, *spent, budget, deadline, approvals = row
        return Claim(attempt, last_seq, Spending(*spent), budget, deadline, tuple(approvals))

    async def mark_stale(self) -> list[UUID]:
        """Runs whose owner is gone, on this machine or without a heartbeat, become `interrupted`; returns them."""
        gone = await self._gone_owners()
        return [row[0] for row in await self._rows(statements.MARK_STALE, {"gone": gone}, ONCE_MORE)]

    async def rate(self, run_id: UUID, stars: int, comment: str = "") -> None:
        """Keep what a person thought of a run, 1 to 5 stars; raises UsageError, RunNotFound."""
        if stars not in STARS:
            raise UsageError(f"A rating is 1 to 5 stars, not {stars}.")
        comment = self._clean.text(comment)
        await self._write_known(statements.RATE, run_id, id=new_run_id(), stars=stars, comment=comment)

    def _backups(self, tools: Collection[ToolDefinition]) -> list[dict[str, Any]]:
        """In one order everywhere: two runs that keep the same tools at once do not wait for each other in a circle."""
        return [self._backup(tool) for tool in sorted(tools, key=lambda tool: tool.name)]

    def _backup(self, tool: ToolDefinition) -> dict[str, Any]:
        definition = self._clean.value(tool.model_dump(mode="json", by_alias=True, exclude_defaults=True))
        canonical = as_json(definition, sort_keys=True)
        return {"name": tool.name, "hash": hashlib.sha256(canonical.encode()).hexdigest(), "definition": definition}

    async def _gone_owners(self) -> list[str]:
        return [text for (text,) in await self._rows(statements.OWNERS, {}, ONCE_MORE) if Owner.has_gone(text)]

    async def _write_owned(self, statement: str, run_id: UUID, attempt: int, **values: Any) -> tuple[Any, ...]:
        row = await self._write(statement, run_id=run_id, attempt=attempt, **values)
        if row is None:
            raise StaleAttempt
        return row

    async def _write_known(self, statement: str, run_id: UUID, **values: Any) -> None:
        if await self._write(statement, run_id=run_id, **values) is None:
            raise RunNotFound(f"There is no run {run_id}: `brain runs` lists the ones there are.")

    async def _write(self, statement: str, **values: Any) -> tuple[Any, ...] | None:
        """The first row of a statement, as `_rows` executes it with patience."""
        return next(iter(await self._rows(statement, values, attempts=None)), None)

    async def _rows(self, statement: str, values: Mapping[str, Any], attempts: int | None) -> list[tuple[Any, ...]]:
        """Execute a statement that may be executed twice, again where the server was away for a moment.

        A connection may pass its test and die before the statement: a killed server's backends outlive it a little.
        """
        rows: list[tuple[Any, ...]] = []
        async for trial in stamina.retry_context(
            on=DatabaseUnreachable, attempts=attempts, timeout=PATIENCE_SECONDS, wait_max=2
        ):
            with trial:
                async with self._database.connection() as connection:
                    rows = await (await connection.execute(statement, values)).fetchall()
        return rows


def _as_text(value: Any) -> Any:
    """Ids and times as PostgreSQL reads them from JSON."""
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID | date) else value


def _waiting(outcome: Outcome) -> dict[str, Any]:
    """What the run waits for; empty where it does not."""
    if outcome.questions:
        return {"questions": [question.to_json() for question in outcome.questions]}
    approvals = [dataclasses.asdict(request) for request in outcome.waiting_for]
    return {"approvals": approvals} if approvals else {}


def _entry(step: StepResult, position: int) -> dict[str, Any]:
    return {
        "step_id": step.step_id,
        "item": step.item,
        "items": step.items,
        "position": position,
        "tool": step.tool,
        "tool_version": step.tool_version,
        "status": step.status,
        "arguments": step.arguments,
        "result": step.result,
        "error": step.error,
        "fingerprint": step.fingerprint,
        "tries": step.tries,
        "tokens_in": step.spending.tokens_in,
        "tokens_out": step.spending.tokens_out,
        "cost_usd": step.spending.cost_usd,
        "cached_from": step.cached_from and str(step.cached_from),
        "started_at": step.started_at and step.started_at.isoformat(),
        "finished_at": step.finished_at and step.finished_at.isoformat(),
    }


def _not_claimed(run: Run) -> UsageError | StaleAttempt:
    if run.status == RunStatus.RUNNING:
        return StaleAttempt(f"Run {short_id(run.id)} is being run by {run.owner} already.")
    return UsageError(f"Run {short_id(run.id)} is {run.status}: there is nothing to take over.")
