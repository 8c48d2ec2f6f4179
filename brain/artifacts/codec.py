"""Tables, files, and what is too large for a row, as small JSON references; and back."""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Protocol

from cachetools import LRUCache

from brain.artifacts.references import artifacts_in, is_file, is_set_aside, is_table
from brain.artifacts.store import SUFFIX, ArtifactStore, short
from brain.artifacts.tables import (
    as_arrow,
    describe_table,
    read_parquet,
    schema_read_back,
    with_notes,
    write_parquet,
)
from brain.errors import ArtifactError
from brain.runs import Json

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ArtifactCodec", "ContentCleaner", "File"]

KEPT_BYTES = 256 * 2**20
"""Of tables that stay in memory after use: the next step usually wants the one just made."""
LONGEST_NUMBER = 14_000
"""Bits of a whole number; JSON text of 4,300 digits is the longest that Python reads."""
HEAD_CHARACTERS = 200
"""Of JSON text that is set aside, so many travel with the reference."""


@dataclass(frozen=True, slots=True)
class File:
    """Bytes with a media type (RFC 6838) and a name, as a tool returns them."""

    content: bytes = field(repr=False)
    media_type: str
    name: str

    def _repr_png_(self) -> bytes | None:
        """Notebooks show pictures; a page or a script would do in them what it likes, and is named."""
        return self.content if self.media_type == "image/png" else None

    def _repr_jpeg_(self) -> bytes | None:
        return self.content if self.media_type == "image/jpeg" else None


class ContentCleaner(Protocol):
    """Takes secrets out of what is about to be kept; raises ToolError where it cannot."""

    def file(self, content: bytes, name: str) -> bytes:
        """The content of a file as it may be kept."""

    def table(self, table: "pa.Table") -> "pa.Table":
        """The table as it may be kept."""


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
        """What `pack` was given, with tables as `pyarrow.Table` and files as `File`; raises ArtifactError."""
        if is_table(value):
            return with_notes(self.table(value["artifact"]), ())
        if is_file(value):
            return File(self.content(value["artifact"]), value["media_type"], value["name"])
        if isinstance(value, Mapping):
            return {key: self.unpack(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.unpack(item) for item in value]
        return value

    def set_aside(self, text: str) -> Json:
        """The reference that stands in a row for JSON text that is too large for it; the text is kept as it is."""
        content = text.encode()
        key = self._store.put("json", lambda file: file.write(content))
        return {"format": "json", "artifact": key, "size": len(content), "head": text[:HEAD_CHARACTERS]}

    def restore(self, value: Json) -> Json:
        """The JSON value that a row holds, or refers to; of a list that was put together from rows, each item.

        Raises ArtifactError where what was set aside is missing or damaged.
        """
        if isinstance(value, list):
            return [self._restored(item) for item in value] if any(map(is_set_aside, value)) else value
        return self._restored(value)

    def table(self, key: str) -> "pa.Table":
        """The table that is kept under a key; raises ArtifactError."""
        kept = self._remembered(key)
        return self._remember(key, self._read_table(key)) if kept is None else kept

    def content(self, key: str) -> bytes:
        """The bytes that are kept under a key; raises ArtifactError."""
        with self._store.fetch(key) as path:
            return path.read_bytes()

    def is_there(self, value: Json) -> bool:
        """Whether all artifacts that a JSON value refers to exist, whole as far as their sizes tell; none is read.

        The value may be as a row holds it or as `restore` gives it. Raises ArtifactError where that cannot be told.
        """
        return all(self._store.has(key, size) for key, size in artifacts_in(value).items())

    def verify(self, value: Json) -> None:
        """Raise ArtifactError where an artifact that a JSON value refers to is missing or damaged; none is loaded."""
        for key, size in artifacts_in(value).items():
            if self._remembered(key) is None or not self._store.has(key, size):
                with self._store.fetch(key):
                    pass

    def address(self, key: str) -> str:
        """Where a person finds what is kept under a key."""
        return self._store.address(key)

    def _remembered(self, key: str) -> "pa.Table | None":
        with self._using:
            return self._tables.get(key)

    def _remember(self, key: str, table: "pa.Table") -> "pa.Table":
        if _bytes_held(table) <= KEPT_BYTES:
            with self._using:
                self._tables[key] = table
        return table

    def _pack_file(self, file: File) -> Json:
        suffix = PurePosixPath(file.name).suffix.lstrip(".").lower()
        content = file.content if self._cleaner is None else self._cleaner.file(file.content, file.name)
        key = self._store.put(suffix if SUFFIX.fullmatch(suffix) else "bin", lambda kept: kept.write(content))
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
        key = self._store.put("parquet", lambda file: write_parquet(table, file))
        # a step sees the same types whoever made its input, and when
        is_same = schema_read_back(table.schema).equals(table.schema)
        kept = self._remember(key, table if is_same else self._read_table(key))
        return {"format": "table", "artifact": key, **describe_table(kept)}

    def _read_table(self, key: str) -> "pa.Table":
        import pyarrow as pa

        with self._store.fetch(key) as path:
            try:
                return read_parquet(path)
            except pa.ArrowException as exc:
                raise ArtifactError(f"The artifact {short(key)} is no table.") from exc

    def _restored(self, value: Json) -> Json:
        if not is_set_aside(value):
            return value
        key = value["artifact"]
        with self._store.fetch(key) as path, path.open("rb") as file:
            try:
                return json.load(file)
            except ValueError as exc:
                raise ArtifactError(f"The artifact {short(key)} is no JSON.") from exc


def _bytes_held(table: "pa.Table") -> int:
    """What stays in memory with a table; of a slice all that it was cut from."""
    held: int = table.get_total_buffer_size()
    return held
