"""`papermill --engine brain` on warm kernels beside papermill's own engine: the same cells, the same errors."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import papermill_cells
import pytest
from command_line import eventually
from papermill_cells import cell_of, ran

from brain.notebook_runs.engine import BrainEngine
from brain.notebook_runs.warm.starting import WarmParent

SAMPLES = Path(__file__).parent / "data" / "papermill"
INTERRUPTED = "keyboard_interrupt"
"""Sleeps for a minute, so that it can be interrupted."""
NAMES = sorted(path.stem for path in SAMPLES.glob("*.ipynb") if path.stem != INTERRUPTED)
PAPERMILL = Path(sys.executable).with_name("papermill")
# ipykernel tells so of every kernel whose sockets are no files, which papermill's own are not
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def parent() -> Iterator[WarmParent]:
    with WarmParent([]) as started:
        assert started.wait()
        yield started


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """By name what papermill's own engine makes of each sample, and of a cell that takes too long, in a `folder`."""
    wanted = {name: ({}, SAMPLES / f"{name}.ipynb") for name in NAMES}
    wanted |= {"timeout": ({"execution_timeout": 1}, SAMPLES / "test_autosave.ipynb")}
    asked = [json.dumps([str(path), json.dumps(options)]) for options, path in wanted.values()]
    folder = tmp_path_factory.mktemp("theirs")
    done = subprocess.run([sys.executable, papermill_cells.__file__, folder, *asked], capture_output=True, check=True)
    made = dict(zip(wanted, json.loads(done.stdout.splitlines()[-1]), strict=True))
    return {**made, "folder": folder}


def ours(notebook: Path, folder: Path, parent: WarmParent, **options: Any) -> Any:
    """The same by our engine, as JSON has it."""
    return json.loads(json.dumps(ran(notebook, folder, engine_name="brain", warm_folder=str(parent.folder), **options)))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.timeout(300)  # the first waits for all of theirs
def test_cells_and_errors_are_those_of_papermills_own_engine(
    name: str, theirs: dict[str, Any], parent: WarmParent
) -> None:
    assert ours(SAMPLES / f"{name}.ipynb", theirs["folder"], parent) == theirs[name]


@pytest.mark.timeout(300)
def test_a_cell_that_takes_too_long_ends_alike(theirs: dict[str, Any], parent: WarmParent, tmp_path: Path) -> None:
    error, cells = ours(SAMPLES / "test_autosave.ipynb", tmp_path, parent, execution_timeout=1)
    assert error == theirs["timeout"][0]
    assert error[0] == "CellTimeoutError"
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


def interrupted(folder: Path, *options: str) -> tuple[Any, ...]:
    """How papermill ends at Ctrl-C in the middle of a cell, and what it leaves."""
    output, began = folder / "out.ipynb", folder / "began"
    began.unlink(missing_ok=True)
    sample = nbformat.read(SAMPLES / f"{INTERRUPTED}.ipynb", as_version=4)
    sample.cells[0].source = f"open({str(began)!r}, 'w').close()\n{sample.cells[0].source}"
    nbformat.write(sample, folder / "sample.ipynb")
    process = subprocess.Popen(
        [PAPERMILL, *options, folder / "sample.ipynb", output], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    eventually(began.exists)  # papermill says that a cell runs before the kernel has it
    process.send_signal(signal.SIGINT)
    code = process.wait(30)
    [cell] = nbformat.read(output, as_version=4).cells
    _, outputs, *states = cell_of(cell)
    return code, [kind for kind, _ in outputs], *states


def test_an_interrupt_ends_it_alike(tmp_path: Path) -> None:
    theirs = interrupted(tmp_path)
    assert theirs[:2] == (1, ["error"])
    assert interrupted(tmp_path, "--engine", "brain") == theirs


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
