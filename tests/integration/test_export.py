"""Runs and pipelines as notebooks, whose cells give what the pipeline gives."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pytest
from cells import Notebook, opened_shell
from command_line import CommandLine, new_project, remove_project
from IPython.core.interactiveshell import InteractiveShell

from brain import Brain, PipelineSpec
from brain.errors import RunNotFound, SpecError, UsageError

READ = "{id: sales, tool: table.read, arguments: {path: '${inputs.path}'}}"
MEAN = "{table: '${sales}', by: [shop], column: price, function: mean}"
SHOPS = "{table: '${sales}', columns: [shop]}"
PIPELINES = {
    "a chain": f"""
inputs: {{path: {{type: string, default: sales.csv}}}}
steps:
  - {READ}
  - {{id: by_shop, tool: table.aggregate, arguments: {MEAN}}}
""",
    "one call for each item": f"""
inputs: {{path: {{type: string, default: sales.csv}}, "least price": {{type: integer, default: 15}}}}
steps:
  - {READ}
  - id: sold
    tool: table.filter
    foreach: "${{sales.head}}"
    max_parallel: 2
    retry: {{attempts: 2}}
    arguments:
      table: "${{sales}}"
      where:
        - {{column: shop, operator: equals, value: "${{item.shop}}"}}
        - {{column: price, operator: greater, value: '${{inputs."least price"}}'}}
outputs: {{counts: "${{sold[*].row_count}}"}}
""",
    "items by their index, one of which fails": """
steps:
  - id: each
    tool: shop.break
    foreach: [north, south]
    on_error: collect
    arguments: {message: "no ${index} ${item} $${x}"}
outputs: {errors: "${each[*].error}"}
""",
    "steps that are left out": f"""
inputs: {{path: {{type: string, default: sales.csv}}}}
steps:
  - {READ}
  - {{id: few, tool: table.select, when: "sales.row_count > `100`", arguments: {SHOPS}}}
  - {{id: after, tool: shop.nap, needs: [few], arguments: {{seconds: 0, label: x}}}}
  - {{id: many, tool: table.select, when: "sales.row_count", arguments: {{table: "${{sales}}", columns: [price]}}}}
outputs: {{few: "${{few}}", after: "${{after.label}}", many: "${{many}}"}}
""",
    "what runs after a step that failed, or could have been left out": """
steps:
  - {id: first, tool: shop.nap, when: "`true`", arguments: {seconds: 0, label: x}}
  - {id: broken, tool: shop.break, on_error: skip, arguments: {message: "${first.label}"}}
  - {id: then, tool: shop.nap, needs: [broken], arguments: {seconds: 0, label: "after ${broken}"}}
outputs: {then: "${then.label}", broken: "${broken}"}
""",
    "days": """
inputs: {path: {type: string, default: days.csv}}
steps:
  - {id: days, tool: table.read, arguments: {path: "${inputs.path}"}}
  - {id: late, tool: table.sort, arguments: {table: "${days}", by: day, descending: true}}
outputs: {types: "${late.types}", first: "${late.head[0]}", text: "since ${days.head[0].day}"}
""",
    "names that Python has for itself": """
inputs: {class: {type: integer, default: 2}, 2nd: {type: boolean, default: true}, list: {default: [1, {a: null}]}}
steps:
  - {id: if, tool: shop.nap, arguments: {seconds: 0, label: "${inputs.class} of ${inputs.\\"2nd\\"}"}}
  - {id: call, tool: shop.nap, needs: [if], arguments: {seconds: 0, label: "${if.label}, ${inputs.list[1]}"}}
  - {id: print, tool: shop.nap, arguments: {seconds: 0, label: "say \\"hi\\" \\\\ {x} ${if.label}\\n${call.label}"}}
