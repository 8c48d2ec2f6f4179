from functools import partial
from typing import Any

import pytest
from counted import count_calls
from hypothesis import given
from strategies import TABLE, registry_of, steps_registry, tool, valid_specs, wild_specs

from brain.errors import SpecError, ToolError, UsageError
from brain.pipeline_builder.build import Pipeline, build
from brain.pipeline_builder.draw import draw
from brain.pipeline_builder.outline import outline
from brain.pipeline_builder.spec import OnError, PipelineSpec
from brain.tool_registry.definitions import SecretBinding, ToolAnnotations
from brain.tool_registry.registry import Registry, built_in_tools_file

COLUMN = {
    "type": "object",
    "properties": {"column": {"type": "string"}, "part": {"type": "string", "enum": ["month", "year"]}},
    "required": ["column"],
    "additionalProperties": False,
}
LINKS = {
    "type": "object",
    "properties": {"urls": {"type": "array", "items": {"type": "string"}}, "count": {"type": "integer"}, "extra": {}},
}
PAGE = {"type": "object", "properties": {"text": {"type": "string"}, "status": {"type": "integer"}}}
REGISTRY = registry_of(
    tool(
        "table.read", {"path": {"type": "string", "description": "the file"}}, TABLE, required=("path",), timeout="30s"
    ),
    tool(
        "table.aggregate",
        {"table": TABLE, "by": COLUMN, "function": {"type": "string", "enum": ["mean", "sum"]}},
        TABLE,
        required=("table",),
    ),
    tool("table.plot", {"table": TABLE, "kind": {"enum": ["bar", "line"]}}, {"type": "object", "format": "file"}),
    tool("html.links", {"text": {"type": "string"}, "limit": {"type": "integer"}}, LINKS, required=("text",)),
    tool(
        "http.get",
        {"url": {"type": "string"}, "token": {"type": "string"}},
        PAGE,
        secrets=(SecretBinding(name="TOKEN", hosts=("example.org",)),),
        cache="1h",
    ),
    tool("http.post", {"url": {"type": "string"}}, annotations=ToolAnnotations()),
    tool("any.thing", {"value": {}, "open": {"type": "object", "additionalProperties": {"type": "integer"}}}),
)
READ = {"id": "weather", "tool": "table.read", "arguments": {"path": "rain.csv"}}
RAIN = {
    "name": "rain-by-month",
    "inputs": {"path": {"type": "string", "default": "rain.csv"}},
    "steps": [
        {"id": "chart", "tool": "table.plot", "arguments": {"table": "${monthly}", "kind": "bar"}},
        {"id": "monthly", "tool": "table.aggregate", "arguments": {"table": "${weather}", "by": {"column": "date"}}},
        {"id": "weather", "tool": "table.read", "arguments": {"path": "${inputs.path}"}},
    ],
}


def built(*steps: dict[str, Any], **rest: Any) -> Pipeline:
    return build(PipelineSpec.from_value({"steps": list(steps), **rest}), REGISTRY)


def problems(*steps: dict[str, Any], **rest: Any) -> list[str]:
    with pytest.raises(SpecError) as caught:
        built(*steps, **rest)
    return [str(problem) for problem in caught.value.problems]


def step(tool_name: str, *, id: str = "a", **rest: Any) -> dict[str, Any]:  # noqa: A002 - the spec's own word
    return {"id": id, "tool": tool_name, **rest}


def test_a_good_spec_becomes_a_graph() -> None:
    pipeline = build(PipelineSpec.from_value(RAIN), REGISTRY)
    assert list(pipeline.steps) == ["chart", "monthly", "weather"]
    assert pipeline.order == ("weather", "monthly", "chart")
    monthly = pipeline.steps["monthly"]
    assert (monthly.dependencies, monthly.dependents, monthly.position) == (frozenset({"weather"}), ("chart",), 1)
    assert pipeline.outputs.resolve({"chart": 7}) == {"chart": 7}


