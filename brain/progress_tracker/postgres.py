"""Events in PostgreSQL, for where there is no Redis: rows are the truth, NOTIFY is a hint, polling finds the rest."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

from brain.database.engine import Database
from brain.errors import DatabaseError, ProgressUnavailable, StaleAttempt
from brain.progress_tracker.backend import PAGE_SIZE, News, RunSnapshot
from brain.progress_tracker.hints import Hints
from brain.progress_tracker.wire import encode
from brain.runs import EventType, RunEvent

__all__ = ["PostgresBackend"]

log = logging.getLogger(__name__)

POLL_SECONDS = 0.5
RECONNECT_SECONDS = 1.0
CONNECT_SECONDS = 10

# One channel for all runs, so that one connection listens for a whole process; the payload is the run's id.
LISTEN = "LISTEN brain_run"
APPEND = """
WITH owned AS (
    SELECT id FROM brain.runs WHERE id = %(run)s::uuid AND attempt = %(attempt)s FOR SHARE
), kept AS (
    INSERT INTO brain.events
        (run_id, seq, "timestamp", event_type, step_id, item, message, progress_percentage, data)
    SELECT run_id, seq, "timestamp", event_type, step_id, item, message, progress_percentage, data
    FROM owned, json_to_recordset(%(events)s::json) AS event (
        run_id uuid, seq int, "timestamp" timestamptz, event_type text, step_id text, item int, message text,
        progress_percentage float8, data jsonb
    )
    ON CONFLICT (run_id, seq) DO NOTHING
)
SELECT pg_notify('brain_run', %(run)s::text) FROM owned
"""
READ = """
SELECT run_id, seq, "timestamp", event_type, step_id, item, message, progress_percentage, data
FROM brain.events WHERE run_id = %s AND seq > %s ORDER BY seq LIMIT %s
"""


class PostgresBackend:
    """Events in the table `brain.events`; the run must have its row in `brain.runs`.

    Statements borrow the database's connections; one more is held for LISTEN while anybody in this process follows.
    """

    name = "postgres"

    def __init__(self, database: Database) -> None:
        self._database = database
        self._hints = Hints()
        self._followers = 0
        self._listening: asyncio.Task[None] | None = None

    async def append(self, run_id: UUID, events: Sequence[RunEvent], snapshot: RunSnapshot) -> None:
        """Insert the rows that are not there yet; the snapshot is read off the rows when it is asked for."""
        content = encode([event.to_json() for event in events]).decode()
        async with self._connection() as connection:
            parameters = {"events": content, "run": str(run_id), "attempt": snapshot.attempt}
            told = await (await connection.execute(APPEND, parameters)).fetchone()
        if told is None:
            raise StaleAttempt

    async def read(self, run_id: UUID, after: int) -> list[RunEvent]:
        """The next rows."""
        async with self._connection() as connection:
            cursor = connection.cursor(row_factory=dict_row)
            await cursor.execute(READ, (run_id, after, PAGE_SIZE))
            return [RunEvent(**{**row, "event_type": EventType(row["event_type"])}) async for row in cursor]

    async def snapshot(self, run_id: UUID) -> RunSnapshot | None:
        """Where the run stands, from all of its rows."""
        snapshot = RunSnapshot(run_id)
        while events := await self.read(run_id, snapshot.seq):
            snapshot = snapshot.advance(events)
        return snapshot if snapshot.seq else None

    @contextlib.asynccontextmanager
    async def follow(self, run_id: UUID) -> AsyncIterator[News]:
        """News of one run, at the latest at the next poll."""
        if self._listening is None:
            self._listening = asyncio.create_task(self._listen(), name="progress: LISTEN")
        self._followers += 1
        try:
            with self._hints.follow(str(run_id), POLL_SECONDS) as news:
                yield news
        finally:
            self._followers -= 1
            if not self._followers:
                await self.aclose()

    async def aclose(self) -> None:
        """Close the connection that listens; the others belong to the database."""
        listening, self._listening = self._listening, None
        if listening is not None:
            listening.cancel()
            await asyncio.wait([listening])

    async def _listen(self) -> None:
        while True:
            try:
                await self._pass_hints_on()
            except (psycopg.Error, OSError) as exc:
                log.debug("Notifications of progress are interrupted, polling goes on: %s", exc)
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _pass_hints_on(self) -> None:
        url = self._database.url.replace("postgresql+psycopg://", "postgresql://", 1)
        async with await psycopg.AsyncConnection.connect(
            url, autocommit=True, connect_timeout=CONNECT_SECONDS, application_name="brain progress"
        ) as connection:
            await connection.execute(LISTEN)
            self._hints.tell_all()
            async with contextlib.aclosing(connection.notifies()) as notifications:
                async for notification in notifications:
                    self._hints.tell(notification.payload)

    @contextlib.asynccontextmanager
    async def _connection(self) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        try:
            async with self._database.connection() as connection:
                yield connection
        except DatabaseError as exc:
            raise ProgressUnavailable(f"Progress cannot be kept in PostgreSQL: {exc}") from exc
