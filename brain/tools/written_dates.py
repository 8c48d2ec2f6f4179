"""Dates and times as people write them: ISO 8601, day or month first, with English names of months."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

import pyarrow as pa

from brain.errors import ToolError
from brain.tools.written_values import NotRead, Read

__all__ = ["check_format", "read_dates", "read_formatted_dates"]

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
FULL_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)
NAMES = {name: number % 12 + 1 for number, name in enumerate((*MONTHS, *FULL_MONTHS))} | {"sept": 9}
TIME = (
    r"(?:(?:[T ]|, )\s*(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})"
    r"(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?\s?(?P<half>[AaPp][Mm])?\s?(?P<zone>Z|UTC|GMT|[-+][0-9]{2}:?[0-9]{2})?)?"
)
WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6},? )?"
NAME = r"(?P<name>[A-Za-z]{3,9})\.?"
FORMS = tuple(
    re.compile(form + TIME, re.IGNORECASE)
    for form in (
        r"(?P<year>[0-9]{4})(?P<between>[-/.])(?P<month>[0-9]{1,2})(?P=between)(?P<day>[0-9]{1,2})",
        r"(?P<one>[0-9]{1,2})(?P<between>[-/.])(?P<two>[0-9]{1,2})(?P=between)(?P<year>[0-9]{4})",
        rf"{WEEKDAY}(?P<day>[0-9]{{1,2}})(?:st|nd|rd|th|\.)?[- ]{NAME},?[- ](?P<year>[0-9]{{4}})",
        rf"{WEEKDAY}{NAME} (?P<day>[0-9]{{1,2}})(?:st|nd|rd|th)?,? (?P<year>[0-9]{{4}})",
    )
)
LONGEST = 64
"""Characters of a date; nothing longer is looked at."""
HALF_DAY = 12
MICROSECOND_DIGITS = 6
OFFSET = re.compile(r"([-+])([0-9]{2}):?([0-9]{2})")
WITH_TIME = re.compile(r"%[-#]?[HIMSfpcXTRr]")
WITH_YEAR = re.compile(r"%[-#]?[YyGcxDF]")
TRIED = datetime(2001, 12, 31, 22, 58, 59, tzinfo=UTC)
"""A moment to try a format with."""


@dataclass(frozen=True, slots=True)
class _Written:
    """A date taken apart; of two numbers it may not be known which is the day."""

    text: str
    day_first: datetime | None
    month_first: datetime | None
    has_time: bool
    has_order: bool
    """Whether it is numbers alone, with lines between them."""

    def value(self, *, day_first: bool) -> datetime | None:
        return self.day_first if day_first else self.month_first


def read_dates(texts: Sequence[str], day_first: bool | None = None) -> Read | NotRead:
    """A date or time for each text; numbers alone are read only where one order fits all, or where it is told.

    With points between them the day comes first.
    """
    written = [_taken_apart(text) for text in texts]
    taken = [each for each in written if each is not None]
    share = len(taken) / max(len(texts), 1)
    if len(taken) < len(texts):
        return NotRead(f"{_shown(texts[written.index(None)])} is no date", share)
    orders = (True, False) if day_first is None else (day_first,)
    readings = {order: [each.value(day_first=order) for each in taken] for order in orders}
    whole = {order: values for order, values in readings.items() if None not in values}
    if not whole:
        best = max(readings, key=lambda order: -readings[order].count(None))
        return NotRead(f"{_shown(taken[readings[best].index(None)].text)} is no date in the order of the others")
    if len(whole) > 1 and whole[True] != whole[False]:
        unclear = next(each for each in taken if each.day_first != each.month_first)
        either = f"{unclear.day_first:%Y-%m-%d} or {unclear.month_first:%Y-%m-%d}"
        return NotRead(f"{_shown(unclear.text)} may be {either}; set day_first")
    order, moments = next(iter(whole.items()))
    told = (" (day first)" if order else " (month first)") if any(map(_is_either, taken)) else ""
    return _read(moments, has_time=any(each.has_time for each in taken), told=told)


def _is_either(written: _Written) -> bool:
    """Whether only the order says which day it is."""
    return written.has_order and written.day_first != written.month_first


def read_formatted_dates(texts: Sequence[str], date_format: str) -> Read | NotRead:
    """A date or time for each text, as `datetime.strptime` reads the format."""
    moments: list[datetime | None] = []
    for text in texts:
        try:
            moments.append(datetime.strptime(text, date_format))  # noqa: DTZ007 - some formats have no zone
        except ValueError:
            return NotRead(f"{_shown(text)} is not written as {date_format}", len(moments) / len(texts))
    return _read(moments, has_time=WITH_TIME.search(date_format) is not None)


def check_format(date_format: str) -> None:
    """Raise ToolError where no date can be read with the format."""
    if not WITH_YEAR.search(date_format):
        raise ToolError(f"date_format needs a year, as in %d.%m.%Y, and {date_format!r} has none.")
    try:
        datetime.strptime(TRIED.strftime(date_format), date_format)  # noqa: DTZ007 - as above
    except ValueError:
        raise ToolError(
            f"{date_format!r} is no date_format: write it as %d.%m.%Y, with %H:%M for a time of day."
        ) from None


def _taken_apart(text: str) -> _Written | None:
    if len(text) > LONGEST:
        return None
    match = next((found for form in FORMS if (found := form.fullmatch(text))), None)
    if match is None:
        return None
    parts = match.groupdict()
    if "one" in parts:
        day_first = _moment(parts, parts["one"], parts["two"])
        month_first = None if parts["between"] == "." else _moment(parts, parts["two"], parts["one"])
    else:
        day_first = month_first = _moment(parts, parts["day"], parts.get("month") or NAMES.get(parts["name"].lower()))
    if day_first is None and month_first is None:
        return None
    has_order = "one" in parts and parts["between"] != "."
    return _Written(text, day_first, month_first, has_time=parts["hour"] is not None, has_order=has_order)


def _moment(parts: dict[str, str | None], day: str | None, month: str | int | None) -> datetime | None:
    """The moment, None where there is none such; a time of day is kept to the microsecond or not at all."""
    fraction = (parts["fraction"] or "").rstrip("0")
    if month is None or day is None or len(fraction) > MICROSECOND_DIGITS:
        return None
    try:
        moment = datetime(
            int(parts["year"] or 0), int(month), int(day),
            _hour(int(parts["hour"] or 0), parts["half"]), int(parts["minute"] or 0), int(parts["second"] or 0),
            int(fraction.ljust(MICROSECOND_DIGITS, "0")), tzinfo=_zone(parts["zone"]),
        )  # fmt: skip
        return moment.astimezone(UTC) if moment.tzinfo else moment
    except (ValueError, OverflowError):
        return None


def _hour(hour: int, half: str | None) -> int:
    if half is None:
        return hour
    if not 1 <= hour <= HALF_DAY:
        raise ValueError("no hour of half a day")
    return hour % HALF_DAY + (HALF_DAY if half.lower() == "pm" else 0)


def _zone(written: str | None) -> timezone | None:
    if written is None:
        return None
    match = OFFSET.fullmatch(written)
    if match is None:
        return UTC
    offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
    return timezone(-offset if match[1] == "-" else offset)


def _read(moments: Sequence[datetime | None], *, has_time: bool, told: str = "") -> Read | NotRead:
    known = [moment for moment in moments if moment is not None]
    zoned = [moment for moment in known if moment.tzinfo is not None]
    if zoned and len(zoned) < len(known):
        return NotRead("some times have a zone and others have none")
    if not has_time:
        return Read([moment.date() for moment in known], pa.date32(), f"dates{told}")
    if zoned:
        return Read([moment.astimezone(UTC) for moment in known], pa.timestamp("us", "UTC"), f"times in UTC{told}")
    return Read(known, pa.timestamp("us"), f"times{told}")


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:39]}…")  # noqa: PLR2004 - characters that fit a message
