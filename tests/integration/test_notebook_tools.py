"""Notebooks as tools of a project: an entry of their own, called by pipelines, and calling pipelines."""

import json
from collections.abc import Iterator

import nbformat
import pytest
from command_line import CommandLine, new_project, remove_project
from notebook_files import write_notebook

from brain import Brain
from brain.errors import RunUnfinished, UsageError
from brain.runs import RunStatus

PARAMETERS = ("month: int = 1  # 1 to 12\ncity = 'Oslo'  # where\nshare = 0.5", "parameters")


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    made = new_project(tmp_path_factory.mktemp("notebooks") / "shop")
    write_notebook(
        made.project / "Monthly-report.ipynb", PARAMETERS,
        "import brain\nimport pandas as pd", "brain.record('total', month * 2)",
        "brain.record('rows', pd.DataFrame({'city': [city], 'share': [share]}))",
    )  # fmt: skip
    path = made.project / "Monthly-report.ipynb"
    notebook = nbformat.read(path, as_version=4)
    words = "# Rain of a *month*\n\nSums up the rain of a month\nin a city."
    notebook.cells.insert(0, nbformat.v4.new_markdown_cell(words))
    nbformat.write(notebook, path)
    yield made
    remove_project(made.project)


@pytest.fixture(scope="module")
def brain(line: CommandLine) -> Iterator[Brain]:
    with Brain(line.project) as opened:
        opened.add_tool(str(line.project / "Monthly-report.ipynb"))
        yield opened


def test_an_entry_is_written_from_its_parameters_and_texts(brain: Brain, line: CommandLine) -> None:
    tool = brain.tool("notebook.monthly_report")
    assert (tool.annotations.title, tool.description) == ("Rain of a month", "Sums up the rain of a month in a city.")
    assert tool.parameters == {
        "month": {"description": "1 to 12", "type": "integer", "default": 1},
        "city": {"description": "where", "type": "string", "default": "Oslo"},
        "share": {"type": "number", "default": 0.5},
    }
    assert tool.required == frozenset()
    assert list(tool.output_schema["properties"]["recorded"]["properties"]) == ["rows", "total"]
    entries = json.loads((line.project / "tools.json").read_text())["tools"]
    assert entries[-1]["run"] == {"notebook": "Monthly-report.ipynb"}
    again = line("tools", "add", "Monthly-report.ipynb", "--json").json
    assert (again["tool"]["name"], again["new"]) == ("notebook.monthly_report", False)
    shown = line("tools", "show", "notebook.monthly_report")
    assert "runs Monthly-report.ipynb" in shown.out


def test_a_pipeline_calls_it_and_goes_on_with_what_it_recorded(brain: Brain) -> None:
    spec = {
        "name": "rain",
        "steps": [
            {"id": "july", "tool": "notebook.monthly_report", "arguments": {"month": 7, "city": "Rome"}},
            {"id": "text", "tool": "table.sort", "arguments": {"table": "${july.recorded.rows}", "by": ["city"]}},
        ],
        "outputs": {"total": "${july.recorded.total}", "rows": "${text}"},
    }  # fmt: skip
    run = brain.run(spec, yes=True)
    assert run.status is RunStatus.SUCCEEDED, run.error
    assert run.outputs["total"] == 14
    assert run.outputs["rows"].to_dict("records") == [{"city": "Rome", "share": 0.5}]
    assert brain.run(spec).status is RunStatus.WAITING, "it may change something"


def test_what_it_does_not_take_is_refused_before_it_is_run(brain: Brain) -> None:
    with pytest.raises(UsageError, match="mont"):
        brain.call("notebook.monthly_report", {"mont": 7}, yes=True)
    with pytest.raises((UsageError, RunUnfinished), match="month"):
        brain.call("notebook.monthly_report", {"month": "July"}, yes=True)


def test_a_notebook_that_was_changed_is_another_call(brain: Brain, line: CommandLine) -> None:
    step = {"id": "july", "tool": "notebook.monthly_report", "arguments": {"month": 7}}
    spec = {"name": "rain", "steps": [step, {"id": "then", "tool": "shop.break", "needs": ["july"],
                                             "arguments": {"message": "no"}}]}  # fmt: skip
    run = brain.run(spec, yes=True)
    assert {step.step_id: step.verdict for step in brain.foresee(run).steps}["july"] == "kept"
    path = line.project / "Monthly-report.ipynb"
    path.write_text(path.read_text().replace("month * 2", "month * 3"))
    assert {step.step_id: step.verdict for step in brain.foresee(run).steps}["july"] == "again"


def test_a_notebook_that_is_a_tool_calls_a_tool(brain: Brain, line: CommandLine) -> None:
    write_notebook(
        line.project / "outer.ipynb", ("path = 'sales.csv'", "parameters"), "%load_ext brain",
        "sales = brain.notebook.call('table.read', {'path': path})",
        "import brain\nbrain.record('rows', len(sales))",
    )  # fmt: skip
    cells = line.project / "outer.ipynb"
    cells.write_text(
        cells.read_text().replace("sales = brain.notebook", "import brain.notebook\\nsales = brain.notebook")
    )
    brain.add_tool(str(cells))
    assert brain.call("notebook.outer", {}, yes=True)["recorded"] == {"rows": 4}


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("missing.ipynb", "There is no notebook missing.ipynb"),
        ("bare.ipynb", "bare.ipynb is no tool yet: no cell of it is tagged `parameters`"),
        ("torn.ipynb", "The notebook torn.ipynb cannot be run"),
    ],
)
def test_what_is_no_tool_is_refused_in_a_sentence(line: CommandLine, name: str, says: str) -> None:
    write_notebook(line.project / "bare.ipynb", "1 + 1")
    (line.project / "torn.ipynb").write_text("{")
    before = (line.project / "tools.json").read_text()
    ended = line("tools", "add", name)
    assert ended.code in (1, 2)
    assert says in ended.err
    assert "Traceback" not in ended.err
    assert (line.project / "tools.json").read_text() == before
