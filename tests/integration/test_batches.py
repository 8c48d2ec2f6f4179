"""Batches of notebooks through `Brain.batch`: every set of parameters is a run, and what is done is not done again."""

import json
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pytest
from command_line import eventually, new_project, remove_project
from notebook_files import write_notebook

from brain import Brain
from brain.errors import BrainError, ParametersError, RunUnfinished, UsageError
from brain.runs import EventType, RunStatus
from brain.session.batching.order import BatchOrder

PARAMETERS = ("month: int = 1  # 1 to 12\ncity = 'Oslo'\nfails = False", "parameters")
CELLS = (
    PARAMETERS,
    """from pathlib import Path
from brain import record
with Path('runs.txt').open('a') as runs:
    print(city, month, file=runs)""",
    "record('total', month * 2)\nprint(f'{city} in {month}')",
    "if fails:\n    raise ValueError(f'no data for {city}')",
    "record('done', True)",
)
WAITS = (PARAMETERS, "import time\nfrom pathlib import Path\nwhile not Path('go').exists():\n    time.sleep(0.02)")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    made = new_project(tmp_path_factory.mktemp("batches") / "shop").project
    yield made
    remove_project(made)


@pytest.fixture(scope="module")
def brain(shop: Path) -> Iterator[Brain]:
    with Brain(shop) as opened:
        yield opened


@pytest.fixture
def folder(shop: Path, request: Any) -> Path:
    """One of the test's own in the project, with a notebook in it."""
    made = Path(tempfile.mkdtemp(prefix=request.node.originalname, dir=shop))
    write_notebook(made / "report.ipynb", *CELLS)
    write_notebook(made / "waits.ipynb", *WAITS)
    return made


def ran(folder: Path) -> list[str]:
    """What the notebooks in a folder have run with, one line a run."""
    runs = folder / "runs.txt"
    return sorted(runs.read_text().splitlines()) if runs.exists() else []


def test_each_set_is_a_run_and_the_frame_has_what_was_recorded(brain: Brain, folder: Path) -> None:
    sets = pd.DataFrame({"city": ["Oslo", "Rome", "Bern"], "month": [1, 2, 3]})
    batch = brain.batch(folder / "report.ipynb", sets, jobs=2, out=folder / "made")

    frame = batch.frame
    assert list(frame.columns) == [
        "city", "month", "done", "total", "status", "seconds", "attempt", "error", "notebook", "run"
    ]  # fmt: skip
    assert frame[["city", "month", "total", "done", "status"]].to_dict("list") == {
        "city": ["Oslo", "Rome", "Bern"], "month": [1, 2, 3], "total": [2, 4, 6], "done": [True] * 3,
        "status": ["succeeded"] * 3,
    }  # fmt: skip
    assert (batch.status, batch.counts, batch.unfinished) == (RunStatus.SUCCEEDED, {"succeeded": 3}, ())
    assert batch.check() is batch
    assert ran(folder) == ["Bern 3", "Oslo 1", "Rome 2"]
    second = nbformat.read(frame.loc[2, "notebook"], as_version=4)
    assert second.cells[1].source == '# Parameters\ncity = "Rome"\nmonth = 2\n'
    assert second.cells[3].outputs[-1].text == "Rome in 2\n"
    run = brain.show(frame.loc[2, "run"])
    assert run.name == "report: city=Rome, month=2"
    assert run.outputs["recorded"] == {"total": 4, "done": True}
    listed = brain.batches()
    assert listed.loc[0, ["id", "sets", "succeeded", "failed", "unfinished"]].to_list() == [batch.id, 3, 3, 0, 0]
    assert brain.show_batch(batch.id).to_json() == batch.to_json()


