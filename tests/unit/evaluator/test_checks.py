"""How a run is scored without a model."""

from collections.abc import Mapping
from typing import Any

import pytest

from brain.evaluator import Grounds, evaluate
from brain.pipeline_builder.build import build
from brain.pipeline_builder.pipeline import Pipeline
from brain.pipeline_builder.spec import PipelineSpec
from brain.runs import Json, RunResult, RunStatus, StepResult, StepStatus
from brain.tool_registry.definitions import ToolDefinition
from brain.tool_registry.registry import Registry

CHECKS = (
    "succeeded", "outputs_present", "outputs_fit_schemas", "no_step_failed", "numbers_grounded", "citations_resolve",
)  # fmt: skip
CITED = Grounds(("count",))
COUNT = {
    "type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"], "additionalProperties": False
}  # fmt: skip
REGISTRY = Registry(
    [
        ToolDefinition.model_validate(
            {
                "name": "table.count",
                "description": "Counts the rows of a table.",
                "inputSchema": {"type": "object", "properties": {}},
                "outputSchema": COUNT,
                "annotations": {"readOnlyHint": True},
            }
        )
    ]
)


def pipeline(**more: Any) -> Pipeline:
    """Two steps, of which the second is a condition's."""
    steps = [
        {"id": "read", "tool": "table.count"},
        {"id": "count", "tool": "table.count", "needs": ["read"], **more},
    ]
    outputs = {"first": "${read}", "table.n": "${count[0].n}" if "foreach" in more else "${count.n}"}
    return build(PipelineSpec.from_value({"steps": steps, "outputs": outputs}), REGISTRY)


PIPELINE = pipeline()
BOTH = {"first": {"n": 1}, "table.n": 26}


def run(
    status: RunStatus = RunStatus.SUCCEEDED,
    outputs: Mapping[str, Json] = BOTH,
    results: Mapping[str, Json] | None = None,
    **steps: StepStatus,
) -> RunResult:
    given = {"read": {"n": 1}, "count": {"n": 26}} if results is None else results
    states = {"read": StepStatus.SUCCEEDED, "count": StepStatus.CACHED} | steps
    found = {name: StepResult(name, "table.count", state, result=given.get(name)) for name, state in states.items()}
    return RunResult(status, outputs, found)


def failing(result: RunResult, grounds: Grounds | None = CITED, planned: Pipeline | None = PIPELINE) -> set[str]:
    found = evaluate(result, grounds, planned)
    wrong = {name for name, passed in found.checks.items() if not passed}
    assert tuple(found.checks) == CHECKS
    assert found.score == pytest.approx(1 - len(wrong) / len(CHECKS))
    return wrong


def test_a_run_that_answers_with_its_sources_gets_everything() -> None:
    assert evaluate(run(), CITED, PIPELINE).score == 1.0


FAILING: dict[str, tuple[RunResult, Grounds | None, set[str]]] = {
    "failed": (run(RunStatus.FAILED), CITED, {"succeeded"}),
    "cancelled": (run(RunStatus.CANCELLED), CITED, {"succeeded"}),
    "no outputs": (run(outputs={}), CITED, {"outputs_present"}),
    "an output that is missing though its step succeeded": (
        run(outputs=BOTH | {"first": None}), CITED, {"outputs_present"}
    ),
    "an output of a step that failed": (
        run(outputs=BOTH | {"table.n": None}, count=StepStatus.FAILED), CITED, {"outputs_present", "no_step_failed"}
    ),
    "only skipped outputs": (
        run(outputs={"table.n": None}, count=StepStatus.SKIPPED), CITED, {"outputs_present"}
    ),
    "a result of another shape than its tool declares": (
        run(results={"read": {"n": 1}, "count": {"n": "26"}}), CITED, {"outputs_fit_schemas"}
    ),
    "a step failed though the run went on": (run(read=StepStatus.FAILED), CITED, {"no_step_failed"}),
    "a number that nobody gave": (run(), Grounds(("count",), ("27",)), {"numbers_grounded"}),
    "no citation": (run(), Grounds(), {"citations_resolve"}),
    "a citation of nothing": (run(), Grounds(("count", "guess")), {"citations_resolve"}),
    "no answer": (run(), None, {"numbers_grounded", "citations_resolve"}),
    "nothing is right": (run(RunStatus.FAILED, {}, {}, read=StepStatus.FAILED, count=StepStatus.PENDING), None,
        set(CHECKS)),
}  # fmt: skip


@pytest.mark.parametrize("what", FAILING)
def test_each_check_fails_by_itself_and_lowers_the_score(what: str) -> None:
    result, grounds, wrong = FAILING[what]
    assert failing(result, grounds) == wrong


def test_steps_that_an_earlier_attempt_finished_are_held_against_their_schemas_too() -> None:
    left = build(PIPELINE.spec, REGISTRY, [StepResult("read", "table.count", StepStatus.SUCCEEDED, tool_version="1")])
    assert (set(left.done), set(left.steps)) == ({"read"}, {"count"})
    assert failing(run(), planned=left) == set()
    assert failing(run(results={"read": {}, "count": {"n": 26}}), planned=left) == {"outputs_fit_schemas"}


def test_a_run_without_a_plan_has_neither_outputs_nor_schemas() -> None:
    assert failing(RunResult(RunStatus.FAILED), None, None) == set(CHECKS) - {"no_step_failed"}


@pytest.mark.parametrize("status", [StepStatus.SKIPPED, StepStatus.CANCELLED, StepStatus.SUCCEEDED, StepStatus.CACHED])
def test_a_step_that_did_not_fail_is_not_held_against_the_run(status: StepStatus) -> None:
    assert failing(run(read=status)) == set()


def test_an_output_of_a_skipped_step_is_not_missed_where_another_is_there() -> None:
    assert failing(run(outputs=BOTH | {"table.n": None}, count=StepStatus.SKIPPED)) == set()


def test_each_item_of_a_loop_is_held_against_the_schema_but_those_that_were_collected_as_failed() -> None:
    items = {"read": {"n": 1}, "count": [{"n": 1}, {"error": "no such page"}]}
    collecting = pipeline(foreach=[1, 2], on_error="collect")
    assert failing(run(results=items), planned=collecting) == set()
    assert failing(run(results=items), planned=pipeline(foreach=[1, 2])) == {"outputs_fit_schemas"}


@pytest.mark.parametrize("value", [0, False, "", [], {}])
def test_an_empty_result_is_a_result(value: Any) -> None:
    assert failing(run(outputs={"first": value})) == set()
