"""What makes two calls the same: for approval, for resuming, and for results that may stand for each other."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from brain.runs import Json
from brain.tool_registry.definitions import ToolDefinition

__all__ = ["approval_hash", "files_read", "fingerprint", "hash_files"]

_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str).encode


def fingerprint(
    tool: ToolDefinition, arguments: Mapping[str, Json], contents: Mapping[str, str | None] | None = None
) -> str:
    """SHA-256 in hex over tool, version, resolved arguments, and the content of every file that they name.

    `contents` is what `hash_files` gave. Tables and files of earlier steps are covered through their references, which
    are hashes of their content.
    """
    return _digest([tool.name, tool.version, arguments, contents or {}])


def approval_hash(tool: ToolDefinition, arguments: Mapping[str, Json]) -> str:
    """What a person's approval binds to: this tool in this version with these arguments, and nothing else."""
    return _digest(["approval", tool.name, tool.version, arguments])


def files_read(tool: ToolDefinition, arguments: Mapping[str, Json]) -> dict[str, str]:
    """By argument the paths of the project's files that a call reads."""
    if not tool.is_read_only:
        return {}
    paths = (name for name, schema in tool.parameters.items() if schema.get("format") == "path")
    return {name: str(arguments[name]) for name in paths if name in arguments}


def hash_files(project: Path, paths: Mapping[str, str]) -> dict[str, str | None]:
    """SHA-256 in hex of each file, None where it cannot be read; takes about 3 s a gigabyte."""
    return {name: _file_hash(project / path) for name, path in paths.items()}


def _file_hash(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError):
        return None


def _digest(value: Json) -> str:
    return hashlib.sha256(_canonical(value).encode("utf-8", "surrogatepass")).hexdigest()