def test_what_a_step_leaves_out_comes_from_its_tool() -> None:
    pipeline = built(
        READ,
        step(
            "http.get",
            id="page",
            foreach=["x"],
            max_parallel=2,
            on_error="collect",
            retry={"attempts": 4},
            timeout="2s",
        ),
        step("http.get", id="fresh", cache="0s", when="page"),
    )
    weather, page, fresh = pipeline.steps.values()
    assert (weather.timeout, weather.cache, weather.attempts, weather.max_parallel) == (30.0, None, 1, None)
    assert (page.timeout, page.cache, page.attempts, page.max_parallel) == (2.0, 3600.0, 4, 2)
    assert (page.on_error, weather.on_error) == (OnError.COLLECT, OnError.FAIL)
    assert fresh.cache == 0.0
    assert fresh.dependencies == {"page"}


def test_edges_come_from_arguments_foreach_when_and_needs() -> None:
    steps = [step("any.thing", id=name) for name in "abcd"]
    last = step(
        "any.thing", id="e", arguments={"value": [{"x": "see ${a.x}"}]}, foreach="${b.items}", when="c", needs=["d"]
    )
    assert built(*steps, last).steps["e"].dependencies == {"a", "b", "c", "d"}


def test_every_problem_is_told_at_once_in_the_order_of_the_spec() -> None:
    found = problems(
        step("table.red", id="weather", arguments={"path": "${inputs.pth}"}),
        step("table.plot", id="chart", arguments={"table": "${wether}", "kind": "pie"}, needs=["x"]),
        step("http.get", id="chart", foreach="words", when="a >"),
        inputs={"path": {"type": "string", "default": 3}},
        outputs={"chart": "${chrt}"},
    )
    assert found == [
        "inputs.path.default: takes text, not 3",
        'steps.weather.tool: there is no tool "table.red". Did you mean table.read, table.aggregate or table.plot?',
        "steps.weather.arguments.path: ${inputs.pth}: inputs has no 'pth', only path. Did you mean path?",
        'steps.chart.arguments.table: ${wether}: there is no step "wether". Did you mean weather?',
        'steps.chart.arguments.kind: takes "bar" or "line", not "pie"',
        'steps.chart.needs: there is no step "x"',
        "steps.chart: the id is used twice; every step has its own",
        'steps.chart.foreach: takes a list, as in ${links.urls}, but "words" is text',
        "steps.chart.when: a > is no JMESPath: it ends too early",
        'outputs.chart: ${chrt}: there is no step "chrt". Did you mean chart?',
    ]


