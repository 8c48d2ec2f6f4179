import json
from collections.abc import Callable
from typing import Any

import pytest
from counted import count_calls
from hypothesis import given
from strategies import json_values, odd_texts

from brain.errors import ToolError
from brain.pipeline_builder.references import Condition, Template, compile_condition, compile_template

WEATHER = {"format": "table", "artifact": "sha256-0.parquet", "columns": ["date", "rain"], "row_count": 3}
SCOPE: dict[str, Any] = {"inputs": {"path": "rain.csv", "n": 3}, "weather": WEATHER, "skipped": None}


def resolved(value: Any, scope: dict[str, Any] = SCOPE) -> Any:
    template = compile_template(value, "steps.chart.arguments")
    assert template.problems == ()
    return template.resolve(scope)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("${weather}", WEATHER),
        ("${ weather.columns }", ["date", "rain"]),
        ("${weather.columns | length(@)}", 2),
        ("${inputs.n}", 3),
        ("n=${inputs.n}", "n=3"),
        ("${inputs.n}${inputs.n}", "33"),
        ("of ${inputs.path}: ${weather.columns}", 'of rain.csv: ["date","rain"]'),
        ("${skipped}", None),
        ("got ${skipped}", "got null"),
        ("$${weather}", "${weather}"),
        ("$${weather} ${inputs.n}", "${weather} 3"),
        ("costs 5$ or $5 {or} not", "costs 5$ or $5 {or} not"),
        ("${weather.{a: row_count, b: columns[?@ == '}'] }}", {"a": 3, "b": []}),
        ({"a": ["${inputs.n}", {"b": "${inputs.path}"}]}, {"a": [3, {"b": "rain.csv"}]}),
        ([1, None, True, 2.5, "x"], [1, None, True, 2.5, "x"]),
    ],
)
def test_a_lone_reference_keeps_its_type_and_inside_text_becomes_text(written: Any, value: Any) -> None:
    assert resolved(written) == value


def test_a_template_tells_what_it_refers_to_and_where() -> None:
    template = compile_template(
        {"table": "${weather}", "by": ["x ${inputs.path} ${monthly.columns[0]}"]}, "steps.a.arguments"
    )
    assert [(reference.head, reference.expression, reference.where) for reference in template.references] == [
        ("weather", "weather", "steps.a.arguments.table"),
        ("inputs", "inputs.path", "steps.a.arguments.by[0]"),
        ("monthly", "monthly.columns[0]", "steps.a.arguments.by[0]"),
    ]
    assert not template.is_constant


def test_a_missing_key_names_step_argument_expression_and_what_there_is() -> None:
    template = compile_template({"title": "of ${inputs.pth}"}, "steps.chart.arguments")
    with pytest.raises(ToolError) as caught:
        template.resolve(SCOPE)
    assert str(caught.value) == (
        "steps.chart.arguments.title: ${inputs.pth} is not there: inputs holds n, path. Did you mean path?"
    )


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("${weather", "${weather has no closing brace"),
        ("${}", "${} is empty"),
        ("${a.}", "not expected at character 3"),
        ("${secret:no name}", "write ${secret:NAME}"),
        ("${`1`}", "refers to nothing"),
        ({"${x}": 1}, "references stand in values only"),
    ],
)
def test_what_cannot_be_read_is_a_problem_with_its_place(written: Any, message: str) -> None:
    template = compile_template(written, "steps.a.arguments")
    assert [problem.where for problem in template.problems] == ["steps.a.arguments"]
    assert message in template.problems[0].what


def test_every_broken_reference_is_told() -> None:
    template = compile_template({"a": "${x.} ${y[}", "b": ["${"]}, "w")
    assert [problem.where for problem in template.problems] == ["w.a", "w.a", "w.b[0]"]


def test_secrets_stay_references_until_the_moment_of_use() -> None:
    template = compile_template({"token": "Bearer ${secret:TOKEN}", "n": "${inputs.n}"}, "steps.a.arguments")
    assert template.secrets == (("TOKEN", "steps.a.arguments.token"),)
    assert template.resolve(SCOPE) == {"token": "Bearer ${secret:TOKEN}", "n": 3}
    assert template.resolve(SCOPE, secret=str.lower) == {"token": "Bearer token", "n": 3}


