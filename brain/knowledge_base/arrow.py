"""Reads PostgreSQL into Arrow through ADBC, any column type included; what is asked is up to `frames`."""

import asyncio
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from sqlalchemy.engine import make_url

from brain.database.engine import CONNECT_ARGUMENTS
from brain.database.failures import Place, explain

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Answer", "ArrowReader", "Refusal", "UnfitLogin"]

CASTS = {
    "uuid": "{}::text",
    "_uuid": "{}::text[]",
    "json": "{}::text",
    "jsonb": "{}::text",
    "numeric": "{}::float8",
    "_numeric": "{}::float8[]",
    "money": "{}::numeric::float8",
    "interval": "(extract(epoch FROM {}) * 1000000)::int8",
}
"""How types that ADBC or pandas cannot show are read instead; intervals as microseconds, a month being 30 days."""
TOKEN = re.compile(r"""'[^']*'|"[^"]*"|(\$\w*\$).*?\1|(?P<nothing>--[^\n]*|/\*.*?\*/|[\s;]+)|[\w.,()*]+|.""", re.DOTALL)
"""Of SQL, as far as needed to find where a statement ends: texts, names, comments and blanks, anything else."""
LEAVING_TRIALS = 10
LEAVING_SECONDS = 0.5
"""How long a reader that was told to stop is waited for, before it is told again."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A table as it was read, and what PostgreSQL calls the type of each of its columns."""

    table: "pa.Table"
    types: tuple[str, ...]


class Refusal(Exception):
    """The server refused a statement; `position` counts its characters from 1 and is None where it is not known."""

    def __init__(self, error: psycopg.Error, position: int | None, hint: str | None) -> None:
        super().__init__(str(error))
        self.error = error
        self.position = position
        self.hint = hint


class UnfitLogin(Exception):
    """The settings gave no row: the login is not one that may ask."""


class ArrowReader:
    """Holds at most one connection, and only while it reads."""

    def __init__(self) -> None:
        self._one_at_a_time = asyncio.Lock()

    async def read(self, url: str, query: str, parameters: tuple[Any, ...] = (), *, settings: str) -> Answer:
        """The result of a query (parameters are `$1`, `$2`); `settings` is a statement that must give a row first.

        Cancelling the caller cancels the query on the server. Raises Refusal, UnfitLogin, DatabaseError.
        """
        async with self._one_at_a_time:
            reading = _Reading(url, query, parameters, settings)
            task = asyncio.create_task(asyncio.to_thread(reading.run))
            try:
                return await asyncio.shield(task)
            except asyncio.CancelledError:
                await _leave(reading, task)
                raise


class _Reading:
    """One query on one connection, on a thread."""

    def __init__(self, url: str, query: str, parameters: tuple[Any, ...], settings: str) -> None:
        self._url = url
        self._query = query
        self._parameters = parameters
        self._settings = settings
        self._cursor: Any = None
        self._moved_by = 0

    def run(self) -> Answer:
        from adbc_driver_manager.dbapi import Error
        from adbc_driver_postgresql import dbapi

        place = Place.of(self._url)
        try:
            connection = dbapi.connect(_libpq_url(self._url), autocommit=True)
        except Error as exc:
            raise explain(_as_psycopg(exc), place) from exc
        try:
            with connection, connection.cursor() as self._cursor:
                return self._read()
        except Error as exc:
            raise _refusal(exc, self._moved_by) if exc.sqlstate else explain(_as_psycopg(exc), place) from exc
        finally:
            self._cursor = None

    def cancel(self) -> None:
        if (cursor := self._cursor) is not None:
            cursor.adbc_cancel()

    def _read(self) -> Answer:
        cursor = self._cursor
        cursor.execute(self._settings)
        if not cursor.fetchall():
            raise UnfitLogin
        # COPY is no faster here, and knows neither SHOW nor EXPLAIN nor a comment at the end
        cursor.adbc_statement.set_options(**{"adbc.postgresql.use_copy": "false"})
        fields = list(cursor.adbc_execute_schema(self._query, self._parameters or None))
        types = tuple(_type_of(field) for field in fields)
        query, self._moved_by = _readable(
            self._query, [_cast(field, kind) for field, kind in zip(fields, types, strict=True)]
        )
        cursor.execute(query, self._parameters or None)
        table = cursor.fetch_arrow_table()
        return Answer(table.rename_columns([field.name for field in fields]), types)


async def _leave(reading: _Reading, task: asyncio.Task[Answer]) -> None:
    """Stop a reading; more than once, because the server forgets what it was told between two statements."""
    for _ in range(LEAVING_TRIALS):
        reading.cancel()
        await asyncio.wait([task], timeout=LEAVING_SECONDS)
        if task.done():
            task.exception()  # looked at, or asyncio complains that nobody did
            return


def _libpq_url(url: str) -> str:
    arguments = {name: str(value) for name, value in CONNECT_ARGUMENTS.items()}
    return make_url(url).set(drivername="postgresql").update_query_dict(arguments).render_as_string(hide_password=False)


def _type_of(field: "pa.Field") -> str:
    return _decoded((field.metadata or {}).get(b"POSTGRESQL:type", b""))


def _cast(field: "pa.Field", kind: str) -> str | None:
    if kind in CASTS:
        return CASTS[kind]
    if _is_plain(field.type):
        return None
    return "{}::text[]" if kind.startswith("_") else "{}::text"


def _is_plain(kind: "pa.DataType") -> bool:
    """Whether pandas can show and compare values of an Arrow type as they are."""
    import pyarrow as pa

    if pa.types.is_list(kind):
        return _is_plain(kind.value_type)
    return not (isinstance(kind, pa.BaseExtensionType) or pa.types.is_nested(kind) or pa.types.is_interval(kind))


def _readable(query: str, casts: list[str | None]) -> tuple[str, int]:
    """The query with its columns cast, and by how many characters that has moved its text."""
    if not any(casts):
        return query, 0
    names = [f"c{number}" for number in range(len(casts))]
    columns = ", ".join((cast or "{}").format(name) for name, cast in zip(names, casts, strict=True))
    head = f"SELECT {columns} FROM ("  # noqa: S608 - a person's own query, as a login that may only read
    return f"{head}{_statement(query)}) AS asked ({', '.join(names)})", len(head)


def _statement(query: str) -> str:
    """The query without the semicolon and the comments that it may end with."""
    ends = [token.end() for token in TOKEN.finditer(query) if not token["nothing"]]
    return query[: ends[-1]] if ends else query


def _refusal(exc: Any, moved_by: int) -> Refusal:
    details = _details(exc)
    position = int(details.get("PG_DIAG_STATEMENT_POSITION", 0)) - moved_by
    return Refusal(_as_psycopg(exc), position if position > 0 else None, details.get("PG_DIAG_MESSAGE_HINT"))


def _as_psycopg(exc: Any) -> psycopg.Error:
    """An error of ADBC's as the one that psycopg would have raised, so that one place explains both."""
    said = _details(exc).get("PG_DIAG_MESSAGE_PRIMARY") or str(exc).rpartition("Failed to connect: ")[2]
    try:
        return psycopg.errors.lookup(exc.sqlstate or "")(said)
    except KeyError:
        return psycopg.OperationalError(said)


def _details(exc: Any) -> dict[str, str]:
    return {_decoded(name): _decoded(value) for name, value in exc.details}


def _decoded(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode(errors="replace")
