"""What became of a case, held against what its suite expects."""

from typing import Any

import pytest

from brain.evaluator.attempt import Attempt, Call
from brain.evaluator.expectations import findings
from brain.evaluator.suite import Expectation
from brain.pipeline_builder.spec import PipelineSpec
from brain.runs import RunStatus

NO_NUMBERS = "In function sum(), invalid type for value: 12, expected one of: ['array-number'], received: \"number\""
SPEC = PipelineSpec.from_value({"steps": []})
CALLS = (
    Call("table.read", {"path": "${inputs.path}"}, {"path": "rain.csv"}),
    Call("table.filter", {"table": "${a}", "conditions": [{"column": "rain", "operator": "above", "value": 3}]}),
    Call("table.aggregate", {"table": "${b}", "function": "mean", "by": {"column": "date", "part": "month"}}),
    Call("table.aggregate", {"table": "${b}", "function": "max"}),
)
RAN = Attempt(
    spec=SPEC, calls=CALLS, status=RunStatus.SUCCEEDED, answer="November is the wettest: 5.35 mm [m].", score=1.0,
    outputs={"n": 26, "table": {"format": "table", "row_count": 12, "head": [{"rain": 3.43}]}},
)  # fmt: skip
DECLINED = Attempt(declined="No tool books tables.")
ASKED = Attempt(questions=("Which file?", "Which column?"))
FAILED = Attempt(spec=SPEC, status=RunStatus.FAILED, error="rain.csv is not there.")


def wrong(expected: dict[str, Any], attempt: Attempt = RAN, *, plan_only: bool = False) -> list[str]:
    found = findings(Expectation.model_validate(expected), attempt, plan_only=plan_only)
    return [str(finding) for finding in found if not finding.passed]


MET: dict[str, tuple[dict[str, Any], Attempt]] = {
    "nothing": ({}, RAN),
    "exact tools, in any order": (
        {"tools": ["table.aggregate", "table.read", "table.filter", "table.aggregate"]}, RAN
    ),
    "some tools": ({"tools": {"all": ["table.read"], "any": ["table.plot", "table.filter"], "none": ["x.y"]}}, RAN),
    "arguments as they are written": ({"arguments": {"table.filter": {"table": "${a}"}}}, RAN),
    "arguments as they were filled in": ({"arguments": {"table.read": {"path": "rain.csv"}}}, RAN),
    "arguments of the step that fits": ({"arguments": {"table.aggregate": {"function": "max"}}}, RAN),
    "arguments of several steps": (
        {"arguments": {"table.aggregate": [{"function": "max"}, {"function": "mean", "by": {"exists": True}}]}}, RAN
    ),
    "outputs": ({"outputs": {"n": 26, "table": {"row_count": 12, "head[0].rain": {"approx": 3.4}}}}, RAN),
    "an output of any name": ({"outputs": {"*": {"row_count": 12}}}, RAN),
    "answer and score": ({"answer": {"contains": ["november", "5.35"]}, "score": {"at_least": 0.8}}, RAN),
    "declined": ({"declined": True}, DECLINED),
    "declined with a reason": ({"declined": {"contains": "books"}}, DECLINED),
    "questions": ({"questions": {"contains": ["file", "column"]}}, ASKED),
    "an error": ({"error": {"matches": "not there"}}, FAILED),
}  # fmt: skip


@pytest.mark.parametrize("what", MET)
def test_what_is_so_is_met(what: str) -> None:
    expected, attempt = MET[what]
    assert wrong(expected, attempt) == []


NOT_MET: dict[str, tuple[dict[str, Any], Attempt, list[str]]] = {
    "a run that failed": ({}, FAILED, ["succeeds does not hold: the run is failed: rain.csv is not there."]),
    "a request that was declined": ({}, DECLINED, ["succeeds does not hold: it was declined: No tool books tables."]),
    "questions that nobody wanted": ({}, ASKED, ["succeeds does not hold: it asks: Which file? Which column?"]),
    "no refusal": ({"declined": True}, RAN, ["declined is not what came: the run is succeeded"]),
    "another reason": (
        {"declined": {"contains": "file"}}, DECLINED, ['declined is "No tool books tables." without "file"']
    ),
    "no failure": ({"error": True}, RAN, ["error is not what came: the run is succeeded"]),
    "tools that are missing and others": (
        {"tools": ["table.read", "table.plot", "table.filter", "table.aggregate"]},
        RAN,
        ["tools lack table.plot; have table.aggregate as well"],
    ),
    "tools that should not be there": (
        {"tools": {"none": ["table.read"], "any": ["http.get"]}},
        RAN,
        ["tools have none of http.get; have table.read, which should not be there"],
    ),
    "an argument": (
        {"arguments": {"table.aggregate": {"function": "sum"}}},
        RAN,
        ['arguments.table.aggregate.function is "mean", not "sum"'],
    ),
    "one step cannot stand for two": (
        {"arguments": {"table.filter": [{"table": "${a}"}, {"table": "${a}"}]}},
        RAN,
        ["arguments.table.filter[2].table has no step left to stand in"],
    ),
    "arguments of a tool that is not used": (
        {"arguments": {"table.plot": {"kind": "bar"}}}, RAN, ["arguments.table.plot.kind has no step left to stand in"]
    ),
    "an output": ({"outputs": {"table": {"row_count": 11}}}, RAN, ["outputs.table.row_count is 12, not 11"]),
    "an output that is not there": (
        {"outputs": {"tabel": {"row_count": 12}}},
        RAN,
        ["outputs.tabel.row_count is not there; there are n, table. Did you mean table?"],
    ),
    "no output of any name": ({"outputs": {"*": {"row_count": 9}}}, RAN, ["outputs.*.row_count is 12, not 9"]),
    "a function of JMESPath that does not fit": (
        {"outputs": {"table": {"sum(row_count)": 1}}},
        RAN,
        [f"outputs.table.sum(row_count) cannot be looked up: {NO_NUMBERS}"],
    ),
    "the answer": ({"answer": {"lacks": "wettest"}}, RAN, [
        'answer is "November is the wettest: 5.35 mm [m]." with "wettest"'
    ]),
}  # fmt: skip


@pytest.mark.parametrize("what", NOT_MET)
def test_what_is_not_so_is_told(what: str) -> None:
    expected, attempt, told = NOT_MET[what]
    assert wrong(expected, attempt) == told


def test_of_a_plan_alone_only_what_shows_in_it_is_looked_at() -> None:
    planned = Attempt(spec=SPEC, calls=CALLS)
    expected = {"tools": {"all": ["table.read"]}, "outputs": {"n": 1}, "answer": "x", "score": 2}
    assert wrong(expected, planned, plan_only=True) == []
    assert wrong({}, DECLINED, plan_only=True) == ["is_planned does not hold: it was declined: No tool books tables."]
    assert wrong({"declined": True}, planned, plan_only=True) == ["declined is not what came: there is a plan"]
