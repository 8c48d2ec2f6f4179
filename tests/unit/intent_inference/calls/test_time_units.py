"""Units of time, by the words for them."""

import pytest

from brain.intent_inference.calls.time_units import time_unit


@pytest.mark.parametrize(
    ("word", "unit"),
    [
        ("hours", "hour"),
        ("hrs", "hour"),
        ("s", "second"),
        ("year", "year"),
        ("class", None),
        ("day's", None),
        ("", None),
    ],
)
def test_a_word_may_name_a_unit_of_time(word: str, unit: str | None) -> None:
    assert time_unit(word) == unit
