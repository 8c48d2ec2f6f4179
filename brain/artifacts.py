"""Large values: tables and files are stored once, by content, and travel between steps as small JSON references."""

import hashlib
import json
import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Protocol
from uuid import uuid4

from brain.errors import ArtifactError
from brain.runs import Json

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ArtifactCodec", "ArtifactStore", "File", "FsspecStore", "MemoryStore", "is_file", "is_table"]

HEAD_ROWS = 5
"""Rows of a table that travel with its reference, so that a person or a planner sees what it holds."""
KEPT_TABLES = 16
"""Tables that stay in memory after use: the next step usually wants the one just made."""
SUFFIX = re.compile(r"[a-z0-9]{1,8}")
KEY = re.compile(rf"sha256-[0-9a-f]{{64}}\.{SUFFIX.pattern}")


@dataclass(frozen=True, slots=True)
class File:
    """Bytes with a media type (RFC 6838) and a name, as a tool returns them."""

    content: bytes
    media_type: str
    name: str


class ArtifactStore(Protocol):
    """Where bytes are kept under their own hash; writing the same content twice is harmless."""

    def put(self, key: str, content: bytes) -> None:
        """Keep `content`; raises ArtifactError where there is no room or no permission."""

    def get(self, key: str) -> bytes:
        """The bytes; raises ArtifactError where they are missing."""

    def address(self, key: str) -> str:
        """Where a person finds the bytes: a path or a URL."""


class MemoryStore:
    """Artifacts that live as long as this object."""

    def __init__(self) -> None:
        self._contents: dict[str, bytes] = {}

    def put(self, key: str, content: bytes) -> None:
        """Keep the bytes."""
        self._contents[key] = content

    def get(self, key: str) -> bytes:
        """The bytes that `put` kept."""
        try:
            return self._contents[key]
        except KeyError:
            raise ArtifactError(_missing(key)) from None

    def address(self, key: str) -> str:
        """A URL in fsspec's manner, for people only."""
        return f"memory://{key}"


class FsspecStore:
    """Artifacts in a folder or under any URL that fsspec knows (`s3://`, `gs://`, `memory://`)."""

    def __init__(self, url: str) -> None:
        import fsspec

        self._url = url
        self._files, self._root = fsspec.core.url_to_fs(url, auto_mkdir=True)

    def put(self, key: str, content: bytes) -> None:
        """Write all or nothing: a reader never sees half a file, and a full disk keeps none."""
        path = self._path(key)
        try:
            if not self._files.exists(path):
                self._write(path, content)
        except OSError as exc:
            reason = exc.strerror or str(exc)
            raise ArtifactError(
                f"The artifact {key[:15]} ({len(content):,} bytes) could not be written to {self._url}: {reason}. "
                "Make room there or set BRAIN_ARTIFACTS_URL to another place."
            ) from exc

    def _write(self, path: str, content: bytes) -> None:
        """Object stores write whole objects; a folder gets the file under another name first, on the same disk."""
        if not getattr(self._files, "local_file", False):
            self._files.pipe_file(path, content)
            return
        half = f"{path}.{uuid4().hex}.new"
        try:
            self._files.pipe_file(half, content)
            self._files.mv(half, path)
        finally:
            if self._files.exists(half):
                self._files.rm_file(half)

    def get(self, key: str) -> bytes:
        """Read the bytes and check them against the hash in the key."""
        try:
            content: bytes = self._files.cat_file(self._path(key))
        except FileNotFoundError:
            raise ArtifactError(_missing(key)) from None
        if key_of(content, key.rpartition(".")[2]) != key:
            raise ArtifactError(f"The artifact {key[:15]} in {self._url} is damaged; run its step again.")
        return content

    def address(self, key: str) -> str:
        """The path of a local file, else a URL."""
        address: str = self._files.unstrip_protocol(self._path(key))
        return address.removeprefix("file://")

    def _path(self, key: str) -> str:
        if not KEY.fullmatch(key):
            raise ArtifactError(f"{key!r} is not the name of an artifact.")
        return f"{self._root}/{key[7:9]}/{key}"


def _missing(key: str) -> str:
    return f"The artifact {key[:15]} is missing; run its step again."


