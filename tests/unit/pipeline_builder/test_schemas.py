from typing import Any

import pytest
from strategies import TABLE

from brain.pipeline_builder.schemas import Validator, describe, fits, inlined, step_into

TEXT, WHOLE, NUMBER = {"type": "string"}, {"type": "integer"}, {"type": "number"}
FILE = {"type": "object", "format": "file"}


@pytest.mark.parametrize(
    ("expected", "actual", "may"),
    [
        ({}, TEXT, True),
        (TEXT, {}, True),
        (TEXT, WHOLE, False),
        (NUMBER, WHOLE, True),
        (WHOLE, NUMBER, True),
        (TEXT, {"type": ["string", "null"]}, True),
        ({"anyOf": [TEXT, {"type": "null"}]}, WHOLE, False),
        ({"oneOf": [TEXT, WHOLE]}, WHOLE, True),
        (TABLE, TABLE, True),
        (TABLE, FILE, False),
        (TABLE, TEXT, False),
        (TABLE, {"type": "object"}, True),
        (TABLE, {"type": "object", "properties": {"x": {}}}, False),
        ({"type": "object"}, TABLE, True),
        ({"type": "array", "items": TEXT}, {"type": "array", "items": WHOLE}, False),
        ({"type": "array", "items": TABLE}, {"type": "array"}, True),
        ({"enum": ["a", "b"]}, TEXT, True),
        ({"enum": ["a", "b"]}, {"enum": ["c"]}, False),
        ({"const": "a"}, WHOLE, False),
        ({"enum": [True]}, WHOLE, False),
    ],
)
def test_one_schema_may_fit_another(expected: dict[str, Any], actual: dict[str, Any], *, may: bool) -> None:
    assert fits(expected, actual) is may


@pytest.mark.parametrize(
    ("schema", "key", "inside"),
    [
        ({}, "x", {}),
        (TABLE, "row_count", WHOLE),
        (FILE, "name", TEXT),
        ({"type": "object", "properties": {"x": TEXT}}, "x", TEXT),
        ({"type": "object", "properties": {"x": TEXT}, "additionalProperties": WHOLE}, "y", WHOLE),
        ({"type": "object", "properties": {"x": TEXT}, "additionalProperties": True}, "y", {}),
        ({"type": "object", "properties": {"x": TEXT}, "patternProperties": {"^y": {}}}, "y", {}),
        ({"type": "array", "items": TEXT}, 0, TEXT),
        ({"type": "array", "prefixItems": [TEXT]}, 0, {}),
        ({"anyOf": [{"type": "object", "properties": {"x": TEXT}}, {"type": "null"}]}, "x", TEXT),
        ({"type": "object", "properties": {"x": True}}, "x", {}),
    ],
)
def test_a_key_leads_into_a_schema(schema: dict[str, Any], key: str | int, inside: dict[str, Any]) -> None:
    assert step_into(schema, key, "links") == inside


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({}, "any value"),
        (TABLE, "a table"),
        ({"type": ["string", "null"]}, "null or text"),
        (NUMBER, "a number"),
        ({"anyOf": [TABLE, FILE]}, "a table or a file"),
        ({"enum": ["a", 1]}, "a whole number or text"),
    ],
)
def test_a_schema_is_described_in_words(schema: dict[str, Any], words: str) -> None:
    assert describe(schema) == words


def test_a_schema_that_refers_to_itself_is_unknown_from_there_on() -> None:
    tree = {
        "type": "object",
        "properties": {"child": {"$ref": "#/$defs/T"}},
        "$defs": {"T": {"properties": {"child": {"$ref": "#/$defs/T"}}}},
    }
    assert inlined(tree) == {"type": "object", "properties": {"child": {"properties": {"child": {}}}}}


@pytest.mark.parametrize("reference", ["https://example.org/schema.json", "#/$defs/Missing"])
def test_a_schema_that_refers_elsewhere_is_told_and_nothing_is_fetched(reference: str) -> None:
    found = list(Validator({"properties": {"x": {"$ref": reference}}}).misfits({"x": 1}))
    (told,) = (misfit.what for misfit in found)
    assert told.startswith("cannot be checked: its schema refers to ")
    assert told.endswith(f'{reference.removeprefix("#")}", which is not there')


def test_a_schema_that_refers_to_itself_comes_to_an_end() -> None:
    assert list(Validator({"$ref": "#"}).misfits(1)) == []


@pytest.mark.parametrize(
    ("schema", "value", "what"),
    [
        ({"type": "object", "required": ["x"]}, {}, "needs 'x'"),
        (
            {"properties": {"path": {}}, "additionalProperties": False},
            {"pth": 1},
            "does not take pth. Did you mean path",
        ),
        ({"type": ["integer", "null"]}, "x", 'takes a whole number or null, not "x"'),
        (TABLE, {"format": "table"}, 'takes a table, not {"format": "table"}; refer to a step that gives one'),
        (FILE, {"format": "table", "artifact": "x"}, "takes a file, not"),
        ({"anyOf": [{"type": "object", "required": ["a"]}, TEXT]}, {"b": 1}, "needs 'a'"),
        ({"maxLength": 2}, "x" * 5000, "…"),
    ],
)
def test_a_misfit_is_told_in_few_words(schema: dict[str, Any], value: Any, what: str) -> None:
    (misfit,) = Validator(schema).misfits(value)
    assert what in misfit.what
    assert len(misfit.what) < 200


def test_an_argument_may_be_called_format() -> None:
    schema = {"type": "object", "properties": {"format": {"type": "string"}}, "required": ["format"]}
    assert Validator(schema).fits({"format": "short"})
    assert not Validator(schema).fits({"format": 1})
