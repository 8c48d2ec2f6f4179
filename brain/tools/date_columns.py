"""Dates in columns that were read as text: dates they become where all are written as in ISO 8601."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from brain.artifacts import with_notes

__all__ = ["with_dates"]

KINDS = (pa.date32(), pa.timestamp("us"), pa.timestamp("us", "UTC"))
LIKE_A_DATE = r"^\s*\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}\b"


def with_dates(table: pa.Table) -> pa.Table:
    """The table with dates and moments for text that is all of that kind; notes name what else holds dates."""
    columns = [_dated(column) for column in table.columns]
    notes = list(_notes(table.column_names, columns))
    return with_notes(pa.Table.from_arrays(columns, names=table.column_names), notes)


def _dated(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if not pa.types.is_string(column.type) or column.null_count == len(column):
        return column
    for kind in KINDS:
        try:
            return column.cast(kind)
        except pa.ArrowInvalid:
            continue
    return column


def _notes(names: list[str], columns: list[pa.ChunkedArray]) -> Iterator[str]:
    for name, column in zip(names, columns, strict=True):
        if pa.types.is_string(column.type) and pc.any(pc.match_substring_regex(column, LIKE_A_DATE)).as_py():
            yield f"{name} was read as text: not all of its values are dates as in 2024-12-31."
