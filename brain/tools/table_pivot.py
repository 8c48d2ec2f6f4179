"""Long tables to wide ones and back."""

from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from brain.errors import ToolError
from brain.tools.column_types import common_type, widened
from brain.tools.columns import ColumnChoice, column_of, kind_name, named_once
from brain.tools.sql import MAX_RESULT_BYTES
from brain.tools.table_groups import Figure, Grouped, calculate

__all__ = ["pivot", "unpivot"]

MOST_NEW_COLUMNS = 500
MISSING = "missing"
COUNTS = frozenset({"count", "count_distinct"})
"""Functions that are 0, not missing, where there is nothing to count."""
LARGE = f"{MAX_RESULT_BYTES / 1e6:,.0f} MB"


def pivot(
    table: pa.Table, rows: Any, columns: Any, values: str | None = None, function: str = "mean", *, prefix: str = ""
) -> pa.Table:
    """One row for each value of `rows`, one new column for each value of `columns`, and in the cells the figure."""
    by, across = ColumnChoice.several(rows), ColumnChoice.of(columns)
    if not by:
        raise ToolError("A pivot needs rows: the column, or columns, that say what each row stands for.")
    found = calculate(table, [*by, across], [Figure(function, values)], ranked=[range(len(by)), [len(by)]])
    row_numbers, first_of_row = _numbered(found.ranks[0])
    column_numbers, first_of_column = _numbered(found.ranks[1])
    heads = [f"{prefix}{_head(value)}" for value in found.groups[-1].take(first_of_column).to_pylist()]
    names = [*(choice.label for choice in by), *heads]
    _check_size(across, len(first_of_row), heads)
    named_once(names, "set prefix, which is put in front of the names of new columns, or leave missing values out")
    cells = [
        _cells(found, np.flatnonzero(column_numbers == number), row_numbers, len(first_of_row))
        for number in range(len(heads))
    ]
    filled = [pc.fill_null(column, 0) for column in cells] if function in COUNTS else cells
    return pa.table([*(values.take(first_of_row) for values in found.groups[:-1]), *filled], names=names)


def unpivot(
    table: pa.Table,
    columns: str | list[str] | None = None,
    keep: str | list[str] | None = None,
    names_to: str = "name",
    values_to: str = "value",
) -> pa.Table:
    """One row for each cell of `columns`: what is kept, the column's name and the value; column after column."""
    kept = _names(table, keep, others=[] if columns is None else _names(table, columns, []))
    stacked = _names(table, columns, others=kept)
    if not stacked:
        raise ToolError("No column is left to be stacked: name fewer in keep, or some in columns.")
    kinds = [column_of(table, name).type for name in stacked]
    kind = common_type(kinds)
    if kind is None:
        held = "; ".join(f"{name} holds {kind_name(each)}" for name, each in zip(stacked, kinds, strict=True))
        raise ToolError(f"The columns do not go into one: {held}. Name in columns those that do.")
    named_once([*kept, names_to, values_to], "choose others in names_to and values_to")
    if table.select(kept).nbytes * len(stacked) > MAX_RESULT_BYTES:
        raise ToolError(f"The result would be larger than {LARGE} in memory; keep fewer columns.")
    values = [widened(column_of(table, name), kind, f"The column {name}") for name in stacked]
    columns_kept = [
        pa.chunked_array(table.column(name).chunks * len(stacked), table.schema.field(name).type) for name in kept
    ]
    names = pa.chunked_array([pa.repeat(name, table.num_rows) for name in stacked], pa.string())
    whole = pa.chunked_array([chunk for each in values for chunk in each.chunks], kind)
    return pa.table([*columns_kept, names, whole], names=[*kept, names_to, values_to])


def _numbered(ranks: pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    """For each row the number of its value, and for each number the first row that has it."""
    numbers = ranks.to_numpy()
    return numbers, np.unique(numbers, return_index=True)[1]


def _cells(found: Grouped, here: np.ndarray, row_numbers: np.ndarray, rows: int) -> pa.ChunkedArray:
    """A new column: the figures at `here`, each in its row."""
    places = np.full(rows, -1)
    places[row_numbers[here]] = here
    return found.figures[0].take(pa.array(places, mask=places < 0))


def _check_size(across: ColumnChoice, rows: int, heads: list[str]) -> None:
    if len(heads) > MOST_NEW_COLUMNS:
        raise ToolError(
            f"{across.label} has {len(heads):,} different values, more than the {MOST_NEW_COLUMNS} columns that a "
            "pivot makes; filter the table first, take a part of a date, or use table.group."
        )
    if rows * len(heads) * 8 > MAX_RESULT_BYTES:
        raise ToolError(f"{rows:,} rows and {len(heads):,} columns are larger than {LARGE} in memory; use table.group.")


def _head(value: Any) -> str:
    match value:
        case None | "":
            return MISSING if value is None else "empty"
        case bool():
            return str(value).lower()
        case float() if value.is_integer():
            return str(int(value))
        case datetime():
            return value.isoformat(" ").removesuffix(" 00:00:00")
        case _:
            return str(value)


def _names(table: pa.Table, given: str | list[str] | None, others: list[str]) -> list[str]:
    """The columns that are named, or all but the others."""
    if given is None:
        return [name for name in table.column_names if name not in others]
    names = list(dict.fromkeys([given] if isinstance(given, str) else given))
    for name in names:
        column_of(table, name)
    return names
