import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
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


def value_of(text: str) -> Any:
    return PipelineSpec.from_text(text).steps[0].arguments["value"]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("12:30", "12:30"),
        ("12:30:00", "12:30:00"),
        ("010", "010"),
        ("1_000", "1_000"),
        ("0x1F", "0x1F"),
        ("+1", "+1"),
        (".5", ".5"),
        ("=", "="),
        ("True", "True"),
        ("Null", "Null"),
        (".inf", ".inf"),
        ("2026-11-01T10:00:00Z", "2026-11-01T10:00:00Z"),
        ("0", 0),
        ("-7", -7),
        ("1e3", 1000.0),
        ("-1.5E-2", -0.015),
        ("true", True),
        ("null", None),
        ("", None),
    ],
)
def test_a_scalar_is_what_json_makes_of_it_and_text_otherwise(written: str, value: Any) -> None:
    got = value_of(f"steps:\n  - id: a\n    tool: values.echo\n    arguments:\n      value: {written}\n")
    assert got == value
    assert type(got) is type(value)


def test_text_that_looks_like_a_number_reads_back_as_text() -> None:
    odd = ["1e3", "12:30", "010", "true", "null", "=", "~", "", "1.5", "-0", "<<", "1_000", "2026-11-01", ".nan"]
    spec = PipelineSpec.from_value({"steps": [{**STEP, "arguments": {"value": odd}}]})
    assert value_of(spec.to_yaml()) == odd


@pytest.mark.parametrize("indent", [None, 2, "\t"])
def test_json_is_read_as_json(indent: Any) -> None:
    value = {"limit": 1e3, "path": "x😀.csv", "~": "a\tb", "n": [1, -0.5, True, None]}
    text = json.dumps({"steps": [{**STEP, "arguments": {"value": value}}]}, indent=indent)
    assert value_of("\ufeff \n" + text) == value


@pytest.mark.parametrize(
    "text",
    [
        "{'steps': [{id: a, tool: a.b, arguments: {x: 1, y: 2, x: 3}}]}",
        '{"steps": [{"id": "a", "tool": "a.b", "arguments": {"x": 1, "y": 2, "x": 3}}]}',
        "steps:\n  - id: a\n    tool: a.b\n    arguments:\n      x: 1\n      y: 2\n      x: 3",
    ],
    ids=["flow", "json", "block"],
)
def test_a_name_that_stands_twice_is_refused(text: str) -> None:
    (problem,) = problems_of(text)
    assert "has the name 'x' twice" in problem
    assert ("in line 7" in problem) is text.startswith("steps")


def test_a_merged_mapping_may_be_overridden() -> None:
    text = "steps: [{id: a, tool: a.b, arguments: {value: {<<: &o {a: 1, b: 2}, b: 3}}}]"
    assert value_of(text) == {"a": 1, "b": 3}


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
        ("steps: [{id: a, tool: a.b, arguments: {x: 1e999}}]", "steps.a.arguments.x: inf is no JSON number"),
        (
            '{"steps": [{"id": "a", "tool": "a.b", "arguments": {"x": NaN}}]}',
            "steps.a.arguments.x: nan is no JSON numb",
        ),
        ('{"steps": ' + "[" * 100_000, "the pipeline: is nested too deeply"),
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


@given(st.text("0123456789+-.eE_:~=<>#&*![]{}nulltrefas \n", max_size=8))
def test_any_text_of_signs_that_yaml_reads_survives_it(text: str) -> None:
    spec = PipelineSpec.from_value({"steps": [{**STEP, "arguments": {"value": {"of": text}}}]})
    assert value_of(spec.to_yaml()) == {"of": text}


@given(json_values())
def test_any_json_value_survives_yaml(value: Any) -> None:
    spec = PipelineSpec.from_value({"steps": [{**STEP, "arguments": {"value": value}}]})
    assert PipelineSpec.from_text(spec.to_yaml()).steps[0].arguments == {"value": value}
