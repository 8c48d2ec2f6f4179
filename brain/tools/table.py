"""Tables in, tables out: rows that match, in order, without repeats or by chance; a figure; anything else in SQL."""

from collections.abc import Mapping
from functools import reduce
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from brain.errors import ToolError
from brain.tool_registry.context import ToolContext
from brain.tools.column_types import for_duckdb
from brain.tools.columns import ColumnChoice, column_of
from brain.tools.conditions import matching
from brain.tools.notes import rows_of, tell
from brain.tools.sql import run_sql
from brain.tools.table_groups import Figure, by_group

__all__ = ["aggregate", "deduplicate", "filter_rows", "query", "sample", "sort_rows"]

KEEP = {"first": "min(n)", "last": "max(n)"}


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
    return by_group(table, ColumnChoice.several(by), [Figure(function, column)])


def deduplicate(
    table: pa.Table, by: str | list[str] | None = None, keep: str = "first", *, context: ToolContext
) -> pa.Table:
    """The rows without repeats, in their order; rows are alike where the columns `by` are, left out where all are."""
    if keep not in KEEP:
        raise ToolError(f"keep takes {' or '.join(KEEP)}, not {keep!r}.")
    names = [by] if isinstance(by, str) else by or list(dict.fromkeys(table.column_names))
    keys = {f"k{number}": for_duckdb(column_of(table, name)) for number, name in enumerate(names)}
    sql = f"SELECT {KEEP[keep]} AS n FROM data GROUP BY {', '.join(keys)} ORDER BY n"  # noqa: S608 - names given here
    kept = table.take(run_sql(sql, {"data": pa.table({"n": np.arange(table.num_rows), **keys})}).column("n"))
    repeated = table.num_rows - kept.num_rows
    return tell(
        kept, [f"{rows_of(repeated, table.num_rows)} repeated others and were left out."] if repeated else [], context
    )


def sample(table: pa.Table, n: int | None = None, fraction: float | None = None, seed: int = 0) -> pa.Table:
    """Some rows by chance, in their order, the same ones each time; a fraction of some rows is at least one."""
    if (n is None) == (fraction is None):
        raise ToolError("A sample takes either n, a number of rows, or fraction, a share of them.")
    wanted = n if n is not None else max(1, round((fraction or 0) * table.num_rows))
    count = min(wanted, table.num_rows)
    return table.take(np.sort(np.random.default_rng(seed).choice(table.num_rows, count, replace=False)))


def query(tables: Mapping[str, pa.Table], sql: str) -> pa.Table:
    """The result of one SELECT in DuckDB's SQL over the tables, by their names."""
    return run_sql(sql, tables)
