"""The program of a process that runs notebooks for another one, one after the other: papermill is not made for threads.

Lines of JSON come in, one a notebook, and go out: `{"cell", "of"}` as each begins, and `{"done"}` or `{"failed"}`.
"""

import hashlib
import json
import os
import sys
from typing import Any

__all__ = ["main"]


def main() -> None:
    """Work until standard input ends."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print is no answer
    # jsonschema would compile a grammar of addresses, which takes longer than all else and no notebook has a use for
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

    def tell(**said: Any) -> None:
        out.write(f"{json.dumps(said)}\n")
        out.flush()

    for line in sys.stdin:
        asked = json.loads(line)
        try:
            done = _inspected(asked) if asked.pop("do") == "inspect" else _ran(asked, tell)
        except Exception as exc:  # noqa: BLE001 - whatever a notebook file or papermill may raise
            tell(failed=f"{type(exc).__name__}: {exc}")
        else:
            tell(done=done)


def _inspected(asked: dict[str, Any]) -> dict[str, Any]:
    """What `Inspected` has."""
    from papermill.inspection import _infer_parameters
    from papermill.iorw import load_notebook_node
    from papermill.utils import any_tagged_cell, nb_kernel_name

    from brain.notebook_runs.parameters import Inspected, Parameter
    from brain.notebook_runs.warm.imports import worth_importing
    from brain.notebook_runs.warm.starting import can_fork

    notebook = load_notebook_node(asked["path"])
    parameters = tuple(
        Parameter(each.name, each.inferred_type_name, each.default, each.help) for each in _infer_parameters(notebook)
    )
    sources = [[cell.cell_type, cell.source] for cell in notebook.cells]
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return Inspected(
        parameters, any_tagged_cell(notebook, "parameters"), worth_importing(code),
        can_fork(nb_kernel_name(notebook)), hashlib.sha256(json.dumps(sources).encode()).hexdigest(),
    ).to_json()  # fmt: skip


def _ran(asked: dict[str, Any], tell: Any) -> dict[str, Any]:
    """The error that the notebook ended with, and what it recorded."""
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    from brain.notebook_runs.recording import recorded_in

    cells: list[Any] = []
    place = "before its first cell"

    def on_cell(notebook: Any, index: int) -> None:
        nonlocal cells, place
        cells, place = notebook.cells, f"cell {index + 1} of {len(notebook.cells)}"
        tell(cell=index + 1, of=len(notebook.cells))

    error = None
    try:
        papermill.execute_notebook(
            asked["path"], asked["output"], asked["parameters"], engine_name="brain", progress_bar=False,
            cwd=asked["cwd"], warm_folder=asked["warm_folder"], execution_timeout=asked["timeout"], on_cell=on_cell,
            log_output=False,
        )  # fmt: skip
    except PapermillExecutionError as exc:
        error = f"{place}: {exc.ename}: {exc.evalue}".removesuffix(": ")
    except CellTimeoutError:
        error = f"{place} took longer than {asked['timeout']:g} s"
    except DeadKernelError:
        error = f"{place}: its kernel died"
    return {"error": error, "recorded": recorded_in(cells)}


if __name__ == "__main__":
    main()
