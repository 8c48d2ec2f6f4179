"""`notebook.run`: notebooks as tools, in processes and on kernels of their own."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pytest
from command_line import eventually, new_project, remove_project
from notebook_files import write_notebook

from brain import Brain, File
from brain.errors import RunUnfinished, UsageError
from brain.runs import EventType, RunStatus

CELLS = (
    ("month: int = 1  # 1 to 12\ncity = 'Oslo'", "parameters"),
    "import pandas as pd\nfrom brain import record",
    "record('total', month * 2)\nrecord('days', pd.DataFrame({'day': [1, 2], 'city': city}))",
    "import os\nrecord('place', [os.getcwd(), os.getpid()])\nprint(f'{city} in {month}')",
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    made = new_project(tmp_path_factory.mktemp("notebooks") / "shop").project
    write_notebook(made / "report.ipynb", *CELLS)
    yield made
    remove_project(made)


@pytest.fixture(scope="module")
def brain(project: Path) -> Iterator[Brain]:
    with Brain(project) as opened:
        yield opened


def test_a_notebook_gives_what_it_recorded_and_itself_with_its_outputs(brain: Brain, project: Path) -> None:
    given = {"path": "report.ipynb", "parameters": {"month": 7}}
    result = brain.call("notebook.run", given, yes=True)
    recorded = result["recorded"]
    assert (recorded["total"], recorded["place"][0]) == (14, str(project))
    pd.testing.assert_frame_equal(recorded["days"], pd.DataFrame({"day": [1, 2], "city": "Oslo"}), check_dtype=False)
    assert isinstance(result["notebook"], File)
    made = nbformat.reads(result["notebook"].content, as_version=4)
    assert made.cells[1].source == "# Parameters\nmonth = 7\n"
    assert made.cells[-1].outputs[-1].text == "Oslo in 7\n"
    assert not nbformat.read(project / "report.ipynb", as_version=4).cells[-1].outputs, "the notebook itself stays"


def test_it_tells_of_its_cells_and_no_kernel_is_used_twice(brain: Brain) -> None:
    spec = {"steps": [{
        "id": "each", "tool": "notebook.run", "foreach": [1, 2, 3], "max_parallel": 2,
        "arguments": {"path": "report.ipynb", "parameters": {"month": "${item}"}},
    }]}  # fmt: skip
    run_id = brain.start_run(spec, yes=True)
    told = {event.message for event in brain.watch(run_id) if event.event_type is EventType.STEP_PROGRESS}
    assert "cell 1 of 5" in told
    results = brain.show(run_id).results["each"]
    assert [each["recorded"]["total"] for each in results] == [2, 4, 6]
    assert len({each["recorded"]["place"][1] for each in results}) == 3


def test_one_that_fails_is_kept_up_to_the_cell_that_failed(brain: Brain, project: Path) -> None:
    write_notebook(project / "bad.ipynb", "from brain import record\nrecord('before', 1)", "1 / 0", "print('never')")
    with pytest.raises(RunUnfinished, match=r"bad\.ipynb: cell 2 of 3: ZeroDivisionError: division by zero"):
        brain.call("notebook.run", {"path": "bad.ipynb"}, yes=True)
    left = brain.show().results["notebook_run"]
    assert left["recorded"] == {"before": 1}
    made = nbformat.reads(left["notebook"].content, as_version=4)
    assert [output.ename for cell in made.cells for output in cell.get("outputs", ()) if "ename" in output] == [
        "ZeroDivisionError"
    ]


@pytest.mark.parametrize(
    ("cells", "arguments", "says"),
    [
        (CELLS, {"parameters": {"month": "July"}}, 'month: takes a whole number, not "July"'),
        (CELLS, {"parameters": {"mont": 1}}, "has no parameter 'mont'. Did you mean month?"),
        (("print(1)",), {"parameters": {"month": 1}}, "the notebook takes no parameters: tag the cell"),
        (CELLS, {"digest": "0" * 64}, "was changed meanwhile"),
        (("import time\ntime.sleep(60)",), {"cell_timeout": 1}, "cell 1 of 1 took longer than 1 s"),
        (("import os\nos._exit(3)",), {}, "its kernel died"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    brain: Brain, project: Path, cells: Any, arguments: dict[str, Any], says: str
) -> None:
    write_notebook(project / "tried.ipynb", *cells)
    with pytest.raises(RunUnfinished) as told:
        brain.call("notebook.run", {"path": "tried.ipynb", **arguments}, yes=True)
    assert says in str(told.value)
    assert "Traceback" not in str(told.value)


def test_files_that_are_no_notebooks_and_calls_without_a_word_are_refused(brain: Brain, project: Path) -> None:
    (project / "broken.ipynb").write_text("{")
    for path, says in {
        "broken.ipynb": "cannot be run",
        "none.ipynb": "There is no file",
        "../x.ipynb": "outside",
    }.items():
        with pytest.raises(RunUnfinished, match=says):
            brain.call("notebook.run", {"path": path}, yes=True)
    with pytest.raises(RunUnfinished, match="waits for approval"):
        brain.call("notebook.run", {"path": "report.ipynb"})
    with pytest.raises(UsageError, match=r"notebook\.run needs 'path'"):
        brain.call("notebook.run", {}, yes=True)


def test_a_run_that_is_cancelled_ends_its_kernel(brain: Brain, project: Path) -> None:
    began = project / "began"
    slow = f"import os, pathlib, time\npathlib.Path({str(began)!r}).write_text(str(os.getpid()))\ntime.sleep(60)"
    spec = {
        "steps": [
            {"id": "slow", "tool": "notebook.run", "arguments": {"path": write_notebook(project / "slow.ipynb", slow)}}
        ]
    }
    run_id = brain.start_run(spec, yes=True)
    eventually(lambda: began.exists() and began.read_text())
    begin = time.monotonic()
    brain.cancel(run_id)
    assert brain.wait(run_id).status is RunStatus.CANCELLED
    assert time.monotonic() - begin < 20
    eventually(lambda: not Path(f"/proc/{began.read_text()}").exists())