def test_one_that_fails_keeps_its_cells_and_the_others_go_on(brain: Brain, folder: Path) -> None:
    sets = [{"city": city, "fails": city == "Rome"} for city in ("Oslo", "Rome", "Bern")]
    batch = brain.batch(folder / "report.ipynb", sets, jobs=1, out=folder / "{city}.ipynb")

    assert (batch.status, batch.counts) == (RunStatus.FAILED, {"succeeded": 2, "failed": 1})
    (failed,) = batch.failed
    assert failed.error is not None
    assert "cell 5 of 6: ValueError: no data for Rome" in failed.error
    assert dict(failed.recorded) == {"total": 2}, "what it recorded before"
    made = nbformat.read(folder / "Rome.ipynb", as_version=4)
    assert made.cells[0].metadata.tags == ["papermill-error-cell-tag"]
    assert [output.output_type for cell in made.cells for output in cell.get("outputs", ())][-1] == "error"
    with pytest.raises(RunUnfinished, match=r"has no result for 1 of 3 sets: .*no data for Rome"):
        batch.check()


def test_going_on_runs_what_is_left_alone(brain: Brain, folder: Path) -> None:
    sets = [{"city": city, "fails": city == "Rome"} for city in ("Oslo", "Rome")]
    first = brain.batch(folder / "report.ipynb", sets, jobs=2)
    assert ran(folder) == ["Oslo 1", "Rome 1"]

    again = brain.batch(folder / "report.ipynb", resume=True)
    assert again.batch_id == first.batch_id
    assert ran(folder) == ["Oslo 1", "Rome 1", "Rome 1"]
    assert [one.attempt for one in again.sets] == [1, 2]
    assert [one.run_id for one in again.sets] == [one.run_id for one in first.sets]

    write_notebook(folder / "report.ipynb", *CELLS[:3], *CELLS[4:])  # mended
    mended = brain.batch(first.id, resume=True)
    assert (mended.status, mended.counts) == (RunStatus.SUCCEEDED, {"succeeded": 2})
    assert ran(folder) == ["Oslo 1", "Rome 1", "Rome 1", "Rome 1"]
    assert mended.notes == ("1 of the results are of an earlier version of the notebook: --fresh runs all anew.",)
    assert mended.sets[1].run_id != first.sets[1].run_id
    assert brain.runs(limit=None)["batch_id"].eq(str(first.batch_id)).sum() == 3


def test_the_newest_batch_with_the_same_parameters_is_gone_on_with(brain: Brain, folder: Path) -> None:
    grid = {"city": ["Oslo", "Rome"]}
    first = brain.batch(folder / "report.ipynb", grid)
    brain.batch(folder / "report.ipynb", [{"city": "Bern"}])

    assert brain.batch(folder / "report.ipynb", grid, resume=True).batch_id == first.batch_id
    with pytest.raises(UsageError, match=r"There is no batch of .*report\.ipynb with these parameters yet"):
        brain.batch(folder / "report.ipynb", [{"city": "Paris"}], resume=True)
    with pytest.raises(UsageError, match="leave one of them out"):
        brain.batch(folder / "report.ipynb", grid, resume=True, fresh=True)


def test_earlier_runs_stand_for_sets_of_the_same_notebook(brain: Brain, folder: Path) -> None:
    sets = [{"city": "Oslo"}, {"city": "Rome"}]
    first = brain.batch(folder / "report.ipynb", sets)
    second = brain.batch(folder / "report.ipynb", [*sets, {"city": "Bern"}], out=folder / "made")

    assert second.counts == {"cached": 2, "succeeded": 1}
    assert [one.cached_from for one in second.sets] == [first.sets[0].run_id, first.sets[1].run_id, None]
    assert second.frame["total"].to_list() == [2, 2, 2]
    assert sorted(path.name for path in (folder / "made").iterdir()) == [f"report-{n}.ipynb" for n in (1, 2, 3)]
    assert ran(folder) == ["Bern 1", "Oslo 1", "Rome 1"]
    assert brain.batch(folder / "report.ipynb", sets, fresh=True).counts == {"succeeded": 2}
    assert len(ran(folder)) == 5
    write_notebook(folder / "report.ipynb", *CELLS, "# changed")
    assert brain.batch(folder / "report.ipynb", sets).counts == {"succeeded": 2}


