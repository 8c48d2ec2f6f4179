"""Tools of one's own, from a function to its entry, its examples and its use: at the command line and in Python."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from brain import Brain
from brain.cli.app import run
from brain.config_secrets import Settings
from brain.errors import RegistryError, SpecError, UsageError
from brain.session.examples import ExampleStatus
from brain.tool_registry.own_modules import OwnModules
from brain.tool_registry.registry import Registry, built_in_tools_file

ROOT = Path(__file__).parents[2]
MODULE = re.search(r"^```python\n(.*?)^```$", (ROOT / "docs/tools.md").read_text(), re.MULTILINE | re.DOTALL)[1]  # type: ignore[index]
OTHERS = '''
import asyncio
from datetime import date
from pathlib import Path

import pandas as pd

import brain
from brain.errors import ToolError

def say(description, arguments, **samples):
    return {"description": description, "arguments": arguments, "samples": samples}

@brain.tool(
    name="days.count",
    read_only=True,
    timeout="500ms",
    examples=[
        say("Two days", {"first": "2012-01-01", "last": "2012-01-03"}),
        say("Backwards", {"first": "2012-01-03", "last": "2012-01-01"}),
        say("Too many for the schema", {"first": "0001-01-01", "last": "2012-01-01"}),
        say("No day", {"first": "${some.day}", "last": "2012-01-01"}, some={"value": {"day": 5}}),
        say("Forever", {"first": "2012-01-01", "last": "9999-12-31"}),
        say("Nobody knows", {"first": "${unheard.of}", "last": "2012-01-01"}),
        say("Nowhere", {"first": "${some.where}", "last": "2012-01-01"}, some={"value": {"day": "2012-01-01"}}),
        say("Round and round", {"first": "${a}", "last": "2012-01-01"},
            a={"tool": "days.count", "arguments": {"first": "${b}", "last": "${b}"}},
            b={"tool": "days.count", "arguments": {"first": "${a}", "last": "${a}"}}),
        say("By way of a change", {"first": "${made}", "last": "2012-01-01"},
            made={"tool": "files.write", "arguments": {"path": "x", "content": "y"}}),
        say("From a table", {"first": "${days.head[0].day}", "last": "2012-01-05"},
            days={"rows": [{"day": "2012-01-01"}]}),
    ],
)
async def count(first: date, last: date) -> int:
    """Count the days between two days."""
    if last < first:
        raise ToolError("The last day comes before the first.")
    if last.year == 9999:
        await asyncio.sleep(60)
    return (last - first).days if first.year > 1 else "many"

@brain.tool(name="days.note", examples=[say("A note", {"text": "It rains."})])
def note(text: str, *, context) -> str:
    """Write a note down."""
    (context.project / "note.txt").write_text(text)
    return text

@brain.tool(name="days.frame", read_only=True, examples=[say("Rainy days", {"table": "${weather}"})])
def rainy(table: pd.DataFrame) -> pd.DataFrame:
    """Keep the rainy days of a table."""
    return table[table["weather"] == "rain"]

@brain.tool(name="days.sum", read_only=True, process=True, timeout="30s", examples=[say("Two", {"days": [1, 2]})])
def add_up(days: list[int]) -> int:
    """Add up days, which takes a while where there are many."""
    print("adding up")
    return sum(days)

@brain.tool(process=True)
async def hurry(day: date) -> date:
    """Give the day."""
    return day

@brain.tool(process=True)
def look(day: date, *, context) -> date:
    """Give the day."""
    return day

def plain(text: str) -> str:
    """Say it."""
    return text
'''


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


type Command = Callable[..., Ended]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder with modules and data, and no tools.json."""
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "my_tools.py").write_text(MODULE)
    (folder / "day_tools.py").write_text(OTHERS)
    shutil.copytree(ROOT / "notebooks/data", folder / "notebooks/data")
    for name in Settings.model_fields:
        monkeypatch.setenv(name.upper(), "")
    monkeypatch.setenv("BRAIN_HOME", str(folder))
    monkeypatch.setenv("BRAIN_EMBEDDED", "off")
    monkeypatch.setenv("COLUMNS", "300")
    return folder


