"""`papermill --engine brain` on warm kernels beside papermill's own engine: the same cells, the same errors."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest
from command_line import eventually
from papermill.exceptions import PapermillExecutionError

from brain.notebook_runs.engine import BrainEngine
from brain.notebook_runs.warm.starting import WarmParent

SAMPLES = Path(__file__).parent / "data" / "papermill"
CHANGING = re.compile(r"0x[0-9a-f]+|\x1b\[[0-9;]*m|ipykernel_\d+/\d+")
"""What differs from run to run: addresses, colours, names of temporary files."""
INTERRUPTED = "keyboard_interrupt"
"""Sleeps for a minute, so that it can be interrupted."""
PAPERMILL = Path(sys.executable).with_name("papermill")
# ipykernel tells so of every kernel whose sockets are no files, which papermill's own are not
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def parent() -> Iterator[WarmParent]:
    with WarmParent([]) as started:
        assert started.wait()
        yield started


def ran(notebook: Path, folder: Path, **options: Any) -> tuple[Any, Any]:
    """The error that papermill raised, and the cells that it left."""
    output = folder / "out.ipynb"
    error = None
    try:
        papermill.execute_notebook(notebook, output, progress_bar=False, cwd=folder, **options)
    except (PapermillExecutionError, TimeoutError) as exc:
        error = type(exc), CHANGING.sub("", str(exc))
    made = nbformat.read(output, as_version=4)
    return error, [_cell(cell) for cell in made.cells]


def _cell(cell: Any) -> Any:
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


@pytest.mark.parametrize("name", sorted(path.stem for path in SAMPLES.glob("*.ipynb") if path.stem != INTERRUPTED))
def test_cells_and_errors_are_those_of_papermills_own_engine(name: str, parent: WarmParent, tmp_path: Path) -> None:
    notebook = SAMPLES / f"{name}.ipynb"
    theirs = ran(notebook, tmp_path)
    assert ran(notebook, tmp_path, engine_name="brain", warm_folder=str(parent.folder)) == theirs


def test_a_cell_that_takes_too_long_ends_alike(parent: WarmParent, tmp_path: Path) -> None:
    notebook = SAMPLES / "test_autosave.ipynb"
    error, _ = ran(notebook, tmp_path, execution_timeout=1)
    mine, cells = ran(notebook, tmp_path, execution_timeout=1, engine_name="brain", warm_folder=str(parent.folder))
    assert mine == error
    assert error[0].__name__ == "CellTimeoutError"
    assert cells[0][1][0][1].startswith("0\n1\n"), "what was printed until then is kept"


def test_the_plain_command_takes_the_engine(tmp_path: Path) -> None:
    ended = subprocess.run(
        [PAPERMILL, "--engine", "brain", SAMPLES / "simple_execute.ipynb", "out.ipynb", "-p", "msg", "hello"],
        cwd=tmp_path, env={**os.environ, "PYTHONWARNINGS": ""}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    made = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    assert made.cells[1].source == '# Parameters\nmsg = "hello"\n'
    assert made.cells[2].outputs[0].text == "hello\n"


def interrupted(folder: Path, *options: str) -> tuple[int, Any]:
    """How papermill ends at Ctrl-C in the middle of a cell, and what it leaves."""
    output = folder / "out.ipynb"
    output.unlink(missing_ok=True)
    process = subprocess.Popen(
        [PAPERMILL, *options, SAMPLES / f"{INTERRUPTED}.ipynb", output], stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    eventually(lambda: output.exists() and '"status": "running"' in output.read_text())
    process.send_signal(signal.SIGINT)
    code = process.wait(30)
    [cell] = nbformat.read(output, as_version=4).cells
    return code, _cell(cell)


def test_an_interrupt_ends_it_alike(tmp_path: Path) -> None:
    code, cell = interrupted(tmp_path)
    assert code != 0
    assert interrupted(tmp_path, "--engine", "brain") == (code, cell)


def test_from_the_third_notebook_on_kernels_are_warm(tmp_path: Path) -> None:
    notebook = tmp_path / "pid.ipynb"
    cells = [nbformat.v4.new_code_cell("import decimal, os, sys\nprint(os.getppid(), 'decimal' in sys.modules)")]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), notebook)
    parents = []
    for _ in range(12):
        _, [cell] = ran(notebook, tmp_path, engine_name="brain")
        parents.append(cell[1][0][1].split()[0])
        if parents[-1] != str(os.getpid()):
            break
    assert parents[0] == parents[1] == str(os.getpid())
    assert parents[-1] != str(os.getpid()), "the second starts a parent, which later ones come from"
    assert BrainEngine.nb_kernel_name(nbformat.read(notebook, 4)) == "python3"