def test_a_secret_reference_that_comes_out_of_data_is_never_filled_in() -> None:
    template = compile_template({"text": "${page}", "also": "$${secret:TOKEN}"}, "steps.a.arguments")
    found = template.resolve(
        {"page": "give me ${secret:TOKEN}"}, secret=lambda _name: pytest.fail("asked for a secret")
    )
    assert found == {"text": "give me ${secret:TOKEN}", "also": "${secret:TOKEN}"}


@pytest.mark.parametrize(
    ("written", "holds"),
    [
        ("weather.row_count > `0`", True),
        ("${weather.row_count > `3`}", False),
        ("weather", True),
        ("skipped", False),
        ("inputs.nothing", False),
        ("!(inputs.nothing)", True),
        ("inputs.n == `3` && weather.columns[0] == 'date'", True),
        ("`true`", True),
    ],
)
def test_a_condition_is_a_jmespath_truth_test(written: str, holds: bool) -> None:
    condition = compile_condition(written, "steps.a.when")
    assert condition.problems == ()
    assert condition.holds(SCOPE) is holds


@pytest.mark.parametrize(
    ("value", "holds"), [(0, True), (0.0, True), (False, False), ("", False), ([], False), ({}, False), (None, False)]
)
def test_only_null_false_and_empty_things_are_false(value: Any, holds: bool) -> None:
    assert compile_condition("x", "w").holds({"x": value}) is holds


def test_a_condition_tells_the_steps_that_it_depends_on() -> None:
    condition = compile_condition("weather.row_count > inputs.n || check", "w")
    assert [reference.head for reference in condition.references] == ["weather", "inputs", "check"]


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("${weather.row_count} > `0`", "is one expression without ${...}"),
        ("weather.row_count > 0", "numbers stand in backticks"),
        ("", "is empty"),
    ],
)
def test_a_bad_condition_is_a_problem(written: str, message: str) -> None:
    condition = compile_condition(written, "steps.a.when")
    assert message in condition.problems[0].what
    with pytest.raises(ToolError):
        condition.holds(SCOPE)


def test_a_condition_that_cannot_be_worked_out_says_where() -> None:
    with pytest.raises(ToolError, match=r"^steps\.a\.when: length\(inputs\.n\) cannot be worked out"):
        compile_condition("length(inputs.n)", "steps.a.when").holds(SCOPE)


@given(json_values())
def test_escaping_every_opening_gives_the_value_back(value: Any) -> None:
    escaped = json.loads(json.dumps(value).replace("${", "$${"))
    template = compile_template(escaped, "w")
    if not any("a reference in the name" in problem.what for problem in template.problems):
        assert template.is_constant
        assert without_names(template.resolve({})) == without_names(value)


def without_names(value: Any) -> Any:
    return list(map(without_names, value.values())) if isinstance(value, dict) else value


@given(odd_texts())
def test_any_text_compiles_or_has_problems_and_never_crashes(text: str) -> None:
    template = compile_template(text, "w")
    condition = compile_condition(text, "w")
    assert template.is_constant or template.references or template.secrets or template.problems
    if not template.problems:
        assert refusal(lambda: template.resolve(anything_for(template))).startswith("w: ")
    if not condition.problems:
        assert refusal(lambda: condition.holds(anything_for(condition))).startswith("w: ")


def anything_for(compiled: Template | Condition) -> dict[str, Any]:
    return {reference.head: {"x": [1]} for reference in compiled.references}


def refusal(call: Callable[[], Any]) -> str:
    try:
        call()
    except ToolError as exc:
        return str(exc)
    return "w: was not refused"


def test_a_step_without_work_resolves_in_a_few_calls() -> None:
    template = compile_template({"table": "${weather}", "kind": "bar", "path": "${inputs.path}"}, "w")
    assert count_calls(lambda: template.resolve(SCOPE)) < 100
