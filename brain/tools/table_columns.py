"""Columns of a table chosen, renamed, put in order, or calculated from the others."""

from collections.abc import Mapping

import duckdb
import numpy as np
import pyarrow as pa

from brain.errors import ToolError
from brain.tools.columns import column_of, named_once
from brain.tools.sql import run_sql, said_by_duckdb

__all__ = ["compute", "select"]

FOR_ALL_ROWS = "GROUP BY"
"""Is in what DuckDB says where an expression gives one value for the whole table."""


def select(
    table: pa.Table,
    columns: list[str] | None = None,
    drop: list[str] | None = None,
    rename: Mapping[str, str] | None = None,
) -> pa.Table:
    """The named columns in that order, or all but the dropped ones; then with new names, by the old ones."""
    if columns is not None and drop is not None:
        raise ToolError("Name either the columns to take, in columns, or those to leave out, in drop.")
    chosen = list(dict.fromkeys(columns or [name for name in table.column_names if name not in (drop or ())]))
    for name in [*chosen, *(drop or ()), *(rename or ())]:
        column_of(table, name)
    if not chosen:
        raise ToolError("No column would be left; drop fewer.")
    names = [(rename or {}).get(name, name) for name in chosen]
    if idle := [name for name in rename or () if name not in chosen]:
        raise ToolError(f"The column {idle[0]} cannot be renamed, because it is not among the chosen ones.")
    named_once(names, "choose another name in rename")
    return table.select(chosen).rename_columns(names)


def compute(table: pa.Table, columns: list[dict[str, str]]) -> pa.Table:
    """The table with new columns: one SQL expression each, over the table's columns and the new ones before it.

    A column that is there already is replaced, in its place. They are a list, because JSON objects lose their order in
    the database.
    """
    for column in columns:
        _check_is_one(column["name"], column["expression"])
    for column in columns:
        name, values = column["name"], _computed(table, column["name"], column["expression"])
        if name in table.column_names:
            table = table.set_column(table.column_names.index(name), name, values)
        else:
            table = table.append_column(name, values)
    return table


def _check_is_one(name: str, expression: str) -> None:
    """DuckDB itself tells whether a text is one expression and nothing behind it, so that it can stand in brackets."""
    try:
        duckdb.SQLExpression(expression)
    except duckdb.Error as exc:
        raise ToolError(f"What {name} is calculated with is not one SQL expression: {said_by_duckdb(exc)}.") from None


def _computed(table: pa.Table, name: str, expression: str) -> pa.ChunkedArray:
    _check_names(table)
    number = next(each for each in (f"row_{tried}" for tried in range(table.num_columns + 1)) if not _has(table, each))
    sql = f"SELECT (\n{expression}\n) AS value, {number} AS number FROM data ORDER BY number"  # noqa: S608 - in its box
    try:
        result = run_sql(sql, {"data": table.append_column(number, [np.arange(table.num_rows)])})
    except ToolError as exc:
        if FOR_ALL_ROWS in str(exc):
            raise ToolError(
                f"{name} would be one value for all rows, not one a row: take table.aggregate, or write it with OVER, "
                "as in sum(price) OVER ()."
            ) from exc
        raise ToolError(f"{name} cannot be calculated: {str(exc).removeprefix('The SQL cannot be run: ')}") from exc
    if result.column_names != ["value", "number"] or result.num_rows != table.num_rows:
        raise ToolError(f"{name} would be several values a row; an expression gives one.")
    return result.column("value")


def _has(table: pa.Table, name: str) -> bool:
    return name.lower() in {own.lower() for own in table.column_names}


def _check_names(table: pa.Table) -> None:
    """SQL does not tell capitals apart in names."""
    seen: dict[str, str] = {}
    for name in table.column_names:
        if (other := seen.setdefault(name.lower(), name)) != name:
            raise ToolError(
                f"The columns {other} and {name} differ in capitals only, which SQL does not see; rename one with "
                "table.select first."
            )
