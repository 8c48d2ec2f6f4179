"""Dates of a request, however they are written: in figures, with a month's name, or relative to a day."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from brain.intent_inference.calls.reading import Reading
from brain.intent_inference.months import MONTHS
from brain.intent_inference.quantity_words import WEEKDAYS

__all__ = ["DateFound", "find_dates"]

MONTH_NUMBERS = {
    **{name: number for number, name in enumerate(MONTHS, start=1)},
    **{name[: len("jan")]: number for number, name in enumerate(MONTHS, start=1)},
    "sept": 9,
}
LAST_MONTH, LAST_DAY = 12, 31
DAYS_OF_WEEK = len(WEEKDAYS)
# (?a:...): only ASCII letters; else `ı` would count as an i in other case, and no word below would be found by it.
MONTH = rf"(?P<month>(?a:{'|'.join(sorted(MONTH_NUMBERS, key=len, reverse=True))}))\.?"
DAY = r"(?P<day>[0-3]?\d)(?:st|nd|rd|th)?"
YEAR = r"(?P<year>[12]\d{3})"
WRITTEN = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b(?P<year>\d{4})-(?P<number>\d{1,2})-(?P<day>\d{1,2})\b",
        r"\b(?P<year>\d{4})/(?P<number>\d{1,2})/(?P<day>\d{1,2})\b",
        r"\b(?P<day>\d{1,2})\.(?P<number>\d{1,2})\.(?P<year>\d{4})\b",
        r"\b(?P<number>\d{1,2})[/-](?P<day>\d{1,2})[/-](?P<year>\d{4})\b",
        rf"\b{YEAR}\s*,?\s+{MONTH}\s*{DAY}\b",
        rf"\b{MONTH}\s*{DAY}(?:\s*,?\s*(?:of\s+)?{YEAR})?\b",
        rf"\b(?:the\s+)?{DAY}\s+(?:of\s+)?{MONTH}(?:\s*,?\s*{YEAR})?(?!\w)",
        rf"\b{MONTH}\s*,?\s*(?:of\s+)?{YEAR}\b",
    )
]
"""In this order: where two fit, the first counts."""
SHIFTS = {
    "today": 0, "tonight": 0, "tomorrow": 1, "yesterday": -1, "the day after tomorrow": 2,
    "the day before yesterday": -2,
}  # fmt: skip
"""Days from today."""
FEW = {"a": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "ten": 10}
RELATIVE = re.compile(
    rf"\b(?P<word>(?a:{'|'.join(SHIFTS)}))\b"
    rf"|\bin (?P<count>\d+|(?a:{'|'.join(FEW)})) (?P<unit>day|week)s?\b"
    rf"|\b(?P<which>next|this|coming|last)\s+(?P<weekday>(?a:{'|'.join(WEEKDAYS)}))\b",
    re.IGNORECASE,
)
TODAY = re.compile(r"\btoday(?:'s date)?\s+is\b|\bcurrent date(?: is|:)", re.IGNORECASE)
WEEKDAY_BETWEEN = 15
"""Characters that may stand between `today is` and the date."""
LEAP_YEAR = 2000
"""Stands in where no year is said, so that February has 29 days."""


@dataclass(frozen=True, slots=True)
class DateFound:
    """A day, or a month where `day` is None, at a half-open range of tokens; `year` is None where nobody says it."""

    first: int
    last: int
    year: int | None
    month: int
    day: int | None
    rule: str = "date"
    """Which also says what a relative one counts from."""

    @property
    def is_relative(self) -> bool:
        """Whether it is counted from another day."""
        return self.rule != "date"

    @property
    def as_date(self) -> date | None:
        """On the calendar; what is not said is filled in, and None where there is no such day."""
        try:
            return date(self.year or LEAP_YEAR, self.month, self.day or 1)
        except ValueError:
            return None

    def written(self, pattern: str) -> str | None:
        """In this `strftime` form; None where a part that it needs is not said."""
        if (self.year is None and "%Y" in pattern) or (self.day is None and "%d" in pattern):
            return None
        return self.as_date.strftime(pattern) if self.as_date else None


def find_dates(reading: Reading, as_of: date | None = None) -> tuple[DateFound, ...]:
    """Every date; words such as `tomorrow` count from `as_of`, or from the day that the request says it is."""
    found = tuple(_written(reading))
    today = _stated_today(reading, found) or as_of
    return (*found, *_relative(reading, today)) if today else found


def _written(reading: Reading) -> Iterator[DateFound]:
    taken: list[range] = []
    for match in (match for pattern in WRITTEN for match in pattern.finditer(reading.text)):
        place = reading.tokens_between(match.start(), match.end())
        if place is None or any(match.start() in span for span in taken):
            continue
        if found := _date(match.groupdict(), *place):
            taken.append(range(match.start(), match.end()))
            yield found


def _date(said: dict[str, str | None], first: int, last: int) -> DateFound | None:
    """The date of one match; `25/12/2024` has the day first."""
    month = int(said.get("number") or MONTH_NUMBERS[(said.get("month") or "").lower()])
    day = int(said.get("day") or 0) if said.get("day") else None
    if month > LAST_MONTH and day and day <= LAST_MONTH:
        month, day = day, month
    if month > LAST_MONTH or (day is not None and not 1 <= day <= LAST_DAY):
        return None
    year = said.get("year")
    return DateFound(first, last, int(year) if year else None, month, day)


def _stated_today(reading: Reading, found: Sequence[DateFound]) -> date | None:
    """The day of `Today is October 13th, 2024`."""
    for match in TODAY.finditer(reading.text):
        for each in found:
            behind = reading.tokens[each.first].start - match.end()
            if each.year and each.day and 0 <= behind <= WEEKDAY_BETWEEN:
                return each.as_date
    return None


def _relative(reading: Reading, today: date) -> Iterator[DateFound]:
    for match in RELATIVE.finditer(reading.text):
        place = reading.tokens_between(match.start(), match.end())
        if place is None or TODAY.match(reading.text, match.start()):
            continue
        try:
            day = today + timedelta(days=_shift(match, today))
        except (OverflowError, ValueError):  # farther than the calendar or Python's own limit for reading integers
            continue
        yield DateFound(*place, day.year, day.month, day.day, f"relative to {today}")


def _shift(match: re.Match[str], today: date) -> int:
    """Days from today to the day that is meant."""
    if match["word"]:
        return SHIFTS[match["word"].lower()]
    if match["count"]:
        count = match["count"].lower()
        return (FEW.get(count) or int(count)) * (DAYS_OF_WEEK if match["unit"].lower() == "week" else 1)
    ahead = (WEEKDAYS.index(match["weekday"].lower()) - today.weekday()) % DAYS_OF_WEEK or DAYS_OF_WEEK
    return ahead - DAYS_OF_WEEK if match["which"].lower() == "last" else ahead
