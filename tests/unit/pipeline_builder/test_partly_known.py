"""What is refused before a run is what a validator refuses however the gaps are filled."""

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from strategies import TABLE

from brain.pipeline_builder.partly_known import Gap, ListNode, Node, ObjectNode, PartlyKnown, known
from brain.pipeline_builder.schemas import TYPE_NAMES, Validator, inlined

TEXTS = ("", "a", "ab", "b")
SCALARS = st.sampled_from([*TEXTS, 0, 1, -1, 1.0, 0.5, True, False, None])
NAMES = st.sampled_from(["a", "b", "ab"])
ARTIFACT = {"format": "table", "artifact": "sha256-0.parquet"}
VALUES = st.recursive(
    SCALARS | st.just(ARTIFACT),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
LEAVES: list[Any] = [
    {},
    True,
    {"type": "string"},
    {"type": "integer"},
    {"type": "number"},
    {"type": ["string", "null"]},
    {"type": "object"},
    {"type": "array"},
    {"type": "string", "minLength": 1},
    {"type": "string", "pattern": "^a"},
    {"type": "integer", "minimum": 0},
    {"enum": ["a", 1, None]},
    {"enum": ["ab", {"a": 1}, [0]]},
    {"const": "a"},
    {"const": 1},
    {"required": ["a"]},
    {"$ref": "#/$defs/text"},
    {"$ref": "#/$defs/tree"},
    TABLE,
]
DEFS = {
    "text": {"type": "string", "maxLength": 1},
    "tree": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"$ref": "#/$defs/tree"}}]},
}


