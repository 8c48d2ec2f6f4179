"""Modules of project folders: each project of a process has its own, although Python knows a module by name alone.

Those of the first project stand where Python puts them. Those of any other stand there only while it imports; the
names in them are theirs for good, but what a function imports when it is called is looked for in the first one.
"""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import ModuleType

__all__ = ["OwnModules", "search_path"]

BRAIN = __name__.partition(".")[0]
"""In a checkout it stands in the project folder and is still no module of that project."""

_projects: dict[Path, dict[str, ModuleType]] = {}
"""Project folders in the order in which they came -> their modules, while these do not stand in `sys.modules`."""
_guard = threading.RLock()


class OwnModules:
    """Lets `tools.json` name modules of a project folder; last, so that none hides a module of somebody else's."""

    def __init__(self, project: Path) -> None:
        self._project = project
        with _guard:
            _projects.setdefault(project, {})
            if str(project) not in sys.path:
                sys.path.append(str(project))

    def load(self, name: str) -> ModuleType:
        """Import a module, of this project rather than of another one's folder; raises what the import raises."""
        with _guard, _turn_of(self._project):
            return import_module(name)


def search_path(project: Path) -> list[str]:
    """Where a process that works for one project alone looks for modules, to find the same as this one."""
    with _guard:
        return _with_last(list(sys.path), [other for other in _projects if other != project])


def _with_last(path: list[str], projects: list[Path]) -> list[str]:
    last = [entry for entry in path if entry in map(str, projects)]
    return [*(entry for entry in path if entry not in last), *last]


@contextmanager
def _turn_of(project: Path) -> Iterator[None]:
    if len(_projects) == 1:
        yield
        return
    others = [other for other in _projects if other != project]
    aside = {name: module for other in others for name, module in _standing(other)}
    _replace(aside, _projects[project])
    path = list(sys.path)
    sys.path[:] = _with_last(path, others)
    try:
        yield
    finally:
        sys.path[:] = [*path, *(entry for entry in sys.path if entry not in path)]
        _projects[project].update(_standing(project))
        if project != next(iter(_projects)):
            _replace(_projects[project], aside)


def _replace(leaving: dict[str, ModuleType], coming: dict[str, ModuleType]) -> None:
    for name in leaving:
        sys.modules.pop(name, None)
    sys.modules.update(coming)


def _standing(project: Path) -> Iterator[tuple[str, ModuleType]]:
    """The modules that were found in a folder, with what is inside the packages among them."""
    modules = dict(sys.modules)
    own = {name for name, module in modules.items() if "." not in name and project in _folders(module)} - {BRAIN}
    return ((name, module) for name, module in modules.items() if name.partition(".")[0] in own)


def _folders(module: ModuleType) -> list[Path]:
    """Where a module without a dot in its name was found."""
    spec = getattr(module, "__spec__", None)
    places = (spec.submodule_search_locations or [spec.origin]) if spec is not None else []
    return [Path(place).parent for place in places if place]
