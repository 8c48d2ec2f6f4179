"""What a notebook imports, as far as its code tells, and what of that may be imported before it runs."""

import ast
import json
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

__all__ = ["imported_by", "nodes_of", "scan", "shareable", "worth_importing"]

EXTENSION = "%load_ext "
WITH_OURS = ("brain.notebook.magics", "brain.notebook.verbs", "brain.session.brain", "brain.session.runner")
"""What `%load_ext brain` and the first verb load."""
AT_FIRST_USE = {
    "matplotlib": (
        "PIL.BmpImagePlugin", "PIL.GifImagePlugin", "PIL.JpegImagePlugin", "PIL.PpmImagePlugin", "PIL.features",
        "matplotlib.backends.backend_agg",
    ),
    "pandas": ("pyarrow.pandas_compat",),
}  # fmt: skip
"""By package what it imports itself once it is used."""
PLOTS = frozenset({"boxplot", "hist", "plot"})
"""Methods of pandas, which then imports the last of these."""
PLOTTING = "pandas.plotting._matplotlib"
NEVER = frozenset({"ipywidgets", "matplotlib_inline", "tqdm.notebook"})
"""What a kernel sets itself up by when it is imported: before the fork that would be for nothing."""


def scan(notebook: Path) -> tuple[tuple[str, ...], str]:
    """What a warm parent imports for a notebook, and the name of its kernel.

    A file that is none has nothing: whoever runs it finds out what is wrong with it.
    """
    try:
        content = json.loads(notebook.read_bytes())
        code = ["".join(cell["source"]) for cell in content["cells"] if cell["cell_type"] == "code"]
        kernel = content["metadata"]["kernelspec"]["name"]
    except (OSError, ValueError, LookupError, TypeError):
        return (), ""
    return worth_importing(code), str(kernel)


def worth_importing(cells: Sequence[str]) -> tuple[str, ...]:
    """What a warm parent imports for a notebook with these code cells."""
    modules = shareable(imported_by(cells))
    packages = {name.partition(".")[0] for name in modules}
    later = [name for package in AT_FIRST_USE if package in packages for name in AT_FIRST_USE[package]]
    if "pandas" in packages and any(_plots(cell) for cell in cells):
        later += [*AT_FIRST_USE["matplotlib"], PLOTTING]
    return tuple(dict.fromkeys((*modules, *later)))


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
    for node in nodes_of(cell):
        match node:
            case ast.Import():
                yield from (alias.name for alias in node.names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module


def _plots(cell: str) -> bool:
    return any(isinstance(node, ast.Attribute) and node.attr in PLOTS for node in nodes_of(cell))


def nodes_of(cell: str) -> Iterator[ast.AST]:
    """All of a cell; nothing where it is no Python."""
    for read in (str, _plain):  # the second one, which loads IPython, where the first does not do
        with suppress(SyntaxError):
            yield from ast.walk(ast.parse(read(cell)))
            return


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
