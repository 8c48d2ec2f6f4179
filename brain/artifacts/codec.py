"""Tables and files as small JSON references, and back."""

import json
import math
import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Protocol

from cachetools import LRUCache

from brain.artifacts.store import SHORT_KEY, SUFFIX, ArtifactStore, key_of
from brain.errors import ArtifactError
from brain.runs import Json

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "ArtifactCodec",
    "ContentCleaner",
    "File",
    "as_arrow",
    "is_file",
    "is_table",
    "notes_of",
    "with_notes",
    "with_rows",
]

HEAD_ROWS = 5
"""Rows of a table that travel with its reference, so that a person or a planner sees what it holds."""
KEPT_BYTES = 256 * 2**20
"""Of tables that stay in memory after use: the next step usually wants the one just made."""
LONGEST_NUMBER = 14_000
"""Bits of a whole number; JSON text of 4,300 digits is the longest that Python reads."""
LONGEST_CELL = 1000
"""Characters of one cell that travel with a table's reference."""
NUL_PICTURE = "\u2400"
NOTES = b"brain.notes"
"""The key in an Arrow schema's metadata under which a table carries what a tool has to say about it."""


@dataclass(frozen=True, slots=True)
class File:
    """Bytes with a media type (RFC 6838) and a name, as a tool returns them."""

    content: bytes
    media_type: str
    name: str


class ContentCleaner(Protocol):
    """Takes secrets out of what is about to be kept; raises ToolError where it cannot."""

    def file(self, content: bytes, name: str) -> bytes:
        """The content of a file as it may be kept."""

    def table(self, table: "pa.Table") -> "pa.Table":
        """The table as it may be kept."""


def is_table(value: Json) -> bool:
    """Whether a JSON value is the reference to a table."""
    return isinstance(value, Mapping) and value.get("format") == "table" and "artifact" in value


def is_file(value: Json) -> bool:
    """Whether a JSON value is the reference to a file."""
    named = isinstance(value, Mapping) and value.get("format") == "file"
    return named and all(isinstance(value.get(field), str) for field in ("artifact", "media_type", "name"))


