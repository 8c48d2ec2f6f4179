"""Tables in, tables out: rows that match, rows in order, figures by group, and anything else in SQL."""

from collections.abc import Mapping
from functools import reduce
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from brain.errors import ToolError
from brain.nearest import did_you_mean
from brain.tools.columns import ColumnChoice, column_of, is_number, kind_name, numeric_list
from brain.tools.conditions import matching
from brain.tools.sql import run_sql

__all__ = ["aggregate", "filter_rows", "query", "sort_rows"]

FUNCTIONS = {
    "count": "count(v)",
    "sum": "sum(v)",
    "mean": "avg(v)",
    "median": "median(v)",
    "min": "min(v)",
    "max": "max(v)",
    "std": "stddev_samp(v)",
    "count_distinct": "count(DISTINCT v)",
}
"""By name; `std` is the one of a sample (divided by n - 1)."""
NEED_NUMBERS = frozenset({"sum", "mean", "median", "std"})


def filter_rows(table: pa.Table, where: list[dict[str, Any]]) -> pa.Table:
    """The rows for which every condition holds, in their order."""
    try:
        masks = [matching(table, condition) for condition in where]
    except pa.ArrowException as exc:
        raise ToolError(f"The rows cannot be compared: {exc}.") from exc
    return table.filter(reduce(pc.and_kleene, masks)) if masks else table


def sort_rows(table: pa.Table, by: str | list[str], *, descending: bool = False, limit: int | None = None) -> pa.Table:
    """The rows in order, missing values last, at most `limit` of them; equal rows keep their order."""
    names = [by] if isinstance(by, str) else by
    keys = pa.table({f"k{number}": column_of(table, name) for number, name in enumerate(names)})
    order = "descending" if descending else "ascending"
    try:
        indices = pc.sort_indices(keys, sort_keys=[(key, order) for key in keys.column_names])
    except pa.ArrowException as exc:
        raise ToolError(f"The table cannot be sorted by {', '.join(names)}: {exc}.") from exc
    return table.take(indices if limit is None else indices.slice(0, limit))


def aggregate(table: pa.Table, column: str | None = None, function: str = "mean", by: Any = None) -> pa.Table:
    """One figure of a column (or the count of rows) for each group of rows, ordered by group, or for all rows."""
    values = _values_for(table, column, function) if column else _rows_for(table, function)
    choices = [ColumnChoice.of(each) for each in (by if isinstance(by, list) else [by] if by else [])]
    groups = {f"g{number}": choice.values(table) for number, choice in enumerate(choices)}
    grouped = f" GROUP BY ALL ORDER BY {', '.join(f'{name} NULLS LAST' for name in groups)}" if groups else ""
    selected = ", ".join((*groups, f"{FUNCTIONS[function]} AS v"))
    sql = f"SELECT {selected} FROM data{grouped}"  # noqa: S608 - made of names that are given here
    result = run_sql(sql, {"data": pa.table({**groups, "v": values})})
    return result.rename_columns([*_group_names(choices), f"{function}_{column or 'rows'}"])


def query(tables: Mapping[str, pa.Table], sql: str) -> pa.Table:
    """The result of one SELECT in DuckDB's SQL over the tables, by their names."""
    return run_sql(sql, tables)


def _rows_for(table: pa.Table, function: str) -> pa.Array:
    if function != "count":
        raise ToolError(f"The {function} needs a column: {numeric_list(table)}; only rows can be counted without one.")
    return pa.repeat(1, table.num_rows)


def _values_for(table: pa.Table, column: str, function: str) -> pa.ChunkedArray:
    if function not in FUNCTIONS:
        raise ToolError(
            f"{function!r} is no function of table.aggregate.{did_you_mean(function, FUNCTIONS)} "
            f"It knows {', '.join(FUNCTIONS)}."
        )
    values = column_of(table, column)
    if function not in NEED_NUMBERS or is_number(values.type):
        return values
    if pa.types.is_boolean(values.type):
        return values.cast(pa.int8())
    held = kind_name(values.type)
    raise ToolError(f"The column {column} holds {held}, which have no {function}: {numeric_list(table)}.")


def _group_names(choices: list[ColumnChoice]) -> list[str]:
    """A part's name alone where that is clear, else with its column."""
    labels = [choice.label for choice in choices]
    return [
        f"{choice.column}_{choice.part}" if choice.part and labels.count(choice.label) > 1 else choice.label
        for choice in choices
    ]
