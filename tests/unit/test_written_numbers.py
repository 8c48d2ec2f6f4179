"""Numbers in a text, in digits or in words."""

import pytest

from brain.written_numbers import find_numbers


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("1,250.5 and -4, 30mm and 45%", [1250.5, -4, 30, 45]),
        ("twenty-five or twenty one", [25, 21]),
        ("two hundred and fifty", [200, 50]),
        ("half a million, a dozen, two dozen", [500_000, 12, 24]),
        ("two and a half million", [2_500_000]),
        ("5 and a quarter", [5.25]),
        ("-1.5 million, minus twenty", [-1_500_000, -20]),
        ("one of one million", [1_000_000]),
        ("5k, 3rd, 1990s, v2.5x, 1.2.3", []),
        ("9" * 30, []),
        ("", []),
    ],
)
def test_numbers_are_read_with_sign_and_scale(text: str, numbers: list[float]) -> None:
    assert [value for value, _, _ in find_numbers(text)] == numbers


def test_whole_numbers_stay_whole() -> None:
    assert [type(value) for value, _, _ in find_numbers("2.5 thousand, 2.5, 3.0")] == [int, float, float]


def test_a_number_knows_its_place() -> None:
    ((_, start, end),) = find_numbers("more than 3 million people")
    assert "more than 3 million people"[start:end] == "3 million"
