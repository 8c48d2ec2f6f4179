"""What makes two calls the same: for approval, for resuming, and for results that may stand for each other."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from brain.runs import Json
from brain.tool_registry.definitions import ToolDefinition

__all__ = ["approval_hash", "files_read", "fingerprint", "hash_files", "reads_files"]

PATTERN = re.compile(r"[*?\[]")
"""What makes a path stand for several files, where none has that name."""
MOST_FILES = 10_000
"""In a folder or behind a pattern; the content of more is not looked at."""
EITHER = ("anyOf", "oneOf", "allOf")

CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
"""One text for one value."""


def fingerprint(
    tool: ToolDefinition,
    arguments: Mapping[str, Json],
    contents: Mapping[str, str | None] | None = None,
    *,
    version: str | None = None,
) -> str | None:
    """SHA-256 in hex over tool, version, resolved arguments, and the content of every file that they name.

    `contents` is what `hash_files` gave; where some of it could not be read, the call is like no other: None. Tables
    and files of earlier steps and of inputs are covered through their references, which are hashes of their content.
    `version` takes the place of the tool's own.
    """
    if contents and None in contents.values():
        return None
    return _digest([tool.name, tool.version if version is None else version, arguments, contents or {}])


def approval_hash(tool: ToolDefinition, arguments: Mapping[str, Json]) -> str:
    """What a person's approval binds to: this tool in this version with these arguments, and nothing else."""
    return _digest(["approval", tool.name, tool.version, arguments])


def reads_files(tool: ToolDefinition) -> bool:
    """Whether calls of the tool read files of the project: it is a notebook, or reads and some argument is a path."""
    return _notebook_of(tool) is not None or (tool.is_read_only and _mentions_paths(tool.input_schema))


def files_read(tool: ToolDefinition, arguments: Mapping[str, Json]) -> dict[str, str]:
    """By place in the arguments the paths of the project's files that a call reads, those by default among them.

    Of a notebook it is the notebook.
    """
    if (notebook := _notebook_of(tool)) is not None:
        return {"notebook": notebook}
    return dict(_paths(tool.input_schema, arguments, "", tool.input_schema)) if tool.is_read_only else {}


def _notebook_of(tool: ToolDefinition) -> str | None:
    return None if tool.run is None else tool.run.notebook


def _mentions_paths(schema: Json) -> bool:
    match schema:
        case Mapping():
            return schema.get("format") == "path" or any(map(_mentions_paths, schema.values()))
        case list():
            return any(map(_mentions_paths, schema))
        case _:
            return False


def _paths(schema: Json, value: Json, where: str, root: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    """Where paths stand in a value, by its schema."""
    if not isinstance(schema, Mapping) or not isinstance(value, str | list | Mapping):
        return
    for other in _other_schemas(schema, root):
        yield from _paths(other, value, where, root)
    match value:
        case str() if schema.get("format") == "path":
            yield where, value
        case list() if "items" in schema:
            for index, item in enumerate(value):
                yield from _paths(schema["items"], item, f"{where}[{index}]", root)
        case Mapping():
            yield from _paths_of_fields(schema, value, where, root)


def _paths_of_fields(
    schema: Mapping[str, Json], value: Mapping[str, Json], where: str, root: Mapping[str, Json]
) -> Iterator[tuple[str, str]]:
    fields, rest = schema.get("properties", {}), schema.get("additionalProperties")
    for name in dict.fromkeys((*fields, *value)):
        field = fields.get(name, rest)
        default = field.get("default") if isinstance(field, Mapping) else None
        yield from _paths(field, value.get(name, default), f"{where}.{name}" if where else name, root)


def _other_schemas(schema: Mapping[str, Json], root: Mapping[str, Json]) -> Iterator[Json]:
    """The schemas that a value has to fit as well, or may fit instead."""
    for name in EITHER:
        yield from schema.get(name, ())
    pointer = schema.get("$ref")
    if isinstance(pointer, str) and pointer.startswith("#/"):
        found: Json = root
        for part in pointer[2:].split("/"):
            found = found.get(part) if isinstance(found, Mapping) else None
        yield found


def hash_files(project: Path, paths: Mapping[str, str]) -> dict[str, str | None]:
    """SHA-256 in hex of what each path holds, None where it cannot be read; takes about 3 s a gigabyte.

    Of a folder, or of the files that a pattern fits, it covers names and contents of all that are not hidden.
    """
    return {where: _content_hash(project, path) for where, path in paths.items()}


def _content_hash(project: Path, path: str) -> str | None:
    place = project / path
    try:
        if place.is_file():
            return _file_hash(place)
        if place.is_dir():
            return _hash_of_several(place, _files_below(place))
        files = _files_that_fit(project, path) if PATTERN.search(path) else []
        return _hash_of_several(project, files) if files else None
    except (OSError, ValueError, NotImplementedError):  # of the last: a pattern that is an absolute path
        return None


def _file_hash(path: Path) -> str:
    if not path.is_file():
        raise OSError(f"{path} is no ordinary file")  # a pipe would be waited for
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _hash_of_several(root: Path, files: Iterable[Path]) -> str:
    return _digest([[path.relative_to(root).as_posix(), _file_hash(path)] for path in sorted(files)])


def _files_below(folder: Path) -> list[Path]:
    """The files that are not hidden; raises OSError where a folder cannot be read."""
    found: list[Path] = []
    for place, folders, names in folder.walk(on_error=_raise):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [place / name for name in names if not name.startswith(".")]
        _refuse_too_many(found)
    return found


def _files_that_fit(project: Path, pattern: str) -> list[Path]:
    found: list[Path] = []
    for path in project.glob(pattern):
        if not any(part.startswith(".") for part in path.relative_to(project).parts):
            found += _files_below(path) if path.is_dir() else [path]
        _refuse_too_many(found)
    return found


def _refuse_too_many(found: list[Path]) -> None:
    if len(found) > MOST_FILES:
        raise ValueError(f"more than {MOST_FILES:,} files")


def _raise(error: OSError) -> None:
    raise error


def _digest(value: Json) -> str:
    return hashlib.sha256(CANONICAL.encode(value).encode("utf-8", "surrogatepass")).hexdigest()
