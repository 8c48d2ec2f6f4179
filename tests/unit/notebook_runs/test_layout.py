"""Python code in lines that mean what was laid out."""

import ast
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brain.notebook_runs.layout import WIDTH, Bracketed, called, in_python, laid_out, literal, mapping
from brain.notebook_runs.names import Names

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


@given(VALUES, st.integers(0, 60))
def test_a_value_is_read_back_as_it_was(value: Any, before: int) -> None:
    assert ast.literal_eval(laid_out(in_python(value), before=before)) == value


@given(st.lists(st.dictionaries(st.text("abc", max_size=5), st.text("xyz", max_size=9), max_size=8), max_size=8))
def test_lines_are_no_longer_than_they_may_be(value: Any) -> None:
    assert all(len(line) <= WIDTH for line in laid_out(in_python(value)).splitlines())


def test_the_last_argument_opens_in_the_line_of_the_call() -> None:
    long = {name: literal("x" * 30) for name in "abcd"}
    assert laid_out(called("call", literal("table.read"), mapping(long)), before=8).splitlines()[:2] == [
        'call("table.read", {',
        '    "a": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",',
    ]
    assert laid_out(called("call", literal("table.read"), mapping(long), retry="3")).splitlines()[-2:] == [
        "    retry=3,",
        ")",
    ]
    assert laid_out(mapping({})) == "{}"


def test_what_runs_over_lines_stands_in_three_quotation_marks() -> None:
    assert literal("SELECT 1\nFROM x\n") == '"""SELECT 1\nFROM x\n"""'
    assert literal('say "x"\n"') == '"say \\"x\\"\\n\\""'
    assert literal("a\r\nb") == '"a\\r\\nb"'


def test_a_comprehension_has_no_commas() -> None:
    code = Bracketed("[", (("", literal("x" * 90)), ("for item in ", "items")), "]", "")
    assert laid_out(code).splitlines()[1:] == [f'    "{"x" * 90}"', "    for item in items", "]"]


@pytest.mark.parametrize(
    ("wishes", "name"),
    [
        (["city"], "city"), (["class"], "class_"), (["list"], "list_"), (["call"], "call_"), (["my-file"], "my_file"),
        (["2nd"], "value_2nd"), (["!"], "value"), (["für"], "für"), (["filter", "days_filter"], "days_filter"),
    ],
)  # fmt: skip
def test_names_can_be_written_and_hide_nothing(wishes: list[str], name: str) -> None:
    names = Names()
    assert names.new(*wishes) == name
    assert names.new(*wishes) != name


def test_every_name_is_given_once() -> None:
    names = Names()
    assert [names.new("city") for _ in range(4)] == ["city", "city_", "city_2", "city_3"]