def test_one_that_failed_is_run_again_as_often_as_is_wanted(brain: Brain, folder: Path) -> None:
    flaky = "tries = len(Path('runs.txt').read_text().splitlines())\nif tries < 3:\n    raise OSError('away')"
    write_notebook(folder / "report.ipynb", *CELLS[:2], flaky, "record('tries', tries)")
    batch = brain.batch(folder / "report.ipynb", [{"city": "Oslo"}], retries=2)
    assert (batch.status, batch.sets[0].attempt, dict(batch.sets[0].recorded)) == (
        RunStatus.SUCCEEDED, 3, {"tries": 3}
    )  # fmt: skip


def test_one_that_takes_too_long_is_ended_and_keeps_its_cells(brain: Brain, folder: Path) -> None:
    batch = brain.batch(folder / "waits.ipynb", [{"city": "Oslo"}], timeout=4, out=folder / "{city}.ipynb")
    (one,) = batch.sets
    assert batch.status is RunStatus.FAILED
    assert one.error is not None
    assert "longer than its timeout of 4 s" in one.error
    assert one.notebook.exists()
    (folder / "go").touch()
    assert brain.batch(batch.id, resume=True).status is RunStatus.SUCCEEDED


def test_nothing_is_run_where_a_parameter_is_wrong(brain: Brain, folder: Path) -> None:
    before = len(brain.batches())
    sets = [{"month": "July", "mont": 1}, {"city": "Oslo"}, {"city": "Oslo"}]
    with pytest.raises(ParametersError) as refused:
        brain.batch(folder / "report.ipynb", sets, out="made/{city}-{moth}.ipynb")
    assert [str(problem) for problem in refused.value.problems] == [
        'set 1: month: takes a whole number, not "July"',
        "set 1: the notebook has no parameter 'mont'. Did you mean month?",
        "out: there is no parameter 'moth'. Did you mean month or mont?",
    ]
    with pytest.raises(ParametersError, match=r"set 3: its notebook would be Oslo.ipynb, as that of set 2"):
        brain.batch(folder / "report.ipynb", [{"city": "Rome"}, *sets[1:]], out="made/{city}.ipynb")
    assert len(brain.batches()) == before
    assert ran(folder) == []


@pytest.mark.parametrize(
    ("given", "options", "says"),
    [
        ((None, [{}]), {}, "Which notebook"),
        (("report.ipynb", None), {}, "Which parameters"),
        (("repot.ipynb", [{}]), {}, r"There is no notebook .*repot.ipynb\. Did you mean report"),
        (("../../other.ipynb", [{}]), {}, "outside the project folder"),
        (("report.ipynb", [{}]), {"jobs": 0}, "jobs is a number from 1 on, not 0"),
        (("report.ipynb", [{}]), {"retries": -1}, "retries is a number from 0 on"),
        (("report.ipynb", [{}]), {"timeout": "soon"}, "A timeout is a number of seconds or a duration"),
        (("report.ipynb", [{}]), {"timeout": 0}, "longer than nothing"),
        (("runs.txt", [{}]), {}, "There is no notebook"),
        (("ffffffff", None), {"resume": True}, "No batch's id begins or ends with 'ffffffff'"),
        (("report.ipynb", [{}]), {"out": "/proc/made"}, "Notebooks cannot be written into /proc/made"),
        (("nameless.ipynb", [{}]), {}, "it names no kernel. Open it in JupyterLab"),
        (("foreign.ipynb", [{}]), {}, "its kernel ir is not installed here"),
        (("broken.ipynb", [{}]), {}, "The notebook broken.ipynb cannot be run"),
    ],
)
def test_what_makes_no_batch_is_refused_in_a_sentence(
    brain: Brain, folder: Path, given: tuple[Any, Any], options: Any, says: str
) -> None:
    (folder / "broken.ipynb").write_text("{")
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")])
    nbformat.write(made, folder / "nameless.ipynb")
    made.metadata.kernelspec = {"name": "ir", "display_name": "R", "language": "R"}
    nbformat.write(made, folder / "foreign.ipynb")
    write_notebook(folder.parent.parent / "other.ipynb", *CELLS)
    notebook, parameters = given
    path = folder / notebook if notebook and notebook.endswith("ipynb") else notebook
    with pytest.raises(BrainError, match=says) as refused:
        brain.batch(path, parameters, **options)
    assert "\n" not in str(refused.value)


