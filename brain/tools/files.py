"""Files that a pipeline leaves behind, below `outputs/` of the project."""

import errno
import io
import json
import math
import os
import secrets
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from brain.artifacts import File
from brain.errors import ToolError
from brain.tool_registry.context import ToolContext
from brain.tools.project_files import path_to_write

__all__ = ["write"]

NO_HARD_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EXDEV})
TABLE_SUFFIXES = (".csv", ".parquet", ".json", ".jsonl")


def write(path: str, content: Any, *, overwrite: bool = False, context: ToolContext) -> dict[str, Any]:
    """Write text, JSON, a table or a file, whole or not at all; the same content twice is written once."""
    target = path_to_write(context.project, path)
    data = _as_bytes(content, target)
    try:
        if not (target.is_file() and target.read_bytes() == data):
            _write_whole(target, data, overwrite=overwrite)
    except FileExistsError:
        raise ToolError(
            f"{path} exists already with other content; choose another path or set overwrite: true."
        ) from None
    except OSError as exc:
        raise ToolError(f"{path} cannot be written: {exc.strerror or exc}.") from exc
    return {"path": target.relative_to(context.project.resolve()).as_posix(), "size": len(data)}


def _write_whole(target: Path, data: bytes, *, overwrite: bool) -> None:
    temporary = target.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with temporary.open("xb") as part:
            part.write(data)
            part.flush()
            os.fsync(part.fileno())
        _move(temporary, target, overwrite=overwrite)
    finally:
        temporary.unlink(missing_ok=True)


def _move(temporary: Path, target: Path, *, overwrite: bool) -> None:
    """A hard link is refused where the name is taken, which a rename is not."""
    if overwrite:
        temporary.replace(target)
        return
    try:
        os.link(temporary, target)
    except OSError as exc:
        if exc.errno not in NO_HARD_LINKS:
            raise
        if target.exists():
            raise FileExistsError(target) from None
        temporary.replace(target)


def _as_bytes(content: Any, target: Path) -> bytes:
    match content:
        case str():
            return content.encode("utf-8", "replace")
        case File():
            return content.content
        case pa.Table():
            return _table_bytes(content, target)
        case _:
            return json.dumps(content, ensure_ascii=False, indent=2).encode() + b"\n"


def _table_bytes(table: pa.Table, target: Path) -> bytes:
    buffer = io.BytesIO()
    try:
        match target.suffix.lower():
            case ".csv":
                pa_csv.write_csv(table, buffer)
            case ".parquet":
                pq.write_table(table, buffer, compression="zstd")
            case ".json":
                return json.dumps(_rows(table), default=str, ensure_ascii=False, indent=2).encode() + b"\n"
            case ".jsonl":
                lines = (json.dumps(row, default=str, ensure_ascii=False) for row in _rows(table))
                return "".join(f"{line}\n" for line in lines).encode()
            case _:
                raise ToolError(
                    f"A table is written to a path that ends in {', '.join(TABLE_SUFFIXES)}, not {target.name}."
                )
    except pa.ArrowException as exc:
        raise ToolError(f"The table cannot be written to {target.name}: {exc}. Try a path that ends in .json.") from exc
    return buffer.getvalue()


def _rows(table: pa.Table) -> list[dict[str, Any]]:
    """Rows for JSON, which knows neither NaN nor infinity."""
    return [
        {name: None if isinstance(value, float) and not math.isfinite(value) else value for name, value in row.items()}
        for row in table.to_pylist()
    ]
