"""Paths that tools are given: reading stays inside the project folder, writing inside its `outputs/`."""

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path, PurePosixPath

from brain.errors import ToolError
from brain.nearest import did_you_mean

__all__ = ["OUTPUTS", "path_to_read", "path_to_write"]

OUTPUTS = "outputs"
FILES_LOOKED_AT = 2000
"""For the names to suggest where a file is missing."""


def path_to_read(project: Path, path: str, suffixes: tuple[str, ...] = ()) -> Path:
    """The real path of an ordinary file inside the project; raises ToolError where it is none, or hidden.

    `suffixes` are those of the files that are suggested where it is missing.
    """
    root = project.resolve()
    try:
        real = (root / path).resolve()
    except (OSError, RuntimeError, ValueError):
        raise ToolError(f"{path!r} is not the path of a file.") from None
    if not real.is_relative_to(root):
        raise ToolError(f"{path} is outside the project folder; tools read only inside it. Copy the file there.")
    written = () if Path(path).is_absolute() else _written_parts(path)
    if any(part.startswith(".") for part in (*written, *real.relative_to(root).parts)):
        raise ToolError(f"{path} is hidden (a name in it starts with a dot); tools do not read hidden files.")
    if not os.path.exists(real):  # noqa: PTH110 - pathlib raises where a name is too long to be there
        raise ToolError(_missing(root, path, suffixes))
    if not real.is_file():
        raise ToolError(f"{path or 'The project'} is {'a folder' if real.is_dir() else 'a device'}, not a file.")
    return real


def path_to_write(project: Path, path: str) -> Path:
    """The path below `outputs/` that `path` names, with or without `outputs/` in front; its folders are made.

    Raises ToolError where it leads anywhere else.
    """
    parts = PurePosixPath(path).parts
    if parts[:1] == (OUTPUTS,):
        parts = parts[1:]
    if not parts or path.startswith(("/", "~")) or path.endswith("/") or "\\" in path or not path.isprintable():
        raise ToolError(
            f"{path!r} is not the path of a file in {OUTPUTS}/; write it as report.csv or week-1/report.csv."
        )
    if any(part.startswith(".") for part in parts):
        raise ToolError(f"{path} was refused: names in it may not start with a dot, and it may not lead upward.")
    folder = project.resolve()
    for part in (OUTPUTS, *parts[:-1]):
        folder /= part
        _make_folder(folder, path)
    target = folder / parts[-1]
    if os.path.islink(target) or os.path.isdir(target):  # noqa: PTH112, PTH114 - as above
        raise ToolError(f"{path} was refused: it is a {'link' if target.is_symlink() else 'folder'} already.")
    return target


def _make_folder(folder: Path, path: str) -> None:
    if os.path.islink(folder):  # noqa: PTH114 - as above
        raise ToolError(f"{path} was refused: {folder.name} is a link, and files are not written through links.")
    try:
        folder.mkdir(exist_ok=True)
    except OSError as exc:
        raise ToolError(f"{path} cannot be written: the folder {folder.name} cannot be made ({exc.strerror}).") from exc


def _written_parts(path: str) -> list[str]:
    return [part for part in path.replace("\\", "/").split("/") if part not in ("", ".", "..")]


def _missing(root: Path, path: str, suffixes: tuple[str, ...]) -> str:
    there = list(islice(_visible_files(root, suffixes), FILES_LOOKED_AT))
    return f"There is no file {path} in the project folder.{did_you_mean(path, there)}"


def _visible_files(root: Path, suffixes: tuple[str, ...]) -> Iterator[str]:
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "_")) and name != "node_modules")
        for name in sorted(files):
            if not name.startswith(".") and name.lower().endswith(suffixes or ""):
                yield (Path(folder) / name).relative_to(root).as_posix()
