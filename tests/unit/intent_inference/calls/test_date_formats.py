"""The format of dates that a description asks for."""

import pytest

from brain.intent_inference.calls.date_formats import strftime_of


@pytest.mark.parametrize(
    ("description", "pattern"),
    [
        ("The day, as YYYY-MM-DD.", "%Y-%m-%d"),
        ("In the format mm/dd/yyyy.", "%m/%d/%Y"),
        ("dd.mm.yy", "%d.%m.%y"),
        ("yyyy-mm-ddThh:mm", "%Y-%m-%d"),
        ("For example 2024-05-01.", "%Y-%m-%d"),
        ("For example 05/31/2024.", "%m/%d/%Y"),
        ("An ISO 8601 date.", "%Y-%m-%d"),
        ("The day.", None),
    ],
)
def test_a_description_tells_a_format(description: str, pattern: str | None) -> None:
    assert strftime_of(description) == pattern
