"""What a request holds."""

import pytest

from brain.intent_inference.calls.contents import Contents
from brain.intent_inference.calls.reading import Reading


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("two numbers: 40 and 50", [40, 50]),
        ("of three lengths, 4, 5 and 6", [4, 5, 6]),
        ("two hours: 40 and 50", [2, 40, 50]),
        ("two numbers: 40, 50 and 60", [2, 40, 50, 60]),
    ],
)
def test_a_number_that_says_how_many_follow_is_no_value(text: str, numbers: list[int]) -> None:
    assert [figure.value for figure in Contents(Reading(text)).figures] == numbers


def test_a_count_may_not_be_a_value_that_is_left_out() -> None:
    contents = Contents(Reading("roll twice with 6 sides"))
    assert [contents.reading.lowers[start] for start in contents.figure_starts] == ["6"]
