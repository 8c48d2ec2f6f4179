"""Changes to a `tools.json` that leave every other byte of it as it is, checked as a whole before they are written."""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from brain.errors import RegistryError, UsageError
from brain.nearest import did_you_mean
from brain.tool_registry.registry import Registry, built_in_tools_file

__all__ = ["ToolsFile", "kept_annotations", "laid_out"]

WIDTH = 160
"""Characters of a line, from which on a value gets a line for each of its parts."""
STEP = "  "
SPACES = " \t\r\n\ufeff"
"""What JSON skips, and the mark that may stand at a file's beginning."""


class ToolsFile:
    """One `tools.json`, changed entry by entry."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def make(self) -> bool:
        """Copy the built-in tools to there where there is no file yet; returns whether there was none."""
        if self.path.exists():
            return False
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(built_in_tools_file(), self.path)
        except OSError as exc:
            raise RegistryError(f"{self.path} cannot be written: {exc.strerror}.") from None
        return True

    def entry(self, name: str) -> Mapping[str, Any] | None:
        """The entry as it stands there; None where there is none of that name."""
        entries = _Entries.of(self._text())
        return entries.values[entries.names.index(name)] if name in entries.names else None

    def put(self, entry: Mapping[str, Any], *, after: str | None = None) -> None:
        """Write an entry, in place of the one of its name, else behind `after`, else at the end.

        With `after` one that is there already moves. Raises RegistryError where the file would be wrong with it,
        UsageError where there is no `after`; then nothing is written.
        """
        text = self._text()
        entries = _Entries.of(text)
        name = entry["name"]
        if after is not None and (after == name or after not in entries.names):
            names = [other for other in entries.names if other != name]
            raise UsageError(f"There is no other tool {after!r} in {self.path}.{did_you_mean(after, names)}")
        if name in entries.names and after is None:
            changed = entries.replaced(entries.names.index(name), entry)
        else:
            if name in entries.names:
                entries = _Entries.of(entries.removed(entries.names.index(name)))
            changed = entries.inserted(entries.names.index(after) + 1 if after else len(entries.names), entry)
        self._write(changed)

    def remove(self, name: str) -> None:
        """Take an entry out; raises UsageError where there is none of that name."""
        entries = _Entries.of(self._text())
        if name not in entries.names:
            raise UsageError(f"There is no tool {name!r} in {self.path}.{did_you_mean(name, entries.names)}")
        self._write(entries.removed(entries.names.index(name)))

    def _text(self) -> str:
        Registry.from_file(self.path)  # what is wrong with it is told before anything is looked for in it
        return self.path.read_bytes().decode()

    def _write(self, text: str) -> None:
        """Check, then write beside the place and rename, so that nobody reads half of it."""
        Registry.from_text(text.removeprefix("\ufeff"), self.path)
        place = self.path.resolve()
        try:
            with NamedTemporaryFile(dir=place.parent, prefix=f".{place.name}-", delete_on_close=False) as half:
                half.write(text.encode())
                half.close()
                shutil.copymode(place, half.name)
                os.replace(half.name, place)  # noqa: PTH105 - a name, not a Path
        except OSError as exc:
            raise RegistryError(f"{self.path} cannot be written: {exc.strerror}.") from None


def kept_annotations(entry: dict[str, Any], before: Mapping[str, Any] | None) -> list[str]:
    """Carry over the annotations (`x-...`) that the entry before had and this one lacks; returns where they stand."""
    places = [
        ("inputSchema",),
        ("outputSchema",),
        *(("inputSchema", "properties", name) for name in entry["inputSchema"]["properties"]),
    ]
    kept = []
    for place in places:
        old, new = _at(before or {}, place), _at(entry, place)
        for key in [key for key in old if key.startswith("x-") and new is not None and key not in new]:
            new[key] = old[key]
            kept.append(".".join((*place, key)))
    return kept


def _at(value: Any, place: tuple[str, ...]) -> Any:
    for name in place:
        value = value.get(name, {}) if isinstance(value, Mapping) else {}
    return value if isinstance(value, Mapping) else {}


@dataclass(frozen=True, slots=True)
class _Entries:
    """The text of a file, and where in it each entry begins and ends."""

    text: str
    opening: int
    """Behind the bracket that opens the list."""
    closing: int
    """The bracket that closes it."""
    spans: tuple[tuple[int, int], ...]
    values: tuple[Any, ...]

    @property
    def names(self) -> list[str]:
        return [value["name"] for value in self.values]

    @classmethod
    def of(cls, text: str) -> "_Entries":
        """The entries of a text that is known to be a right `tools.json`."""
        decoder, found = json.JSONDecoder(), None
        at = _next(text, _next(text, 0) + 1)
        while text[at] != "}":
            key, at = decoder.raw_decode(text, at)
            at = _next(text, _next(text, at) + 1)  # the colon
            if key == "tools":
                found = cls._from(text, at)
            _, at = decoder.raw_decode(text, at)
            at = _next(text, at)
            at = _next(text, at + 1) if text[at] == "," else at
        assert found is not None, "a right tools.json has its list"  # noqa: S101 - for mypy, and never so
        return found

    @classmethod
    def _from(cls, text: str, bracket: int) -> "_Entries":
        decoder = json.JSONDecoder()
        spans, values = [], []
        at = _next(text, bracket + 1)
        while text[at] != "]":
            value, end = decoder.raw_decode(text, at)
            spans.append((at, end))
            values.append(value)
            at = _next(text, end)
            at = _next(text, at + 1) if text[at] == "," else at
        return cls(text, bracket + 1, at, tuple(spans), tuple(values))

    def replaced(self, index: int, entry: Mapping[str, Any]) -> str:
        start, end = self.spans[index]
        return self.text[:start] + self._laid_out(entry, self._before(index)) + self.text[end:]

    def inserted(self, index: int, entry: Mapping[str, Any]) -> str:
        """As the entry number `index`, spaced as its neighbours are."""
        if not self.spans:
            line = self._line_break + STEP * 2
            return (
                self.text[: self.opening]
                + line
                + self._laid_out(entry, line)
                + self._line_break
                + STEP
                + self.text[self.closing :]
            )
        gap = self._before(min(index, len(self.spans) - 1))
        written = self._laid_out(entry, gap)
        if index == 0:
            start = self.spans[0][0]
            return f"{self.text[:start]}{written},{gap}{self.text[start:]}"
        end = self.spans[index - 1][1]
        return f"{self.text[:end]},{gap}{written}{self.text[end:]}"

    def removed(self, index: int) -> str:
        if len(self.spans) == 1:
            return self.text[: self.opening] + self.text[self.closing :]
        if index + 1 < len(self.spans):
            return self.text[: self.spans[index][0]] + self.text[self.spans[index + 1][0] :]
        return self.text[: self.spans[index - 1][1]] + self.text[self.spans[index][1] :]

    @property
    def _line_break(self) -> str:
        return "\r\n" if "\r\n" in self.text else "\n"

    def _before(self, index: int) -> str:
        """What stands between an entry and the comma or bracket before it."""
        start = self.spans[index][0]
        return self.text[len(self.text[:start].rstrip(SPACES)) : start]

    def _laid_out(self, entry: Mapping[str, Any], gap: str) -> str:
        """On lines of its own where its neighbours are, else on one."""
        if "\n" not in gap:
            return json.dumps(entry, ensure_ascii=False)
        written = _parts(entry, gap.rpartition("\n")[2])
        return written.replace("\n", self._line_break)


def _next(text: str, at: int) -> int:
    while text[at] in SPACES:
        at += 1
    return at


def laid_out(value: Any, indent: str = "", room: int = WIDTH) -> str:
    """A value as JSON: on one line where it has room there, else each part on lines of its own, indented further."""
    line = json.dumps(value, ensure_ascii=False)
    return line if len(line) <= room or not isinstance(value, Mapping | list) or not value else _parts(value, indent)


def _parts(value: Any, indent: str) -> str:
    """Each part on a line of its own."""
    inner = indent + STEP
    if isinstance(value, Mapping):
        names = [f"{json.dumps(name, ensure_ascii=False)}: " for name in value]
        items = [
            name + laid_out(item, inner, WIDTH - len(inner) - len(name))
            for name, item in zip(names, value.values(), strict=True)
        ]
        return "{\n" + ",\n".join(inner + item for item in items) + f"\n{indent}}}"
    items = [laid_out(item, inner, WIDTH - len(inner)) for item in value]
    return "[\n" + ",\n".join(inner + item for item in items) + f"\n{indent}]"
