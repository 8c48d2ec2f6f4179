"""The knowledge base as pandas DataFrames, for people at a notebook.

JSON columns hold Python objects (`df.inputs[0]["path"]`), ids are text with the short one first, times are aware and in
UTC, and an interval is a timedelta. Where a limit cut rows, `df.attrs["cut"]` says what is shown of how much.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from brain.data_frames import to_frame
from brain.database.arrow import Answer, ArrowReader, Asked, Refusal, UnfitLogin
from brain.database.engine import SESSION_SETTINGS, Database
from brain.database.failures import Place, explain
from brain.errors import DatabaseUnreachable, QueryError, UsageError
from brain.knowledge_base.search import SEARCH_ON, vector_text
from brain.runs import RunStatus

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Frames", "RunFilter"]

RUNS_LIMIT = 1_000
STEPS_LIMIT = 10_000
SQL_SECONDS = 30
"""How long a query of a person's may run."""
WRITE_REFUSED = frozenset({"25006", "42501"})
"""SQLSTATE (PostgreSQL manual, appendix A): read-only transaction, insufficient privilege."""
TIMED_OUT = "57014"

RUNS = """
SELECT right(run.id::text, 8) AS id, run.created_at, run.status, run.name, run.request, run.answer, run.error,
    run.score, judgement.score AS judged, rating.stars, run.feedback,
    extract(epoch FROM run.finished_at - run.started_at)::float8 AS seconds, run.checks, run.inputs, run.outputs,
    run.source, run.planner, run.notes, run.tokens_in, run.tokens_out, run.cost_usd, run.budget, run.deadline,
    run.attempt, run.started_at, run.finished_at, run.batch_id, run.parent_run, run.id AS run_id
FROM brain.runs AS run
LEFT JOIN LATERAL (
    SELECT stars FROM brain.ratings WHERE run_id = run.id ORDER BY created_at DESC LIMIT 1
) AS rating ON true
LEFT JOIN LATERAL (
    SELECT score FROM brain.judgements WHERE run_id = run.id ORDER BY created_at DESC LIMIT 1
) AS judgement ON true
"""
NEWEST_RUNS = "ORDER BY run.created_at DESC, run.id DESC"

STEPS = """
SELECT right(run_id::text, 8) AS id, step_id, item, tool, status,
    extract(epoch FROM finished_at - started_at)::float8 AS seconds, tries, items, arguments, result, error,
    started_at, finished_at, tokens_in, tokens_out, cost_usd, tool_version, fingerprint, cached_from, attempt, run_id
FROM (
    SELECT step.run_id, step.step_id, NULL::integer AS item, step.position, step.tool, step.tool_version, step.status,
        step.tries, step.tokens_in, step.tokens_out, step.cost_usd, step.arguments, step.result, step.error,
        step.started_at, step.finished_at, step.fingerprint, step.cached_from, step.attempt,
        (SELECT count(*) FROM brain.step_items AS i WHERE i.run_id = step.run_id AND i.step_id = step.step_id) AS items
    FROM brain.steps AS step
    UNION ALL
    SELECT item.run_id, item.step_id, item.item, step.position, step.tool, step.tool_version, item.status,
        item.tries, item.tokens_in, item.tokens_out, item.cost_usd, item.arguments, item.result, item.error,
        item.started_at, item.finished_at, item.fingerprint, item.cached_from, item.attempt, 0 AS items
    FROM brain.step_items AS item JOIN brain.steps AS step USING (run_id, step_id)
) AS part
"""
STEPS_OF_NEWEST_RUNS = "ORDER BY run_id DESC, position, step_id, item NULLS FIRST"

SUITE_RUNS = """
SELECT right(suite_run.id::text, 8) AS id, suite_run.created_at, suite_run.suite, suite_run.score, done.passed,
    suite_run.wanted AS cases, done.judged, done.seconds, done.tokens, suite_run.plan_only, suite_run.model,
    suite_run.planner, suite_run.prompts, suite_run.tool_versions, suite_run.finished_at,
    suite_run.id AS suite_run_id
FROM brain.suite_runs AS suite_run
LEFT JOIN LATERAL (
    SELECT count(*) FILTER (WHERE passed) AS passed, sum(seconds) AS seconds, sum(tokens_in + tokens_out) AS tokens,
        (SELECT avg(score) FROM brain.judgements WHERE run_id IN (
            SELECT run_id FROM brain.case_results WHERE suite_run_id = suite_run.id
        ))::float8 AS judged
    FROM brain.case_results WHERE suite_run_id = suite_run.id
) AS done ON true
"""
NEWEST_SUITE_RUNS = "ORDER BY suite_run.created_at DESC, suite_run.id DESC"