def test_values_for_all_sets_mean_what_their_parameters_take(brain: Brain, folder: Path) -> None:
    batch = brain.batch(folder / "report.ipynb", [{"city": "Oslo"}, {}], common={"month": "7", "fails": "no"})
    assert [dict(one.parameters) for one in batch.sets] == [
        {"city": "Oslo", "month": 7, "fails": False}, {"month": 7, "fails": False}
    ]  # fmt: skip
    assert brain.batch(folder / "report.ipynb", common={"month": 8}).frame["total"].to_list() == [16]


def test_it_is_watched_from_elsewhere_cell_by_cell(brain: Brain, folder: Path, shop: Path) -> None:
    started = brain.start_batch(BatchOrder(folder / "waits.ipynb", [{"city": "Oslo"}, {"city": "Rome"}], jobs=1))
    with Brain(shop) as other:
        seen = []
        for event in other.watch(other.show_batch(started)):
            seen.append((event.event_type, event.step_id, event.message))
            if event.event_type is EventType.STEP_PROGRESS:
                (folder / "go").touch()
        assert other.show_batch(started).status is RunStatus.SUCCEEDED
    assert seen[0][0] is EventType.RUN_RUNNING
    assert (EventType.STEP_RUNNING, "1 Oslo", "") in seen
    assert any(kind is EventType.STEP_PROGRESS and words.startswith("cell ") for kind, _, words in seen)
    assert (EventType.STEP_SUCCEEDED, "2 Rome", "") in seen
    assert seen[-1][0] is EventType.RUN_SUCCEEDED


def test_it_is_ended_from_elsewhere_and_what_was_not_begun_is_left(brain: Brain, folder: Path, shop: Path) -> None:
    sets = [{"city": city} for city in ("Oslo", "Rome", "Bern")]
    started = brain.start_batch(BatchOrder(folder / "waits.ipynb", sets, jobs=1))
    with Brain(shop) as other:
        eventually(lambda: other.show_batch(started).sets[0].status is RunStatus.RUNNING)
        with pytest.raises(UsageError, match="is being run already"):
            other.batch(other.show_batch(started).id, resume=True)
        other.cancel(other.show_batch(started).id)
    batch = brain.wait_batch(started)
    assert batch.status is RunStatus.CANCELLED
    assert batch.counts == {"cancelled": 1, "queued": 2}
    (folder / "go").touch()
    again = brain.batch(batch.id, resume=True, jobs=3)
    assert (again.status, again.counts) == (RunStatus.SUCCEEDED, {"succeeded": 3})


def test_closing_ends_what_goes_on(shop: Path, folder: Path) -> None:
    with Brain(shop) as other:
        started = other.start_batch(BatchOrder(folder / "waits.ipynb", [{"city": "Oslo"}]))
        eventually(lambda: other.show_batch(started).sets[0].status is RunStatus.RUNNING)
    with Brain(shop) as other:
        batch = other.show_batch(started)
    assert (batch.status, batch.sets[0].status) == (RunStatus.INTERRUPTED, RunStatus.CANCELLED)


def test_two_processes_do_not_take_the_same_set(brain: Brain, folder: Path, shop: Path) -> None:
    batch = brain.batch(folder / "report.ipynb", [{"city": "Oslo", "fails": True}])
    write_notebook(folder / "report.ipynb", *CELLS[:3])
    outcomes: list[object] = []

    def go_on(one: Brain) -> None:
        try:
            outcomes.append(one.batch(batch.id, resume=True).status)
        except UsageError as exc:
            outcomes.append(str(exc))

    with Brain(shop) as other:
        threads = [threading.Thread(target=go_on, args=(one,)) for one in (brain, other)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert RunStatus.SUCCEEDED in outcomes
    assert ran(folder) == ["Oslo 1", "Oslo 1"]
    assert json.dumps(brain.show_batch(batch.id).to_json())
