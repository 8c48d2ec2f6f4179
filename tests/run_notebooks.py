"""Runs the notebooks of `notebooks/` anew and keeps what they show; `make notebooks` calls it.

Each runs in a copy of the project, so that what stays names no folder of this machine, and no run of anybody.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from command_line import remove_project
from nbclient import NotebookClient

__all__ = ["NOTEBOOKS", "copied_project", "executed"]

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted(
    path.relative_to(ROOT) for path in (ROOT / "notebooks").rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts
)
SECONDS = 120


@contextmanager
def copied_project(folder: Path) -> Iterator[Path]:
    """The notebooks with their data and the tools, in a project of its own."""
    project = folder / "project"
    project.mkdir(parents=True)
    shutil.copy(ROOT / "tools.json", project)
    shutil.copytree(ROOT / "notebooks", project / "notebooks", ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    try:
        yield project
    finally:
        remove_project(project)


def executed(project: Path, name: Path) -> nbformat.NotebookNode:
    """A notebook of the project as it is after a run from top to bottom."""
    made = nbformat.read(project / name, as_version=4)
    NotebookClient(made, timeout=SECONDS, resources={"metadata": {"path": str(project)}}).execute()
    return made


def main() -> int:
    """Write each notebook as it is after its run."""
    os.environ |= {"BRAIN_PROGRESS": "html", "BRAIN_IDLE_MINUTES": "2"}
    with tempfile.TemporaryDirectory(prefix="brain-notebooks-") as folder, copied_project(Path(folder)) as project:
        os.environ["BRAIN_HOME"] = str(project)
        for name in NOTEBOOKS:
            sys.stderr.write(f"{name}\n")
            made = executed(project, name)
            for cell in made.cells:
                cell.metadata.pop("execution", None)  # when it ran is nobody's business
            nbformat.write(made, ROOT / name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
