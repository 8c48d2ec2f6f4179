"""Rows out of a PostgreSQL that the project's owner names: one SELECT, as a login that is no superuser."""

import re
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from brain.database.arrow import CASTS, ArrowReader, Asked, Limits, NoSelect, Refusal, TooMuch, UnfitLogin
from brain.database.failures import Place, explain
from brain.egress import Egress
from brain.errors import DatabaseError, DatabaseUnreachable, ToolError
from brain.tool_registry.context import ToolContext
from brain.tools.columns import named_once
from brain.tools.sql import MAX_RESULT_BYTES

__all__ = ["query"]

SECRET = "POSTGRES_QUERY_URL"  # noqa: S105 - the name of one
QUERY_SECONDS = 60
DEFAULT_PORT = 5432
SCHEME = re.compile(r"^postgres(ql)?(\+\w+)?://")
ELSEWHERE = ("hostaddr", "service", "servicefile")
"""What of libpq's parameters would lead to another host than the one that was checked."""
TABLE_CASTS = {**CASTS, "interval": "extract(epoch FROM {})::float8", "vector": "{}::real[]"}
"""Intervals in seconds, so that they can be calculated with; pgvector's vectors as lists of numbers."""
SETTINGS = f"""
SELECT set_config('transaction_read_only', 'on', true), set_config('TimeZone', 'UTC', true),
    set_config('statement_timeout', '{QUERY_SECONDS * 1000}', true)
WHERE current_setting('is_superuser') = 'off'
"""
"""For the transaction alone, so that a pooler between us and the server hands nothing on."""
FIRST_DAY, LAST_DAY = ((day - date(1970, 1, 1)).days for day in (date.min, date.max))
DAY = 86_400_000_000
"""In microseconds."""
READ_ONLY = "25006"
TIMED_OUT = "57014"
"""SQLSTATE (PostgreSQL manual, appendix A): read-only transaction, query cancelled."""
MORE_THAN_ONE = "cannot insert multiple commands"


async def query(
    sql: str, parameters: list[Any] | None = None, max_rows: int = 1_000_000, *, context: ToolContext
) -> pa.Table:
    """The rows of one SELECT; `parameters` are `$1`, `$2` in it. More rows than `max_rows` are an error, not cut."""
    url = _url(context.secret(SECRET))
    limits = Limits(rows=max_rows, bytes=MAX_RESULT_BYTES, seconds=QUERY_SECONDS)
    asked = Asked(sql, SETTINGS, tuple(parameters or ()), TABLE_CASTS, limits)
    away: ToolError | None = None
    async for place in _checked(url, context.egress):
        try:
            return await _read(place, asked)
        except ToolError as exc:
            if not exc.transient:
                raise
            away = exc
    raise away or ToolError(f"{SECRET} leads nowhere.")


def _url(secret: str) -> URL:
    try:
        url = make_url(SCHEME.sub("postgresql://", secret.strip()))
    except (ArgumentError, ValueError):
        url = make_url("unreadable://")
    if url.drivername != "postgresql":
        raise ToolError(f"{SECRET} must be postgresql://user:password@host:5432/database; its value is not shown.")
    if strange := [name for name in ELSEWHERE if name in url.query]:
        raise ToolError(f"{SECRET} may not say {strange[0]}: name the host as in postgresql://user:password@host/name.")
    return url


async def _checked(url: URL, egress: Egress) -> AsyncIterator[URL]:
    """The URL for each address of its host that tools may reach; libpq then connects there and asks no name server.

    A socket on this machine counts as localhost.
    """
    host, port = url.query.get("host") or url.host or "", url.query.get("port") or url.port or DEFAULT_PORT
    if not isinstance(host, str) or isinstance(port, tuple) or "," in f"{host}{port}":
        raise ToolError(f"{SECRET} names several hosts; take one of them.")
    if not str(port).isdecimal():
        raise ToolError(f"The port in {SECRET} must be a number.")
    if not host:
        raise ToolError(f"{SECRET} names no host: add it, or the folder of a socket as in ?host=/var/run/postgresql.")
    if host.startswith("/"):
        await egress.addresses("localhost", DEFAULT_PORT)
        yield url
        return
    for address in await egress.addresses(host, int(port)):
        yield url.update_query_dict({"hostaddr": str(address)})


async def _read(url: URL, asked: Asked) -> pa.Table:
    place = url.render_as_string(hide_password=False)
    try:
        table = (await ArrowReader().read(place, asked)).table
    except UnfitLogin:
        raise ToolError(
            f"{SECRET} logs in as a superuser, who can do anything: make a role that may only read what it needs."
        ) from None
    except NoSelect:
        raise ToolError("The SQL must be one SELECT that gives columns: postgres.query only reads.") from None
    except TooMuch as exc:
        raise ToolError(_too_much(str(exc), asked)) from None
    except Refusal as exc:
        raise _refused(exc, asked, Place.of(place)) from exc
    except DatabaseError as exc:
        raise ToolError(str(exc), transient=isinstance(exc, DatabaseUnreachable)) from exc
    named_once(table.column_names, "give them names of their own with AS")
    for name in table.column_names:
        _check_dates(name, table.column(name))
    return pa.table(table.columns, schema=pa.schema([pa.field(field.name, field.type) for field in table.schema]))


def _check_dates(name: str, values: pa.ChunkedArray) -> None:
    """PostgreSQL knows `infinity` and years before 1, which come over as numbers that are no date."""
    if pa.types.is_list(values.type):
        values = pc.list_flatten(values)
    if pa.types.is_date(values.type):
        span, first, last = pc.min_max(values.cast(pa.int32())).as_py(), FIRST_DAY, LAST_DAY
    elif pa.types.is_timestamp(values.type):
        span, first, last = pc.min_max(values.cast(pa.int64())).as_py(), FIRST_DAY * DAY, (LAST_DAY + 1) * DAY - 1
    else:
        return
    if span["min"] is not None and not first <= span["min"] <= span["max"] <= last:
        raise ToolError(
            f"The column {name} holds infinity or a year that is not 1 to 9999, which a table cannot keep: "
            f"leave such rows out, or read them as text with {name}::text."
        )


def _too_much(limit: str, asked: Asked) -> str:
    match limit:
        case "rows" if asked.limits:
            return f"The query gives more than {asked.limits.rows:,} rows: add conditions or LIMIT, or raise max_rows."
        case "bytes":
            return f"The query gives more than {MAX_RESULT_BYTES / 1e6:,.0f} MB: take fewer rows or columns."
        case _:
            return f"The query took longer than {QUERY_SECONDS} seconds: ask for less at once."


def _refused(refusal: Refusal, asked: Asked, place: Place) -> ToolError:
    state = refusal.error.sqlstate or ""
    if isinstance(away := explain(refusal.error, place), DatabaseUnreachable):
        return ToolError(str(away), transient=True)
    if state == TIMED_OUT:
        return ToolError(_too_much("seconds", asked))
    if state == READ_ONLY:
        return ToolError(f"postgres.query only reads: {refusal}.")
    if MORE_THAN_ONE in str(refusal):
        return ToolError("The SQL must be one SELECT: it holds more than one statement.")
    return ToolError(f"The SQL was refused by {place}: {refusal.explained(asked.query)}")
