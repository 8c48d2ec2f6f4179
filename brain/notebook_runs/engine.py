"""`papermill --engine brain`: papermill's own way of running cells, on kernels that are there at once.

The first notebook of a process has a plain kernel, because a warm parent would take longer to start. With the second
one is started, and from then on kernels come from it.
"""

import atexit
from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from typing import Any

from papermill.engines import NBClientEngine, NotebookExecutionManager
from traitlets.config import Config

from brain.notebook_runs.secrecy import Secrecy
from brain.notebook_runs.warm.imports import worth_importing
from brain.notebook_runs.warm.manager import QuickManager, WarmManager
from brain.notebook_runs.warm.starting import MOST_PARENTS, WarmParent, can_fork

__all__ = ["BrainEngine"]


class BrainEngine(NBClientEngine):  # type: ignore[misc] # papermill has no types
    """Runs notebooks for papermill; takes the same options as its default engine."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: NotebookExecutionManager, kernel_name: str, **options: Any) -> Any:
        """Run every cell up to the first that fails; `on_cell` hears of each before it begins."""
        if (on_cell := options.pop("on_cell", None)) is not None:
            _tell_of_cells(nb_man, on_cell)
        secrecy = _secrecy()
        secrecy.watch(nb_man)
        is_told = "warm_folder" in options
        folder = options.pop("warm_folder", None) if is_told else _own_parents.folder_for(nb_man.nb, kernel_name)
        try:
            return super().execute_managed_notebook(nb_man, kernel_name, **{**_kernels_from(folder), **options})
        finally:  # papermill writes it once more, and tells of its errors
            nb_man.nb = secrecy.clean(nb_man.nb)


@cache
def _secrecy() -> Secrecy:
    # by name, as tools are loaded: what knows the table of secrets stands above
    return Secrecy(lambda name: import_module("brain.session.secret_values").reveal(name))


def _tell_of_cells(manager: NotebookExecutionManager, on_cell: Callable[[Any, int], None]) -> None:
    start = manager.cell_start

    def cell_start(cell: Any, cell_index: int, **options: Any) -> None:
        on_cell(manager.nb, cell_index)
        start(cell, cell_index, **options)

    manager.cell_start = cell_start


def _kernels_from(folder: str | None) -> dict[str, Any]:
    """Options of nbclient, for kernels of the warm parent in a folder, or plain ones."""
    if folder is None:
        return {"kernel_manager_class": QuickManager}
    return {"kernel_manager_class": WarmManager, "config": Config({"WarmManager": {"folder": folder}})}


class _OwnParents:
    """The warm parents of this process, by what they have imported."""

    def __init__(self) -> None:
        self._seen: set[tuple[str, ...]] = set()
        self._parents: dict[tuple[str, ...], WarmParent] = {}

    def folder_for(self, notebook: Any, kernel_name: str) -> str | None:
        """Where kernels for a notebook can be had by now."""
        modules = worth_importing(_code(notebook))
        if not can_fork(kernel_name) or modules not in self._seen:
            self._seen.add(modules)
            return None
        if modules not in self._parents:
            if len(self._parents) == MOST_PARENTS:
                self._parents.pop(next(iter(self._parents))).close()
            self._parents[modules] = WarmParent(modules)
            atexit.register(self._parents[modules].close)
        parent = self._parents[modules]
        return str(parent.folder) if parent.is_ready() else None


def _code(notebook: Any) -> Sequence[str]:
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


_own_parents = _OwnParents()
