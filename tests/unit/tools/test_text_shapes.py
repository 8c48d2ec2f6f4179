"""What can be asked of text.extract, and what is refused in one sentence."""

import json

import pytest
from jsonschema import Draft202012Validator

from brain.errors import ToolError
from brain.tools.text_shapes import model_schema, most_items, read_shape

SHOP = {"type": "object", "properties": {"town": {"type": "string"}, "since": {"type": "integer"}}}
OFFER = {
    "type": "object",
    "properties": {
        "seller": {"type": "string", "description": "who sells"},
        "kind": {"type": "string", "enum": ["bread", "cake"]},
        "until": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
        "prices": {"type": "array", "items": {"type": ["number", "null"], "minimum": 0}, "maxItems": 2},
        "shops": {"type": "array", "items": SHOP},
    },
    "required": ["seller"],
}


def test_the_model_is_held_to_the_shape_with_null_for_everything_and_no_endless_lists():
    schema = model_schema(read_shape(OFFER), most=7)
    Draft202012Validator.check_schema(schema)
    nothing = {"seller": None, "kind": None, "until": None, "prices": [None], "shops": [{"town": None, "since": None}]}
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    assert validator.is_valid(nothing)
    for wrong in (
        {"seller": 3}, {"kind": "pie"}, {"until": "tomorrow"}, {"prices": [1, 2, 3]}, {"shops": [{}] * 8}, {"more": 1},
        {"shops": [{"town": None}]}, {"seller": "x" * 301},
    ):  # fmt: skip
        assert not validator.is_valid({**nothing, **wrong}), wrong
    assert not validator.is_valid({"seller": None})


def test_as_many_items_are_asked_for_as_an_answer_has_room_for():
    assert most_items(read_shape(OFFER), 4000) == 22
    assert most_items(read_shape(OFFER), 100) == 3


def nested(levels: int) -> dict:
    return {"type": "object", "properties": {"a": nested(levels - 1)}} if levels else {"type": "string"}


REFUSED = {
    "one value": ({"type": "string"}, 'describes one value; name it: {"type": "object"'),
    "no type": (
        {"properties": {"a": {"type": "string"}}},
        "schema needs one type: array, integer, number, object and string.",
    ),
    "two types": ({"type": ["object", "array"]}, "schema needs one type"),
    "any type": ({"type": "object", "properties": {"a": {}}}, "schema.properties.a needs one type"),
    "true": ({"type": "object", "properties": {"a": True}}, "schema.properties.a says nothing about what to look for"),
    "no properties": ({"type": "object"}, "schema names no properties to look for"),
    "more properties": (
        {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": True},
        "allows additionalProperties",
    ),
    "a list of nothing": ({"type": "array"}, "schema.items says nothing about what to look for"),
    "yes or no": (
        {"type": "object", "properties": {"a": {"type": "boolean"}}},
        "is a boolean, and true or false does not stand in a text: take text.classify",
    ),
    "a choice of shapes": (
        {"type": "object", "properties": {"a": {"oneOf": [{"type": "string"}]}}},
        "schema.properties.a needs one type",
    ),
    "other keywords": (
        {"type": "array", "items": {"type": "string"}, "contains": {"type": "string"}},
        "schema uses contains; of array text.extract knows items, maxItems, minItems and uniqueItems",
    ),
    "patterns of names": (
        {"type": "object", "properties": {"a": {"type": "string"}}, "patternProperties": {}},
        "schema uses patternProperties",
    ),
    "a reference": ({"type": "object", "properties": {"a": {"$ref": "#/x"}}}, "schema uses $ref"),
    "no JSON schema": ({"type": "object", "properties": {"a": {"type": "text"}}}, "schema"),
    "no list of names": ({"type": "object", "properties": ["a"]}, "schema"),
    "a broken pattern": ({"type": "object", "properties": {"a": {"type": "string", "pattern": "("}}}, "schema"),
    "too deep": (nested(6), "goes more than 5 levels deep"),
    "far too deep": (nested(500), "schema"),
    "too many": (
        {"type": "object", "properties": {f"a{n}": {"type": "string"} for n in range(61)}},
        "schema has 61 fields, more than 60",
    ),
    "too long": (
        {"type": "object", "properties": {"a": {"type": "string", "description": "x" * 8000}}},
        "schema takes more than 8,000 characters",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_looked_for_is_one_clear_sentence(what):
    schema, told = REFUSED[what]
    with pytest.raises(ToolError) as caught:
        read_shape(schema)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")


def test_what_pydantic_writes_for_optional_fields_is_understood():
    optional = {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None, "title": "Since"}
    shape = read_shape({"type": "object", "title": "Shop", "properties": {"since": optional}})
    assert json.dumps(model_schema(shape, 3)["properties"]) == '{"since": {"type": ["integer", "null"]}}'
