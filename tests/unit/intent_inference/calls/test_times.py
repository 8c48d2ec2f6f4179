"""Times of day in a request."""

import pytest

from brain.intent_inference.calls.reading import Reading
from brain.intent_inference.calls.times import find_times


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("at 5 pm or 5:30 a.m.", ["17:00", "05:30"]),
        ("14:30 and 0:15", ["14:30", "00:15"]),
        ("noon, midday and midnight", ["12:00", "12:00", "00:00"]),
        ("7 o'clock in the evening, 7 o'clock", ["19:00", "07:00"]),
        ("12 am and 12 pm", ["00:00", "12:00"]),
        ("13 pm, at 9, 25:00", []),
    ],
)
def test_a_time_is_read_in_every_form(text: str, times: list[str]) -> None:
    assert [found.time.strftime("%H:%M") for found in find_times(Reading(text))] == times


def test_a_time_knows_its_place() -> None:
    reading = Reading("wake me at 5:30 a.m. please")
    ((first, last),) = [(found.first, found.last) for found in find_times(reading)]
    assert reading.quote(first, last).startswith("5:30 a.m")
