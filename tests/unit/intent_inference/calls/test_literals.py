"""Lists and objects that a request writes out."""

from typing import Any

import pytest

from brain.intent_inference.calls.literals import find_literals
from brain.intent_inference.calls.reading import Reading


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("sum [1, 2.5]", [[1, 2.5]]),
        ("the matrix [[1, 2], [3, 4]]", [[[1, 2], [3, 4]]]),
        ('set {"a": 1} and ["x", "y"]', [{"a": 1}, ["x", "y"]]),
        ("see [note] and {1, 2} and [1 +]", []),
        ("a key that is a list: {[1]: 2}", []),
    ],
)
def test_a_literal_is_read(text: str, values: list[Any]) -> None:
    assert [found.value for found in find_literals(Reading(text))] == values


def test_odd_escapes_are_read_without_a_warning() -> None:
    assert [found.value for found in find_literals(Reading(r"the patterns ['\d', '\w']"))] == [[r"\d", r"\w"]]
