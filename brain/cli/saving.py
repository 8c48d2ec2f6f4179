"""Writes results where a person wants them: a run's tables as CSV, its files as they are, a plan as text."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path, PurePosixPath
from typing import Any

from brain.artifacts import File
from brain.cli.live import note
from brain.errors import UsageError
from brain.text_files import holds_other

__all__ = ["Ready", "look", "make_ready", "write"]

NOT_IN_NAMES = re.compile(r"[^\w.]+")
EDGES = "-._"
"""A name that began so would be hidden, or an option of whatever program it is given to."""
LONGEST_STEM = 60
"""Characters; a file system takes 255 bytes, and a character has up to four."""
NAMELESS = "output"


@dataclass(frozen=True, slots=True)
class Ready:
    """The tables and files of a run as they are about to be written; nothing else stands in their way."""

    folder: Path
    contents: tuple[tuple[Path, bytes], ...]
    left_out: tuple[str, ...]

    def save(self) -> None:
        """Write all of them, and say what was left out; raises UsageError where the folder cannot be written."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise UsageError(f"The results could not be saved in {self.folder}: {exc.strerror}.") from exc
        for path, content in self.contents:
            _write(path, content)
        if self.left_out:
            note(f"Not saved, being neither tables nor files: {', '.join(self.left_out)}; --json has them.")


def make_ready(outputs: Mapping[str, Any], folder: Path, *, overwrite: bool = False) -> Ready:
    """Every table and file among the outputs, at any depth, with its place in the folder.

    The names of outputs are free text, by a model or whoever wrote the pipeline: none leads out of the folder.
    Raises UsageError where the folder holds something else under one of the names.
    """
    parts = list(_parts(outputs))
    contents = tuple((path, _content(value)) for path, value in _files(parts, folder))
    _refuse_others(contents, overwrite=overwrite)
    return Ready(folder, contents, tuple(name for name, value in parts if not _is_file(value)))


def write(texts: Iterable[tuple[Path, str]], *, overwrite: bool = False) -> None:
    """Write texts to files, none where one cannot be written; raises UsageError there."""
    contents = [(path, text.encode()) for path, text in texts]
    _refuse_others(contents, overwrite=overwrite)
    for path, content in contents:
        _write(path, content)


def look(path: Path, begins: str, *, overwrite: bool) -> None:
    """Raise UsageError where a text that begins so cannot be written, as far as that shows before it is made."""
    try:
        (path.parent / ".").stat()
        if path.is_file() and not overwrite:
            with path.open("rb") as file:
                is_other = file.read(len(begins)) not in (b"", begins.encode())
            _refuse([path] if is_other else [])
    except OSError as exc:
        raise UsageError(f"{path} could not be written: {exc.strerror}.") from exc


def _refuse_others(contents: Iterable[tuple[Path, bytes]], *, overwrite: bool) -> None:
    if not overwrite:
        _refuse([path for path, content in contents if holds_other(path, content)])


def _refuse(taken: list[Path]) -> None:
    if taken:
        exists, it = ("exists", "it") if len(taken) == 1 else ("exist", "them")
        raise UsageError(
            f"{', '.join(map(str, taken))} {exists} already with other content, and nothing was written: name another "
            f"place, or add --overwrite to replace {it}."
        )


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as exc:
        raise UsageError(f"{path} could not be written: {exc.strerror}.") from exc
    note(f"saved {path}")


def _files(parts: Iterable[tuple[str, Any]], folder: Path) -> Iterator[tuple[Path, Any]]:
    """Every table and file among the parts, and where it goes."""
    taken: set[str] = set()
    for name, value in parts:
        if _is_frame(value):
            yield folder / _file_name(name, ".csv", taken), value
        elif isinstance(value, File):
            suffix = PurePosixPath(value.name).suffix
            yield folder / _file_name(value.name.removesuffix(suffix), suffix, taken), value


def _content(value: Any) -> bytes:
    if isinstance(value, File):
        return value.content
    text: str = value.to_csv(index=False)
    return text.encode()


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


def _is_file(value: Any) -> bool:
    """Whether it becomes a file."""
    return _is_frame(value) or isinstance(value, File)


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
