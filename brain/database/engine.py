"""The pool of connections to PostgreSQL: sessions for the ORM, raw psycopg connections for hot paths."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from types import TracebackType
from typing import Any, Self, cast

import psycopg
from sqlalchemy import event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine

from brain.database.failures import Place, explain, translated
from brain.database.tables import SCHEMA
from brain.errors import DatabaseUnreachable

__all__ = ["CONNECT_ARGUMENTS", "SESSION_SETTINGS", "Database"]

CONNECTIONS = 3
"""Of the five a process may hold: one more is for LISTEN, one for reading DataFrames."""
WAIT_SECONDS = 30
"""How long a caller waits for a free connection."""

CONNECT_ARGUMENTS = {"connect_timeout": 10, "application_name": "brain"}
"""For libpq; seconds."""
SESSION_SETTINGS = (
    f"SELECT set_config('search_path', '{SCHEMA}, public, extensions', false), set_config('TimeZone', 'UTC', false)"
)
"""A statement and no `options` at connect, because poolers refuse those. Supabase keeps pgvector in `extensions`."""


class Database:
    """PostgreSQL at one URL; connects at the first use, and again after the server was away.

    `start` starts the server at that URL where it is gone; None: it is not ours to start.
    """

    def __init__(
        self, url: str, reader_url: str | None = None, start: Callable[[], Awaitable[object]] | None = None
    ) -> None:
        self.url = url
        self.reader_url = reader_url
        """The same database as the login that can only read; None where there is none."""
        self.place = Place.of(url)
        self._start = start
        self._engine: AsyncEngine | None = None
        self._autocommit: AsyncEngine | None = None
        """The same pool, each statement a transaction of its own."""

    async def __aenter__(self) -> Self:
        with translated(self.place):
            self._engine = create_async_engine(
                self.url,
                pool_size=CONNECTIONS,
                max_overflow=0,
                pool_timeout=WAIT_SECONDS,
                pool_pre_ping=True,
                hide_parameters=True,
                connect_args=CONNECT_ARGUMENTS,
            )
        event.listen(self._engine.sync_engine, "connect", _configure)
        self._autocommit = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        engine, self._engine, self._autocommit = self._engine, None, None
        if engine is not None:
            await engine.dispose()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.place}>"

    @contextlib.asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """One transaction, committed at the end and rolled back when anything is raised.

        Raises DatabaseError; DatabaseUnreachable where the same call may succeed later.
        """
        with translated(self.place):
            async with (
                self._borrowed(self._engine) as borrowed,
                AsyncSession(borrowed, expire_on_commit=False) as session,
                session.begin(),
            ):
                yield session

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        """A raw connection where each statement is a transaction of its own; raises as `session` does."""
        with translated(self.place):
            async with self._borrowed(self._autocommit) as borrowed:
                pooled = await borrowed.get_raw_connection()
                raw = cast("psycopg.AsyncConnection[Any]", pooled.driver_connection)
                try:
                    yield raw
                finally:
                    if raw.closed:
                        await borrowed.invalidate()

    async def restart(self) -> bool:
        """Start the server where it is ours and gone; returns whether it is ours. Raises DatabaseError."""
        if self._start is not None:
            await self._start()
        return self._start is not None

    @contextlib.asynccontextmanager
    async def _borrowed(self, engine: AsyncEngine | None) -> AsyncIterator[AsyncConnection]:
        """A connection of the pool, which goes back to it whatever happens, a second cancellation too."""
        connection = await self._connect(engine)
        try:
            yield connection
        finally:
            await asyncio.shield(connection.close())

    async def _connect(self, engine: AsyncEngine | None) -> AsyncConnection:
        """To a server that is started for it if need be."""
        try:
            return await _entered(engine).connect()
        except (psycopg.Error, SQLAlchemyError) as exc:
            if not isinstance(explain(exc, self.place), DatabaseUnreachable) or not await self.restart():
                raise
        return await _entered(engine).connect()


def _entered(engine: AsyncEngine | None) -> AsyncEngine:
    if engine is None:
        raise RuntimeError("Database is an asynchronous context manager: enter it first")
    return engine


def _configure(connection: Any, _record: object) -> None:
    with contextlib.closing(connection.cursor()) as cursor:
        cursor.execute(SESSION_SETTINGS)
    connection.commit()