@pytest.fixture
def command(home: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    def call(*arguments: str) -> Ended:
        code = run(["tools", *arguments])
        captured = capsys.readouterr()
        return Ended(code, captured.out, captured.err)

    return call


@pytest.fixture
def brain(home: Path) -> Iterator[Brain]:
    with Brain(home) as opened:
        yield opened


def names(path: Path) -> list[str]:
    return [tool.name for tool in Registry.from_file(path)]


def test_the_first_tool_of_a_project_makes_its_own_file_of_the_built_in_one(command: Command, home: Path) -> None:
    added = command("add", "my_tools:change", "--after", "table.aggregate")
    file = home / "tools.json"
    assert added.code == 0
    assert added.out == f"table.change now stands in {file}. Try its examples: brain tools test table.change\n"
    assert added.err == f"There was no {file}: it was made of the built-in tools first.\n"
    there, built_in = names(file), names(built_in_tools_file())
    assert there.index("table.change") == there.index("table.aggregate") + 1
    assert [name for name in there if name != "table.change"] == built_in
    tested = command("test", "table.change")
    assert tested.code == 0
    assert "From year to year" in tested.out
    assert "a table of 2 rows: year, rain, change_rain" in tested.out
    assert tested.out.endswith("1 passed, 0 failed, 0 not run.\n")
    assert command("remove", "table.change").out == f"table.change no longer stands in {file}.\n"
    assert file.read_bytes() == built_in_tools_file().read_bytes()


def test_adding_again_replaces_the_entry_and_keeps_what_was_added_by_hand(command: Command, home: Path) -> None:
    command("add", "day_tools:note")
    file = home / "tools.json"
    before = file.read_text()
    head, found, rest = before.rpartition('"text": {"type": "string"')
    by_hand = f'{head}{found}, "x-role": "result"{rest}'
    file.write_text(by_hand)
    again = command("add", "day_tools:note", "--json")
    assert (again.code, again.err) == (0, "")
    assert again.json["kept"] == ["inputSchema.properties.text.x-role"]
    assert (again.json["new"], again.json["copied"], again.json["path"]) == (False, False, str(file))
    assert again.json["tool"]["inputSchema"]["properties"]["text"] == {"type": "string", "x-role": "result"}
    assert file.read_text() == by_hand


def test_another_file_is_changed_where_one_is_named(command: Command, home: Path, tmp_path: Path) -> None:
    other = tmp_path / "more" / "tools.json"
    assert command("add", "day_tools:note", "--tools", str(other)).code == 0
    assert names(other)[-1] == "days.note"
    assert not (home / "tools.json").exists()
    assert command("show", "days.note", "--tools", str(other), "--json").json["run"] == {"python": "day_tools:note"}
    assert command("remove", "days.note", "--tools", str(other)).code == 0
    assert names(other) == names(built_in_tools_file())


def test_a_tool_may_ask_for_a_process(command: Command) -> None:
    assert command("add", "day_tools:add_up", "--json").json["tool"]["run"] == {
        "python": "day_tools:add_up", "process": True,
    }  # fmt: skip
    tested = command("test", "days.sum", "--json")
    assert (tested.code, tested.err) == (0, "")
    [example] = tested.json["examples"]
    assert (example["status"], example["result"]) == ("passed", 3)
    assert "runs day_tools:add_up in a process of its own" in command("show", "days.sum").out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("day_tools:hurry",), "an async function cannot have a process of its own; write it without async, or leave"),
        (("day_tools:look",), "a context cannot go into a process of its own; write the function without it, or leave"),
        (("change",), "A function is named MODULE:FUNCTION, as in my_tools:change, not 'change'."),
        (("my_tools.py:change",), "there is no module my_tools.py"),
        (
            ("no_such:change",),
            "no_such:change is no tool yet: there is no module no_such; install it, or put it in the",
        ),
        (("my_tools:chnage",), "my_tools:chnage is no tool yet: chnage does not exist in my_tools."),
        (("day_tools:plain",), "day_tools:plain is no tool yet: put @brain.tool above it."),
        (("my_tools:change", "--after", "table.agregate"), "There is no other tool 'table.agregate' in "),
        (("my_tools:change", "--after", "table.agregate"), "Did you mean table.aggregate"),
    ],
)
def test_what_cannot_be_added_is_one_sentence_and_leaves_nothing_behind(
    command: Command, home: Path, arguments: tuple[str, ...], told: str
) -> None:
    ended = command("add", *arguments)
    assert ended.code == 2
    assert told in ended.err
    assert ended.err.count("\n") == 1
    assert not (home / "tools.json").exists()


def test_every_example_is_told_passed_failed_or_not_run_and_why(command: Command) -> None:
    command("add", "day_tools:count")
    ended = command("test", "days.count", "--json")
    assert ended.code == 1
    told = {example["description"]: (example["status"], example["detail"]) for example in ended.json["examples"]}
    assert told == {
        "Two days": ("passed", "2"),
        "Backwards": ("failed", "The last day comes before the first."),
        "Too many for the schema": (
            "failed",
            'its result does not fit outputSchema: result: takes a whole number, not "many".',
        ),
        "No day": ("failed", "arguments.first: takes text, not 5."),
        "Forever": ("failed", "days.count took longer than 0.5 s."),
        "Nobody knows": ("not run", "nothing says what ${unheard} stands for; give the example `samples` for it"),
        "Nowhere": ("failed", "arguments.first: ${some.where} is not there: some holds day."),
        "Round and round": ("not run", "its samples go in a circle: a -> b -> a"),
        "By way of a change": ("not run", "its sample ${made} would call files.write, which changes something"),
        "From a table": ("passed", "4"),
    }
    shown = command("test", "days.count").out
    assert "not run: nothing says what ${unheard} stands for" in shown
    assert shown.endswith("2 passed, 5 failed, 3 not run.\n")