LINKED = step("html.links", id="links", arguments={"text": "x"})


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        (step("html.links"), "steps.a.arguments: html.links needs 'text'"),
        (step("table.read", arguments={}), "steps.a.arguments: table.read needs 'path' (the file)"),
        (step("html.links", arguments={"txt": "x", "text": "x"}), 'html.links takes no "txt". Did you mean text?'),
        (step("html.links", arguments={"text": 5}), "steps.a.arguments.text: takes text, not 5"),
        (
            step("html.links", arguments={"text": "x", "limit": "${links.urls}"}),
            'takes a whole number, but "${links.urls}" is a list',
        ),
        (step("html.links", arguments={"text": "x", "limit": "${links.count} or so"}), "is text"),
        (step("html.links", arguments={"text": "${links.urls[*]}"}), "takes text, but"),
        (step("table.plot", arguments={"table": "${links.urls[0]}"}), 'takes a table, but "${links.urls[0]}" is text'),
        (step("table.plot", arguments={"table": "${links}"}), 'takes a table, but "${links}" is an object'),
        (step("table.plot", arguments={"table": {"format": "csv"}}), "takes a table, not {"),
        (step("table.plot", arguments={"table": {"x": "${links}"}}), "takes a table, but this is an object"),
        (
            step("table.aggregate", arguments={"table": "${weather}", "by": {"part": "${links.urls[0]}"}}),
            "it needs 'column'",
        ),
        (
            step(
                "table.aggregate",
                arguments={"table": "${weather}", "by": {"column": "x", "part": "mnth"}},
            ),
            'steps.a.arguments.by.part: takes "month" or "year", not "mnth". Did you mean month?',
        ),
        (
            step("any.thing", arguments={"open": {"x": "${links.urls}"}}),
            "steps.a.arguments.open.x: takes a whole number",
        ),
        (step("any.thing", arguments={"open": {"x": "y"}}), "steps.a.arguments.open.x: takes a whole number"),
        (
            step("any.thing", arguments={"value": "${links.url}"}),
            "links has no 'url', only urls, count, extra. Did you mean urls?",
        ),
        (
            step("any.thing", arguments={"value": "${links.urls.href}"}),
            "links.urls is a list and has no 'href'; take an item with [0]",
        ),
        (step("any.thing", arguments={"value": "${links.count[0]}"}), "links.count is a whole number, not a list"),
        (step("any.thing", arguments={"value": "${weather.rain}"}), "weather has no 'rain', only columns"),
        (step("any.thing", arguments={"value": "${a}"}), "a step cannot use its own result"),
        (
            step("any.thing", arguments={"value": "${item.x}"}),
            "item exists in the arguments of a step with foreach only",
        ),
        (step("any.thing", arguments={"value": "${path}"}), "there is no step 'path'; the input is inputs.path"),
        (step("any.thing", needs=["a"]), "a step cannot wait for itself"),
        (step("any.thing", foreach="${item}"), "item exists in the arguments of a step with foreach only"),
        (step("any.thing", foreach="${links}"), 'but "${links}" is an object'),
        (step("any.thing", foreach="${links.urls} and more"), "is text"),
        (step("html.links", foreach="${links.urls}", arguments={"text": "${item.x}"}), "item is text and has no 'x'"),
        (
            step("html.links", foreach="${links.urls}", arguments={"text": "x", "limit": "${item}"}),
            'but "${item}" is text',
        ),
        (step("html.links", foreach=[1], arguments={"text": "${index}"}), 'but "${index}" is a whole number'),
        (step("any.thing", foreach=[1], when="item"), "item exists in the arguments of a step with foreach only"),
        (step("any.thing", when="true"), "the value is written `true`, in backticks"),
        (step("any.thing", when="links.cnt > `1`"), "links has no 'cnt'"),
        (step("any.thing", on_error="collect"), "steps.a.on_error: collect stands beside foreach only"),
        (step("any.thing", max_parallel=2), "steps.a.max_parallel: stands beside foreach only"),
        (step("http.post", retry={"attempts": 2}), "steps.a.retry: http.post changes something each time"),
        (
            step("http.get", arguments={"token": "${secret:OTHER}"}),
            "http.get may not use the secret OTHER: it binds TOKEN",
        ),
        (
            step("any.thing", arguments={"value": "${secret:TOKEN}"}),
            "any.thing may not use the secret TOKEN: it binds none",
        ),
        (step("any.thing", foreach=["${secret:TOKEN}"]), "steps.a.foreach[0]: the secret TOKEN cannot stand here"),
    ],
)
def test_one_wrong_thing_is_told_with_its_place_and_what_to_do(wrong: dict[str, Any], problem: str) -> None:
    found = problems(READ, LINKED, wrong, inputs={"path": {"type": "string"}})
    assert len(found) == 1
    assert problem in found[0]


@pytest.mark.parametrize(
    "right",
    [
        step("table.plot", arguments={"table": "${weather}", "kind": "bar"}),
        step("table.plot", arguments={"table": "${any}"}),
        step("table.plot", arguments={"table": "${any.deep.down[0]}"}),
        step("html.links", arguments={"text": "${links.urls[0]}", "limit": "${links.count}"}),
        step("html.links", arguments={"text": "${links.extra.whatever}"}),
        step("html.links", arguments={"text": "${weather.columns[0]} of ${weather.row_count}"}),
        step("html.links", arguments={"text": "$${weather}"}),
        step("html.links", foreach="${links.urls}", arguments={"text": "${item}", "limit": "${index}"}),
        step("html.links", foreach=[1, "x"], arguments={"text": "${item}"}),
        step("any.thing", arguments={"open": {"x": "${links.count}", "y": 1}}),
        step("any.thing", arguments={"value": "${weather.head[0].rain}"}),
        step("http.get", arguments={"token": "Bearer ${secret:TOKEN}"}),
        step("http.post", retry={"attempts": 1}),
        step("any.thing", when="!(links.count) || weather.row_count > `0`"),
    ],
)
def test_what_fits_or_may_fit_is_taken(right: dict[str, Any]) -> None:
    assert "a" in built(READ, LINKED, step("any.thing", id="any"), right).steps


