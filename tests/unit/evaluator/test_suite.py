"""A suite as it is written down: what is read, and what is told of what is wrong."""

from pathlib import Path

import pytest

from brain.errors import SuiteError, UsageError
from brain.evaluator.suite import Suite, read_suite

ROOT = Path(__file__).parents[3]


def problems(text: str) -> list[str]:
    with pytest.raises(SuiteError) as refused:
        Suite.from_text(text)
    return [str(problem) for problem in refused.value.problems]


def test_the_suite_that_is_shipped_reads_as_it_should() -> None:
    suite = read_suite(ROOT / "notebooks/weather-suite.yaml")
    assert (suite.name, len(suite.cases)) == ("weather", 4)
    suite.check_tools(["table.read", "table.aggregate", "table.plot", "table.filter", "table.sort"])
    with pytest.raises(SuiteError, match=r"case 'heavy-rain', expect.tools: there is no tool 'table.filter'"):
        suite.check_tools(["table.read", "table.aggregate", "table.plot", "table.sort"])


def test_a_suite_is_called_as_its_file_and_a_case_as_its_request(tmp_path: Path) -> None:
    (tmp_path / "prices.yaml").write_text("cases: [{request: Average price}]")
    suite = read_suite(tmp_path / "prices.yaml")
    assert (suite.name, suite.cases[0].name) == ("prices", "Average price")


def test_a_list_of_tools_means_exactly_these_and_one_mapping_one_step() -> None:
    text = "cases: [{request: a, expect: {tools: [t.a, t.a], arguments: {t.a: {x: 1}}}}]"
    expect = Suite.from_text(text).cases[0].expect
    assert expect.tools is not None
    assert expect.tools.exactly == ("t.a", "t.a")
    assert len(expect.arguments["t.a"]) == 1


INCOMPLETE = "Invalid jmespath expression: Incomplete expression:"
WRONG = {
    "cases: []": ["cases: needs at least one"],
    "cases: 3": ["cases: takes a list"],
    "name: x": ["cases: is missing"],
    "cases: [3]": ["case 1: takes a mapping"],
    "cases: [{}]": ["case 1: takes a `request` in words, or a `pipeline`, which is a file: one of them"],
    "cases: [{request: ' '}]": ["case ' ': takes a `request` in words, or a `pipeline`, which is a file: one of them"],
    "cases: [{request: a, pipeline: b}]": [
        "case 'a': takes a `request` in words, or a `pipeline`, which is a file: one of them"
    ],
    "cases: [{request: a, inputs: {t: 3}}]": ["case 'a': inputs.t: of a request it is a table: name its file"],
    "cases: [{request: a}, {request: a}]": ["the file: two cases are called 'a': give each a name of its own"],
    "cases: [{request: a, expct: {}}]": ["case 'a', expct: there is no such field"],
    "cases: [{name: n, request: a, expect: {tools: t}}]": ["case 'n', expect.tools: takes a mapping"],
    "cases: [{request: a, expect: {tools: [3]}}]": ["case 'a', expect.tools.0: takes text"],
    "cases: [{request: a, expect: {declined: false}}]": [
        "case 'a', expect.declined: takes true, or what the text is: leave it out where it is not expected"
    ],
    "cases: [{request: a, expect: {declined: true, questions: true}}]": [
        "case 'a', expect: expects declined and questions at once: a request has one ending"
    ],
    "cases: [{request: a, expect: {declined: true, answer: x}}]": [
        "case 'a', expect: expects declined, and then there is no answer"
    ],
    "cases: [{request: a, expect: {questions: true, tools: [t]}}]": [
        "case 'a', expect: expects questions, and then there is no plan to have tools or arguments"
    ],
    "cases: [{request: a, expect: {outputs: {t: {'head[': 3}}}}]": [
        f"case 'a', expect.outputs.t.head[: 'head[' is no JMESPath expression ({INCOMPLETE})"
    ],
    "cases: [{request: a, expect: {outputs: {t: {n: {aprox: 3}}}}}]": [
        "case 'a', expect.outputs.t.n: 'aprox' is no operator. Did you mean approx? A mapping is compared with `equals`"
    ],
    "- a": ["the file: must be a mapping with `cases`"],
    "cases: [": ["the file: is neither YAML nor JSON (expected the node content, but found '<stream end>' in line 1)"],
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_is_told_with_case_and_field(text: str) -> None:
    assert problems(text) == WRONG[text]


def test_every_problem_is_told_at_once_and_the_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("cases: [{request: a, x: 1}, {request: b, expect: {score: {matches: '('}}}]")
    with pytest.raises(SuiteError) as refused:
        read_suite(tmp_path / "bad.yaml")
    first, *rest = str(refused.value).splitlines()
    assert first == f"The suite {tmp_path / 'bad.yaml'} has 2 problems:"
    assert rest[0] == "  - case 'a', x: there is no such field"
    assert rest[1].startswith("  - case 'b', expect.score.matches: is no regular expression")


def test_a_file_that_is_not_there_and_a_case_that_is_not_there_are_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"The suite .*none\.yaml cannot be read: No such file"):
        read_suite(tmp_path / "none.yaml")
    suite = Suite.from_text("cases: [{request: rain}, {request: wind}]")
    assert [case.name for case in suite.only(["wind"]).cases] == ["wind"]
    with pytest.raises(UsageError, match=r"has no case 'wnd'\. Did you mean wind\?"):
        suite.only(["wnd"])
