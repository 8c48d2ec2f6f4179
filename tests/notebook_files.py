"""Small notebooks, written for a test."""

from pathlib import Path
from typing import Any

import nbformat

__all__ = ["write_notebook"]


def write_notebook(path: Path, *cells: Any) -> str:
    """A notebook for Python; a cell with tags is a tuple. Returns the name of the file."""
    made = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    )
    for cell in cells:
        source, *tags = cell if isinstance(cell, tuple) else (cell,)
        made.cells.append(nbformat.v4.new_code_cell(source, metadata={"tags": tags}))
    nbformat.write(made, path)
    return path.name
