"""The program of a process that runs notebooks for another one, one after the other: papermill is not made for threads.

Lines of JSON come in, one a notebook, and go out: `{"cell", "of"}` as each begins, and `{"done"}` or `{"failed"}`.
"""

import hashlib
import json
import os
import sys
from contextlib import suppress
from typing import Any

from brain.lifelines import end_with

__all__ = ["main"]


def main() -> None:
    """Work until standard input ends; not to outlive the process of that id, whose notebooks these are."""
    end_with(int(sys.argv[1]))
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print is no answer
    # jsonschema would compile a grammar of addresses, which takes longer than all else and no notebook has a use for
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

    def tell(**said: Any) -> None:
        out.write(f"{json.dumps(said)}\n")
        out.flush()

    with suppress(KeyboardInterrupt):  # whoever asked does not want an answer any more
        _serve(tell)


def _serve(tell: Any) -> None:
    import papermill  # noqa: F401 - whatever is asked needs it: it loads while nothing is asked yet

    for line in sys.stdin:
        asked = json.loads(line)
        try:
            done = _inspected(asked) if asked.pop("do") == "inspect" else _ran(asked, tell)
        except _Unfit as exc:
            tell(failed=str(exc))
        except Exception as exc:  # noqa: BLE001 - whatever a notebook file or papermill may raise
            tell(failed=f"{type(exc).__name__}: {exc}")
        else:
            tell(done=done)


class _Unfit(Exception):
    """What keeps a notebook from being run."""


def _inspected(asked: dict[str, Any]) -> dict[str, Any]:
    """What `Inspected` has of it, as papermill sees it."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
    from papermill.inspection import _infer_parameters
    from papermill.iorw import load_notebook_node
    from papermill.utils import any_tagged_cell, nb_kernel_name

    from brain.notebook_runs.warm.starting import can_fork

    notebook = load_notebook_node(asked["path"])
    parameters = [
        {"name": each.name, "annotation": each.inferred_type_name, "default": each.default, "help": each.help}
        for each in _infer_parameters(notebook)
    ]
    sources = [[cell.cell_type, cell.source] for cell in notebook.cells]
    try:
        kernel = nb_kernel_name(notebook)
        KernelSpecManager().get_kernel_spec(kernel)
    except ValueError:
        raise _Unfit("it names no kernel. Open it in JupyterLab, choose one, and save it.") from None
    except NoSuchKernel:
        raise _Unfit(
            f"its kernel {kernel} is not installed here: jupyter kernelspec list shows those that are."
        ) from None
    return {
        "can_fork": can_fork(kernel), "parameters": parameters,
        "has_cell": any_tagged_cell(notebook, "parameters"),
        "digest": hashlib.sha256(json.dumps(sources).encode()).hexdigest(),
    }  # fmt: skip


def _ran(asked: dict[str, Any], tell: Any) -> str | None:
    """The error that the notebook ended with, if it did."""
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    place = "before its first cell"

    def on_cell(notebook: Any, index: int) -> None:
        nonlocal place
        place = f"cell {index + 1} of {len(notebook.cells)}"
        tell(cell=index + 1, of=len(notebook.cells))

    try:
        papermill.execute_notebook(
            asked["path"], asked["output"], asked["parameters"], engine_name="brain", progress_bar=False,
            cwd=asked["cwd"], warm_folder=asked["warm_folder"], execution_timeout=asked["timeout"], on_cell=on_cell,
            log_output=False,
        )  # fmt: skip
    except PapermillExecutionError as exc:
        return f"{place}: {exc.ename}: {exc.evalue}".removesuffix(": ")
    except CellTimeoutError:
        return f"{place} took longer than {asked['timeout']:g} s"
    except DeadKernelError:
        return f"{place}: its kernel died"
    return None


if __name__ == "__main__":
    main()