BUILT_IN = Registry.from_file(built_in_tools_file())
OPENED = step("table.read", id="w", arguments={"path": "rain.csv"})
UNKNOWN_TO_ALL = step("any.thing", id="any")


def checked(*steps: dict[str, Any], **rest: Any) -> list[str]:
    """What is wrong with these steps of the built-in tools; `any` is a step whose result nobody knows."""
    registry = Registry([*BUILT_IN, REGISTRY.get("any.thing")])
    try:
        build(PipelineSpec.from_value({"steps": [OPENED, UNKNOWN_TO_ALL, *steps], **rest}), registry)
    except SpecError as exc:
        return [str(problem) for problem in exc.problems]
    return []


def aggregate(**arguments: Any) -> dict[str, Any]:
    return step("table.aggregate", arguments={"table": "${w}", **arguments})


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        (aggregate(), "steps.a.arguments: table.aggregate needs 'function', because 'column' is left out"),
        (aggregate(function="sum"), 'steps.a.arguments.function: takes "count", not "sum"'),
        (aggregate(function="sum", by="${any}"), "because 'column' is left out"),
        (
            step("table.query", arguments={"tables": {"a b": "${w}"}, "sql": "SELECT 1"}),
            "steps.a.arguments.tables: has the name \"a b\": 'a b' does not match '^[A-Za-z_]",
        ),
        (
            aggregate(function="count", by={"column": "${any.name}", "part": "decade"}),
            'steps.a.arguments.by.part: takes "year" or "quarter" or "month" or "week" or "weekday" or "day" or "hour"',
        ),
        (
            aggregate(function="count", by=["${w.row_count}"]),
            'steps.a.arguments.by[0]: takes text or an object, but "${w.row_count}" is a whole number',
        ),
        (
            aggregate(function="count", by=[{"column": "${any}"}]),
            "steps.a.arguments.by[0]: it needs 'part'",
        ),
        (aggregate(column="x", function="${any}y"), 'takes "count" or "sum" or "mean"'),
        (aggregate(column="x", function="${any}y"), 'which "${any}y" can never be'),
        (
            step("table.read", foreach=[1, 2], arguments={"path": "${item}"}),
            'steps.a.arguments.path: takes text, but "${item}" is a whole number',
        ),
        (step("table.read", foreach=["", ""], arguments={"path": "${item}"}), '"${item}" never fits: '),
        (
            step("table.plot", foreach=["pie", "cake"], arguments={"table": "${w}", "kind": "${item}"}),
            'takes "line" or "bar" or "barh" or "scatter" or "histogram", which "${item}" can never be',
        ),
        (step("table.read", foreach=[{"x": 1}], arguments={"path": "${item.x}"}), "but"),
        (step("table.read", foreach=["x"], arguments={"path": "${item.y}"}), "item is text and has no 'y'"),
        (
            step("table.sort", arguments={"table": "${w}", "by": ["${any}", 5]}),
            "steps.a.arguments.by[1]: takes text, not 5",
        ),
        (step("table.sort", arguments={"table": "${w}", "by": []}), "steps.a.arguments.by: "),
        (
            step("table.filter", arguments={"table": "${w}", "where": [{"column": "${any}", "operator": "is"}]}),
            'steps.a.arguments.where[0].operator: takes "equals" or',
        ),
        (
            step(
                "table.filter", arguments={"table": "${w}", "where": [{"column": "${any}", "x": 1, "operator": "in"}]}
            ),
            'steps.a.arguments.where[0].x: it takes no "x".',
        ),
    ],
)
def test_what_no_run_could_make_fit_is_refused(wrong: dict[str, Any], problem: str) -> None:
    (told,) = checked(wrong)
    assert problem in told


