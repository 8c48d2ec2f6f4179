"""DuckDB over Arrow tables, in a box: no files, no network, no settings, bounded memory and time."""

import re
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import duckdb
import pyarrow as pa

from brain.errors import ToolError
from brain.tools.columns import named_once

__all__ = ["collect", "run_sql", "said_by_duckdb"]

MEMORY_LIMIT = "1 GB"
"""For what DuckDB itself holds while it works; nothing is spilled to disk."""
MAX_RESULT_BYTES = 1_000_000_000
"""As an Arrow table in memory."""
TIME_LIMIT = 60.0
"""Seconds for one query."""
BATCH_ROWS = 100_000
CLOCK = "SET TimeZone = 'UTC'"
"""Not the machine's, so that the hour of a moment is the same everywhere."""

BOX = {
    "enable_external_access": "false",
    "autoload_known_extensions": "false",
    "autoinstall_known_extensions": "false",
    "allow_community_extensions": "false",
    "python_enable_replacements": "false",  # else SQL sees the variables of this program as tables
    "memory_limit": MEMORY_LIMIT,
    "temp_directory": "",
    "threads": "1",  # sums of floats come out the same each time; steps already run side by side
}


def run_sql(sql: str, tables: Mapping[str, pa.Table], seconds: float = TIME_LIMIT) -> pa.Table:
    """The result of one SELECT over the named tables; raises ToolError in one sentence otherwise."""
    _check_is_select(sql)
    with (
        duckdb.connect(":memory:", config=dict(BOX)) as connection,
        _translated(tables),
        _time_limit(connection, seconds),
    ):
        for name, table in tables.items():
            connection.register(name, table)
        connection.execute(CLOCK)
        connection.execute("SET lock_configuration = true")
        return _storable(collect(connection.sql(sql), "The result of the query"))


def collect(relation: duckdb.DuckDBPyRelation, what: str, limit: int = MAX_RESULT_BYTES) -> pa.Table:
    """The relation as a table, read in batches so that an endless one ends at the limit."""
    reader = relation.to_arrow_reader(BATCH_ROWS)
    batches, size = [], 0
    for batch in reader:
        batches.append(batch)
        size += batch.nbytes
        if size > limit:
            raise ToolError(f"{what} is larger than {limit / 1e6:,.0f} MB in memory; take fewer rows or columns.")
    return pa.Table.from_batches(batches, schema=reader.schema)


def said_by_duckdb(exc: duckdb.Error) -> str:
    """What DuckDB complains about, in one line without its class and its drawing of the place."""
    text = str(exc).split("\n\nLINE", 1)[0]
    text = re.sub(r"^[\w ]+ Error: ", "", text)
    text = re.sub(r"Did you mean [^?]*\?", "", text)
    return re.sub(r"\s+", " ", text).strip().rstrip(".!?")


def _check_is_select(sql: str) -> None:
    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error as exc:
        raise ToolError(f"The SQL is not valid: {said_by_duckdb(exc)}.") from None
    if [statement.type for statement in statements] != [duckdb.StatementType.SELECT]:
        raise ToolError("The SQL must be one SELECT; tables cannot be changed, and files are read with table.read.")


@contextmanager
def _translated(names: Iterable[str]) -> Iterator[None]:
    try:
        yield
    except duckdb.OutOfMemoryException as exc:
        raise ToolError(f"The query needs more than {MEMORY_LIMIT} of memory; take fewer rows or columns.") from exc
    except duckdb.PermissionException as exc:
        raise ToolError("The SQL may only use the tables that it was given; read files with table.read.") from exc
    except duckdb.CatalogException as exc:
        raise ToolError(f"The SQL cannot be run: {said_by_duckdb(exc)}. Its tables are: {', '.join(names)}.") from exc
    except (duckdb.Error, pa.ArrowException, OverflowError) as exc:
        said = said_by_duckdb(exc) if isinstance(exc, duckdb.Error) else str(exc)
        raise ToolError(f"The SQL cannot be run: {said}.") from exc


@contextmanager
def _time_limit(connection: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[None]:
    timer = threading.Timer(seconds, connection.interrupt)
    timer.daemon = True
    started = time.monotonic()
    timer.start()
    try:
        yield
    except duckdb.InterruptException as exc:
        if time.monotonic() - started < seconds:
            raise
        raise ToolError(f"The query took longer than {seconds:g} seconds; take fewer rows or a simpler query.") from exc
    finally:
        timer.cancel()
        timer.join()


def _storable(table: pa.Table) -> pa.Table:
    """With whole-number sums as integers; refuses what a stored table cannot hold."""
    named_once(table.column_names, "give them names of their own with AS")
    for position, field in enumerate(table.schema):
        if pa.types.is_interval(field.type) or pa.types.is_union(field.type):
            raise ToolError(f"The column {field.name} is of a type that tables cannot keep; CAST it to VARCHAR.")
        if field.type == pa.decimal128(38, 0):
            table = table.set_column(position, field.name, _as_integers(table.column(position)))
    return table


def _as_integers(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """DuckDB adds whole numbers up in 128 bits, which nothing downstream expects."""
    try:
        return values.cast(pa.int64())
    except pa.ArrowInvalid:
        return values.cast(pa.float64())
