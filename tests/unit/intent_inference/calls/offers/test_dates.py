"""Dates and times, as they are offered."""

from datetime import date

import pytest
from call_scenes import argument_of, offered


@pytest.mark.parametrize(
    ("text", "description", "value"),
    [
        ("on May 5th, 2021", "Day, YYYY-MM-DD.", "2021-05-05"),
        ("on 2021-05-05", "Day, MM/DD/YYYY.", "05/05/2021"),
        ("on May 5th, 2021", "The day.", "May 5th, 2021"),
        ("on May 5th", "Day, YYYY-MM-DD.", "May 5th"),
        ("tomorrow", "The day.", "2024-05-02"),
    ],
)
def test_a_date_is_written_as_the_argument_wants_it(text: str, description: str, value: str) -> None:
    assert offered(text, argument_of("date", description), date(2024, 5, 1))[0].value == value


def test_a_time_is_on_a_clock_of_24_hours() -> None:
    assert offered("at 5 pm", argument_of("time", "As HH:MM."))[0].value == "17:00"
