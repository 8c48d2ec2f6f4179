"""What papermill makes of a notebook: the error that it raises and the cells that it leaves.

As a program it runs notebooks by papermill's own engine, and prints what became of each as JSON: that engine leaves
kernels to be collected as rubbish, which would be told of in some later test.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

import nbformat
import papermill
from nbclient.exceptions import CellTimeoutError
from papermill.exceptions import PapermillExecutionError

__all__ = ["cell_of", "ran"]

CHANGING = re.compile(r"0x[0-9a-f]+|\x1b\[[0-9;]*m|ipykernel_\d+/\d+")
"""What differs from run to run: addresses, colours, names of temporary files."""


def ran(notebook: Path, folder: Path, **options: Any) -> tuple[Any, Any]:
    """The error that papermill raised, and the cells that it left."""
    output = folder / "out.ipynb"
    error = None
    try:
        papermill.execute_notebook(notebook, output, progress_bar=False, cwd=folder, **options)
    except (PapermillExecutionError, CellTimeoutError) as exc:
        error = type(exc).__name__, CHANGING.sub("", str(exc))
    made = nbformat.read(output, as_version=4)
    return error, [cell_of(cell) for cell in made.cells]


def cell_of(cell: Any) -> Any:
    told = cell.metadata.papermill if "papermill" in cell.metadata else {}
    outputs = [_output(output) for output in cell.get("outputs", ())]
    return cell.source, _joined(outputs), cell.get("execution_count"), told.get("status"), told.get("exception")


def _output(output: Any) -> tuple[str, str]:
    kind = output.get("name", output.output_type)
    content = output.get("text") or {name: value for name, value in output.items() if name != "metadata"}
    return kind, CHANGING.sub("", str(content))


def _joined(outputs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """What was printed, whole: in how many pieces it came is chance."""
    joined: list[tuple[str, str]] = []
    for kind, content in outputs:
        goes_on = joined and kind in ("stdout", "stderr") and joined[-1][0] == kind
        joined.append((kind, (joined.pop()[1] if goes_on else "") + content))
    return joined


if __name__ == "__main__":
    results = [
        ran(Path(path), Path(sys.argv[1]), **json.loads(options)) for path, options in map(json.loads, sys.argv[2:])
    ]
    print(json.dumps(results))  # noqa: T201 - the answer
