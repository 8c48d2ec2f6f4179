"""Dates of a request."""

from datetime import date

import pytest

from brain.intent_inference.calls.dates import DateFound, find_dates
from brain.intent_inference.calls.reading import Reading

AS_OF = date(2024, 2, 28)  # a Wednesday


def written(text: str, as_of: date | None = None) -> list[str | None]:
    return [found.written("%Y-%m-%d") for found in find_dates(Reading(text), as_of)]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("on 2024-05-01", "2024-05-01"),
        ("on 2024/5/1", "2024-05-01"),
        ("on 5/6/2023", "2023-05-06"),
        ("on 25/12/2024", "2024-12-25"),
        ("2024 May 5", "2024-05-05"),
        ("May 5th, 2021", "2021-05-05"),
        ("the 5th of May 2021", "2021-05-05"),
        ("Sept. 3, 2020", "2020-09-03"),
    ],
)
def test_a_date_is_read_in_every_form(text: str, day: str) -> None:
    assert written(text) == [day]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("today", "2024-02-28"),
        ("tomorrow", "2024-02-29"),
        ("yesterday", "2024-02-27"),
        ("the day after tomorrow", "2024-03-01"),
        ("in two weeks", "2024-03-13"),
        ("in 3 days", "2024-03-02"),
        ("next friday", "2024-03-01"),
        ("last monday", "2024-02-26"),
        ("this wednesday", "2024-03-06"),
    ],
)
def test_a_relative_date_counts_from_the_day_of_the_request(text: str, day: str) -> None:
    assert written(text, AS_OF) == [day]
    assert written(text) == []


def test_a_relative_date_counts_from_the_day_that_the_request_says_it_is() -> None:
    text = "Today is Sunday, October 13th, 2024. Book it for tomorrow."
    assert written(text, AS_OF) == ["2024-10-13", "2024-10-14"]
    assert find_dates(Reading(text))[-1].rule == "relative to 2024-10-13"


def test_what_is_not_said_is_not_written() -> None:
    (month,) = find_dates(Reading("in May 2021"))
    (day,) = find_dates(Reading("on the 5 May"))
    assert (month.written("%m/%Y"), month.written("%Y-%m-%d")) == ("05/2021", None)
    assert (day.written("%d.%m."), day.written("%Y-%m-%d")) == ("05.05.", None)


@pytest.mark.parametrize("text", ["13/13/2024", "may I ask", "in 99999999999 days", f"in {'9' * 5000} days"])
def test_what_is_no_date_is_none(text: str) -> None:
    assert written(text, AS_OF) == []


def test_a_day_that_no_calendar_has_is_written_nowhere() -> None:
    assert written("Today is 2024-02-31, call me tomorrow") == [None]


def test_a_leap_day_without_a_year_is_a_day() -> None:
    assert DateFound(0, 1, None, 2, 29).written("%m-%d") == "02-29"
