"""Batches as rows: what is to be run, who sees to it, and which run has which place."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.rows import class_row
from sqlalchemy import select
from sqlmodel import col

from brain.config_secrets import Redactor
from brain.database.engine import Database
from brain.database.tables import Batch
from brain.errors import StaleAttempt, UsageError
from brain.knowledge_base.cleaning import Cleaner
from brain.knowledge_base.ids import LAST, SHOWN_CANDIDATES, digits_of, spelled_with
from brain.knowledge_base.statements import HEARTBEAT_SECONDS
from brain.owners import Owner
from brain.runs import Json, short_id

__all__ = ["BatchPlace", "BatchStanding", "BatchStore"]

WHERE_TO_LOOK = "`brain batch list` lists the ones there are."
STEP = "notebook"
"""The one step of a run of a notebook."""

PLACES = f"""
SELECT run.batch_position AS position, run.id AS run_id, run.status, run.attempt,
    coalesce(step.error, run.error) AS error, step.status AS step_status, step.cached_from,
    CASE WHEN %(results)s THEN step.result END AS result,
    extract(epoch FROM step.finished_at - step.started_at)::float8 AS seconds,
    run.inputs ->> 'digest' AS digest
FROM brain.runs AS run LEFT JOIN brain.steps AS step ON step.run_id = run.id AND step.step_id = '{STEP}'
WHERE run.batch_id = %(batch_id)s AND run.batch_position IS NOT NULL
ORDER BY run.batch_position
"""  # noqa: S608 - put together from constants
CLAIM = f"""
UPDATE brain.batches SET owner = %(owner)s, heartbeat_at = now(), cancel_requested_at = NULL, finished_at = NULL
WHERE id = %(batch_id)s AND (
    owner IS NULL OR owner = ANY(%(gone)s::text[]) OR heartbeat_at < now() - interval '{HEARTBEAT_SECONDS} seconds'
)
RETURNING id
"""  # noqa: S608 - put together from constants
BEAT = """
UPDATE brain.batches SET heartbeat_at = now() WHERE id = %(batch_id)s AND owner = %(owner)s
RETURNING cancel_requested_at IS NOT NULL
"""
FINISH = """
UPDATE brain.batches SET owner = NULL, finished_at = now() WHERE id = %(batch_id)s AND owner = %(owner)s
RETURNING id
"""
CANCEL = """
UPDATE brain.batches SET cancel_requested_at = now() WHERE id = %(batch_id)s AND finished_at IS NULL RETURNING id
"""
RELEASE = "UPDATE brain.runs SET batch_position = NULL WHERE id = %(run_id)s RETURNING id"
STANDING = f"""
SELECT owner, coalesce(heartbeat_at > now() - interval '{HEARTBEAT_SECONDS} seconds', false),
    cancel_requested_at IS NOT NULL
