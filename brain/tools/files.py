"""Files that a pipeline leaves behind, below `outputs/` of the project."""

import errno
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from brain.artifacts import File
from brain.errors import ToolError
from brain.tool_registry.context import ToolContext
from brain.tools.project_files import path_to_write
from brain.tools.table_writing import table_bytes, without_formulas
from brain.tools.workbook_writing import workbook_bytes

__all__ = ["write"]

NO_HARD_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EXDEV})
CALCULATED = frozenset({".csv", ".tsv"})
"""Files whose text a spreadsheet may calculate."""
ONLY_TABLES = frozenset({".parquet", ".xlsx"})
"""Files that hold nothing but tables."""


def write(
    path: str, content: Any, *, overwrite: bool = False, keep_formulas: bool = False, context: ToolContext
) -> dict[str, Any]:
    """Write text, JSON, a table or a file, whole or not at all; the same content twice is written once.

    In a CSV or TSV file text that a spreadsheet would calculate gets an apostrophe in front, unless `keep_formulas`.
    """
    target = path_to_write(context.project, path)
    marked = 0
    if isinstance(content, pa.Table) and target.suffix.lower() in CALCULATED and not keep_formulas:
        content, marked = without_formulas(content)
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
    written = {"path": target.relative_to(context.project.resolve()).as_posix(), "size": len(data)}
    return written | ({"marked_as_text": marked} if marked else {})


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
    suffix = target.suffix.lower()
    match content:
        case File():
            return content.content
        case pa.Table():
            return table_bytes(content, target.name)
        case Mapping() if (
            suffix == ".xlsx" and content and all(isinstance(each, pa.Table) for each in content.values())
        ):
            return workbook_bytes(content)
        case _ if suffix in ONLY_TABLES:
            raise ToolError(f"{target.name} takes a table, not {type(content).__name__}; choose a path such as .json.")
        case str():
            return content.encode("utf-8", "replace")
        case _:
            return json.dumps(content, ensure_ascii=False, indent=2, default=_as_json).encode() + b"\n"


def _as_json(value: Any) -> Any:
    """What stands in a JSON value and is none: a table by its rows."""
    if isinstance(value, pa.Table):
        return json.loads(table_bytes(value, "table.json"))
    raise ToolError("A file cannot stand inside a JSON value; write it to a path of its own.")
