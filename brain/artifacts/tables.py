"""Arrow tables as artifacts: what is said about one in JSON, and how it is written to Parquet and read."""

import io
import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brain.data_frames import with_days
from brain.errors import ArtifactError
from brain.runs import Json

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "as_arrow",
    "cells_of",
    "describe_table",
    "notes_of",
    "read_parquet",
    "schema_read_back",
    "with_notes",
    "with_rows",
    "write_parquet",
]

HEAD_ROWS = 5
"""Rows of a table that travel with its reference, so that a person or a planner sees what it holds."""
LONGEST_CELL = 1000
"""Characters of one cell that travel with a table's reference."""
NUL_PICTURE = "\u2400"
NOTES = b"brain.notes"
"""The key in an Arrow schema's metadata under which a table carries what a tool has to say about it."""


def describe_table(table: "pa.Table", rows: int = HEAD_ROWS) -> dict[str, Json]:
    """What people and planners are told about a table: names, types, number of rows, and the first few.

    All of it is JSON that PostgreSQL takes: no NaN, and U+2400 for NUL; long cells are cut.
    """
    described: dict[str, Json] = {
        "columns": [_shown(name) for name in table.column_names],
        "types": {_shown(field.name): str(field.type) for field in table.schema},
        "row_count": table.num_rows,
        "head": [_cell(row) for row in _rows_of(table.slice(0, rows))],
    }
    return described | ({"notes": [_shown(note) for note in notes]} if (notes := notes_of(table)) else {})


def with_rows(reference: Mapping[str, Json], table: "pa.Table") -> dict[str, Json]:
    """A table's reference with every row in `rows`, shown as the first ones are in `head`."""
    return {**reference, "rows": [_cell(row) for row in _rows_of(table)]}


def with_notes(table: "pa.Table", notes: Iterable[str]) -> "pa.Table":
    """The table with what people should know about how it was made, such as a limit; earlier notes are replaced.

    They travel with the table's reference and end there: a tool that is given the table does not see them.
    """
    said = list(notes)
    kept = {name: value for name, value in (table.schema.metadata or {}).items() if name != NOTES}
    if len(kept) == len(table.schema.metadata or {}) and not said:
        return table
    return table.replace_schema_metadata(kept | ({NOTES: json.dumps(said).encode()} if said else {}))


def notes_of(table: "pa.Table") -> list[str]:
    """What the tool that made a table said about it."""
    notes: list[str] = json.loads((table.schema.metadata or {}).get(NOTES, b"[]"))
    return notes


def _rows_of(table: "pa.Table") -> list[dict[str, Any]]:
    columns = (cells_of(column) for column in table.columns)
    return [dict(zip(table.column_names, row, strict=True)) for row in zip(*columns, strict=True)]


def cells_of(column: "pa.ChunkedArray") -> list[Any]:
    """The values in Python, as text where it has none for them, such as a date beyond the year 9999."""
    import pyarrow as pa

    values: list[Any]
    try:
        values = column.to_pylist()
    except (OverflowError, ValueError):
        values = column.cast(pa.string()).to_pylist()
    return values


def _cell(value: Any) -> Json:
    match value:
        case None | bool() | int():
            return value
        case float():
            return value if math.isfinite(value) else None
        case str():
            return _shown(value)
        case Mapping():
            return {_shown(str(key)): _cell(item) for key, item in value.items()}
        case list() | tuple():
            return [_cell(item) for item in value]
        case _:
            return _shown(value.isoformat() if hasattr(value, "isoformat") else str(value))


def _shown(text: str) -> str:
    text = text.replace("\0", NUL_PICTURE)
    return text if len(text) <= LONGEST_CELL else f"{text[: LONGEST_CELL - 1]}…"


def as_arrow(value: Any) -> "pa.Table":
    """The table in whatever has the Arrow C stream interface; raises ArtifactError where that cannot be kept."""
    import pyarrow as pa

    if not isinstance(value, pa.Table) and not hasattr(value, "__arrow_c_stream__"):
        raise ArtifactError(
            f"A value of type {type(value).__name__} cannot be stored: "
            "return JSON values, tables or brain.artifacts.File."
        )
    _refuse_twins([str(name) for name in getattr(value, "column_names", getattr(value, "columns", ()))])
    try:
        return _without_views(value if isinstance(value, pa.Table) else with_days(pa.table(_with_words(value)), value))
    except (pa.ArrowException, TypeError, ValueError) as exc:
        raise ArtifactError(f"The {type(value).__name__} cannot be stored as a table: {_first_line(exc)}.") from exc


def _with_words(value: Any) -> Any:
    """A DataFrame with its periods as text (`2020-01`): as they are, Arrow would keep their numbers."""
    kinds: Any = getattr(value, "dtypes", None)
    named = kinds.items() if hasattr(kinds, "items") else ()
    periods = [name for name, kind in named if str(kind).startswith("period[")]
    return value.astype(dict.fromkeys(periods, str)) if periods else value


def _without_views(table: "pa.Table") -> "pa.Table":
    """Text as plain text: Arrow can neither take rows of the view types, which polars uses, nor sort by them."""
    import pyarrow as pa

    plain = {pa.string_view(): pa.large_string(), pa.binary_view(): pa.large_binary()}
    for position, field in enumerate(table.schema):
        if field.type in plain:
            values = table.column(position).cast(plain[field.type])
            table = table.set_column(position, field.with_type(values.type), values)
    return table


def _refuse_twins(names: Sequence[str]) -> None:
    twins = [name for name, times in Counter(names).items() if times > 1]
    if twins:
        raise ArtifactError(
            f"A table cannot be stored with several columns of one name ({', '.join(twins)}): rename all but one."
        )


def write_parquet(table: "pa.Table", file: io.RawIOBase) -> None:
    """Write a table in groups of a million rows, one by one; raises ArtifactError where Parquet cannot hold it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        pq.write_table(table, file, compression="zstd")
    except pa.ArrowException as exc:
        raise ArtifactError(f"The table cannot be stored: {_first_line(exc)}.") from exc


def read_parquet(path: Path) -> "pa.Table":
    """The table in a file, which is mapped into memory while it is read; raises pyarrow.ArrowException."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path, memory_map=True) as file:
        return file.read()


def schema_read_back(schema: "pa.Schema") -> "pa.Schema":
    """The types that Parquet gives a table of this schema, such as milliseconds for seconds."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = io.BytesIO()
    pq.write_table(schema.empty_table(), file)
    return pq.read_schema(pa.BufferReader(file.getbuffer()))


def _first_line(exc: Exception) -> str:
    """What Arrow says; about a column it says two things."""
    said = " ".join(str(part) for part in exc.args) or type(exc).__name__
    return said.splitlines()[0].rstrip(".")
