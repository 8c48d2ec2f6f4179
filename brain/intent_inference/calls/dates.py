"""Dates and times of a request, however they are written, and the format that an argument asks for."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta

from brain.intent_inference.calls.reading import Reading

__all__ = ["DateFound", "find_dates", "find_times", "strftime_of", "stated_today"]

MONTHS = "january february march april may june july august september october november december".split()
MONTH_NUMBERS = {name: number for number, name in enumerate(MONTHS, start=1)} | {
    name[:3]: number for number, name in enumerate(MONTHS, start=1)
} | {"sept": 9}
DAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
MONTH = rf"(?P<month>{'|'.join(sorted(MONTH_NUMBERS, key=len, reverse=True))})\.?"
DAY = r"(?P<day>[0-3]?\d)(?:st|nd|rd|th)?"
YEAR = r"(?P<year>[12]\d{3})"
WRITTEN = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b(?P<year>\d{4})-(?P<number>\d{1,2})-(?P<day>\d{1,2})\b",
        r"\b(?P<year>\d{4})/(?P<number>\d{1,2})/(?P<day>\d{1,2})\b",
        r"\b(?P<number>\d{1,2})[/.-](?P<day>\d{1,2})[/.-](?P<year>\d{4})\b",
        rf"\b{YEAR}\s*,?\s+{MONTH}\s*{DAY}\b",
        rf"\b{MONTH}\s*{DAY}(?:\s*,?\s*(?:of\s+)?{YEAR})?\b",
        rf"\b(?:the\s+)?{DAY}\s+(?:of\s+)?{MONTH}(?:\s*,?\s*{YEAR})?(?!\w)",
        rf"\b{MONTH}\s*,?\s*(?:of\s+)?{YEAR}\b",
    )
]
RELATIVE = re.compile(
    rf"\b(?P<word>today|tonight|tomorrow|yesterday|the day after tomorrow|the day before yesterday)\b"
    rf"|\bin (?P<count>\d+|a|two|three|four|five|six|seven|ten) (?P<unit>day|week)s?\b"
    rf"|\b(?P<which>next|this|coming|last)\s+(?P<weekday>{'|'.join(DAYS)})\b",
    re.IGNORECASE,
)
SHIFTS = {
    "today": 0, "tonight": 0, "tomorrow": 1, "yesterday": -1, "the day after tomorrow": 2, "the day before yesterday": -2,
}  # fmt: skip
FEW = {"a": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "ten": 10}
TODAY = re.compile(r"\btoday(?:'s date)?\s+is\b|\bcurrent date(?: is|:)", re.IGNORECASE)
TIME = re.compile(
    r"\b(?P<hour>[01]?\d|2[0-3])(?::(?P<minute>[0-5]\d))?(?::[0-5]\d)?\s*(?P<half>[ap]\.?m\b\.?)|\b(?P<h>[01]?\d|2[0-3]):(?P<m>[0-5]\d)(?::[0-5]\d)?\b"
    r"|\b(?P<named>noon|midday|midnight)\b|\b(?P<clock>[1-9]|1[0-2]) o'clock(?:\s+in the (?P<part>morning|afternoon|evening))?",
    re.IGNORECASE,
)
FORMAT = re.compile(r"(?:yyyy|yy|mm|dd)(?:[-/. ]?(?:yyyy|yy|mm|dd)){1,2}(?:[ T]hh:mm(?::ss)?)?", re.IGNORECASE)
EXAMPLE_FORMATS = (
    (re.compile(r"\b(?:19|20)\d\d-\d\d-\d\d\b"), "%Y-%m-%d"),
    (re.compile(r"\b[01]\d/[0-3]\d/(?:19|20)\d\d\b"), "%m/%d/%Y"),
    (re.compile(r"iso.?8601|iso format", re.IGNORECASE), "%Y-%m-%d"),
)


@dataclass(frozen=True, slots=True)
class DateFound:
    """A day (or a month, where `has_day` is false) at a half-open range of tokens; `year` None where nobody says it."""

    first: int
    last: int
    year: int | None
    month: int
    day: int | None
    rule: str = "date"

    def written(self, pattern: str) -> str | None:
        """In this `strftime` form; None where a part that it needs is not said."""
        if (self.year is None and "%Y" in pattern) or (self.day is None and "%d" in pattern):
            return None
        try:
            day = date(self.year or 2000, self.month, self.day or 1)
        except ValueError:
            return None
        return day.strftime(pattern)


def find_dates(reading: Reading, as_of: date | None = None) -> tuple[DateFound, ...]:
    """Every date; words such as `tomorrow` count from `as_of`, or from the day that the request says it is."""
    found = list(_written(reading))
    today = stated_today(reading, found) or as_of
    if today is not None:
        found += _relative(reading, today)
    return tuple(found)


def stated_today(reading: Reading, found: "list[DateFound]") -> date | None:
    """The day of `Today is October 13th, 2024`."""
    for match in TODAY.finditer(reading.text):
        for each in found:
            begins = reading.tokens[each.first].start
            if each.year and each.day and 0 <= begins - match.end() <= 15:  # noqa: PLR2004 - characters, a weekday may stand between
                return date(each.year, each.month, each.day)
    return None


def _written(reading: Reading) -> Iterator[DateFound]:
    taken: list[range] = []
    for pattern in WRITTEN:
        for match in pattern.finditer(reading.text):
            place = reading.tokens_between(match.start(), match.end())
            if place is None or any(match.start() in span for span in taken):
                continue
            said = match.groupdict()
            month = int(said["number"]) if said.get("number") else MONTH_NUMBERS[said["month"].lower()]
            day = int(said["day"]) if said.get("day") else None
            if month > 12 and day and day <= 12:  # noqa: PLR2004 - 25/12/2024 has the day first
                month, day = day, month
            if month <= 12 and (day is None or 1 <= day <= 31):  # noqa: PLR2004 - of the calendar
                taken.append(range(match.start(), match.end()))
                yield DateFound(*place, int(said["year"]) if said.get("year") else None, month, day)


def _relative(reading: Reading, today: date) -> Iterator[DateFound]:
    for match in RELATIVE.finditer(reading.text):
        place = reading.tokens_between(match.start(), match.end())
        if place is None or TODAY.match(reading.text, match.start()):
            continue
        day = today + timedelta(days=_shift(match, today))
        yield DateFound(*place, day.year, day.month, day.day, f"relative to {today}")


def _shift(match: re.Match[str], today: date) -> int:
    if match["word"]:
        return SHIFTS[match["word"].lower()]
    if match["count"]:
        count = match["count"].lower()
        return (FEW.get(count) or int(count)) * (7 if match["unit"].lower() == "week" else 1)
    ahead = (DAYS.index(match["weekday"].lower()) - today.weekday()) % 7 or 7
    return ahead - 7 if match["which"].lower() == "last" else ahead


def find_times(reading: Reading) -> Iterator[tuple[int, int, time]]:
    """Every time of day with its range of tokens."""
    for match in TIME.finditer(reading.text):
        place = reading.tokens_between(match.start(), match.end())
        if place is not None and (moment := _moment(match)) is not None:
            yield *place, moment


def _moment(match: re.Match[str]) -> time | None:
    if match["named"]:
        return time(0) if match["named"].lower() == "midnight" else time(12)
    if match["h"]:
        return time(int(match["h"]), int(match["m"]))
    hour = int(match["hour"] or match["clock"])
    after = (match["half"] or "").lower().startswith("p") or match["part"] in ("afternoon", "evening")
    if match["half"] and not 1 <= hour <= 12:  # noqa: PLR2004 - of a clock
        return None
    return time(hour % 12 + (12 if after else 0), int(match["minute"] or 0))


def strftime_of(description: str) -> str | None:
    """The format of dates that a description asks for, by its letters (`YYYY-MM-DD`) or its example."""
    if match := FORMAT.search(description):
        pattern = match[0].lower().split("t")[0].split(" hh")[0]
        return pattern.replace("yyyy", "%Y").replace("yy", "%y").replace("mm", "%m").replace("dd", "%d")
    return next((form for pattern, form in EXAMPLE_FORMATS if pattern.search(description)), None)
