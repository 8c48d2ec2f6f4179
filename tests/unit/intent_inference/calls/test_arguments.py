"""The arguments of a tool, by its schema and its prose."""

from typing import Any

import pytest
from call_scenes import argument_of, schema_of

from brain.intent_inference.calls.arguments import Kind, arguments_of, nested


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"type": "integer"}, Kind.INTEGER),
        ({"type": "float"}, Kind.NUMBER),
        ({"type": ["null", "number"]}, Kind.NUMBER),
        ({"type": "boolean"}, Kind.BOOLEAN),
        ({"type": "string", "enum": ["a", "b"]}, Kind.OPTION),
        ({"type": "string", "format": "date"}, Kind.DATE),
        ({"type": "string"}, Kind.TEXT),
        ({"type": "object"}, Kind.OTHER),
        ({"type": "array", "items": {"type": "integer"}}, Kind.INTEGER),
        ({"type": "array"}, Kind.TEXT),
    ],
)
def test_a_schema_says_the_kind_of_values(schema: dict[str, Any], kind: Kind) -> None:
    (argument,) = arguments_of(schema_of({"value": schema}))
    assert (argument.kind, argument.is_list) == (kind, schema["type"] == "array")


@pytest.mark.parametrize(
    ("name", "description", "kind"),
    [
        ("start", "First day, YYYY-MM-DD.", Kind.DATE),
        ("birthdate", "", Kind.DATE),
        ("time", "As HH:MM.", Kind.TIME),
        ("order", "'asc' for ascending, 'desc' for descending.", Kind.OPTION),
        ("name", "A name such as 'Ann' or 'Bob'.", Kind.TEXT),
    ],
)
def test_a_description_says_the_kind_of_texts(name: str, description: str, kind: Kind) -> None:
    assert argument_of(name, description).kind is kind


def test_options_of_an_enum_are_closed_and_those_in_prose_are_not() -> None:
    closed = argument_of(enum=["red", "green", None])
    open_ = argument_of(description="Options: 'red', 'green'.")
    assert (closed.options, closed.is_closed) == (("red", "green"), True)
    assert (open_.options, open_.is_closed) == (("red", "green"), False)


def test_options_of_numbers_are_numbers() -> None:
    assert argument_of(type="integer", enum=[1, "two", True, 3]).options == (1, 3)


@pytest.mark.parametrize(
    ("schema", "description", "default"),
    [
        ({"type": "integer", "default": 3}, "Default is 5.", 3),
        ({"type": "integer"}, "How many. Default is 5.", 5),
        ({"type": "number"}, "Defaults to 7%.", 0.07),
        ({"type": "boolean"}, "default: true", True),
        ({"type": "string"}, "Default value is 'metric'.", "metric"),
        ({"type": "integer"}, "Default is none.", None),
    ],
)
def test_a_default_is_in_the_schema_or_in_prose(schema: dict[str, Any], description: str, default: object) -> None:
    argument = argument_of(description=description, **schema)
    assert (argument.has_default, argument.default) == (True, default)


def test_an_argument_may_have_no_default() -> None:
    assert not argument_of(description="Chosen by default.").has_default


def test_examples_come_from_the_schema_then_from_quotation_marks_then_from_prose() -> None:
    argument = argument_of(description="City, e.g. Paris or Oslo. Like 'Rome'.", examples=["Bonn"])
    assert argument.examples == ("Bonn", "Rome", "Paris", "Oslo")


def test_shares_are_in_percent_or_decimal() -> None:
    assert argument_of("rate", "Rate in percent.", type="number").takes_percent
    as_decimal = argument_of("rate", "Percentage as a decimal.", type="number")
    assert (as_decimal.takes_percent, as_decimal.takes_decimal) == (False, True)


def test_a_text_may_be_a_currency() -> None:
    assert argument_of("to_currency").takes_currency
    assert not argument_of("amount", "In the currency.", type="number").takes_currency


def test_fields_of_nested_objects_are_arguments_of_their_own() -> None:
    place = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    found = arguments_of(schema_of({"place": place, "days": {"type": "integer"}}, ["place"]))
    assert [argument.path for argument in found] == [("place", "city"), ("days",)]
    assert [argument.is_required for argument in found] == [True, False]


def test_a_field_is_not_required_where_its_object_is_not() -> None:
    place = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    assert not arguments_of(schema_of({"place": place}))[0].is_required


def test_values_by_path_are_one_object() -> None:
    assert nested({("a", "b"): 1, ("a", "c"): 2, ("d",): 3}) == {"a": {"b": 1, "c": 2}, "d": 3}


def test_the_words_of_a_description_are_compared_without_those_that_all_have() -> None:
    assert argument_of("x", "The name of the given cities.").described == {"cit"}