@pytest.mark.parametrize(
    "right",
    [
        aggregate(function="count"),
        aggregate(function="${any}"),
        aggregate(function="${any}", by="${any}"),
        aggregate(function="${any}x", column="x"),
        aggregate(function="m${any}", column="x"),
        aggregate(column="${any}"),
        aggregate(function="count", by=["${any}", {"column": "${any}", "part": "${any}"}, "day"]),
        aggregate(function="count", by="${any}"),
        step(
            "table.aggregate", arguments={"table": "${any}", "column": "${any}", "function": "${any}", "by": "${any}"}
        ),
        step("table.query", arguments={"tables": "${any}", "sql": "${any}"}),
        step("table.query", arguments={"tables": {"a_b": "${w}", "c": "${any.x}"}, "sql": "SELECT ${any}"}),
        step("table.read", foreach=[1, "x"], arguments={"path": "${item}"}),
        step("table.read", foreach=[], arguments={"path": "${item}"}),
        step("table.read", foreach=["${any}", 3], arguments={"path": "${item}"}),
        step("table.read", foreach=[*range(200), "x"], arguments={"path": "${item}"}),
        step("table.sort", foreach=[1.0], arguments={"table": "${w}", "by": "x", "limit": "${item}"}),
        step("files.write", arguments={"path": "x.csv", "content": {"rows": ["${w}", 1], "odd": "${any}"}}),
        step("table.plot", foreach=["pie", "bar"], arguments={"table": "${w}", "kind": "${item}"}),
        step("table.plot", arguments={"table": {"format": "table", "artifact": "${any}"}}),
    ],
)
def test_what_some_run_may_make_fit_is_taken(right: dict[str, Any]) -> None:
    assert checked(right) == []


def test_the_result_of_a_foreach_step_is_a_list() -> None:
    each = step("html.links", id="each", foreach=["x"], arguments={"text": "${item}"})
    assert built(each, step("html.links", arguments={"text": "${each[0].urls[0]}"})).order == ("each", "a")
    (told,) = problems(each, step("any.thing", arguments={"value": "${each.urls}"}))
    assert "each is a list and has no 'urls'; take an item with [0], or all with [*]" in told
    collected = {**each, "on_error": "collect"}
    assert built(collected, step("any.thing", arguments={"value": "${each[0].error}"}))


def test_a_cycle_is_named_once_from_its_first_step() -> None:
    ring = [step("any.thing", id=name, needs=[needed]) for name, needed in ("bc", "ca", "ab")]
    other = [step("any.thing", id=name, needs=[needed]) for name, needed in ("xy", "yx")]
    found = problems(*ring, step("any.thing", id="free", needs=["a"]), *other)
    assert found == ["steps.b: waits for itself: b -> a -> c -> b", "steps.x: waits for itself: x -> y -> x"]


def test_no_steps_are_a_problem() -> None:
    assert problems() == ["steps: is empty; a pipeline needs at least one step"]


@pytest.mark.parametrize(
    ("schema", "problem"),
    [
        ({"type": "strng"}, "is no JSON schema"),
        ({"pattern": "["}, "is no JSON schema"),
        ({"$ref": "https://example.org/schema.json"}, "uses $ref; the schema of an input stands alone"),
        ({"properties": {"x": {"$dynamicRef": "#x"}}}, "uses $dynamicRef"),
        ({"enum": ["a", "b"], "default": "c"}, 'takes "a" or "b", not "c"'),
    ],
)
def test_a_wrong_schema_of_an_input_is_a_problem(schema: dict[str, Any], problem: str) -> None:
    found = problems(READ, inputs={"x": schema})
    assert len(found) == 1
    assert problem in found[0]


def test_resolved_arguments_are_checked_again() -> None:
    plot = built(READ, step("table.plot", arguments={"table": "${weather}"})).steps["a"]
    reference = {"format": "table", "artifact": "sha256-0.parquet", "columns": []}
    plot.validate({"table": reference, "kind": "line"})
    with pytest.raises(
        ToolError, match=r"^steps\.a\.arguments\.kind: takes \"bar\" or \"line\", not \"lin\"\. Did you mean line\?$"
    ):
        plot.validate({"table": reference, "kind": "lin"})
    with pytest.raises(
        ToolError, match=r"^steps\.a\.arguments\.table: takes a table, not \{.*\}; refer to a step that gives one\.$"
    ):
        plot.validate({"table": {"columns": ["x"]}})


