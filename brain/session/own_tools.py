"""The verbs about tools of one's own: write the entry of a decorated function into tools.json, take one out."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brain.config_secrets import Settings
from brain.errors import RegistryError, UsageError
from brain.tool_registry.definitions import ToolDefinition
from brain.tool_registry.entries import definition_of
from brain.tool_registry.from_function import entry_of
from brain.tool_registry.registry import Registry, find_function, load
from brain.tool_registry.tools_file import ToolsFile, kept_annotations

__all__ = ["AddedTool", "OwnTools"]

type Importing = Callable[[str], Any]
"""Imports a module by name, also one of the project folder."""


@dataclass(frozen=True, slots=True)
class AddedTool:
    """What became of a function."""

    definition: ToolDefinition
    path: Path
    """The file in which its entry stands."""
    is_new: bool
    """Whether the file had no entry of that name."""
    is_copied: bool
    """Whether there was no file, so that one was made of the built-in tools first."""
    kept: tuple[str, ...]
    """Annotations (`x-...`) of the entry before, which were carried over."""


class OwnTools:
    """Changes the files that a project's tools come from; `use` takes up its own one once that is changed."""

    def __init__(self, settings: Settings, importing: Importing, use: Callable[[Registry], None]) -> None:
        self._settings = settings
        self._importing = importing
        self._use = use

    async def add(
        self, function: Callable[..., Any] | str, path: Path | None = None, *, after: str | None = None
    ) -> AddedTool:
        """Write the entry of a function, given itself or as `MODULE:FUNCTION`, or replace the one of its name.

        Raises RegistryError where the function is no tool or the file would be wrong with it, UsageError; nothing is
        changed then.
        """
        place = path or self._settings.tools_file
        added = await asyncio.to_thread(_add, function, place, self._importing, after)
        self._take_up(place)
        return added

    async def remove(self, name: str, path: Path | None = None) -> bool:
        """Take an entry out; returns whether the file was made of the built-in tools first. Raises UsageError."""
        place = path or self._settings.tools_file
        is_copied = await asyncio.to_thread(_remove, name, place)
        self._take_up(place)
        return is_copied

    def _take_up(self, place: Path) -> None:
        if place == self._settings.tools_file:
            self._use(Registry.from_file(place))


def _add(function: Callable[..., Any] | str, path: Path, importing: Importing, after: str | None) -> AddedTool:
    entry = entry_of(_named(function, importing) if isinstance(function, str) else function)
    _checked(entry, importing)
    file = ToolsFile(path)
    with _made(file) as is_copied:
        before = file.entry(entry["name"])
        kept = kept_annotations(entry, before)
        file.put(entry, after=after)
    return AddedTool(_checked(entry, importing), path, before is None, is_copied, tuple(kept))


def _remove(name: str, path: Path) -> bool:
    file = ToolsFile(path)
    with _made(file) as is_copied:
        file.remove(name)
    return is_copied


@contextmanager
def _made(file: ToolsFile) -> Iterator[bool]:
    """The file there, as a copy of the built-in tools if need be; a copy goes again where nothing came of it."""
    is_copied = file.make()
    try:
        yield is_copied
    except BaseException:
        if is_copied:
            file.path.unlink()
        raise


def _named(python: str, importing: Importing) -> Callable[..., Any]:
    module, separator, function = python.partition(":")
    if not (separator and function.isidentifier() and all(part.isidentifier() for part in module.split("."))):
        raise UsageError(f"A function is named MODULE:FUNCTION, as in my_tools:change, not {python!r}.")
    return find_function(python, importing)


def _checked(entry: dict[str, Any], importing: Importing) -> ToolDefinition:
    """The definition that the entry makes; raises RegistryError where it is none, or the function cannot be found."""
    definition, problems = definition_of(entry, f"{entry['run']['python']} is no tool yet:")
    if definition is None or problems:
        raise RegistryError("\n".join(problems))
    load(definition, importing)
    return definition
