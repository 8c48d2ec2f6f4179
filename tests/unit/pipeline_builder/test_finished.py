"""What is left of a pipeline after an attempt that finished some of its steps."""

from collections.abc import Mapping
from typing import Any

import pytest
from counted import count_calls
from hypothesis import given
from strategies import json_values, registry_of, steps_registry, tool, valid_specs, wild_specs

from brain.errors import SpecError
from brain.pipeline_builder.build import Pipeline, build
from brain.pipeline_builder.finished import names_used
from brain.pipeline_builder.references import compile_template, heads_in
from brain.pipeline_builder.spec import PipelineSpec
from brain.runs import StepResult, StepStatus

REGISTRY = registry_of(
    tool("any.thing", {"value": {}, "other": {}}, version="2"),
    tool("file.read", {"path": {"type": "string", "format": "path"}}),
)
FIRST = {"id": "first", "tool": "any.thing", "arguments": {"value": 1}}
SECOND = {"id": "second", "tool": "any.thing", "arguments": {"value": "${first}"}}
THIRD = {"id": "third", "tool": "any.thing", "arguments": {"value": "${second.rows[0].name}"}}
APART = {"id": "apart", "tool": "any.thing"}


def result(step_id: str, status: StepStatus = StepStatus.SUCCEEDED, **more: Any) -> StepResult:
    return StepResult(step_id, **{"tool": "any.thing", "tool_version": "2", "status": status, **more})


def left(*steps: Mapping[str, Any], done: list[StepResult], **more: Any) -> Pipeline:
    return build(PipelineSpec.from_value({"steps": list(steps), **more}), REGISTRY, done)


def test_what_is_finished_is_left_out_and_the_rest_knows_its_place() -> None:
    pipeline = left(FIRST, SECOND, THIRD, APART, done=[result("first"), result("apart")])
    assert list(pipeline.steps) == list(pipeline.order) == ["second", "third"]
    assert (pipeline.steps["second"].position, pipeline.steps["third"].position) == (1, 2)
    assert pipeline.steps["second"].dependencies == {"first"}
    assert set(pipeline.done) == {"first", "apart"}
    assert pipeline.done["apart"].name == "any.thing"


def test_a_pipeline_without_earlier_results_is_left_as_a_whole() -> None:
    assert (len(left(FIRST, SECOND, done=[]).steps), left(FIRST, done=[]).done) == (2, {})


def test_outputs_are_those_of_the_whole_pipeline() -> None:
    pipeline = left(FIRST, SECOND, APART, done=[result("first"), result("apart")])
    assert pipeline.outputs.source == {"second": "${second}", "apart": "${apart}"}


@pytest.mark.parametrize(
    "of_first",
    [
        result("first", StepStatus.FAILED),
        result("first", StepStatus.SKIPPED),
        result("first", StepStatus.INTERRUPTED),
        result("first", tool_version="1"),
        result("first", tool="file.read"),
        result("first", item=0),
        result("stranger"),
    ],
)
def test_what_is_not_as_it_was_is_left_and_so_is_all_that_uses_it(of_first: StepResult) -> None:
    pipeline = left(FIRST, SECOND, THIRD, APART, done=[of_first, *map(result, ("second", "third", "apart"))])
    assert list(pipeline.steps) == ["first", "second", "third"]


def test_what_a_file_holds_may_differ() -> None:
    read = {"id": "read", "tool": "file.read", "arguments": {"path": "rain.csv"}}
    use = {"id": "use", "tool": "any.thing", "arguments": {"value": "${read}"}}
    done = [result("read", tool="file.read", tool_version="1"), result("use"), result("apart")]
    assert list(left(read, use, APART, done=done).steps) == ["read", "use"]


def test_items_are_looked_at_one_by_one() -> None:
    each = {"id": "each", "tool": "any.thing", "foreach": [1, 2], "arguments": {"value": "${item}"}}
    done = [result("each"), result("each", item=0), result("each", item=1)]
    assert list(left(each, done=done).steps) == ["each"]


@pytest.mark.parametrize(
    "use",
    [
        {"arguments": {"value": ["text", {"deep": "${first.a}"}]}},
        {"arguments": {"value": "both ${apart} and ${first}"}},
        {"arguments": {"value": "${length(first)}"}},
        {"arguments": {"value": '${"first"}'}},
        {"arguments": {"value": '${"\\u0066irst"}'}},
        {"needs": ["first"]},
        {"when": "first.rows[0] == `1`"},
        {"foreach": "${first}", "arguments": {"value": "${item}"}},
    ],
)
def test_every_way_to_use_a_step_counts(use: Mapping[str, Any]) -> None:
    using = {"id": "using", "tool": "any.thing", **use}
    assert list(left(FIRST, using, APART, done=[result("using"), result("apart")]).steps) == ["first", "using"]


def test_what_is_left_is_checked_against_what_is_finished() -> None:
    wrong = {"id": "wrong", "tool": "any.thing", "arguments": {"value": "${frist}"}}
    with pytest.raises(SpecError, match=r'there is no step "frist"\. Did you mean first\?'):
        left(FIRST, wrong, done=[result("first")])


def test_little_is_done_about_what_is_finished() -> None:
    chain = [{**SECOND, "id": f"s{n}", "arguments": {"value": f"${{s{n - 1}}}"}} for n in range(1, 300)]
    spec = PipelineSpec.from_value({"steps": [{**FIRST, "id": "s0"}, *chain]})
    done = [result(step.id) for step in spec.steps[:-1]]
    whole = count_calls(lambda: build(spec, REGISTRY))
    assert count_calls(lambda: build(spec, REGISTRY, done)) < whole / 2


@given(json_values())
def test_a_quick_look_finds_the_names_that_compiling_finds(value: Any) -> None:
    assert heads_in(value) == {reference.head for reference in compile_template(value, "here").references}


@given(valid_specs())
def test_what_a_step_uses_are_its_dependencies(spec: PipelineSpec) -> None:
    ids = {step.id for step in spec.steps}
    pipeline = build(spec, steps_registry())
    assert all(pipeline.steps[step.id].dependencies == (names_used(step) & ids) - {step.id} for step in spec.steps)


@given(wild_specs())
def test_a_wild_pipeline_is_refused_or_built_whatever_was_finished(spec: PipelineSpec) -> None:
    done = [StepResult(step.id, step.tool, StepStatus.SUCCEEDED, tool_version="1") for step in spec.steps[::2]]
    try:
        pipeline = build(spec, steps_registry(), done)
    except SpecError:
        return
    assert pipeline.steps.keys() | pipeline.done.keys() == {step.id for step in spec.steps}