def compound(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    some = st.lists(inner, min_size=1, max_size=3)
    keywords: dict[str, st.SearchStrategy[Any]] = {
        "type": st.sampled_from(["object", "array", "string", ["object", "array"]]),
        "properties": st.dictionaries(NAMES, inner, max_size=3),
        "required": st.lists(NAMES, unique=True, max_size=2),
        "additionalProperties": inner | st.booleans(),
        "patternProperties": st.dictionaries(st.sampled_from(["^a", "b$"]), inner, max_size=2),
        "propertyNames": st.sampled_from([{"maxLength": 1}, {"pattern": "^a"}, {"enum": ["a", "b"]}]),
        "minProperties": st.integers(0, 2),
        "maxProperties": st.integers(0, 2),
        "dependentRequired": st.dictionaries(NAMES, st.lists(NAMES, unique=True, max_size=2), max_size=2),
        "dependentSchemas": st.dictionaries(NAMES, inner, max_size=2),
        "items": inner,
        "prefixItems": some,
        "minItems": st.integers(0, 2),
        "maxItems": st.integers(0, 2),
        "contains": inner,
        "allOf": some,
        "anyOf": some,
        "oneOf": some,
        "not": inner,
        "if": inner,
        "then": inner,
        "else": inner,
        "unevaluatedProperties": st.booleans(),
        "$ref": st.sampled_from(["#/$defs/text", "#/$defs/tree", "#/$defs/nowhere", "#"]),
        "description": st.just("words"),
    }
    return st.lists(st.sampled_from(sorted(keywords)), unique=True, min_size=1, max_size=4).flatmap(
        lambda chosen: st.fixed_dictionaries({keyword: keywords[keyword] for keyword in chosen})
    )


def conditional(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """What one part of an object has to say about another."""
    field = st.dictionaries(NAMES, inner, min_size=1, max_size=1)
    asked = st.one_of(
        st.builds(lambda names: {"required": names}, st.lists(NAMES, min_size=1, max_size=2, unique=True)),
        st.builds(lambda one: {"properties": one}, field),
        st.builds(lambda one: {"properties": one, "required": [*one]}, field),
        st.builds(lambda one: {"items": one}, inner),
    )
    return st.one_of(
        st.builds(lambda one: {"not": one}, asked | inner),
        st.builds(lambda *three: dict(zip(("if", "then", "else"), three, strict=True)), asked | inner, asked, asked),
        st.builds(
            lambda key, two: {key: two},
            st.sampled_from(["anyOf", "oneOf", "allOf"]),
            st.lists(asked, min_size=2, max_size=2),
        ),
    )


SCHEMAS = st.recursive(st.sampled_from(LEAVES), lambda inner: compound(inner) | conditional(inner), max_leaves=6)
FEW = st.recursive(
    st.sampled_from(["a", "b", 1, None]),
    lambda inner: st.lists(inner, min_size=1, max_size=2) | st.dictionaries(NAMES, inner, min_size=1, max_size=2),
    max_leaves=3,
)


def whole(schema: Any) -> dict[str, Any]:
    """The schema as that of an argument called x."""
    return {"type": "object", "properties": {"x": schema}, "additionalProperties": False, "$defs": DEFS}


def refused(schema: dict[str, Any], node: Node) -> list[str]:
    found = PartlyKnown().misfits(inlined(schema), {"x": node}, "the tool")
    return [f"{misfit.path}: {misfit.what}" for misfit in found]


@st.composite
def with_gaps(draw: st.DrawFn, value: Any) -> Node:
    """The value with some of its parts left open, and what is known of them."""
    if draw(st.integers(0, 3)) == 0:
        return draw(gap_for(value))
    if isinstance(value, dict):
        fields = {name: draw(with_gaps(item)) for name, item in value.items()}
        return value if all(map(known, fields.values())) else ObjectNode(fields)
    if isinstance(value, list):
        items = [draw(with_gaps(item)) for item in value]
        return value if all(map(known, items)) else ListNode(items)
    return value


def gap_for(value: Any) -> st.SearchStrategy[Gap]:
    exact = {"type": TYPE_NAMES.get(type(value), "null")}
    of_it: list[Any] = [{}, {"type": "null"} if value is None else exact, {"enum": ["zz", value]}, {"const": value}]
    of_it.append({"anyOf": [{"type": "boolean"}, *of_it[1:]]})
    gaps = [Gap("${x}", schema) for schema in of_it]
    if value == ARTIFACT:
        gaps.append(Gap("${x}", TABLE))
    if isinstance(value, str):
        gaps += [
            Gap("${x}", {"type": "string"}, re.compile(pattern, re.DOTALL))
            for pattern in (".*", f"{value}.*", f".*{value[-1:]}", f"{value[:1]}.*{value[1:]}")
        ]
    return st.sampled_from(gaps)


@settings(max_examples=120, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(st.data(), SCHEMAS, VALUES)
def test_what_one_filling_of_the_gaps_makes_fit_is_never_refused(data: st.DataObject, schema: Any, value: Any) -> None:
    validator = Validator(whole(schema))
    assume(validator.fits({"x": value}))
    node = data.draw(with_gaps(value))
    assert refused(whole(schema), node) == []


@settings(max_examples=150)
@given(st.data(), conditional(st.sampled_from(LEAVES)), FEW)
def test_what_depends_on_a_gap_is_never_refused_where_a_filling_fits(
    data: st.DataObject, schema: Any, value: Any
) -> None:
    assume(Validator(whole(schema)).fits({"x": value}))
    assert refused(whole(schema), data.draw(with_gaps(value))) == []


@settings(max_examples=120)
@given(SCHEMAS | conditional(st.sampled_from(LEAVES)), VALUES | FEW)
def test_without_gaps_whatever_is_refused_is_refused_by_a_validator_too(schema: Any, value: Any) -> None:
    if refused(whole(schema), value):
        assert list(Validator(whole(schema)).misfits({"x": value}))


@given(st.dictionaries(NAMES, st.sampled_from(LEAVES)), st.booleans())
def test_arguments_that_all_come_from_elsewhere_are_taken(properties: dict[str, Any], is_closed: Any) -> None:
    schema = {"type": "object", "properties": properties, "required": [*properties], "$defs": DEFS}
    fields = {name: Gap("${any}", {}) for name in properties}
    closed = {**schema, "additionalProperties": False} if is_closed else schema
    assert PartlyKnown().misfits(inlined(closed), fields, "the tool") == []


UNKNOWN = Gap("${any}", {})
WHOLE = Gap("${n}", {"type": "integer"})
ONE = ListNode([UNKNOWN])
A = ObjectNode({"a": UNKNOWN})


@pytest.mark.parametrize(
    ("schema", "node", "told"),
    [
        ({"type": "array"}, A, ".x: takes a list, but this is an object"),
        ({"type": "object"}, ONE, ".x: takes an object, but this is a list"),
        ({"enum": ["a", ["b", "c"]]}, ONE, '.x: takes "a" or ["b", "c"], which this can never be'),
        ({"const": {"a": 1, "b": 2}}, A, '.x: takes {"a": 1, "b": 2}, which this can never be'),
        ({"minProperties": 2}, A, ".x: has 1 names, which is too few"),
        ({"maxProperties": 0}, A, ".x: has 1 names, which is too many"),
        ({"minItems": 2}, ONE, ".x: has 1 items, which is too few"),
        ({"maxItems": 0}, ONE, ".x: has 1 items, which is too many"),
        ({"prefixItems": [{"type": "string"}]}, ListNode([WHOLE]), '.x[0]: takes text, but "${n}" is a whole number'),
        ({"items": False}, ONE, ".x[0]: may not be given"),
        ({"dependentRequired": {"a": ["b"]}}, A, ".x: needs 'b' beside 'a'"),
        ({"dependentSchemas": {"a": {"required": ["c"]}}}, A, ".x: it needs 'c'"),
        ({"patternProperties": {"^a": {"type": "string"}}}, ObjectNode({"ab": WHOLE}), ".x.ab: takes text, but"),
        ({"additionalProperties": {"type": "string"}}, ObjectNode({"b": WHOLE}), ".x.b: takes text, but"),
        ({"allOf": [{"required": ["c"]}]}, A, ".x: it needs 'c'"),
        ({"allOf": [{"type": "string"}]}, WHOLE, '.x: takes text, but "${n}" is a whole number'),
        ({"not": {"required": ["a"]}}, A, ".x: is just what may not stand here"),
        ({"oneOf": [{"type": "string"}, {"required": ["b"], "type": "object"}]}, A, ".x: it needs 'b'"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, A, ".x: takes text or null, but this is an object"),
        ({"if": {"required": ["a"]}, "then": {"required": ["b"]}}, A, ".x: it needs 'b'"),
        (
            {"if": {"properties": {"a": {"const": 1}}}, "then": {"required": ["b"]}, "else": {"required": ["c"]}},
            A,
            ".x: it needs 'c'",
        ),
    ],
)
def test_what_no_filling_makes_fit_is_told_with_its_place(schema: dict[str, Any], node: Node, told: str) -> None:
    (found,) = refused(whole(schema), node)
    assert found.startswith(told)


@pytest.mark.parametrize(
    ("schema", "node"),
    [
        ({"if": {"properties": {"a": {"const": 1}}}, "then": {"required": ["b"]}}, A),
        ({"not": {"properties": {"a": {"type": "string"}}, "required": ["a"]}}, A),
        ({"enum": [{"a": 1}]}, A),
        ({"contains": {"const": 1}}, ONE),
        ({"oneOf": [{"required": ["a"]}, {"required": ["a"]}]}, A),
        ({"properties": {"a": {"$ref": "#/$defs/nowhere"}}}, A),
        ({"not": {"$ref": "#/$defs/tree"}}, [1]),
        ({"oneOf": [{"$ref": "#/$defs/tree"}, {"type": "array"}]}, [1]),
        ({"allOf": [{"$ref": "#/$defs/tree"}], "unevaluatedItems": False}, ["a"]),
    ],
)
def test_what_is_not_certain_is_taken(schema: dict[str, Any], node: Node) -> None:
    assert refused(whole(schema), node) == []
