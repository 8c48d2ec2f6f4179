"""Numbers that are offered."""

import pytest
from call_scenes import argument_of, offered, said, values_of

NUMBER = argument_of("radius", type="number")
INTEGER = argument_of("count", type="integer")


def test_every_number_is_offered_where_it_stands() -> None:
    text = "a circle of 5.5 cm and twenty-five more"
    assert [(each.value, said(text, each)) for each in offered(text, NUMBER)] == [(5.5, "5.5"), (25, "twenty-five")]


def test_only_whole_numbers_are_offered_for_integers() -> None:
    assert values_of("7.5, 8 or 9.0", INTEGER) == [8, 9]


def test_percent_is_a_share_unless_the_argument_is_in_percent() -> None:
    assert values_of("a rate of 7%", argument_of("rate", type="number")) == [0.07]
    assert values_of("a rate of 7%", argument_of("rate", "In percent.", type="number")) == [7]


@pytest.mark.parametrize(
    ("text", "name", "values"),
    [
        ("for 2 hours", "duration_minutes", [120, 2]),
        ("for 18 months", "years", [1.5, 18]),
        ("for 3 years", "months", [36, 3]),
        ("for a decade", "months", [120, 10]),
        ("for 5 minutes", "minutes", [5]),
    ],
)
def test_an_amount_of_time_is_converted_and_offered_as_it_is(text: str, name: str, values: list[float]) -> None:
    assert values_of(text, argument_of(name, type="number")) == values


def test_a_time_of_day_has_an_hour_and_a_minute() -> None:
    assert values_of("at 5:30 pm", argument_of("hour", type="integer"))[-2:] == [17, 5]
    assert values_of("at 5:30 pm", argument_of("minute", type="integer"))[-1:] == [30]
