"""What makes two calls the same: for approval, for resuming, and for results that may stand for each other."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from brain.runs import Json
from brain.tool_registry.definitions import ToolDefinition

__all__ = ["approval_hash", "fingerprint"]


def fingerprint(tool: ToolDefinition, arguments: Mapping[str, Json], project: Path | None = None) -> str:
    """SHA-256 in hex over tool, version, resolved arguments, and the content of every file that they name.

    Tables and files of earlier steps are covered through their references, which are hashes of their content.
    """
    contents = _file_hashes(tool, arguments, project) if project is not None else {}
    return _digest([tool.name, tool.version, arguments, contents])


def approval_hash(tool: ToolDefinition, arguments: Mapping[str, Json]) -> str:
    """What a person's approval binds to: this tool in this version with these arguments, and nothing else."""
    return _digest(["approval", tool.name, tool.version, arguments])


def _digest(value: Json) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _file_hashes(tool: ToolDefinition, arguments: Mapping[str, Json], project: Path) -> dict[str, str | None]:
    return {
        name: _file_hash(project, arguments[name])
        for name, schema in tool.parameters.items()
        if schema.get("format") == "path" and tool.is_read_only and name in arguments
    }


def _file_hash(project: Path, path: Json) -> str | None:
    try:
        with (project / str(path)).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError):
        return None
