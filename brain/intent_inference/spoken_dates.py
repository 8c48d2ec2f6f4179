"""Spans of days that a text speaks of, in any writing: `3 May 2024`, `last month`, `Q3 2024`, `the past 30 days`."""

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from brain.intent_inference.months import MONTHS, SHORT_MONTH
from brain.intent_inference.quantity_words import WEEKDAYS

if TYPE_CHECKING:
    from dateparser.date import DateDataParser

__all__ = ["SpokenDays", "read_moment", "spoken_days", "spoken_times", "stated_today"]

MONTH = "|".join([*MONTHS, "sept", *(name[:SHORT_MONTH] for name in MONTHS)])
WEEKDAY = "|".join(WEEKDAYS)
UNITS = "day|week|weekend|fortnight|month|quarter|year|decade"
COUNT = r"(?:\d{1,4}|an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|few|couple of)"
DAY = r"\d{1,2}(?:st|nd|rd|th)?"
YEAR = r"(?:1[5-9]|20|21)\d{2}"
ABSOLUTE = re.compile(
    rf"\b\d{{4}}-\d{{1,2}}(?:-\d{{1,2}})?\b|\b\d{{4}}/\d{{1,2}}/\d{{1,2}}\b|\b\d{{1,2}}[/.-]\d{{1,2}}[/.-]\d{{2,4}}\b"
    rf"|\b{DAY}\s+(?:of\s+)?(?:{MONTH})\b\.?(?:,?\s+(?:of\s+)?{YEAR}\b)?"
    rf"|\b(?:{MONTH})\b\.?\s+{DAY}\b(?:,?\s+(?:of\s+)?{YEAR}\b)?|\b(?:{MONTH})\b\.?(?:,?\s+(?:of\s+|in\s+)?{YEAR}\b)?"
    rf"|\bQ[1-4],?\s+(?:of\s+)?{YEAR}\b|\b{YEAR}\s+Q[1-4]\b|\b{YEAR}\b(?!s)",
    re.IGNORECASE,
)
RELATIVE = re.compile(
    rf"\b(?:the day before yesterday|the day after tomorrow|yesterday|today|tonight|tomorrow|now)\b"
    rf"|\b(?P<past>last|past|previous|recent|preceding)\s+(?P<pcount>{COUNT}\s+)?(?P<punit>{UNITS}|{WEEKDAY}|{MONTH})s?\b"
    rf"|\b(?P<future>next|coming|following|in|within)\s+(?:the next\s+)?"
    rf"(?P<fcount>{COUNT}\s+)?(?P<funit>{UNITS}|{WEEKDAY}|{MONTH})s?\b"
    rf"|\b(?P<this>this|current)\s+(?P<tunit>{UNITS}|{WEEKDAY}|{MONTH})\b"
    rf"|\b{COUNT}\s+(?:{UNITS})s?\s+(?:ago|back|earlier|from now)\b"
    rf"|\b(?:{WEEKDAY})s?\b",
    re.IGNORECASE,
)
DECADE = re.compile(r"\b(?:the\s+)?(?P<century>1[5-9]|20)?(?P<tens>\d0)s\b", re.IGNORECASE)
VERBS = re.compile(r"may|march|mar")
"""In small letters, alone, these are months only where a time is due."""
TIME_IS_DUE = re.compile(r"\b(?:in|during|of|since|until|till|through|each|every|for|from|to|and)\s+$", re.IGNORECASE)
RANGE = re.compile(
    rf"\b(?P<month>{MONTH})\b\.?\s+(?P<first>\d{{1,2}})(?:st|nd|rd|th)?\s*(?:-|–|to|through|until|and)\s*(?:the\s+)?"
    rf"(?P<last>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s+(?P<year>{YEAR})\b)?",
    re.IGNORECASE,
)
"""`December 15-18, 2024`."""
TODAY_IS = re.compile(r"\btoday(?:'s date)? is\b|\bcurrent date(?: is|:)", re.IGNORECASE)
NEAR = 40
"""Characters behind that in which the day is said."""
TO_DATE = re.compile(r"\b(?:since|so far|to date|until now|up to now|year to date|ytd)\b", re.IGNORECASE)
"""Words by which a span ends today."""
CLOCK = re.compile(
    r"\b(?P<hour>[01]?\d|2[0-4])(?::(?P<minute>[0-5]\d))?(?::[0-5]\d)?(?:\s*(?P<half>[ap]\.?m\b)"
    r"|(?:\s+o'clock)?\s+(?:in the|at)\s+(?P<part>morning|afternoon|evening|night)\b|(?P<clock>\s+o'clock)\b"
    r"|(?<=:\d\d)(?!\d))|\b(?P<word>noon|midday|midnight)\b",
    re.IGNORECASE,
)
LATE = frozenset({"pm", "p.m", "afternoon", "evening", "night"})
"""Behind an hour that is one of twelve, after noon."""
FEW = {"a": 1, "an": 1, "few": 3, "couple of": 2}
DAYS_OF = {"fortnight": 14, "weekend": 7}
ORDERS = ("MDY", "DMY")
FIRST_CENTURY = "19"
QUARTER, YEAR_MONTHS, HALF_DAY = 3, 12, 12


