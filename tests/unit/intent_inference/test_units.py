"""Units behind numbers and in the names of columns."""

import pytest

from brain.intent_inference.units import unit_of_name, unit_of_word


@pytest.mark.parametrize(
    ("word", "unit"),
    [("mm", "mm"), ("minutes", "min"), ("hours", "h"), ("kilos", "kg"), ("degrees", ""), ("mv", "mv"), ("cars", None)],
)
def test_a_word_behind_a_number_may_be_its_unit(word: str, unit: str | None) -> None:
    assert unit_of_word(word) == unit


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("runtime_min", "min"),
        ("mins_played", "min"),
        ("weightKg", "kg"),
        ("batt_mV", "mv"),
        ("temp_c", "c"),
        ("c_value", None),
        ("salary", None),
    ],
)
def test_the_name_of_a_column_may_say_its_unit(name: str, unit: str | None) -> None:
    assert unit_of_name(name) == unit
