"""The notebooks that the project ships, as people and papermill run them."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from run_notebooks import NOTEBOOKS, ROOT, copied_project

BIN = Path(sys.executable).parent
ENDED_HTML = re.compile(r"<(style|script|svg)\b", re.IGNORECASE)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with copied_project(tmp_path_factory.mktemp("notebooks")) as made:
        yield made


def run(project: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OPENAI_", "PYTEST_"))}
    environment |= {"BRAIN_HOME": str(project), "BRAIN_IDLE_MINUTES": "2"}
    return subprocess.run(
        [str(BIN / command[0]), *command[1:]], cwd=project, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.timeout(400)
def test_every_notebook_runs_from_top_to_bottom(project: Path) -> None:
    ended = run(project, "pytest", "--nbmake", "notebooks/", "-q", "-p", "no:cacheprovider")
    assert ended.returncode == 0, ended.stdout
    assert f"{len(NOTEBOOKS)} passed" in ended.stdout


@pytest.mark.timeout(200)
def test_papermill_runs_the_report_with_other_parameters(project: Path) -> None:
    ended = run(project, "papermill", "notebooks/batch/monthly_report.ipynb", "out.ipynb", "-p", "month", "7")
    assert ended.returncode == 0, ended.stderr
    written = json.loads((project / "out.ipynb").read_text())
    assert "month = 7" in "".join(written["cells"][2]["source"])
    assert "widgets" not in written["metadata"]
    texts = json.dumps(written)
    assert "run succeeded" in texts
    assert "31 rows" in texts, "July has as many days"


@pytest.mark.timeout(200)
def test_a_run_that_fails_makes_papermill_fail(project: Path) -> None:
    ended = run(project, "papermill", "notebooks/batch/monthly_report.ipynb", "bad.ipynb", "-p", "month", "seven")
    assert ended.returncode != 0
    assert re.search(r"RunUnfinished: The run \w{8} failed: days: .*seven", ended.stderr)


@pytest.mark.timeout(200)
def test_papermill_runs_an_exported_run_with_other_parameters(project: Path) -> None:
    request = "how many days per month in notebooks/data/seattle-weather.csv with more than 30 precipitation?"
    assert run(project, "brain", "ask", request).returncode == 0
    exported = run(project, "brain", "export", "last", "wet.ipynb")
    assert exported.returncode == 0, exported.stderr
    ended = run(project, "papermill", "wet.ipynb", "wetter.ipynb", "-p", "value", "50")
    assert ended.returncode == 0, ended.stderr
    read = nbformat.read(project / "wetter.ipynb", as_version=4)
    tables = [output.data["text/plain"] for output in read.cells[-1].outputs if "data" in output]
    assert sum(int(line.split()[-1]) for line in tables[0].splitlines()[1:]) == 3, tables


@pytest.mark.parametrize("name", NOTEBOOKS, ids=str)
def test_what_is_stored_with_a_notebook_is_seen_on_a_code_host(name: Path) -> None:
    made = nbformat.read(ROOT / name, as_version=4)
    nbformat.validate(made)
    outputs = [output for cell in made.cells for output in cell.get("outputs", ())]
    assert outputs, "it was never run: make notebooks"
    pages = ["".join(output.data["text/html"]) for output in outputs if "text/html" in output.get("data", {})]
    assert pages
    ours = [page for page in pages if "dataframe" not in page]
    assert not [page for page in ours if ENDED_HTML.search(page)]
    text = json.dumps(made)
    assert "application/vnd.jupyter.widget-view+json" not in text
    assert not re.search(r"/(home|root|tmp|work|Users)/", text)
