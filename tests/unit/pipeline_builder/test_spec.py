import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from strategies import json_values, valid_specs

from brain.errors import SpecError, UsageError
from brain.pipeline_builder.spec import PipelineSpec, read_spec

STEP = {"id": "a", "tool": "values.echo"}


def problems_of(text: str) -> list[str]:
    with pytest.raises(SpecError) as caught:
        PipelineSpec.from_text(text)
    return [str(problem) for problem in caught.value.problems]


def test_yaml_words_and_dates_stay_text() -> None:
    arguments = "{on: date, flag: no, day: 2026-11-01, yes: true, none: null, n: 1.5}"
    assert PipelineSpec.from_text(f"steps: [{{id: a, tool: table.join, arguments: {arguments}}}]").steps[
        0
    ].arguments == {
        "on": "date",
        "flag": "no",
        "day": "2026-11-01",
        "yes": True,
        "none": None,
        "n": 1.5,
    }


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("steps: [", "the pipeline: is neither YAML nor JSON"),
        ("[" * 5000, "the pipeline: is nested too deeply"),
        ("n: " + "9" * 5000, "the pipeline: is neither YAML nor JSON"),
        ("just words", "the pipeline: must be a mapping with `steps`"),
        ("steps: [{id: inputs, tool: a.b}]", "steps.inputs.id: 'inputs' is reserved"),
        ("steps: [{id: A, tool: a.b}]", "steps.A.id: string should match pattern"),
        (
            "steps: [{id: a, tool: a.b, arguments: {x: &x [*x]}}]",
            "steps.a.arguments.x: is nested deeper than 32 levels",
        ),
        ("steps: [{id: a, tool: a.b, arguments: {x: {1: 2}}}]", "steps.a.arguments.x: has a name that is not text"),
        ("steps: [{id: a, tool: a.b, arguments: {x: .nan}}]", "steps.a.arguments.x: nan is no JSON number"),
        ("steps: [{id: a, tool: a.b, arguments: {x: !!binary YQ==}}]", "steps.a.arguments.x: a bytes is no JSON value"),
        ('steps: [{id: a, tool: "a\\0b"}]', "steps.a.tool: holds a NUL character"),
        ("steps: [{id: a, tool: a.b, foreach: 5}]", "steps.a.foreach: takes a list, or a reference to one"),
        ("steps: [{id: a, tool: a.b, timeout: 0s}]", "steps.a.timeout: must be longer than nothing"),
        ("steps: [{id: a, tool: a.b, cache: soon}]", "steps.a.cache: 'soon' is no duration"),
        ("{steps: [], stesp: []}", "stesp: extra inputs are not permitted"),
    ],
)
def test_a_wrong_shape_is_told_with_its_place(text: str, problem: str) -> None:
    assert [found for found in problems_of(text) if found.startswith(problem)]


def test_aliases_that_stand_for_billions_are_refused_at_once() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    bomb = "; ".join(problems_of("steps: []\ninputs: {n: {default: {" + ", ".join(lines) + "}}}"))
    assert "inputs.n: holds more than 100,000 values" in bomb


def test_half_a_character_is_refused() -> None:
    with pytest.raises(SpecError, match="lone surrogate"):
        PipelineSpec.from_value({"steps": [{**STEP, "arguments": {"value": ["\ud800"]}}]})


def test_a_file_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        read_spec(tmp_path / "none.yaml")


@given(valid_specs())
def test_a_spec_survives_yaml_and_json(spec: PipelineSpec) -> None:
    assert PipelineSpec.from_text(spec.to_yaml()) == spec
    assert PipelineSpec.from_text(json.dumps(spec.to_json())) == spec
    assert PipelineSpec.from_value(spec.to_json()).canonical() == spec.canonical()


@given(json_values())
def test_any_json_value_survives_yaml(value: Any) -> None:
    spec = PipelineSpec.from_value({"steps": [{**STEP, "arguments": {"value": value}}]})
    assert PipelineSpec.from_text(spec.to_yaml()).steps[0].arguments == {"value": value}