def key_of(content: bytes, suffix: str) -> str:
    """The name under which content is kept: its SHA-256 (FIPS 180-4) and a suffix for people who look."""
    return f"sha256-{hashlib.sha256(content).hexdigest()}.{suffix}"


def is_table(value: Json) -> bool:
    """Whether a JSON value is the reference to a table."""
    return isinstance(value, Mapping) and value.get("format") == "table" and "artifact" in value


def is_file(value: Json) -> bool:
    """Whether a JSON value is the reference to a file."""
    return isinstance(value, Mapping) and value.get("format") == "file" and "artifact" in value


class ArtifactCodec:
    """Between what tools handle (Arrow tables, files) and what specs, rows and events hold (JSON)."""

    def __init__(self, store: ArtifactStore) -> None:
        self._store = store
        self._tables: OrderedDict[str, pa.Table] = OrderedDict()

    def pack(self, value: Any) -> Json:
        """JSON for a tool's result; Arrow tables, DataFrames and files in it, at any depth, become references.

        Raises ArtifactError where something cannot be stored or is no JSON value.
        """
        match value:
            case None | bool() | int() | float() | str():
                return value
            case Mapping():
                return {str(key): self.pack(item) for key, item in value.items()}
            case list() | tuple():
                return [self.pack(item) for item in value]
            case File():
                return self._pack_file(value)
            case _:
                return self._pack_table(value)

    def unpack(self, value: Json) -> Any:
        """What `pack` was given, with tables as `pyarrow.Table` and files as `File`."""
        if is_table(value):
            return self.table(value["artifact"])
        if is_file(value):
            return File(self._store.get(value["artifact"]), value["media_type"], value["name"])
        if isinstance(value, Mapping):
            return {key: self.unpack(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.unpack(item) for item in value]
        return value

    def table(self, key: str) -> "pa.Table":
        """The table that is kept under a key."""
        if key in self._tables:
            self._tables.move_to_end(key)
            return self._tables[key]
        import pyarrow as pa
        import pyarrow.parquet as pq

        return self._remember(key, pq.read_table(pa.BufferReader(self._store.get(key))))

    def content(self, key: str) -> bytes:
        """The bytes that are kept under a key."""
        return self._store.get(key)

    def address(self, key: str) -> str:
        """Where a person finds what is kept under a key."""
        return self._store.address(key)

    def _remember(self, key: str, table: "pa.Table") -> "pa.Table":
        self._tables[key] = table
        if len(self._tables) > KEPT_TABLES:
            self._tables.popitem(last=False)
        return table

    def _pack_file(self, file: File) -> Json:
        suffix = PurePosixPath(file.name).suffix.lstrip(".").lower()
        key = key_of(file.content, suffix if SUFFIX.fullmatch(suffix) else "bin")
        self._store.put(key, file.content)
        return {
            "format": "file",
            "artifact": key,
            "media_type": file.media_type,
            "name": file.name,
            "size": len(file.content),
        }

    def _pack_table(self, value: Any) -> Json:
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = _as_arrow(value)
        buffer = pa.BufferOutputStream()
        pq.write_table(table, buffer, compression="zstd")
        content = buffer.getvalue().to_pybytes()
        key = key_of(content, "parquet")
        self._store.put(key, content)
        self._remember(key, table)
        return {"format": "table", "artifact": key, **describe_table(table)}


def describe_table(table: "pa.Table", rows: int = HEAD_ROWS) -> dict[str, Json]:
    """What people and planners are told about a table: names, types, number of rows, and the first few."""
    head = table.slice(0, rows).to_pylist()
    return {
        "columns": table.column_names,
        "types": {field.name: str(field.type) for field in table.schema},
        "row_count": table.num_rows,
        "head": json.loads(json.dumps(head, default=_as_text)),
    }


def _as_text(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _as_arrow(value: Any) -> "pa.Table":
    import pyarrow as pa

    if isinstance(value, pa.Table):
        return value
    if hasattr(value, "__arrow_c_stream__"):
        return pa.table(value)
    raise ArtifactError(
        f"A {type(value).__name__} cannot be stored: return JSON values, tables or brain.artifacts.File."
    )
