"""What a notebook imports, as far as its code tells, and what of that may be imported before it runs."""

import ast
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

__all__ = ["imported_by", "shareable"]

EXTENSION = "%load_ext "
WITH_OURS = ("brain.notebook.magics", "brain.notebook.verbs", "brain.session.brain", "brain.session.runner")
"""What `%load_ext brain` and the first verb load."""
NEVER = frozenset({"ipywidgets", "matplotlib_inline", "tqdm.notebook"})
"""What a kernel sets itself up by when it is imported: before the fork that would be for nothing."""


def imported_by(cells: Iterable[str]) -> list[str]:
    """The modules that code cells import at any place, in their order; a cell that is no Python is passed over."""
    return list(dict.fromkeys(name for cell in cells for name in _in_cell(cell)))


def shareable(modules: Iterable[str]) -> list[str]:
    """Those that are installed for all: code of the project itself may have changed by the next notebook."""
    homes = [Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    return [name for name in modules if name not in NEVER and (_is_ours(name) or _is_below(name, homes))]


def _in_cell(cell: str) -> Iterator[str]:
    for line in cell.splitlines():
        if line.strip().removeprefix(EXTENSION) == "brain" and line.strip().startswith(EXTENSION):
            yield from WITH_OURS
    try:
        tree = ast.parse(_plain(cell))
    except SyntaxError:
        return
    for node in ast.walk(tree):
        match node:
            case ast.Import():
                yield from (alias.name for alias in node.names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module


def _plain(cell: str) -> str:
    """The cell without IPython's own syntax."""
    from IPython.core.inputtransformer2 import TransformerManager

    transform: Any = TransformerManager().transform_cell  # type: ignore[no-untyped-call] # IPython's own
    return str(transform(cell))


def _is_ours(name: str) -> bool:
    return name.partition(".")[0] == "brain"


def _is_below(name: str, homes: Iterable[Path]) -> bool:
    top = name.partition(".")[0]
    if top in sys.builtin_module_names or top in sys.stdlib_module_names:
        return True
    try:
        spec = find_spec(top)
    except (ImportError, ValueError):
        return False
    if spec is None or spec.origin is None:
        return False
    origin = Path(spec.origin).resolve()
    return any(origin.is_relative_to(home) for home in homes)
