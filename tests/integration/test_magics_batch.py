"""`%brain batch` in a real IPython shell."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from cells import Notebook, opened_shell
from command_line import new_project, remove_project
from IPython.core.interactiveshell import InteractiveShell
from notebook_files import write_notebook

from brain import BatchRun
from brain.errors import ParametersError, UsageError
from brain.notebook.handle import BatchHandle
from brain.runs import RunStatus

CELLS = (
    ("city = 'Oslo'\nmonth: int = 1", "parameters"),
    "import brain\nif city == 'Rome':\n    raise ValueError('no data')\nbrain.record('total', 2 * month)",
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    made = new_project(tmp_path_factory.mktemp("magics") / "shop").project
    write_notebook(made / "report.ipynb", *CELLS)
    yield made
    remove_project(made)


@pytest.fixture(scope="module")
def shell(project: Path) -> Iterator[InteractiveShell]:
    with opened_shell(project) as made:
        made.user_ns["sets"] = pd.DataFrame({"city": ["Bern", "Paris"], "month": [1, 2]})
        made.user_ns["seven"] = 7
        yield made


@pytest.fixture
def notebook(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> Notebook:
    return Notebook(shell, capsys)


def test_a_frame_of_parameters_becomes_a_frame_of_results(notebook: Notebook, project: Path) -> None:
    batch = notebook("%brain batch report.ipynb --params sets --jobs 2 --folder made/{city}.ipynb --table table.csv")
    assert isinstance(batch, BatchRun)
    assert batch.frame[["city", "total"]].to_dict("list") == {"city": ["Bern", "Paris"], "total": [2, 4]}
    assert "1 Bern 1  succeeded" in notebook.printed
    assert (project / "made" / "Bern.ipynb").exists()
    assert pd.read_csv(project / "table.csv")["total"].to_list() == [2, 4]
    page = batch._repr_mimebundle_()
    assert "Paris" in page["text/html"]
    assert "2 succeeded" in page["text/plain"]
    assert notebook(f"%brain show {batch.id}").to_json() == batch.to_json()
    assert notebook("%brain batch list").loc[0, "id"] == batch.id
    assert notebook("%brain batch show").id == batch.id


def test_a_grid_stands_in_the_cell_and_values_are_variables(notebook: Notebook) -> None:
    batch = notebook("%%brain batch report.ipynb -p month={{seven}}\ncity: [Oslo, Rome]")
    assert batch.status is RunStatus.FAILED
    assert [dict(one.parameters) for one in batch.sets] == [
        {"city": "Oslo", "month": 7}, {"city": "Rome", "month": 7}
    ]  # fmt: skip
    assert dict(batch.sets[0].recorded) == {"total": 14}
    again = notebook(f"%brain resume {batch.id}")
    assert (again.batch_id, [one.attempt for one in again.sets]) == (batch.batch_id, [1, 2])


def test_it_goes_on_beside_the_cells_that_follow(notebook: Notebook) -> None:
    handle = notebook("late = %brain batch report.ipynb -p month=9 --background\nlate")
    assert isinstance(handle, BatchHandle)
    assert notebook("%brain watch late").status is RunStatus.SUCCEEDED
    assert notebook("late.wait().frame['total'].to_list()") == [18]


def test_what_is_wrong_makes_the_cell_fail_in_a_line(notebook: Notebook) -> None:
    notebook.fails("%brain batch report.ipynb -p mont=1", ParametersError, "Did you mean month?")
    notebook.fails("%brain batch one.ipynb two.ipynb", UsageError, "One notebook at a time")
    notebook.fails("%brain batch report.ipynb --params sets --table t.xlsx", UsageError, "ends in .csv or .json")
    notebook.fails("%%brain batch report.ipynb --params sets\ncity: [Oslo]", UsageError, "not both")