outputs: {labels: ["${if.label}", "${call.label}", "${print.label}"], inputs: "${inputs}"}
""",
}


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    made = new_project(tmp_path_factory.mktemp("export") / "shop")
    (made.project / "days.csv").write_text(
        "day,sold,at\n2026-01-02,1,2026-01-02 10:00\n2026-03-01,2,2026-03-01 00:00\n"
    )
    yield made
    remove_project(made.project)


@pytest.fixture(scope="module")
def shell(command: CommandLine) -> Iterator[InteractiveShell]:
    with opened_shell(command.project) as made:
        yield made


@pytest.fixture
def notebook(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> Notebook:
    return Notebook(shell, capsys)


@pytest.fixture(scope="module")
def brain(command: CommandLine, shell: InteractiveShell) -> Iterator[Brain]:
    with Brain(command.project) as made:
        yield made


def cells_of(path: Path) -> list[str]:
    read = nbformat.read(path, as_version=4)
    nbformat.validate(read)
    return [cell.source for cell in read.cells if cell.cell_type == "code"]


def outputs_of(notebook: Notebook, path: Path, **parameters: Any) -> dict[str, Any]:
    """What the cells leave behind, run in their order, with other parameters where papermill would put them."""
    for number, cell in enumerate(cells_of(path)):
        notebook(cell)
        if number == 1:
            notebook.shell.user_ns.update(parameters)
    outputs: dict[str, Any] = notebook.shell.user_ns["outputs"]
    return outputs


def same(one: Any, other: Any) -> bool:
    if isinstance(one, pd.DataFrame):
        return one.equals(other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    return bool(one == other)


@pytest.mark.parametrize("name", PIPELINES)
def test_the_cells_give_what_the_pipeline_gives(name: str, notebook: Notebook, brain: Brain, tmp_path: Path) -> None:
    spec = PipelineSpec.from_text(f"name: {name}\n{PIPELINES[name]}")
    path = brain.export(spec, tmp_path / "exported.ipynb")
    outputs, wanted = outputs_of(notebook, path), dict(brain.run(spec).outputs)
    assert same(outputs, wanted), (outputs, wanted)


def test_words_of_a_request_become_parameters(notebook: Notebook, brain: Brain, tmp_path: Path) -> None:
    run = brain.ask("average price by shop in sales.csv where sold is more than 3")
    path = brain.export(run, tmp_path / "prices.ipynb")
    setup, parameters, checked, *steps = cells_of(path)
    assert setup == "%load_ext brain\nfrom brain.notebook import call, check"
    assert "path=path" in checked
    assert [line.partition("  #")[0] for line in parameters.splitlines()] == ["path: str = 'sales.csv'", "value = 3"]
    assert len(steps) == 4, "three steps and the outputs"
    assert (
        list(outputs_of(notebook, path)["table"]["mean_price"]) == list(run.outputs["table"]["mean_price"]) == [30, 30]
    )
    assert list(outputs_of(notebook, path, value=5)["table"]["mean_price"]) == [40]
    told = nbformat.read(path, as_version=4).cells[0].source
    assert told.splitlines()[2] == f"> {run.request}"
    assert f"Exported from the run {run.id} of " in told


def test_tables_that_a_run_was_given_come_from_where_they_are_kept(
    notebook: Notebook, brain: Brain, tmp_path: Path
) -> None:
    frame = pd.DataFrame({"city": ["a", "b", "a"], "price": [1, 2, 3]})
    run = brain.ask("average price by city in frame", frame=frame)
    path = brain.export(str(run.run_id), tmp_path / "frame.ipynb")
    assert f'exported_run = %brain show {run.run_id}\nframe = exported_run.given["frame"]' in cells_of(path)
    assert list(outputs_of(notebook, path)["table"]["mean_price"]) == [2, 2]


def test_what_changes_something_is_asked_for_in_the_parameters(
    notebook: Notebook, brain: Brain, command: CommandLine, tmp_path: Path
) -> None:
    spec = {"steps": [{"id": "save", "tool": "files.write", "arguments": {"path": "kept.txt", "content": "x"}}]}
    path = brain.export(spec, tmp_path / "save.ipynb")
    setup, parameters, checked, step, _ = cells_of(path)
    assert parameters == "approve: bool = False  # True: tools that change something are called too"
    for cell in (setup, parameters):
        notebook(cell)
    notebook.fails(step, UsageError, "changes something, and nobody is there to allow it: call it with yes=True")
    notebook("approve = 'false'")  # as papermill hands it over
    notebook.fails(checked, UsageError, 'approve: takes true or false, not "false"')
    notebook.fails(step, UsageError, "yes is True or False, not 'false'")
    assert outputs_of(notebook, path, approve=True)["save"]["path"] == "outputs/kept.txt"
    assert (command.project / "outputs" / "kept.txt").read_text().strip() == "x"


def test_parameters_are_held_against_what_they_may_be_before_anything_is_called(
    notebook: Notebook, brain: Brain, tmp_path: Path
) -> None:
    spec = PipelineSpec.from_text("""
