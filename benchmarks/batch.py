"""Forty runs of a small notebook, which imports pandas and makes a plot, with two of them at the same time.

Whole processes, from the command to its end, on services that are up: papermill in a loop and in two processes,
ploomber-engine and nbclient in a loop, as programs that import them; ours is `brain batch --fresh --jobs 2`, which
remembers each run in PostgreSQL and tells of it through Redis, with kernels from a warm parent and with plain ones.

Kernel: from asking for one to the moment that it can be sent a cell, by jupyter_client and from a warm parent that has
imported what the notebook imports. Limit: (kernel ready + cells) times notebooks / 2, which is what neither side can
be faster than with these kernels; cells are timed in kernels that are ready.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from traitlets.config import Config

from benchmarks.harness import Row, Sample, compare, take_turns
from benchmarks.peers.environment import peers_python
from benchmarks.services import remove_services
from brain.notebook_runs.warm.imports import scan
from brain.notebook_runs.warm.manager import WarmManager
from brain.notebook_runs.warm.starting import WarmParent

__all__ = ["measure"]

NOTEBOOKS, JOBS = 40, 2
ROUNDS = 3
KERNEL_ROUNDS = 9
BATCH_LIMIT = 1 / 6
KERNEL_LIMIT = 1 / 10
BRAIN = str(Path(sys.executable).parent / "brain")
PROGRAM = Path(__file__).parent / "peers" / "batch_program.py"
PEERS = ("papermill", "papermill in 2 processes", "ploomber-engine", "nbclient")
CELLS = (
    "import pandas as pd\nimport matplotlib.pyplot as plt",
    """frame = pd.DataFrame({'day': range(28), 'rain': [(day * month) % 7 for day in range(28)]})
frame.groupby('rain').size()""",
    "frame.plot(x='day', y='rain', title=f'{city}, {month}')\nplt.show()",
)  # fmt: skip


def measure() -> list[Row]:
    """All of it; sides take turns."""
    with _project() as project:
        kernels, cells = _kernels(project / "small.ipynb")
        rows = [
            compare(
                kernels, case="a kernel", metric="asked for to ready", unit="ms", scale=1e3, ours="warm parent",
                against="jupyter_client", limit=KERNEL_LIMIT,
            )
        ]  # fmt: skip
        sides = {peer: lambda peer=peer: _timed([str(peers_python()), str(PROGRAM), peer, str(NOTEBOOKS)], project)
                 for peer in PEERS}  # fmt: skip
        command = [
            BRAIN, "batch", "small.ipynb", "--params", f"{{month: [1..{NOTEBOOKS}]}}", "--jobs", str(JOBS), "--fresh",
            "--out", "made", "--json",
        ]  # fmt: skip
        sides["ours, warm"] = lambda: _timed(command, project)
        sides["ours, plain"] = lambda: _timed(command, project, BRAIN_WARM_KERNELS="off")
        batches = take_turns(sides, ROUNDS)
    for ours, kernel, limit in (("warm", "warm parent", BATCH_LIMIT), ("plain", "jupyter_client", None)):
        samples = {name: each for name, each in batches.items() if name in (*PEERS, f"ours, {ours}")}
        rows.append(compare(
            samples, case=f"{NOTEBOOKS} notebooks, {ours} kernels", metric="whole process", ours=f"ours, {ours}",
            against="papermill in 2 processes", limit=limit,
        ))  # fmt: skip
        least = (kernels[kernel].median + cells[kernel].median) * NOTEBOOKS / JOBS
        own = {"ours": batches[f"ours, {ours}"], "limit": Sample((least, least))}
        rows.append(compare(
            own, case=f"the least with {ours} kernels", metric="(kernel + cells) × 40 / 2", ours="ours",
            against="limit", limit=None,
        ))  # fmt: skip
    return rows


@contextmanager
def _project() -> Iterator[Path]:
    """A folder with the notebook, whose services are up."""
    with tempfile.TemporaryDirectory(prefix="brain-benchmark-") as folder:
        project = Path(folder)
        (project / ".brain").mkdir()
        notebook = nbformat.v4.new_notebook(
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        )
        tagged = nbformat.v4.new_code_cell("city = 'Seattle'\nmonth = 1", metadata={"tags": ["parameters"]})
        notebook.cells = [tagged, *map(nbformat.v4.new_code_cell, CELLS)]
        nbformat.write(notebook, project / "small.ipynb")
        subprocess.run([BRAIN, "up"], cwd=project, check=True, capture_output=True, env=_environment(project))
        try:
            yield project
        finally:
            remove_services(project / ".brain")


def _environment(project: Path, **more: str) -> Mapping[str, str]:
    """The project of the benchmark, whatever this one's settings are."""
    named = ("BRAIN_", "DATABASE_", "REDIS_", "OPENAI_", "DASK_")
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(named)},
        "BRAIN_HOME": str(project), "BRAIN_PROGRESS": "off", **more,
    }  # fmt: skip


def _timed(command: list[str], project: Path, **more: str) -> float:
    begun = time.perf_counter()
    ended = subprocess.run(
        command, cwd=project, env=_environment(project, **more), capture_output=True, text=True, check=False
    )
    taken = time.perf_counter() - begun
    if ended.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {ended.returncode}: {ended.stderr[-2000:]}")
    return taken


def _kernels(path: Path) -> tuple[dict[str, Sample], dict[str, Sample]]:
    """By kind of kernel the seconds until it is ready, and those that the cells take in it."""
    modules, _ = scan(path)
    notebook = nbformat.read(path, as_version=4)
    cells: dict[str, list[float]] = {"jupyter_client": [], "warm parent": []}
    with WarmParent(modules, is_quiet=True) as parent:
        assert parent.wait()
        config = Config({"WarmManager": {"folder": str(parent.folder)}})

        def side(name: str, **options: Any) -> float:
            ready, executed = asyncio.run(_used(notebook, **options))
            cells[name].append(executed)
            return ready

        samples = take_turns({
            "jupyter_client": lambda: side("jupyter_client", kernel_manager_class=AsyncKernelManager),
            "warm parent": lambda: side("warm parent", kernel_manager_class=WarmManager, config=config),
        }, KERNEL_ROUNDS)  # fmt: skip
    return samples, {name: Sample(tuple(taken[1:])) for name, taken in cells.items()}


async def _used(notebook: Any, **options: Any) -> tuple[float, float]:
    """Seconds until a kernel is ready, and of all cells in it."""
    client = NotebookClient(notebook, **options)
    begun = time.perf_counter()
    async with client.async_setup_kernel():
        ready = time.perf_counter()
        for index, cell in enumerate(notebook.cells):
            await client.async_execute_cell(cell, index)
        done = time.perf_counter()
    return ready - begun, done - ready