FROM brain.batches WHERE id = %(batch_id)s
"""  # noqa: S608 - put together from constants
MADE = """
SELECT DISTINCT ON (fingerprint) fingerprint, run_id FROM brain.steps
WHERE fingerprint = ANY(%(fingerprints)s::text[]) AND status = 'succeeded'
ORDER BY fingerprint, finished_at DESC
"""


@dataclass(frozen=True, slots=True)
class BatchPlace:
    """The run of one set of parameters, as its rows tell of it."""

    position: int
    """From 1."""
    run_id: UUID
    status: str
    attempt: int
    error: str | None
    step_status: str | None
    cached_from: UUID | None
    result: Json
    seconds: float | None
    """That the notebook took, where it has ended."""
    digest: str | None
    """Of the notebook as it was then."""


@dataclass(frozen=True, slots=True)
class BatchStanding:
    """Who is at a batch."""

    is_live: bool
    """A process sees to it."""
    is_cancelled: bool
    """Somebody wants it to end."""


class BatchStore:
    """Everything is redacted on its way in; every method raises DatabaseError where the database cannot be used."""

    def __init__(self, database: Database, redactor: Redactor) -> None:
        self._database = database
        self._clean = Cleaner(redactor)

    async def begin(self, batch: Batch) -> None:
        """Keep a batch, which nobody sees to yet."""
        clean = {
            "name": self._clean.text(batch.name), "notebook": self._clean.text(batch.notebook),
            "parameters": self._clean.value(batch.parameters), "options": self._clean.value(batch.options),
        }  # fmt: skip
        async with self._database.session() as session:
            session.add(Batch(id=batch.id, source=batch.source, **clean))

    async def load(self, batch_id: UUID) -> tuple[Batch, BatchStanding]:
        """The batch as it stands, and how; raises UsageError where there is none."""
        async with self._database.session() as session:
            if (batch := await session.get(Batch, batch_id)) is None:
                raise UsageError(f"There is no batch {batch_id}: {WHERE_TO_LOOK}")
        return batch, await self.standing(batch_id)

    async def standing(self, batch_id: UUID) -> BatchStanding:
        """Whether a process sees to it, and somebody wants it cancelled; no more, as it is asked again and again."""
        [(owner, is_heard, is_cancelled)] = await self._changed(STANDING, batch_id=batch_id)
        return BatchStanding(owner is not None and is_heard and not Owner.has_gone(owner), is_cancelled)

    async def places(self, batch_id: UUID, *, results: bool = False) -> list[BatchPlace]:
        """The runs that its sets of parameters have, in the order of the sets; a set that was not begun has none."""
        async with self._database.connection() as connection:
            cursor = connection.cursor(row_factory=class_row(BatchPlace))
            return await (await cursor.execute(PLACES, {"batch_id": batch_id, "results": results})).fetchall()

    async def newest(self, notebook: str | None = None, parameters: Sequence[Mapping[str, Json]] | None = None) -> UUID:
        """The newest batch, of a notebook and with these sets of parameters where they are given; raises UsageError."""
        wanted = select(col(Batch.id)).order_by(col(Batch.created_at).desc(), col(Batch.id).desc()).limit(1)
        if notebook is not None:
            wanted = wanted.where(col(Batch.notebook) == notebook)
        if parameters is not None:
            wanted = wanted.where(col(Batch.parameters) == self._clean.value([dict(each) for each in parameters]))
        async with self._database.session() as session:
            found: UUID | None = await session.scalar(wanted)
        if found is None:
            of = f" of {notebook}" if notebook is not None else ""
            having = " with these parameters" if parameters is not None else ""
            raise UsageError(f"There is no batch{of}{having} yet.")
        return found

    async def resolve(self, text: str) -> UUID:
        """The batch that `last`, an id, or the unique beginning or end of one names; raises UsageError."""
        if text.strip().lower() == LAST:
            return await self.newest()
        if (digits := digits_of(text)) is None:
            raise UsageError(f"{text!r} is no id of a batch: give some of its digits, or `last`.")
        fits = select(col(Batch.id)).where(spelled_with(col(Batch.id), digits)).limit(SHOWN_CANDIDATES)
        async with self._database.session() as session:
            found = list(await session.scalars(fits))
        if not found:
            raise UsageError(f"No batch's id begins or ends with {text!r}: {WHERE_TO_LOOK}")
        if len(found) > 1:
            raise UsageError(f"{text!r} fits several batches ({', '.join(map(short_id, found))}): give more digits.")
        return found[0]

    async def claim(self, batch_id: UUID, owner: Owner) -> None:
        """See to a batch from now on; raises UsageError where another process does."""
        batch, _ = await self.load(batch_id)
        gone = [batch.owner] if batch.owner is not None and Owner.has_gone(batch.owner) else []
        if not await self._changed(CLAIM, batch_id=batch_id, owner=str(owner), gone=gone):
            raise UsageError(
                f"The batch {short_id(batch_id)} is being run already, by {batch.owner}: brain watch "
                f"{short_id(batch_id)} shows it."
            )

    async def beat(self, batch_id: UUID, owner: Owner) -> bool:
        """Say that its owner lives; returns whether somebody wants it cancelled. Raises StaleAttempt."""
        if not (rows := await self._changed(BEAT, batch_id=batch_id, owner=str(owner))):
            raise StaleAttempt
        return bool(rows[0][0])

    async def finish(self, batch_id: UUID, owner: Owner) -> None:
        """Let go of it."""
        await self._changed(FINISH, batch_id=batch_id, owner=str(owner))

    async def request_cancel(self, batch_id: UUID) -> None:
        """Ask its owner to end it."""
        await self._changed(CANCEL, batch_id=batch_id)

    async def release(self, run_id: UUID) -> None:
        """Let another run have the place of this one."""
        await self._changed(RELEASE, run_id=run_id)

    async def made(self, fingerprints: Collection[str]) -> dict[str, UUID]:
        """By fingerprint the run that made the latest good result of the same call."""
        rows = await self._changed(MADE, fingerprints=list(fingerprints))
        return dict(rows)

    async def _changed(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        async with self._database.connection() as connection:
            return await (await connection.execute(statement, values)).fetchall()