@dataclass(frozen=True, slots=True)
class SpokenDays:
    """From the first to the last day, both included; `words` are the text's own."""

    first: date
    last: date
    words: str
    is_relative: bool = False
    """Whether it depends on the day from which it is counted."""
    after: str = ""
    """The words of the duration by which it is later than the day that the text names; empty where it is that day."""

    @property
    def bounds(self) -> frozenset[date]:
        """The days by which a condition bounds it: its own ends, and those next to them for `before` and `after`."""
        return frozenset(filter(None, (_moved(self.first, -1), self.first, self.last, _moved(self.last, 1))))


def spoken_days(text: str, as_of: date | None) -> Iterator[SpokenDays]:
    """Every span; those that are counted from a day only where `as_of` says from which."""
    years = re.findall(rf"\b{YEAR}\b", text)
    for match in ABSOLUTE.finditer(text):
        if VERBS.fullmatch(match[0]) and not TIME_IS_DUE.search(text[: match.start()]):
            continue
        yield from _absolute(match[0], as_of, years)
    yield from _ranges(text, as_of, years)
    for match in DECADE.finditer(text):
        first = date(int(f"{match['century'] or FIRST_CENTURY}{match['tens']}"), 1, 1)
        yield SpokenDays(first, date(first.year + 9, 12, 31), match[0])
    if as_of is not None:
        for match in RELATIVE.finditer(text):
            yield from _relative(match, as_of)
        if found := TO_DATE.search(text):
            yield SpokenDays(as_of, as_of, found[0], is_relative=True)


def stated_today(text: str) -> date | None:
    """The day of `Today is October 13th, 2024`."""
    if (said := TODAY_IS.search(text)) is None:
        return None
    dates = ABSOLUTE.finditer(text[said.end() : said.end() + NEAR])
    found = next((days for match in dates for days in _absolute(match[0], None, [])), None)
    return found.first if found is not None and found.first == found.last else None


def spoken_times(text: str) -> Iterator[tuple[time, str]]:
    """Every time of day, with its words."""
    for match in CLOCK.finditer(text):
        if match["word"]:
            yield time(0 if match["word"].lower() == "midnight" else 12), match[0]
            continue
        half, hour = (match["half"] or match["part"] or "").lower(), int(match["hour"])
        if half:
            hour = hour % HALF_DAY + (HALF_DAY if half in LATE else 0)
        minute = int(match["minute"] or 0)
        yield time(hour % 24, minute), match[0].strip()
        if match["clock"] and hour < HALF_DAY:
            yield time(hour + HALF_DAY, minute), match[0].strip()


def read_moment(text: str) -> tuple[date, time | None] | None:
    """The day, and the time of day if there is one, that a value of a plan is; None where it is no date."""
    if re.fullmatch(r"\d{4}-\d{2}", text):
        text += "-01"
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return _read_other(text)
    return moment.date(), moment.time() if len(text) > len("2024-12-31") else None


def _read_other(text: str) -> tuple[date, time | None] | None:
    match = ABSOLUTE.fullmatch(text.strip())
    is_whole = match is not None and (re.search(r"\d.*\D.*\d", text) is not None)
    found = _parsed(text, ORDERS[0], "current_period", None) if is_whole else None
    return None if found is None or found.date_obj is None or found.period != "day" else (found.date_obj.date(), None)


def _ranges(text: str, as_of: date | None, years: list[str]) -> Iterator[SpokenDays]:
    for match in RANGE.finditer(text):
        for year in [match["year"]] if match["year"] else years or [str(as_of.year if as_of else "")]:
            written = (f"{match['month']} {match[end]} {year}" for end in ("first", "last"))
            first, last = (found.date_obj for found in (_parsed(each, ORDERS[0], "past", as_of) for each in written))
            if first is not None and last is not None and first <= last:
                yield SpokenDays(first.date(), last.date(), match[0])


