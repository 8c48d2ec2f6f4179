"""Writes results where a person wants them: a run's tables as CSV, its files as they are, a plan as text."""

import re
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path, PurePosixPath
from typing import Any

from brain.artifacts import File
from brain.cli.live import note
from brain.errors import UsageError

__all__ = ["save", "write"]

NOT_IN_NAMES = re.compile(r"[^\w.]+")
EDGES = "-._"
"""A name that began so would be hidden, or an option of whatever program it is given to."""
LONGEST_STEM = 60
"""Characters; a file system takes 255 bytes, and a character has up to four."""
NAMELESS = "output"


def save(outputs: Mapping[str, Any], folder: Path) -> None:
    """Write every table and file among the outputs, at any depth, and say what was left out.

    The names of outputs are free text, by a model or whoever wrote the pipeline: none leads out of the folder.
    Raises UsageError where the folder cannot be written.
    """
    taken: set[str] = set()
    left_out = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, value in _parts(outputs):
            if _is_frame(value):
                path = folder / _file_name(name, ".csv", taken)
                value.to_csv(path, index=False)
            elif isinstance(value, File):
                suffix = PurePosixPath(value.name).suffix
                path = folder / _file_name(value.name.removesuffix(suffix), suffix, taken)
                path.write_bytes(value.content)
            else:
                left_out.append(name)
                continue
            note(f"saved {path}")
    except OSError as exc:
        raise UsageError(f"The results could not be saved in {folder}: {exc.strerror}.") from exc
    if left_out:
        note(f"Not saved, being neither tables nor files: {', '.join(left_out)}; --json has them.")


def write(text: str, path: Path) -> None:
    """Write a text to a file; raises UsageError where that cannot be done."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as exc:
        raise UsageError(f"{path} could not be written: {exc.strerror}.") from exc


def _parts(outputs: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """What the outputs hold that holds nothing more, each with the names that lead to it; items count from 1."""
    for name, value in outputs.items():
        where = f"{prefix}{name}"
        match value:
            case Mapping() if value:
                yield from _parts(value, f"{where}-")
            case list() if value:
                yield from _parts({str(number): item for number, item in enumerate(value, 1)}, f"{where}-")
            case _:
                yield where, value


def _is_frame(value: Any) -> bool:
    return hasattr(value, "to_csv")


def _file_name(stem: str, suffix: str, taken: set[str]) -> str:
    """A name that none of the files so far has, however the disk compares names."""
    stem = _plain(stem)[:LONGEST_STEM] or NAMELESS
    suffix = f".{plain}" if (plain := _plain(suffix)) else ""
    names = (f"{stem}{'' if number == 1 else f'-{number}'}{suffix}" for number in count(1))
    name = next(name for name in names if name.casefold() not in taken)
    taken.add(name.casefold())
    return name


def _plain(text: str) -> str:
    return NOT_IN_NAMES.sub("-", text).strip(EDGES)
