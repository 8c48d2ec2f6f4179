"""Moves the schema from revision to revision, one process at a time, and says whether it has to move."""

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from sqlalchemy import Connection, create_engine, event, inspect, text
from sqlalchemy.pool import NullPool

from brain.database.engine import CONNECT_ARGUMENTS, Database
from brain.database.failures import Place, translated
from brain.database.tables import HIDDEN_TABLES, READER_ROLE, SCHEMA
from brain.errors import SchemaMismatch, UsageError

if TYPE_CHECKING:
    from alembic.config import Config

__all__ = [
    "HEAD",
    "check_schema",
    "current_revision",
    "downgrade",
    "ensure_schema",
    "grant_reader",
    "locked_connection",
    "upgrade",
]

HEAD = "0009"
"""The newest revision in migrations/versions, written here so that an ordinary start need not load Alembic.

Revisions are numbered, so that a greater one is a newer one.
"""
CURRENT = f"SELECT version_num FROM {SCHEMA}.alembic_version"  # noqa: S608 - a constant of ours
LOCK = 0x627261696E
"""Key of the advisory lock that a migration holds: `brain` in ASCII."""
LOCK_SECONDS = 60
SETTINGS = (
    "SELECT set_config('search_path', 'public, extensions', false),"
    f" set_config('lock_timeout', '{LOCK_SECONDS}s', false)"
)
"""Without our schema in the path Alembic sees its tables under their full names, as the models spell them."""


async def current_revision(database: Database) -> str | None:
    """The revision that the database is at; None where it holds nothing of ours."""
    async with database.connection() as connection:
        try:
            cursor = await connection.execute(CURRENT)
        except psycopg.errors.UndefinedTable:
            return None
        row = await cursor.fetchone()
    return None if row is None else str(row[0])


async def check_schema(database: Database) -> None:
    """Return where the database is at HEAD; raises SchemaMismatch that says how to get there. One small query."""
    current = await current_revision(database)
    if current != HEAD:
        raise _mismatch(current, database.place)


async def ensure_schema(database: Database) -> None:
    """Bring the database to HEAD where it is older; for the embedded server, which nobody else looks after."""
    if await current_revision(database) != HEAD:
        await asyncio.to_thread(upgrade, database.url)


def upgrade(url: str, revision: str = "head") -> None:
    """Move the database up and let the reader role read what is new; safe from several processes at once.

    Raises SchemaMismatch where a newer version of the Brain has moved it on, DatabaseError where it cannot be used.
    """
    from alembic import command

    with _migration(url) as (config, connection):
        command.upgrade(config, revision)
        with connection.begin():
            grant_reader(connection)


def downgrade(url: str, revision: str) -> None:
    """Move the database down to a revision (`base`: nothing is left of ours); raises as `upgrade` does."""
    from alembic import command

    with _migration(url) as (config, _):
        command.downgrade(config, revision)


@contextlib.contextmanager
def locked_connection(url: str) -> Iterator[Connection]:
    """A connection that holds the migration lock and finds schema `brain` made; raises DatabaseError."""
    with translated(Place.of(url)), _connect(url) as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": LOCK})
        if not inspect(connection).has_schema(SCHEMA):
            connection.execute(text(f"CREATE SCHEMA {SCHEMA}"))
        connection.commit()
        yield connection


def grant_reader(connection: Connection) -> None:
    """Let the reader role, if there is one, read every table but the hidden ones, now and in future."""
    if not connection.scalar(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": READER_ROLE}):
        return
    for statement in (
        f"GRANT USAGE ON SCHEMA {SCHEMA} TO {READER_ROLE}",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA {SCHEMA} TO {READER_ROLE}",
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA {SCHEMA} GRANT SELECT ON TABLES TO {READER_ROLE}",
    ):
        connection.execute(text(statement))
    for table in HIDDEN_TABLES.intersection(inspect(connection).get_table_names(SCHEMA)):
        connection.execute(text(f"REVOKE ALL ON {SCHEMA}.{table} FROM {READER_ROLE}"))


@contextlib.contextmanager
def _connect(url: str) -> Iterator[Connection]:
    engine = create_engine(url, poolclass=NullPool, hide_parameters=True, connect_args=CONNECT_ARGUMENTS)
    # first of all listeners: SQLAlchemy asks for its default schema once, right after connecting
    event.listen(engine, "connect", _configure, insert=True)
    with engine.connect() as connection:
        yield connection


def _configure(connection: psycopg.Connection, _record: object) -> None:
    connection.execute(SETTINGS)
    connection.commit()


@contextlib.contextmanager
def _migration(url: str) -> Iterator[tuple["Config", Connection]]:
    from alembic.config import Config
    from alembic.util import CommandError

    with locked_connection(url) as connection:
        _refuse_newer(connection, Place.of(url))
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(_scripts()).replace("%", "%%"))
        try:
            yield config, connection
        except CommandError as exc:
            raise UsageError(f"The schema cannot be moved: {exc}") from exc


def _refuse_newer(connection: Connection, place: Place) -> None:
    if inspect(connection).has_table("alembic_version", SCHEMA):
        current = connection.scalar(text(CURRENT))
        if current is not None and current > HEAD:
            raise _mismatch(current, place)
    connection.rollback()


def _scripts() -> Path:
    installed = Path(__file__).with_name("migrations")
    return installed if installed.is_dir() else Path(__file__).parents[2] / "migrations"


def _mismatch(current: str | None, place: Place) -> SchemaMismatch:
    if current is None:
        return SchemaMismatch(f"The Brain has no tables yet in {place}: run `brain db upgrade`.")
    if current > HEAD:
        return SchemaMismatch(
            f"A newer version of the Brain has moved {place} to revision {current}, this one knows {HEAD}: update it."
        )
    return SchemaMismatch(
        f"Revision {current} in {place} is older than the {HEAD} needed here: run `brain db upgrade`."
    )
