"""How a run is scored without a model."""

from typing import Any

import pytest

from brain.evaluator import evaluate
from brain.runs import Json, RunResult, RunStatus, StepResult, StepStatus

CITED = ("count",)


def run(
    status: RunStatus = RunStatus.SUCCEEDED, outputs: dict[str, Json] | None = None, **steps: StepStatus
) -> RunResult:
    states = steps or {"read": StepStatus.SUCCEEDED, "count": StepStatus.CACHED}
    results = {name: StepResult(name, "table.count", state) for name, state in states.items()}
    return RunResult(status, {"table": {"n": 26}} if outputs is None else outputs, results)


def test_a_run_that_answers_with_its_sources_gets_everything() -> None:
    found = evaluate(run(), CITED)
    assert found.score == 1.0
    assert found.checks == dict.fromkeys(("succeeded", "outputs_present", "no_step_failed", "citations_resolve"), True)


FAILING: dict[str, tuple[RunResult, tuple[str, ...], set[str]]] = {
    "failed": (run(RunStatus.FAILED), CITED, {"succeeded"}),
    "cancelled": (run(RunStatus.CANCELLED), CITED, {"succeeded"}),
    "no outputs": (run(outputs={}), CITED, {"outputs_present"}),
    "only empty outputs": (run(outputs={"a": None, "b": None}), CITED, {"outputs_present"}),
    "a step failed though the run went on": (
        run(read=StepStatus.FAILED, count=StepStatus.SUCCEEDED), CITED, {"no_step_failed"}
    ),
    "no citation": (run(), (), {"citations_resolve"}),
    "a citation of nothing": (run(), ("count", "guess"), {"citations_resolve"}),
    "nothing is right": (run(RunStatus.FAILED, {}, read=StepStatus.FAILED), (), {
        "succeeded", "outputs_present", "no_step_failed", "citations_resolve",
    }),
}  # fmt: skip


@pytest.mark.parametrize("what", FAILING)
def test_each_check_fails_by_itself_and_lowers_the_score(what: str) -> None:
    result, cited, failing = FAILING[what]
    found = evaluate(result, cited)
    assert {name for name, passed in found.checks.items() if not passed} == failing
    assert found.score == 1 - len(failing) / 4


@pytest.mark.parametrize("status", [StepStatus.SKIPPED, StepStatus.CANCELLED, StepStatus.SUCCEEDED, StepStatus.CACHED])
def test_a_step_that_did_not_fail_is_not_held_against_the_run(status: StepStatus) -> None:
    assert evaluate(run(read=status, count=StepStatus.SUCCEEDED), CITED).score == 1.0


def test_an_output_of_a_skipped_step_is_not_missed_where_another_is_there() -> None:
    assert evaluate(run(outputs={"table": {"n": 26}, "chart": None}), CITED).checks["outputs_present"]


@pytest.mark.parametrize("value", [0, False, "", [], {}])
def test_an_empty_result_is_a_result(value: Any) -> None:
    assert evaluate(run(outputs={"table": value}), CITED).checks["outputs_present"]