def _absolute(words: str, as_of: date | None, years: list[str]) -> Iterator[SpokenDays]:
    """Without a year it is one that stands elsewhere, or the one before or behind the day.

    Two numbers may be in either order.
    """
    has_year = re.search(r"\d{4}|\d\D\d+\D\d", words) is not None
    for year in [] if has_year else dict.fromkeys(years):
        yield from _absolute(f"{words} {year}", as_of, [])
    if not has_year and as_of is None:
        return
    seen = set()
    for order in ORDERS:
        for prefer in ("past", "future"):
            found = _parsed(words, order, prefer, as_of)
            if found is None or found.date_obj is None:
                continue
            days = _around(found.date_obj.date(), found.period)
            if days not in seen:
                seen.add(days)
                yield SpokenDays(*days, words)


def _relative(match: re.Match[str], as_of: date) -> Iterator[SpokenDays]:
    words = match[0]
    unit = (match["punit"] or match["funit"] or match["tunit"] or "").lower()
    count = (match["pcount"] or match["fcount"] or "").strip().lower()
    if unit in UNITS.split("|"):
        sign = -1 if match["past"] else 1 if match["future"] else 0
        number = FEW.get(count) or _number(count)
        yield from _counted(sign, number, unit, as_of, words)
        return
    phrase = re.sub(
        r"\b(?:in|within|this|current|coming|recent|preceding|following)\s+", "", words, flags=re.IGNORECASE
    )
    for prefer in ("past", "future"):
        found = _parsed(phrase, ORDERS[0], prefer, as_of)
        if found is not None and found.date_obj is not None:
            day = found.date_obj.date()
            yield SpokenDays(*_around(day, found.period), words, is_relative=True)
            yield SpokenDays(day, day, words, is_relative=True)


def _counted(sign: int, count: int | None, unit: str, as_of: date, words: str) -> Iterator[SpokenDays]:
    """The calendar's own spans (`last month`: all of October), and those that end or begin on the day itself."""
    shifted = _shifted(as_of, sign * (count or 1), unit)
    if shifted is None:
        return
    period = {"weekend": "week", "fortnight": "week", "decade": "year"}.get(unit, unit)
    near, far = _around(as_of, period), _around(shifted, period)
    if count is None:
        yield SpokenDays(*far, words, is_relative=True)
    elif sign < 0:
        before = _moved(near[0], -1)
        if before is not None:
            yield SpokenDays(far[0], before, words, is_relative=True)
    else:
        after = _moved(near[1], 1)
        if after is not None:
            yield SpokenDays(after, far[1], words, is_relative=True)
    if sign:
        yield SpokenDays(min(shifted, as_of), max(shifted, as_of), words, is_relative=True)
    else:
        yield SpokenDays(far[0], as_of, words, is_relative=True)


def _shifted(day: date, count: int, unit: str) -> date | None:
    months = {"month": 1, "quarter": QUARTER, "year": YEAR_MONTHS, "decade": 10 * YEAR_MONTHS}.get(unit)
    if months is None:
        return _moved(day, count * {"day": 1, "week": 7, **DAYS_OF}[unit])
    place = day.year * YEAR_MONTHS + day.month - 1 + count * months
    year, month = divmod(place, YEAR_MONTHS)
    if not date.min.year <= year <= date.max.year:
        return None
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _around(day: date, period: str) -> tuple[date, date]:
    """The whole week (from Monday), month, quarter or year around a day."""
    match period:
        case "week":
            monday = _moved(day, -day.weekday()) or day
            return monday, _moved(monday, 6) or day
        case "month":
            return day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1])
        case "quarter":
            first = (day.month - 1) // QUARTER * QUARTER + 1
            last = first + QUARTER - 1
            return date(day.year, first, 1), date(day.year, last, monthrange(day.year, last)[1])
        case "year":
            return date(day.year, 1, 1), date(day.year, 12, 31)
        case _:
            return day, day


def _moved(day: date, days: int) -> date | None:
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return None


def _number(words: str) -> int | None:
    from brain.written_numbers import find_numbers

    if words == "one":
        return 1
    found = next(find_numbers(words), None) if words else None
    return None if found is None else int(found[0])


def _parsed(words: str, order: str, prefer: str, as_of: date | None) -> Any:
    return _parser(order, prefer, as_of or date(2000, 1, 1)).get_date_data(words)


@cache
def _parser(order: str, prefer: str, as_of: date) -> "DateDataParser":
    from dateparser.date import DateDataParser

    settings = {"RELATIVE_BASE": datetime.combine(as_of, time()), "PREFER_DATES_FROM": prefer, "DATE_ORDER": order}
    return DateDataParser(languages=["en"], settings=settings)
