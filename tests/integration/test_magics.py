"""The magics in a real IPython shell, on a project with a few sales and tools of its own."""

import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from cells import Notebook, opened_shell
from command_line import new_project, remove_project
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell

from brain.errors import RunNotFound, RunUnfinished, SpecError, ToolError, UsageError
from brain.intent_inference.plan import Plan
from brain.notebook.handle import RunHandle
from brain.notebook.listings import Services, Tools
from brain.runs import RunStatus
from brain.session import Run

NAPS = """%%brain pipeline --out naps
name: naps
inputs: {label: {type: string, default: x}}
steps:
  - {id: first, tool: shop.nap, arguments: {seconds: 0.01, label: "${inputs.label}"}}
  - {id: each, tool: shop.nap, needs: [first], foreach: [1, 2], arguments: {seconds: 0.01, label: "n${item}"}}
"""
BROKEN = """%%brain run
name: broken
steps:
  - {id: a, tool: shop.break, arguments: {message: out of order}}
"""
SENDING = """%%brain run {options}
name: sending
steps:
  - id: save
    tool: files.write
    arguments: {{path: outputs/{name}.txt, content: "{{{{note}}}}"}}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    made = new_project(tmp_path_factory.mktemp("magics") / "shop").project
    yield made
    remove_project(made)


@pytest.fixture(scope="module")
def shell(project: Path) -> Iterator[InteractiveShell]:
    with opened_shell(project) as made:
        for cell in (NAPS, "r = %brain run naps"):
            made.run_cell(cell).raise_error()
        yield made


@pytest.fixture
def notebook(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> Notebook:
    return Notebook(shell, capsys)


def test_prose_in_a_cell_is_a_request_and_gives_a_run(notebook: Notebook) -> None:
    run = notebook("%%brain\naverage price by shop in sales.csv")
    assert isinstance(run, Run)
    assert run.status is RunStatus.SUCCEEDED
    assert "| south | 30 |" in (run.answer or "")
    assert re.search(r"^\d\d:\d\d:\d\d  run succeeded$", notebook.printed, re.MULTILINE), notebook.printed


def test_braces_in_prose_stay_and_double_ones_insert_a_table(notebook: Notebook) -> None:
    notebook.shell.user_ns["frame"] = pd.DataFrame({"city": ["a", "b", "a"], "price": [1, 2, 3]})
    run = notebook("%%brain\naverage price by city in {{frame}}")
    assert run.request == "average price by city in frame"
    assert list(run.outputs["table"]["mean_price"]) == [2, 2]
    notebook.fails("%%brain\nwhat is in {frame}?", RunUnfinished, r"nobody is there to give them|failed")
    assert notebook("%brain show last").request == "what is in {frame}?"


def test_results_are_assigned_kept_and_silenced(notebook: Notebook) -> None:
    assert notebook("r = %brain runs --limit 1\nr").shape[0] == 1
    assert notebook("%brain runs --out found") is None
    assert isinstance(notebook.shell.user_ns["found"], pd.DataFrame)
    assert notebook("%brain runs;") is None
    notebook.fails("%brain runs --out a-b", UsageError, "--out takes the name of a variable, not 'a-b'")


def test_a_pipeline_in_a_cell_is_checked_shown_and_run_by_its_name(notebook: Notebook) -> None:
    assert notebook(NAPS) is None
    plan = notebook("naps")
    assert isinstance(plan, Plan)
    assert set(plan._repr_mimebundle_()) == {"text/plain", "text/html", "text/markdown"}
    run = notebook("%brain run naps --input label=hello")
    assert run.inputs == {"label": "hello"}
    notebook.fails(NAPS.replace("shop.nap", "shop.knap"), SpecError, "there is no tool")
    notebook.fails("%brain run naps -i label=3", UsageError, "label: takes text, not 3")
    notebook.fails("%brain run nowhere.yaml", UsageError, "nowhere.yaml cannot be read")


def test_a_run_that_fails_makes_the_cell_fail_in_a_line(notebook: Notebook) -> None:
    notebook.fails(BROKEN, RunUnfinished, r"^The run \w{8} failed: a: .*out of order.*%brain resume \w{8}$")
    assert notebook("%brain show").status is RunStatus.FAILED
    foreseen = notebook("%brain resume last --dry-run")
    assert list(foreseen["verdict"]) == ["again"]


def test_where_nobody_can_be_asked_a_change_needs_yes(notebook: Notebook, project: Path) -> None:
    notebook.shell.user_ns["note"] = "written in a cell"
    asked = SENDING.format(options="", name="asked")
    notebook.fails(
        asked, RunUnfinished, r"waits for approval of save, and nobody is there to give it: run it with --yes"
    )
    assert not (project / "outputs" / "asked.txt").exists()
    assert notebook("%brain approve").status is RunStatus.SUCCEEDED
    assert (project / "outputs" / "asked.txt").read_text().strip() == "written in a cell"
    assert notebook(SENDING.format(options="--yes", name="allowed")).status is RunStatus.SUCCEEDED


def test_a_run_in_the_background_gives_a_handle_that_verbs_take(notebook: Notebook) -> None:
    notebook(NAPS)
    handle = notebook("h = %brain run naps --background\nh")
    assert isinstance(handle, RunHandle)
    assert handle.wait().status is RunStatus.SUCCEEDED
    assert notebook("%brain show h").run_id == handle.run_id
    assert notebook("%brain watch h").status is RunStatus.SUCCEEDED
    assert "each  succeeded" in notebook.printed


def test_one_tool_is_called_by_a_line_and_from_python(notebook: Notebook) -> None:
    sales = notebook("sales = %brain call table.read path=sales.csv\nsales")
    assert list(sales["shop"]) == ["north", "south"] * 2
    assert notebook("%brain call table.select table={{sales}} columns='[\"price\"]'").columns.to_list() == ["price"]
    cell = "from brain.notebook import call\ncall('table.read', {'path': 'sales.csv'})"
    pd.testing.assert_frame_equal(notebook(cell), sales)
    assert notebook("%brain show last").name == "table.read"
    notebook.fails(
        "%brain call table.raed path=sales.csv",
        UsageError,
        r"^table\.raed: there is no tool .* Did you mean table\.read",
    )
    notebook.fails(
        "%brain call table.read path=none.csv", RunUnfinished, r"The run \w{8} failed: table_read: .*none\.csv"
    )
    notebook.fails("call('table.read', ['path'])", UsageError, "Arguments are a mapping")
    notebook.fails("%brain call table.read path=a.csv path=b.csv", UsageError, "given path twice")
    write = "call('files.write', {'path': 'a.txt', 'content': 'b'}"
    notebook.fails(f"{write})", UsageError, "nobody is there to allow it: call it with yes=True")
    notebook.fails(f"{write}, yes='no')", UsageError, "yes is True or False, not 'no'")
    notebook.fails(f"{write}, yess=True)", UsageError, r"no option 'yess'\. Did you mean yes\?")
    notebook.fails(
        "call('table.read', {}, path='sales.csv')", UsageError, "an argument of the tool: put it into the mapping"
    )
    notebook.fails("call('table.read', None)", UsageError, "Arguments are a mapping")
    notebook.fails("call('table.read', {})", UsageError, r"^table\.read: table\.read needs 'path'")
    notebook.fails("call(3, {})", UsageError, "A tool is named by a text")
    notebook.fails("from brain.notebook import filled\nfilled('${x.y}', x=3)", ToolError, "^filled: ")


def test_the_past_comes_back_as_dataframes(notebook: Notebook) -> None:
    notebook("%brain call table.read path=sales.csv")
    notebook.shell.user_ns["state"] = "succeeded"
    counted = notebook("%%brain sql\nSELECT count(*) AS n FROM runs WHERE status = {{state}}")
    assert counted["n"][0] >= 1
    assert (notebook('%brain sql "SELECT 1 AS one"')["one"] == 1).all()
    assert set(notebook("%brain runs --status failed")["status"]) <= {"failed"}
    assert "similarity" in notebook("%brain search mean prices of shops").columns
    assert notebook("%brain steps last").shape[0] >= 1
    assert notebook('%brain rate last 4 -c "right"') is None
    notebook.fails("%brain runs --since yesterday", UsageError, "--since takes a day or a time")
    notebook.fails("%brain show nobody", RunNotFound, "no run id")


def test_tools_and_services_have_tables_to_look_at(notebook: Notebook) -> None:
    tools, services = notebook("%brain tools draw a chart"), notebook("%brain status")
    assert isinstance(tools, Tools)
    assert isinstance(services, Services)
    assert "table.plot" in tools._repr_mimebundle_()["text/html"]
    assert "postgres" in services._repr_mimebundle_()["text/plain"]
    assert len(tools) == 10


def test_a_suite_is_evaluated_case_by_case(notebook: Notebook) -> None:
    case = "{name: mean, request: average price by shop in sales.csv, expect: {}}"
    done = notebook(f"%%brain eval --plan-only\nname: shop\ncases:\n  - {case}")
    assert (done.passed, done.wanted) == (1, 1)
    assert re.search(r"^1/1  ✓ mean  ", notebook.printed, re.MULTILINE), notebook.printed
    notebook.fails("%brain eval", UsageError, "Which suite")


def test_what_is_no_verb_is_told_with_the_nearest_and_none_lists_them(notebook: Notebook) -> None:
    notebook.fails("%brain runz", UsageError, r"has no verb 'runz'\. Did you mean run or runs\?")
    notebook.fails("%%brain rate\nsomething", UsageError, "takes no body")
    notebook.fails("%%brain run naps.yaml\nsteps: []", UsageError, "in the line or in the cell, not both")
    notebook.fails("%brain ask", UsageError, "Which request")
    notebook("%brain")
    assert re.search(r"^  ask +Plan, run and answer a request\.$", notebook.printed, re.MULTILINE)
    notebook("%brain run --help")
    assert "--deadline DEADLINE" in notebook.printed


def test_the_tab_key_offers_verbs_options_and_what_there_is(notebook: Notebook) -> None:
    def offered(line: str) -> list[str]:
        with provisionalcompleter():
            return [each.text for each in notebook.shell.Completer.completions(line, len(line))]

    newest = notebook("%brain runs -n 1")["id"][0]
    assert offered("%brain ru") == ["run", "runs"]
    assert offered("x = %brain ju") == ["judge"]
    assert offered("%%brain ask --ye") == ["--yes"]
    assert offered("%brain runs --status f") == ["failed"]
    assert offered(f"%brain show {newest[:4]}") == [newest]
    assert offered("%brain tools table.pi") == ["table.pivot"]
    assert "naps" in offered("%brain run na")


async def test_a_request_can_be_awaited(project: Path) -> None:
    from brain import Brain

    with Brain(project) as brain:
        run = await brain.aask("average price by shop in sales.csv")
        assert run.status is RunStatus.SUCCEEDED
