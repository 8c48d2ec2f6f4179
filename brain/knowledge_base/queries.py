"""Questions to the knowledge base through a session or connection that the caller owns; nothing here commits."""

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from brain.database.tables import Run
from brain.errors import RunNotFound
from brain.knowledge_base import statements
from brain.knowledge_base.ids import LAST, SHOWN_CANDIDATES, digits_of, spelled_with
from brain.knowledge_base.records import Position
from brain.runs import NOTHING_SPENT, Json, RunStatus, Spending, StepResult, StepStatus, short_id
from brain.shortened import shortened

__all__ = ["find_run_id", "load_position", "load_run", "load_step_results", "load_steps"]

type Connection = psycopg.AsyncConnection[Any]

RUN = f"SELECT {', '.join(sorted(Run.model_fields.keys() - {'embedding'}))} FROM brain.runs WHERE id = %(run_id)s"  # noqa: S608 - names of columns
_STATUS = {str(status): status for status in StepStatus}
_read_json = json.JSONDecoder().raw_decode
SHOWN_LETTERS = 40
"""Of a request, to tell candidates apart."""


async def load_run(run_id: UUID, *, connection: Connection) -> Run:
    """The row without its embedding, which only searches look at; raises RunNotFound."""
    cursor = await connection.cursor(row_factory=dict_row).execute(RUN, {"run_id": run_id})
    if (row := await cursor.fetchone()) is None:
        raise RunNotFound(f"There is no run {run_id}: `brain runs` lists the ones there are.")
    return Run(**row)


async def load_position(run_id: UUID, *, session: AsyncSession) -> Position:
    """Status, progress backend and the age of the heartbeat; raises RunNotFound."""
    age = func.extract("epoch", func.now() - col(Run.heartbeat_at))
    columns = select(col(Run.status), col(Run.progress_backend), col(Run.last_seq), age).where(col(Run.id) == run_id)
    if (row := (await session.execute(columns)).one_or_none()) is None:
        raise RunNotFound(f"There is no run {run_id}: `brain runs` lists the ones there are.")
    status, backend, last_seq, seconds = row
    return Position(RunStatus(status), backend, last_seq, None if seconds is None else float(seconds))


async def load_steps(run_id: UUID, *, connection: Connection) -> list[StepResult]:
    """Every step in the order of the spec; of a `foreach` step's items nothing but their results."""
    cursor = await connection.cursor(binary=True).execute(statements.STEPS, {"run_id": run_id})
    rows = sorted(await cursor.fetchall(), key=_place)
    items: dict[str, list[tuple[int, Json]]] = {}
    async for step_id, item, text in await cursor.execute(statements.ITEM_VALUES, {"run_id": run_id}):
        items.setdefault(step_id, []).append((item, None if text is None else _read_json(text)[0]))
    values = {step_id: [value for _, value in sorted(pairs, key=_number)] for step_id, pairs in items.items()}
    return [_with_values(step, values.get(step.step_id)) for step in map(_result, rows)]


async def load_step_results(run_id: UUID, *, connection: Connection) -> list[StepResult]:
    """Every step in the order of the spec, each followed by its items."""
    cursor = await connection.cursor(binary=True).execute(statements.STEP_RESULTS, {"run_id": run_id})
    rows = sorted(await cursor.fetchall(), key=_place)
    results: list[StepResult] = []
    for _, parts in groupby(map(_result, rows), key=lambda part: part.step_id):
        whole, *items = parts
        results += [_with_values(whole, [_value(item) for item in items]), *items] if items else [whole]
    return results


def _place(row: Sequence[Any]) -> tuple[int, str, int]:
    position, step_id, item, *_ = row
    return position, step_id, -1 if item is None else item


def _number(pair: tuple[int, Json]) -> int:
    return pair[0]


def _with_values(step: StepResult, values: list[Json] | None) -> StepResult:
    """A `foreach` step with its result: the items', in their order."""
    return step if values is None or not step.status.has_result else replace(step, result=values)


def _value(item: StepResult) -> Json:
    """As it stands in the result of the step: an error where the item failed."""
    return {"error": item.error} if item.status is StepStatus.FAILED else item.result


async def find_run_id(text: str, *, session: AsyncSession) -> UUID:
    """The run that `last`, an id, or the unique beginning or end of one names; raises RunNotFound."""
    if text.strip().lower() == LAST:
        return await _newest(session)
    if (digits := digits_of(text)) is None:
        raise RunNotFound(f"{text!r} is no run id: give some of its digits, or `last`.")
    fits = (
        select(col(Run.id), col(Run.request), func.count().over())
        .where(spelled_with(col(Run.id), digits))
        .order_by(col(Run.id).desc())
        .limit(SHOWN_CANDIDATES)
    )
    found = (await session.execute(fits)).all()
    if not found:
        raise RunNotFound(f"No run's id begins or ends with {text!r}: `brain runs` lists the ones there are.")
    if len(found) > 1:
        raise RunNotFound(_ambiguous(text, [(row[0], row[1]) for row in found], found[0][2]))
    run_id: UUID = found[0][0]
    return run_id


async def _newest(session: AsyncSession) -> UUID:
    newest = select(col(Run.id)).order_by(col(Run.created_at).desc(), col(Run.id).desc()).limit(1)
    if (run_id := await session.scalar(newest)) is None:
        raise RunNotFound("There are no runs yet.")
    return run_id


def _ambiguous(text: str, candidates: list[tuple[UUID, str]], count: int) -> str:
    shown = ", ".join(f"{short_id(run_id)} ({_one_line(request)})" for run_id, request in candidates)
    others = f" and {count - len(candidates):,} more" if count > len(candidates) else ""
    return f"{text!r} fits {count:,} runs: {shown}{others}. Give more digits."


def _one_line(request: str) -> str:
    return shortened(" ".join(request.split()) or "no request", SHOWN_LETTERS)


def _result(row: Sequence[Any]) -> StepResult:
    """A row of STEP_RESULTS; its JSON comes as text, because psycopg takes longer around a small one than in it."""
    (
        _, step_id, item, tool, version, status, arguments, result, error, fingerprint, tries, tokens_in, tokens_out,
        cost, cached_from, started_at, finished_at,
    ) = row  # fmt: skip
    took_nothing = cost == 0 and not tokens_in and not tokens_out
    return StepResult(
        step_id, tool, _STATUS[status], item, version, _read_json(arguments)[0],
        None if result is None else _read_json(result)[0], error, fingerprint, None, tries,
        NOTHING_SPENT if took_nothing else Spending(tokens_in, tokens_out, cost), cached_from, started_at, finished_at,
    )  # fmt: skip
