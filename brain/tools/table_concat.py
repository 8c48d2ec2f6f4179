"""Tables stacked on one another."""

import pyarrow as pa

from brain.errors import ToolError
from brain.tool_registry.context import ToolContext
from brain.tools.column_types import common_type, widened
from brain.tools.columns import column_of, kind_name
from brain.tools.notes import tell
from brain.tools.sql import MAX_RESULT_BYTES

__all__ = ["concat"]

MOST_NOTES = 10


def concat(tables: list[pa.Table], *, context: ToolContext) -> pa.Table:
    """The rows of all tables, one table after the other, with every column that any of them has.

    What a table has no column for is missing; numbers become wider numbers where that is needed.
    """
    if sum(table.nbytes for table in tables) > MAX_RESULT_BYTES:
        raise ToolError(f"The tables together are larger than {MAX_RESULT_BYTES / 1e6:,.0f} MB in memory.")
    names = list(dict.fromkeys(name for table in tables for name in table.column_names))
    columns = [_stacked(tables, name) for name in names]
    lacking = [note for name in names if (note := _lacking(tables, name))]
    more = [f"So are {len(lacking) - MOST_NOTES} more columns."] if len(lacking) > MOST_NOTES else []
    return tell(pa.table(columns, names=names), lacking[:MOST_NOTES] + more, context)


def _stacked(tables: list[pa.Table], name: str) -> pa.ChunkedArray:
    kinds = {number: column_of(table, name).type for number, table in _having(tables, name)}
    kind = common_type(list(kinds.values()))
    if kind is None:
        held = ", ".join(f"{kind_name(each)} in table {number}" for number, each in _different(kinds).items())
        raise ToolError(
            f"The column {name} holds {held}, which do not go together: bring them to one type, as with "
            "table.clean, or give one of them another name with table.select."
        )
    parts = [
        widened(column_of(table, name), kind, f"The column {name} of table {number}").chunks
        if name in table.column_names
        else [pa.nulls(table.num_rows, kind)]
        for number, table in enumerate(tables, start=1)
    ]
    return pa.chunked_array([chunk for part in parts for chunk in part], kind)


def _having(tables: list[pa.Table], name: str) -> list[tuple[int, pa.Table]]:
    """The tables with the column, by number from 1."""
    return [(number, table) for number, table in enumerate(tables, start=1) if name in table.column_names]


def _different(kinds: dict[int, pa.DataType]) -> dict[int, pa.DataType]:
    """Of each type the first table that has it."""
    first: dict[pa.DataType, int] = {}
    for number, kind in kinds.items():
        first.setdefault(kind, number)
    return {number: kind for kind, number in first.items()}


def _lacking(tables: list[pa.Table], name: str) -> str | None:
    having = {number for number, _ in _having(tables, name)}
    lacking = [str(number) for number in range(1, len(tables) + 1) if number not in having]
    if not lacking:
        return None
    where = f"table {lacking[0]}" if len(lacking) == 1 else f"{len(lacking)} of {len(tables)} tables"
    return f"The column {name} is missing in {where}."