name: checked
inputs: {most: {type: integer, description: rows}, go: {type: boolean, default: true}, "the table": {format: table}}
steps:
  - {id: nap, tool: shop.nap, arguments: {seconds: 0, label: "up to ${inputs.most}"}}
  - {id: rows, tool: table.sort, arguments: {table: '${inputs."the table"}', by: a}}
""")
    setup, parameters, checked, *_ = cells_of(brain.export(spec, tmp_path / "checked.ipynb"))
    assert parameters.splitlines() == [
        "most: int = None  # rows (takes a value)",
        "go: bool = True",
        "the_table = None  # 'the table' of the pipeline (takes a DataFrame)",
    ]
    for cell in (setup, parameters):
        notebook(cell)
    notebook("go = 'yes'")
    notebook.fails(
        checked, UsageError, r"(?s)most: is missing.*go: takes true or false, not \"yes\".*the_table: is missing"
    )
    notebook("import pandas as pd\nmost, go, the_table = 3, False, pd.DataFrame({'a': [1]})")
    assert notebook(checked) is None


def test_a_notebook_takes_no_others_place(notebook: Notebook, brain: Brain, tmp_path: Path) -> None:
    spec = {"name": "a/b c", "steps": [{"id": "nap", "tool": "shop.nap", "arguments": {"seconds": 0}}]}
    path = tmp_path / "n.ipynb"
    path.write_text("{}")
    with pytest.raises(UsageError, match=re.escape(f"{path} exists already with other content")):
        brain.export(spec, path)
    first = brain.export(spec, path, overwrite=True).read_bytes()
    assert brain.export(spec, path).read_bytes() == first
    assert brain.export(spec) == Path("a-b-c.ipynb")
    with pytest.raises(UsageError, match=r"ends in \.ipynb, not .*x\.py"):
        brain.export(spec, tmp_path / "x.py")
    with pytest.raises(UsageError, match="could not be written: No such file or directory"):
        brain.export(spec, tmp_path / "no" / "x.ipynb")
    with pytest.raises(SpecError, match="there is no tool"):
        brain.export({"steps": [{"id": "a", "tool": "nothing.there"}]}, path)
    notebook.fails("%brain export nobody", RunNotFound, "no run id")


def test_the_magic_and_the_command_write_the_same(notebook: Notebook, command: CommandLine) -> None:
    notebook("%brain call table.read path=sales.csv")
    written = notebook("%brain export last by-magic.ipynb")
    assert written == Path("by-magic.ipynb")
    ended = command("export", "last", "by-command.ipynb", "--json")
    assert ended.code == 0, ended.err
    assert ended.json == {"notebook": "by-command.ipynb"}
    project = command.project
    assert (project / "by-magic.ipynb").read_text() == (project / "by-command.ipynb").read_text()
    (project / "naps.yaml").write_text("name: naps\nsteps:\n  - {id: nap, tool: shop.nap, arguments: {seconds: 0}}\n")
    assert "naps.ipynb: run it cell by cell" in command("export", "naps.yaml").out
    again = command("export", "last", "naps.ipynb")
    assert (again.code, "exists already" in again.err) == (2, True)


def test_the_command_calls_a_tool_and_remembers_it(command: CommandLine) -> None:
    called = command("call", "table.select", "table=x", "columns=shop")
    assert (called.code, "Traceback" in called.err) == (2, False)
    assert re.search(r"table: takes a table, not \"?x", called.err), called.err
    done = command("call", "shop.nap", "seconds=0", "label=two words", "--json")
    assert done.code == 0, done.err
    assert done.json["outputs"] == {"shop_nap": {"label": "two words"}}
    assert done.json["name"] == "shop.nap"
    runs = json.loads(command("runs", "--json", "-n", "1").out)
    assert (runs[0]["name"], runs[0]["source"]) == ("shop.nap", "cli")