def test_a_tool_that_changes_something_is_tried_only_where_that_is_allowed(command: Command, home: Path) -> None:
    command("add", "day_tools:note")
    refused = command("test", "days.note")
    assert refused.code == 1
    assert "not run: it changes something, which it may only where that is allowed (--yes)" in refused.out
    assert not (home / "note.txt").exists()
    assert command("test", "days.note", "--yes").code == 0
    assert (home / "note.txt").read_text() == "It rains."


def test_a_tool_without_examples_was_not_tried(command: Command, home: Path) -> None:
    entry = {"name": "a.b", "description": "A tool of nothing.", "inputSchema": {"type": "object"}}
    (home / "tools.json").write_text(json.dumps({"tools": [entry]}))
    ended = command("test", "a.b")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == "a.b has no example, so that nothing was run: give its entry `examples`.\n"


def test_built_in_tools_pass_their_own_examples(brain: Brain) -> None:
    for name in ("table.join", "html.select", "table.plot"):
        results = brain.test_tool(name)
        assert [result.status for result in results] == [ExampleStatus.PASSED] * len(results) != []


def test_a_tool_is_shown_with_all_that_one_asks_about_it(command: Command) -> None:
    shown = command("show", "scraperapi.get").out
    for words in (
        "scraperapi.get Download a page",
        "Takes",
        "url",
        "an address",
        "Gives an object",
        "May use the secret",
    ):
        assert words in shown
    assert "SCRAPERAPI_KEY, which goes to api.scraperapi.com." in shown
    asks = command("show", "files.write").out
    assert "Changes something, so that it asks first." in asks
    assert command("show", "table.raed").err.startswith("brain: There is no tool 'table.raed'. Did you mean table.read")
    assert command("show", "table.read", "--json").json["name"] == "table.read"


def test_tools_are_listed_by_family_and_searched(command: Command) -> None:
    listed = command().out
    families = [line for line in listed.splitlines() if re.fullmatch(r"[a-z]+ *", line)]
    assert [family.strip() for family in families] == list(
        dict.fromkeys(name.split(".")[0] for name in names(built_in_tools_file()))
    )
    assert command("list").out == listed
    assert command("draw a chart", "-n", "1").out.splitlines()[1].startswith("table.plot")
    assert command("list", "draw a chart", "-n", "1").out == command("draw a chart", "-n", "1").out
    assert command("--json", "-n", "2").json["tools"] == command("list", "-n", "2", "--json").json["tools"]


def test_the_page_of_a_projects_tools_is_written_where_one_wants_it(command: Command, home: Path) -> None:
    command("add", "my_tools:change", "--after", "table.sort")
    page = home / "tools.md"
    written = command("docs", "--out", str(page))
    assert (written.code, written.err) == (0, f"saved {page}\n")
    text = page.read_text()
    assert "### table.change\n\nAdd the change of a column" in text
    assert command("docs").out == text
    page.write_text("my own words")
    assert command("docs", "--out", str(page)).code == 2
    assert page.read_text() == "my own words"
    assert command("docs", "--out", str(page), "--overwrite").code == 0
    assert page.read_text() == text
    refused = command("docs", "--out", str(home / "no" / "tools.md"))
    assert (refused.code, refused.err.count("\n")) == (2, 1)


def test_a_function_that_was_added_in_python_is_used_at_once(brain: Brain, home: Path) -> None:
    spec = {
        "steps": [
            {"id": "days", "tool": "table.read", "arguments": {"path": "notebooks/data/seattle-weather.csv"}},
            {"id": "rain", "tool": "days.frame", "arguments": {"table": "${days}"}},
        ]
    }
    with pytest.raises(SpecError, match=r'there is no tool "days\.frame"'):
        brain.check(spec)
    added = brain.add_tool("day_tools:rainy")
    assert (added.path, added.is_new, added.is_copied) == (home / "tools.json", True, True)
    assert brain.check(spec).order == ("days", "rain")
    (result,) = brain.test_tool("days.frame")
    assert result.status is ExampleStatus.PASSED
    assert result.detail.startswith("a table of 259 rows: date, ")
    assert [tool.name for tool in brain.tools("keep rainy days", limit=1)] == ["days.frame"]
    assert not brain.remove_tool("days.frame")
    with pytest.raises(UsageError, match=r"There is no tool 'days\.frame'"):
        brain.tool("days.frame")


def test_a_function_itself_can_be_added_and_one_of_a_test_cannot(brain: Brain, home: Path) -> None:
    brain.add_tool("my_tools:change")
    function = OwnModules(home).load("my_tools").change
    assert not brain.add_tool(function).is_new
    with pytest.raises(RegistryError, match="is no tool yet"):
        brain.add_tool(test_a_function_itself_can_be_added_and_one_of_a_test_cannot)
    with pytest.raises(UsageError, match=r"There is no tool 'no\.tool'"):
        brain.remove_tool("no.tool")


def test_the_small_planner_uses_the_tool_that_the_docs_add(brain: Brain) -> None:
    brain.add_tool("my_tools:change", after="table.aggregate")
    plan = brain.plan("Average temp_max by year, and the change")
    assert [step.tool for step in plan.spec.steps] == ["table.read", "table.aggregate", "table.change"]
    assert plan.spec.steps[2].arguments["column"] == "mean_temp_max"
