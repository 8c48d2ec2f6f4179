"""`brain eval` as a process: what is printed, what is written, and how it ends."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command_line import CommandLine, Terminal, nap, new_project, remove_project

MEANS = "average price by shop in sales.csv"
GOOD = {"name": "good", "request": MEANS, "expect": {"tools": ["table.read", "table.aggregate"]}}
BAD = {"name": "bad", "request": MEANS, "expect": {"tools": ["table.read"], "outputs": {"table": {"row_count": 2}}}}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    """A project of its own: evaluations leave many runs of one request."""
    made = new_project(tmp_path_factory.mktemp("evaluation") / "shop")
    yield made
    remove_project(made.project)


def write(shop: CommandLine, name: str, *cases: dict[str, Any]) -> str:
    (shop.project / name).write_text(json.dumps({"cases": cases}), encoding="utf-8")
    return name


@pytest.fixture(scope="module")
def mixed(shop: CommandLine) -> str:
    return write(shop, "mixed.yaml", GOOD, BAD)


def test_a_suite_is_shown_as_it_goes_and_ends_with_5_where_a_case_did_not_pass(shop: CommandLine, mixed: str) -> None:
    done = shop("eval", mixed)
    assert done.code == 5
    assert sorted(line.split()[2] for line in done.err.splitlines()) == ["bad", "good"]
    good, bad = done.out.splitlines()[1:3]
    assert good.split()[:4] == ["✓", "good", "1", "succeeded"]
    assert bad.split()[:4] == ["✗", "bad", "0.6667", "succeeded"]
    assert "tools have table.aggregate as well" in bad
    assert "1 of 2 passed (50%)" in done.out
    plans = ("eval", mixed, "--plan-only")
    assert shop(*plans, "--case", "good").code == 0
    assert shop(*plans, "--min-score", "0.5").code == 0
    assert shop(*plans, "--min-score", "0.6").code == 5


def test_plans_alone_are_quick_and_compared_with_the_last_of_their_kind(shop: CommandLine) -> None:
    suite = write(shop, "plans.yaml", BAD)
    first = shop("eval", suite, "--plan-only", "--json")
    assert (first.code, first.err) == (5, "")
    assert (first.json["plan_only"], first.json["suite"]) == (True, "plans")
    assert first.json["cases"][0]["outcome"] == "planned"
    write(shop, "plans.yaml", {**GOOD, "name": "bad"})
    second = shop("eval", suite, "--plan-only", "--compare", "last", "--json")
    assert second.code == 0
    assert (second.json["before"]["id"], second.json["better"]) == (first.json["id"], 1)
    shown = shop("eval", "compare", first.json["id"], second.json["after"]["id"])
    assert "✗ 0.5 planned" in shown.out
    assert "1 better." in shown.out
    listed = shop("eval", "list", "--suite", "plans", "--json").json
    assert [row["passed"] for row in listed] == [1, 0]
    again = shop("eval", "show", first.json["id"], "--json").json
    assert again["cases"] == first.json["cases"]


def test_results_are_written_as_csv_or_json_and_nothing_else_is_replaced(shop: CommandLine, mixed: str) -> None:
    kept = ("eval", mixed, "--plan-only", "--min-score", "0")
    assert shop(*kept, "--out", "results.csv").code == 0
    text = (shop.project / "results.csv").read_text()
    assert text.splitlines()[1].startswith("good,True,1.0,planned,")
    assert shop("eval", "show", "--out", "results.json").code == 0
    assert json.loads((shop.project / "results.json").read_text())["passed"] == 1
    (shop.project / "mine.csv").write_text("mine")
    refused = shop(*kept, "--out", "mine.csv")
    assert (refused.code, refused.out) == (2, "")
    assert "add --overwrite to replace it" in refused.err
    assert shop(*kept, "--out", "mine.csv", "--overwrite").code == 0


BAD_USE = {
    "no such file": (("eval", "none.yaml"), "The suite none.yaml cannot be read: No such file or directory."),
    "another ending": (("eval", "mixed.yaml", "--out", "a.txt"), "--out takes a file that ends in .csv or .json"),
    "an unknown case": (("eval", "mixed.yaml", "--case", "goood"), "has no case 'goood'. Did you mean good?"),
    "nothing to compare": (
        ("eval", "new.yaml", "--compare", "last"),
        "There is no finished evaluation of the suite new with runs yet: brain eval SUITE makes one.",
    ),
    "a judge that is none": (("eval", "mixed.yaml", "--judge"), "A judge must know more than what it judges"),
    "no such run": (("judge", "ffffffff"), "No run's id begins or ends with 'ffffffff'"),
    "an unknown evaluation": (("eval", "show", "ffffffff"), "No evaluation's id begins or ends with 'ffffffff'"),
    "a share beyond all": (("eval", "mixed.yaml", "--min-score", "2"), "should be less than or equal to 1"),
}


@pytest.mark.parametrize("what", BAD_USE)
def test_what_cannot_be_is_one_clear_sentence(shop: CommandLine, mixed: str, what: str) -> None:
    write(shop, "new.yaml", GOOD)
    arguments, told = BAD_USE[what]
    ended = shop(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert told in " ".join(ended.err.replace("│", " ").split())
    assert "Traceback" not in ended.err


def test_a_broken_suite_is_told_with_file_case_and_field(shop: CommandLine) -> None:
    write(
        shop, "broken.yaml", {"request": MEANS, "expect": {"tols": []}}, {"request": "b", "expect": {"tools": ["t.x"]}}
    )
    ended = shop("eval", "broken.yaml")
    assert ended.code == 2
    assert ended.err == (
        f"brain: The suite broken.yaml has 1 problem:\n  - case '{MEANS}', expect.tols: there is no such field\n"
    )
    write(shop, "broken.yaml", {"request": "b", "expect": {"tools": ["table.red"]}})
    assert "case 'b', expect.tools: there is no tool 'table.red'. Did you mean table.read" in (
        shop("eval", "broken.yaml").err
    )


def test_ctrl_c_cancels_the_runs_and_keeps_the_cases_that_were_done(shop: CommandLine) -> None:
    shop.write("endless.yaml", nap("endless", 60))
    suite = write(shop, "given-up.yaml", GOOD, {"name": "endless", "pipeline": "endless.yaml"})
    running = shop.start("eval", suite)
    running.wait_for("good")
    running.interrupt()
    ended = running.end()
    assert ended.code == 130
    assert "Cancelled. The cases that were done are kept: brain eval list" in ended.err
    assert "1 of 2 passed (50%)" in shop("eval", "show", shop("eval", "list", "--json").json[0]["id"]).out
    [row] = shop("eval", "list", "--suite", "given-up", "--json").json
    assert (row["passed"], row["cases"], row["score"]) == (1, 2, None)
    [run] = shop("runs", "--text", "endless", "--json").json
    assert run["status"] == "cancelled"


def test_at_a_terminal_a_bar_counts_the_cases(shop: CommandLine, mixed: str) -> None:
    terminal = Terminal(shop, "eval", mixed, "--plan-only")
    terminal.read_until("1 of 2 passed (50%)")
    terminal.read_until("brain eval show")
    assert terminal.end() == 5
    assert "what is wrong" in terminal.seen
    terminal = Terminal(shop, "eval", "compare", "last")
    terminal.read_until("2 same.")
    assert terminal.end() == 0
    rows = [line.split()[0] for line in terminal.seen.splitlines() if line.endswith("same")]
    assert rows == ["good", "bad"], "names have room on a narrow screen"


def test_the_shipped_suite_is_the_one_of_the_docs() -> None:
    root = Path(__file__).parents[2]
    assert (root / "notebooks/weather-suite.yaml").read_text() in (root / "docs/evaluation.md").read_text()