class ArtifactCodec:
    """Between what tools handle (Arrow tables, files) and what specs, rows and events hold (JSON)."""

    def __init__(self, store: ArtifactStore, cleaner: ContentCleaner | None = None) -> None:
        self._store = store
        self._cleaner = cleaner
        self._tables: LRUCache[str, pa.Table] = LRUCache(KEPT_BYTES, getsizeof=_bytes_held)
        self._using = threading.Lock()

    def pack(self, value: Any) -> Json:
        """JSON for a tool's result; Arrow tables, DataFrames and files in it, at any depth, become references.

        Raises ArtifactError where something cannot be stored or is no JSON value.
        """
        match value:
            case int() if value.bit_length() > LONGEST_NUMBER:
                raise ArtifactError("A whole number of more than 4,200 digits cannot be stored; give it as text.")
            case None | bool() | int() | float() | str():
                return value
            case Mapping():
                return {str(key): self.pack(item) for key, item in value.items()}
            case list() | tuple():
                return [self.pack(item) for item in value]
            case File():
                return self._pack_file(value)
            case _ if getattr(value, "ndim", None) == 0 and hasattr(value, "item"):
                return self.pack(value.item())  # a NumPy scalar
            case _:
                return self._pack_table(value)

    def unpack(self, value: Json) -> Any:
        """What `pack` was given, with tables as `pyarrow.Table` and files as `File`."""
        if is_table(value):
            return with_notes(self.table(value["artifact"]), ())
        if is_file(value):
            return File(self._store.get(value["artifact"]), value["media_type"], value["name"])
        if isinstance(value, Mapping):
            return {key: self.unpack(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.unpack(item) for item in value]
        return value

    def table(self, key: str) -> "pa.Table":
        """The table that is kept under a key."""
        with self._using:
            if (kept := self._tables.get(key)) is not None:
                return kept
        import pyarrow as pa
        import pyarrow.parquet as pq

        content = self._store.get(key)
        try:
            return self._remember(key, pq.read_table(pa.BufferReader(content)))
        except pa.ArrowException as exc:
            raise ArtifactError(f"The artifact {key[:SHORT_KEY]} is no table.") from exc

    def is_there(self, value: Json) -> bool:
        """Whether everything that a JSON value refers to can be read."""
        if is_table(value) or is_file(value):
            try:
                self._store.get(value["artifact"])
            except ArtifactError:
                return False
            return True
        if isinstance(value, Mapping):
            return all(map(self.is_there, value.values()))
        return all(map(self.is_there, value)) if isinstance(value, list) else True

    def content(self, key: str) -> bytes:
        """The bytes that are kept under a key."""
        return self._store.get(key)

    def address(self, key: str) -> str:
        """Where a person finds what is kept under a key."""
        return self._store.address(key)

    def _remember(self, key: str, table: "pa.Table") -> "pa.Table":
        if _bytes_held(table) <= KEPT_BYTES:
            with self._using:
                self._tables[key] = table
        return table

    def _pack_file(self, file: File) -> Json:
        suffix = PurePosixPath(file.name).suffix.lstrip(".").lower()
        content = file.content if self._cleaner is None else self._cleaner.file(file.content, file.name)
        key = key_of(content, suffix if SUFFIX.fullmatch(suffix) else "bin")
        self._store.put(key, content)
        return {
            "format": "file",
            "artifact": key,
            "media_type": file.media_type,
            "name": file.name,
            "size": len(content),
        }

    def _pack_table(self, value: Any) -> Json:
        table = as_arrow(value)
        if self._cleaner is not None:
            table = self._cleaner.table(table)
        content = _as_parquet(table)
        key = key_of(content, "parquet")
        self._store.put(key, content)
        table = self._remember(key, _as_read_back(table, content))
        return {"format": "table", "artifact": key, **describe_table(table)}


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
    """The Arrow table that a result is kept as; raises ArtifactError where it is nothing of the kind."""
    import pyarrow as pa

    if not isinstance(value, pa.Table) and not hasattr(value, "__arrow_c_stream__"):
        raise ArtifactError(
            f"A value of type {type(value).__name__} cannot be stored: "
            "return JSON values, tables or brain.artifacts.File."
        )
    _refuse_twins([str(name) for name in getattr(value, "column_names", getattr(value, "columns", ()))])
    try:
        return _without_views(value if isinstance(value, pa.Table) else pa.table(value))
    except (pa.ArrowException, TypeError, ValueError) as exc:
        raise ArtifactError(f"The {type(value).__name__} cannot be stored as a table: {_first_line(exc)}.") from exc


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


def _as_parquet(table: "pa.Table") -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    buffer = pa.BufferOutputStream()
    try:
        pq.write_table(table, buffer, compression="zstd")
    except pa.ArrowException as exc:
        raise ArtifactError(f"The table cannot be stored: {_first_line(exc)}.") from exc
    content: bytes = buffer.getvalue().to_pybytes()
    return content


def _bytes_held(table: "pa.Table") -> int:
    """What stays in memory with a table; of a slice all that it was cut from."""
    held: int = table.get_total_buffer_size()
    return held


def _as_read_back(table: "pa.Table", content: bytes) -> "pa.Table":
    """The table with the types that Parquet gives it, so that a step sees the same whoever made its input, and when."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    is_same = pq.read_schema(pa.BufferReader(content)).equals(table.schema)
    return table if is_same else pq.read_table(pa.BufferReader(content))


def _first_line(exc: Exception) -> str:
    """What Arrow says; about a column it says two things."""
    said = " ".join(str(part) for part in exc.args) or type(exc).__name__
    return said.splitlines()[0].rstrip(".")