BATCHES = """
SELECT right(batch.id::text, 8) AS id, batch.created_at, batch.notebook, jsonb_array_length(batch.parameters) AS sets,
    done.succeeded, done.failed, jsonb_array_length(batch.parameters) - done.succeeded - done.failed AS unfinished,
    done.seconds, batch.options ->> 'out' AS out, batch.source, batch.finished_at, batch.id AS batch_id
FROM brain.batches AS batch LEFT JOIN LATERAL (
    SELECT count(*) FILTER (WHERE status = 'succeeded') AS succeeded,
        count(*) FILTER (WHERE status = 'failed') AS failed,
        extract(epoch FROM max(finished_at) - min(started_at))::float8 AS seconds
    FROM brain.runs WHERE batch_id = batch.id AND batch_position IS NOT NULL
) AS done ON true
"""
NEWEST_BATCHES = "ORDER BY batch.created_at DESC, batch.id DESC"

SIMILAR = """
SELECT right(id::text, 8) AS id, 1 - (embedding <=> $1::vector) AS similarity, status, score, request, name, answer,
    error, inputs, feedback, created_at, id AS run_id
FROM brain.runs
WHERE embedding_model = $2
ORDER BY embedding <=> $1::vector
"""


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs; what is left out does not matter."""

    statuses: Collection[RunStatus] = ()
    since: datetime | None = None
    """Created then or later; a time without an offset is local."""
    text: str = ""
    """In the request or the name, upper and lower case alike."""
    batch_id: UUID | None = None


class Frames:
    """Reads DataFrames; each question opens one connection of its own and gives it back.

    Every method raises DatabaseError where the database cannot be used.
    """

    def __init__(self, database: Database, *, sql_seconds: float = SQL_SECONDS) -> None:
        self._database = database
        self._reader = ArrowReader()
        self._sql_seconds = sql_seconds

    async def runs(self, wanted: RunFilter = RunFilter(), *, limit: int | None = RUNS_LIMIT) -> "pd.DataFrame":
        """One row a run, the newest first; `stars` is its latest rating, `judged` its latest judgement by a model."""
        condition, parameters = _conditions(wanted)
        return await self._newest(f"{RUNS} WHERE {condition}", NEWEST_RUNS, parameters, limit)

    async def steps(
        self, run_id: UUID | None = None, *, items: bool = False, limit: int | None = STEPS_LIMIT
    ) -> "pd.DataFrame":
        """One row a step, of one run or of the newest; `items` adds one a `foreach` item, with its number in `item`.

        The column `items` counts what a step has of them.
        """
        conditions = ["run_id = $1::uuid"] if run_id else ["true"]
        if not items:
            conditions.append("item IS NULL")
        parameters = (str(run_id),) if run_id else ()
        return await self._newest(f"{STEPS} WHERE {' AND '.join(conditions)}", STEPS_OF_NEWEST_RUNS, parameters, limit)

    async def suite_runs(self, *, suite: str = "", limit: int | None = RUNS_LIMIT) -> "pd.DataFrame":
        """One row an evaluation of a suite, the newest first; `suite` names one."""
        condition, parameters = ("suite_run.suite = $1", (suite,)) if suite else ("true", ())
        return await self._newest(f"{SUITE_RUNS} WHERE {condition}", NEWEST_SUITE_RUNS, parameters, limit)

    async def batches(self, *, limit: int | None = RUNS_LIMIT) -> "pd.DataFrame":
        """One row a batch, the newest first, with how many of its sets ended how; `seconds` from first to last run."""
        return await self._newest(f"{BATCHES} WHERE true", NEWEST_BATCHES, (), limit)

    async def similar(self, vector: Sequence[float], *, model: str, limit: int = 20) -> "pd.DataFrame":
        """Runs whose requests mean nearly the same, the nearest first, with the cosine in `similarity`."""
        query = f"{SIMILAR} LIMIT {_at_least_one(limit)}"
        settings = f"{SESSION_SETTINGS}, ({SEARCH_ON})"
        return _frame(await self._read(query, (vector_text(vector, model), model), settings))

    async def sql(self, query: str) -> "pd.DataFrame":
        """Any query of a person's, as the login that can only read; raises QueryError that says where it is wrong.

        Types that pandas cannot show are read as text, numeric as float64.
        """
        url = self._database.reader_url
        if url is None:
            raise QueryError(
                "`sql` needs a login that can only read: set DATABASE_READER_URL to one (role brain_reader)."
            )
        if not query.strip(" \t\r\n;"):
            raise QueryError("There is nothing to ask: write a query, as in SELECT count(*) FROM runs.")
        try:
            return _frame(await self._asked(url, Asked(query, _reader_settings(self._sql_seconds))))
        except UnfitLogin:
            raise QueryError(
                "DATABASE_READER_URL is a superuser's, who can do anything: use the role brain_reader."
            ) from None
        except Refusal as refusal:
            raise self._explained(refusal, query, Place.of(url)) from refusal

    async def _newest(self, query: str, order: str, parameters: tuple[Any, ...], limit: int | None) -> "pd.DataFrame":
        if limit is None:
            return _frame(await self._read(f"{query} {order}", parameters))
        frame = _frame(await self._read(f"{query} {order} LIMIT {_at_least_one(limit) + 1}", parameters))
        if len(frame) > limit:
            counted = await self._read(f"SELECT count(*) FROM ({query}) AS counted", parameters)  # noqa: S608 - ours
            total = counted.table.column(0)[0].as_py()
            frame = frame.head(limit)
            frame.attrs["cut"] = f"the newest {limit:,} of {total:,} rows; limit=None reads all"
        return frame

    async def _read(self, query: str, parameters: tuple[Any, ...], settings: str = SESSION_SETTINGS) -> Answer:
        try:
            return await self._asked(self._database.url, Asked(query, settings, parameters))
        except Refusal as refusal:
            raise explain(refusal.error, self._database.place) from refusal

    async def _asked(self, url: str, asked: Asked) -> Answer:
        """The answer; from a server of ours also where it was gone."""
        try:
            return await self._reader.read(url, asked)
        except DatabaseUnreachable:
            if not await self._database.restart():
                raise
        return await self._reader.read(url, asked)

    def _explained(self, refusal: Refusal, query: str, place: Place) -> QueryError | DatabaseUnreachable:
        state = refusal.error.sqlstate or ""
        if isinstance(away := explain(refusal.error, place), DatabaseUnreachable):
            return away
        if state == TIMED_OUT:
            return QueryError(
                f"The query ran longer than {self._sql_seconds:g} s and was stopped: ask for less at once."
            )
        if state in WRITE_REFUSED:
            return QueryError(f"`sql` only reads: {refusal}.")
        return QueryError(f"The query was refused: {refusal.explained(query)}")


def _conditions(wanted: RunFilter) -> tuple[str, tuple[Any, ...]]:
    possible: list[tuple[str, Any]] = [
        ("run.status = ANY({}::text[])", [str(status) for status in wanted.statuses]),
        ("run.created_at >= {}::timestamptz", wanted.since and wanted.since.astimezone(UTC)),
        ("position(lower({}) IN lower(run.request || ' ' || run.name)) > 0", wanted.text),
        ("run.batch_id = {}::uuid", wanted.batch_id and str(wanted.batch_id)),
    ]
    asked = [(condition, value) for condition, value in possible if value]
    conditions = [condition.format(f"${number}") for number, (condition, _) in enumerate(asked, 1)]
    return " AND ".join(conditions) or "true", tuple(value for _, value in asked)


def _at_least_one(limit: int) -> int:
    if limit < 1:
        raise UsageError(f"A limit is 1 or more, or None for everything, not {limit}.")
    return limit


def _reader_settings(seconds: float) -> str:
    return (
        f"{SESSION_SETTINGS}, set_config('default_transaction_read_only', 'on', false), "
        f"set_config('statement_timeout', '{int(seconds * 1000)}', false) "
        "WHERE current_setting('is_superuser') = 'off'"
    )


def _frame(answer: Answer) -> "pd.DataFrame":
    import pandas as pd
    import pyarrow as pa

    names = answer.table.column_names
    table = answer.table.rename_columns([str(number) for number in range(len(names))])  # names may occur twice
    for number, kind in enumerate(answer.types):
        if kind == "interval":
            table = table.set_column(number, str(number), table.column(number).cast(pa.duration("us")))
    frame = to_frame(table)
    for number, kind in enumerate(answer.types):
        if kind in ("json", "jsonb"):
            values = [None if text is None else json.loads(text) for text in table.column(number).to_pylist()]
            frame[str(number)] = pd.Series(values, index=frame.index, dtype=object)
    frame.columns = pd.Index(names)
    return frame
