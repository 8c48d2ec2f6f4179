"""Days that a text reaches from those it names: `three days later`, `a five-day stay`, `the next day`, `the 20th`."""

import re
from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from brain.intent_inference.spoken_dates import SpokenDays
from brain.written_numbers import find_numbers

__all__ = ["days_reached"]

NUMBER = (
    r"\d{1,3}|an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fourteen|fifteen|twenty|thirty"
    r"|couple of"
)
DURATION = re.compile(rf"\b(?P<count>{NUMBER})[\s-]+(?P<unit>hour|day|night|week|fortnight)s?\b", re.IGNORECASE)
NEXT_DAY = re.compile(r"\b(?:the )?(?:next|following) (?:day|morning|night)\b|\bthe day after\b", re.IGNORECASE)
NTH_DAY = re.compile(r"\bthe (?P<nth>second|third|fourth|fifth|sixth|seventh) day\b", re.IGNORECASE)
LONE_DAY = re.compile(r"\bthe\s+(?P<day>\d{1,2})(?:st|nd|rd|th)\b", re.IGNORECASE)
"""Of a month that stands elsewhere."""
NTH = {"second": 1, "third": 2, "fourth": 3, "fifth": 4, "sixth": 5, "seventh": 6}
DAYS = {"day": 1, "night": 1, "week": 7, "fortnight": 14}
FEW = {"a": 1, "an": 1, "one": 1, "couple of": 2}
DAY_HOURS = 24
TIMES = 3
"""The same duration may come again: a week in each of three cities."""
MOST_DURATIONS = 4
MOST_DAYS = 12
"""Of the days that are named."""


def days_reached(text: str, named: Iterable[SpokenDays]) -> Iterator[SpokenDays]:
    """Days a stated duration after a day that is named, and days of a month that is."""
    ends = ((day, days) for days in named for day in dict.fromkeys((days.first, days.last)))
    single = list({day: days for day, days in ends if (days.last - days.first).days < DAYS["fortnight"] * 2}.items())
    reaches = list(_reaches(text))
    for day, days in single[:MOST_DAYS]:
        for count, duration in reaches:
            if (later := _moved(day, count)) is not None:
                yield SpokenDays(later, later, days.words, days.is_relative, duration)
        for match in LONE_DAY.finditer(text):
            if (same := _same_month(day, int(match["day"]))) is not None:
                yield SpokenDays(same, same, days.words, days.is_relative, match[0])


def _reaches(text: str) -> Iterator[tuple[int, str]]:
    """Durations in days, several times over, and two of them one after the other."""
    durations = list(dict.fromkeys(_durations(text)))[:MOST_DURATIONS]
    for days, words in durations:
        yield from ((days * times, words) for times in range(1, TIMES + 1))
        yield from ((days + more, f"{words} … {other}") for more, other in durations if (more, other) != (days, words))


def _durations(text: str) -> Iterator[tuple[int, str]]:
    for match in DURATION.finditer(text):
        number = next(find_numbers(match["count"]), None)
        count = FEW.get(match["count"].lower()) or (int(number[0]) if number else 0)
        unit = match["unit"].lower()
        days, rest = divmod(count, DAY_HOURS) if unit == "hour" else (count * DAYS[unit], 0)
        if days and not rest:
            yield days, match[0]
    if found := NEXT_DAY.search(text):
        yield 1, found[0]
    for match in NTH_DAY.finditer(text):
        yield NTH[match["nth"].lower()], match[0]


def _same_month(day: date, number: int) -> date | None:
    try:
        return day.replace(day=number)
    except ValueError:
        return None


def _moved(day: date, days: int) -> date | None:
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return None