def test_a_tool_that_takes_anything_checks_nothing() -> None:
    registry = registry_of(tool("any.thing").model_copy(update={"input_schema": {"type": "object"}}))
    pipeline = build(PipelineSpec.from_value({"steps": [step("any.thing", arguments={"x": 1})]}), registry)
    pipeline.steps["a"].validate({"x": object()})


def test_inputs_are_bound_with_defaults() -> None:
    pipeline = built(READ, inputs={"path": {"type": "string", "default": "x"}, "n": {"type": "integer"}})
    assert pipeline.bind_inputs({"n": 3}) == {"path": "x", "n": 3}


def test_every_wrong_input_is_told_at_once() -> None:
    pipeline = built(
        READ, name="rain", inputs={"path": {"type": "string"}, "n": {"type": "integer", "description": "how many"}}
    )
    with pytest.raises(UsageError) as caught:
        pipeline.bind_inputs({"pth": 1, "path": 2})
    assert str(caught.value) == (
        "The inputs do not fit the pipeline rain:\n"
        "  - pth: the pipeline has no such input. Did you mean path?\n"
        "  - path: takes text, not 2\n"
        "  - n: is missing (how many)"
    )


def test_local_references_in_a_tool_schema_are_followed() -> None:
    takes = {
        "type": "object",
        "properties": {"by": {"$ref": "#/$defs/Column"}},
        "$defs": {"Column": {**COLUMN, "properties": {**COLUMN["properties"], "inner": {"$ref": "#/$defs/Column"}}}},
    }
    registry = registry_of(tool("any.thing").model_copy(update={"input_schema": takes}))
    spec = PipelineSpec.from_value({"steps": [step("any.thing", arguments={"by": {"column": "x", "part": "day"}})]})
    with pytest.raises(SpecError, match=r"steps\.a\.arguments\.by\.part: takes"):
        build(spec, registry)


def test_the_work_of_building_grows_with_the_number_of_steps() -> None:
    def spec_of(number: int) -> PipelineSpec:
        chain = (step("table.aggregate", id=f"s{n}", arguments=big_arguments(n)) for n in range(number - 1))
        return PipelineSpec.from_value({"steps": [READ, *chain]})

    build(spec_of(2), REGISTRY)  # compiles the schemas
    calls = {number: count_calls(partial(build, spec_of(number), REGISTRY)) for number in (50, 200)}
    assert calls[200] < 5 * calls[50]


def big_arguments(number: int) -> dict[str, Any]:
    return {"table": f"${{s{number - 1}}}" if number else "${weather}", "by": {"column": f"c{number}", "part": "month"}}


def test_a_dense_graph_of_cycles_is_told() -> None:
    names = [f"s{number}" for number in range(150)]
    found = problems(*(step("any.thing", id=name, needs=[other for other in names if other != name]) for name in names))
    assert found[0].startswith("steps.s0: waits for itself: s0 -> ")


@given(valid_specs())
def test_valid_specs_build_and_the_order_respects_every_dependency(spec: PipelineSpec) -> None:
    pipeline = build(spec, steps_registry())
    place = {step_id: index for index, step_id in enumerate(pipeline.order)}
    assert sorted(place) == sorted(pipeline.steps)
    for planned in pipeline.steps.values():
        assert all(place[other] < place[planned.id] for other in planned.dependencies)
        assert all(planned.id in pipeline.steps[other].dependents for other in planned.dependencies)


@given(wild_specs())
def test_whatever_is_written_the_answer_is_a_pipeline_or_a_list_of_problems(spec: PipelineSpec) -> None:
    try:
        pipeline = build(spec, steps_registry())
    except SpecError as exc:
        told = exc.problems
    else:
        told = ()
        assert draw(pipeline).startswith("<svg")
        assert len(outline(pipeline)) == len(pipeline.steps) > 0
    assert all(problem.where and problem.what for problem in told)
