"""The verbs about tools of one's own: write the entry of a function or a notebook into tools.json, take one out."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brain.config_secrets import Settings
from brain.errors import RegistryError, UsageError
from brain.notebook_runs.parameters import Inspected
from brain.notebook_runs.tool_entry import entry_of_notebook
from brain.tool_registry.definitions import ToolDefinition
from brain.tool_registry.entries import definition_of
from brain.tool_registry.from_function import entry_of
from brain.tool_registry.registry import Registry, find_function, load
from brain.tool_registry.tools_file import ToolsFile, kept_annotations

__all__ = ["AddedTool", "OwnTools"]

NOTEBOOK = ".ipynb"
type Importing = Callable[[str], Any]
"""Imports a module by name, also one of the project folder."""
type Inspect = Callable[[Path], Awaitable[Inspected]]
"""What is known of a notebook; raises ToolError."""


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

    def __init__(
        self, settings: Settings, importing: Importing, use: Callable[[Registry], None], inspect: Inspect
    ) -> None:
        self._settings = settings
        self._importing = importing
        self._use = use
        self._inspect = inspect

    async def add(
        self, function: Callable[..., Any] | str, path: Path | None = None, *, after: str | None = None
    ) -> AddedTool:
        """Write the entry of a function, given itself or as `MODULE:FUNCTION`, or of a notebook by its path.

        One of its name is replaced. Raises RegistryError where it is no tool or the file would be wrong with it,
        UsageError, ToolError where a notebook cannot be read; nothing is changed then.
        """
        place = path or self._settings.tools_file
        if isinstance(function, str) and function.endswith(NOTEBOOK):
            entry = await self._entry_of_notebook(Path(function))
        else:
            entry = await asyncio.to_thread(_entry_of, function, self._importing)
        added = await asyncio.to_thread(_add, entry, place, self._importing, after)
        self._take_up(place)
        return added

    async def _entry_of_notebook(self, notebook: Path) -> dict[str, Any]:
        path, written = await asyncio.to_thread(_inside, self._settings.project.resolve(), notebook)
        return entry_of_notebook(path, written, await self._inspect(path))

    async def remove(self, name: str, path: Path | None = None) -> bool:
        """Take an entry out; returns whether the file was made of the built-in tools first. Raises UsageError."""
        place = path or self._settings.tools_file
        is_copied = await asyncio.to_thread(_remove, name, place)
        self._take_up(place)
        return is_copied

    def _take_up(self, place: Path) -> None:
        if place == self._settings.tools_file:
            self._use(Registry.from_file(place))


def _inside(project: Path, notebook: Path) -> tuple[Path, str]:
    """Where a notebook is, and that as seen from the project folder; raises UsageError where it is not in there."""
    path = notebook.resolve()
    if not path.is_file():
        raise UsageError(f"There is no notebook {notebook}.")
    if not path.is_relative_to(project):
        raise UsageError(f"{notebook} is outside the project folder {project}, where tools are: copy it there.")
    return path, path.relative_to(project).as_posix()


def _entry_of(function: Callable[..., Any] | str, importing: Importing) -> dict[str, Any]:
    return entry_of(_named(function, importing) if isinstance(function, str) else function)


def _add(entry: dict[str, Any], path: Path, importing: Importing, after: str | None) -> AddedTool:
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
    definition, problems = definition_of(entry, f"{next(iter(entry['run'].values()))} is no tool yet:")
    if definition is None or problems:
        raise RegistryError("\n".join(problems))
    load(definition, importing)
    return definition
