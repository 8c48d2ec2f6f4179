"""Reads PostgreSQL into Arrow through ADBC, any column type included; what is asked, as whom, is up to the caller."""

import asyncio
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg
from sqlalchemy.engine import make_url

from brain.database.engine import CONNECT_ARGUMENTS
from brain.database.failures import Place, explain

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["CASTS", "Answer", "ArrowReader", "Asked", "Limits", "NoSelect", "Refusal", "TooMuch", "UnfitLogin"]

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
"""How types that ADBC or pandas cannot show are read, where the caller does not say; intervals in microseconds.

A month is 30 days then.
"""
TOKEN = re.compile(r"""'[^']*'|"[^"]*"|(\$\w*\$).*?\1|(?P<nothing>--[^\n]*|/\*.*?\*/|[\s;]+)|[\w.,()*]+|.""", re.DOTALL)
"""Of SQL, as far as needed to find where a statement ends: texts, names, comments and blanks, anything else."""
DECLARE = "DECLARE asked NO SCROLL CURSOR FOR "
NOT_FOR_CURSORS = frozenset({"42601", "42P11", "0A000"})
"""SQLSTATE where a statement that could be prepared has no cursor: syntax, cursor definition, feature not supported."""
FIRST_PIECE = 16
"""Rows; a piece doubles as long as it stays small, because nobody knows how wide the rows are."""
PIECE_BYTES = 4_000_000
LEAVING_TRIALS = 10
LEAVING_SECONDS = 0.5
"""How long a reader that was told to stop is waited for, before it is told again."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A table as it was read, and what PostgreSQL calls the type of each of its columns."""

    table: "pa.Table"
    types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a query may bring."""

    rows: int
    bytes: int
    """As an Arrow table in memory."""
    seconds: float
    """For all pieces together; one statement is up to the settings."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A query, and how it is to be asked."""

    query: str
    settings: str
    """A statement that must give a row before the query is asked."""
    parameters: tuple[Any, ...] = ()
    """For `$1`, `$2`."""
    casts: Mapping[str, str] = field(default_factory=lambda: CASTS)
    limits: Limits | None = None
    """With limits the query must be one SELECT; it is read in pieces, in a transaction that ends with it."""


class Refusal(Exception):
    """The server refused a statement; `position` counts its characters from 1 and is None where it is not known."""

    def __init__(self, error: psycopg.Error, position: int | None, hint: str | None) -> None:
        super().__init__(str(error))
        self.error = error
        self.position = position
        self.hint = hint

    def explained(self, query: str) -> str:
        """What the server said about a query, where in it, and its hint."""
        return f"{self}{_where(query, self.position)}.{f' {self.hint}' if self.hint else ''}"


class UnfitLogin(Exception):
    """The settings gave no row: the login is not one that may ask."""


class NoSelect(Exception):
    """The query is something else than one SELECT that gives columns."""


class TooMuch(Exception):
    """The query passed a limit; the message says which: `rows`, `bytes` or `seconds`."""


class ArrowReader:
    """Holds at most one connection, and only while it reads."""

    def __init__(self) -> None:
        self._one_at_a_time = asyncio.Lock()

    async def read(self, url: str, asked: Asked) -> Answer:
        """The result of a query; cancelling the caller cancels it on the server.

        Raises Refusal, UnfitLogin, DatabaseError; with limits also NoSelect and TooMuch.
        """
        async with self._one_at_a_time:
            reading = _Reading(url, asked)
            task = asyncio.create_task(asyncio.to_thread(reading.run))
            try:
                return await asyncio.shield(task)
            except asyncio.CancelledError:
                await _leave(reading, task)
                raise


class _Reading:
    """One query on one connection, on a thread."""

    def __init__(self, url: str, asked: Asked) -> None:
        self._url = url
        self._asked = asked
        self._parameters = asked.parameters or None
        self._cursor: Any = None
        self._moved_by = 0

    def run(self) -> Answer:
        from adbc_driver_manager.dbapi import Error
        from adbc_driver_postgresql import dbapi

        place = Place.of(self._url)
        try:
            connection = dbapi.connect(_libpq_url(self._url), autocommit=self._asked.limits is None)
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
        cursor, asked = self._cursor, self._asked
        if asked.limits is not None and not asked.query.strip():
            raise NoSelect
        cursor.execute(asked.settings)
        if not cursor.fetchall():
            raise UnfitLogin
        # COPY is no faster here, and knows neither SHOW nor EXPLAIN nor a comment at the end
        cursor.adbc_statement.set_options(**{"adbc.postgresql.use_copy": "false"})
        fields = list(cursor.adbc_execute_schema(asked.query, self._parameters))
        if asked.limits is not None and not fields:
            raise NoSelect
        types = tuple(_type_of(field) for field in fields)
        casts = [_cast(field, kind, asked.casts) for field, kind in zip(fields, types, strict=True)]
        query, self._moved_by = _readable(asked.query, casts)
        table = self._whole(query) if asked.limits is None else self._in_pieces(query, asked.limits)
        return Answer(table.rename_columns([field.name for field in fields]), types)

    def _whole(self, query: str) -> "pa.Table":
        self._cursor.execute(query, self._parameters)
        return self._cursor.fetch_arrow_table()

    def _in_pieces(self, query: str, limits: Limits) -> "pa.Table":
        import pyarrow as pa

        self._declare(query)
        until = time.monotonic() + limits.seconds
        pieces, rows, size = [], 0, 0
        for piece in self._pieces():
            pieces.append(piece)
            rows, size = rows + piece.num_rows, size + piece.nbytes
            over = {"rows": rows > limits.rows, "bytes": size > limits.bytes, "seconds": time.monotonic() > until}
            if passed := next((name for name, is_over in over.items() if is_over), None):
                raise TooMuch(passed)
        return pa.concat_tables(pieces)

    def _declare(self, query: str) -> None:
        from adbc_driver_manager.dbapi import Error

        self._moved_by += len(DECLARE)
        try:
            self._cursor.execute(f"{DECLARE}{query}", self._parameters)
        except Error as exc:
            if exc.sqlstate in NOT_FOR_CURSORS:
                raise NoSelect from exc
            raise

    def _pieces(self) -> "Iterator[pa.Table]":
        """The rows, a few at first; there is always a piece, because it says what the columns are."""
        count = FIRST_PIECE
        while True:
            self._cursor.execute(f"FETCH FORWARD {count} FROM asked")
            piece = self._cursor.fetch_arrow_table()
            yield piece
            if piece.num_rows < count:
                return
            if piece.nbytes < PIECE_BYTES:
                count *= 2


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
    parts = make_url(url).set(drivername="postgresql")
    if str(parts.query.get("host", "")).startswith("/"):
        arguments["hostaddr"] = ""  # else libpq would leave the socket for PGHOSTADDR of the environment
    return parts.update_query_dict(arguments).render_as_string(hide_password=False)


def _type_of(field: "pa.Field") -> str:
    return _decoded((field.metadata or {}).get(b"POSTGRESQL:type", b""))


def _cast(field: "pa.Field", kind: str, casts: Mapping[str, str]) -> str | None:
    if kind in casts:
        return casts[kind]
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


def _where(query: str, position: int | None) -> str:
    if position is None:
        return ""
    before = query[: position - 1]
    line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
    return f" (line {line}, column {column})"


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
