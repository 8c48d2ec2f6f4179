"""Numbers that a text speaks of, with the words and the rule by which they are read: `a dozen`, `5k`, `monthly`."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from brain.intent_inference.mentions import Request
from brain.intent_inference.months import MONTHS
from brain.intent_inference.quantity_words import COUNTS, ORDINALS, TIMES_A_YEAR, WEEKDAYS
from brain.intent_inference.spoken_dates import spoken_days
from brain.written_numbers import find_numbers

__all__ = ["SpokenNumber", "spoken_numbers"]

SCALES = {"k": 10**3, "m": 10**6, "mn": 10**6, "bn": 10**9, "b": 10**9}
SCALED = re.compile(r"(?<![\w.])(?P<digits>\d[\d,]*(?:\.\d+)?)\s?(?P<scale>bn|mn|[kmb])\b", re.IGNORECASE)
PERCENT = re.compile(r"\s?(?:%|percent\b|per cent\b|pct\b)", re.IGNORECASE)
ORDINAL = re.compile(r"\b(\d{1,4})(?:st|nd|rd|th)\b", re.IGNORECASE)
FEW = {"a": 1, "an": 1, "one": 1, "half": 0.5, "quarter": 0.25}
NOTHING = {"zero": 0, "no": 0, "none": 0, "never": 0, "without": 0, "positive": 0, "negative": 0, "missing": 0}
"""Words for, or of what is compared with, zero."""
WORDS: Mapping[str, Mapping[str, float]] = {
    "ordinal": ORDINALS,
    "count in words": COUNTS | FEW,
    "times a year": TIMES_A_YEAR,
    "nothing": NOTHING,
    "number of the month": {name[:letters]: n for n, name in enumerate(MONTHS, 1) for letters in (None, 3)},
    "number of the weekday, from Monday": {f"{name}{s}": n for n, name in enumerate(WEEKDAYS, 1) for s in ("", "s")},
}
"""By the name of the rule."""
VERBS = frozenset({"may", "mar", "march"})
"""Months only with a capital."""
BACKWARD = re.compile(r"\b(?:last|past|previous|ago|before|below|minus|negative|down|loss|drop)\b", re.IGNORECASE)
"""Words by which a number may count backwards."""
SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
IN_UNITS = {"in milliseconds": 0.001, "in seconds": 1, "in minutes": 60, "in hours": 3600, "in days": 86_400}
MONTHS_A_YEAR, QUARTER = 12, 3
LONG_SPANS = {"year": MONTHS_A_YEAR, "quarter": QUARTER}
"""Months."""
METRIC = {
    "km": 1000, "kilometre": 1000, "kilometer": 1000, "kg": 1000, "kilo": 1000, "kilogram": 1000, "mm": 0.001,
    "millimetre": 0.001, "millimeter": 0.001, "cm": 0.01, "centimetre": 0.01, "centimeter": 0.01, "mg": 0.001,
    "kb": 1000, "mb": 10**6, "gb": 10**9,
}  # fmt: skip
"""Into the unit without the prefix."""
UNIT_BEHIND = re.compile(r"\s?-?(?P<unit>[a-z]+)", re.IGNORECASE)
WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class SpokenNumber:
    """A number, the words of the text, and the rule that leads from them to it; empty where they say it as it is."""

    value: float
    words: str
    rule: str = ""


def spoken_numbers(request: Request, as_of: date | None) -> Iterator[SpokenNumber]:
    """Every reading of every number, those that stand there as they are first."""
    text = request.text
    plain = list(_plain(text))
    yield from plain
    yield from _by_word(request)
    for value, words, end in _placed(text):
        yield from _with_unit(value, words, text, end)
    yield from _of_dates(text, as_of)
    if found := BACKWARD.search(text):
        yield from (SpokenNumber(-each.value, each.words, f"backward: {found[0].lower()}") for each in plain)


def _placed(text: str) -> Iterator[tuple[float, str, int]]:
    for value, start, end in find_numbers(text):
        yield value, text[start:end], end
    for match in SCALED.finditer(text):
        value = float(match["digits"].replace(",", "")) * SCALES[match["scale"].lower()]
        yield value, match[0], match.end()


def _plain(text: str) -> Iterator[SpokenNumber]:
    for value, start, end in find_numbers(text):
        words = text[start:end]
        is_digits = re.fullmatch(r"-?[\d.,]+", words) is not None
        yield SpokenNumber(value, words, "" if is_digits else "number in words")
    for match in SCALED.finditer(text):
        value = float(match["digits"].replace(",", "")) * SCALES[match["scale"].lower()]
        yield SpokenNumber(value, match[0], "scaled number")
    for match in ORDINAL.finditer(text):
        yield SpokenNumber(int(match[1]), match[0], "ordinal")
    for match in re.finditer(r"\b\d{1,18}(?:\.\d{1,18})?(?=[^\W\d_])", text):  # 30mm, 5x, 1990s
        yield SpokenNumber(float(match[0]), match[0], "number before a unit")


def _by_word(request: Request) -> Iterator[SpokenNumber]:
    for match in WORD.finditer(request.text):
        word = match[0].lower()
        for rule, table in WORDS.items():
            if (number := table.get(word)) is not None and not (word in VERBS and match[0].islower()):
                yield SpokenNumber(number, match[0], rule)
    for spoken in request.words:
        if spoken.is_superlative:
            yield SpokenNumber(1, request.text[spoken.start : spoken.end], "the one that is most so")


def _with_unit(value: float, words: str, text: str, end: int) -> Iterator[SpokenNumber]:
    if percent := PERCENT.match(text, end):
        yield SpokenNumber(value / 100, f"{words}{percent[0]}", "percent")
        return
    unit = UNIT_BEHIND.match(text, end)
    if unit is None:
        return
    said, one = f"{words}{unit[0]}", unit["unit"].lower().removesuffix("s")
    if one in SECONDS:
        for rule, seconds in IN_UNITS.items():
            yield SpokenNumber(value * SECONDS[one] / seconds, said, rule)
    if one in LONG_SPANS:
        yield SpokenNumber(value * LONG_SPANS[one], said, "in months")
    if one in METRIC:
        yield SpokenNumber(value * METRIC[one], said, "without the prefix of the unit")


def _of_dates(text: str, as_of: date | None) -> Iterator[SpokenNumber]:
    """The years, months and days of the spans that the text speaks of."""
    for days in spoken_days(text, as_of):
        rule = f"counted from {as_of}" if days.is_relative else "part of the date"
        first, last = days.first, days.last
        yield from (SpokenNumber(day.year, days.words, rule) for day in (first, last))
        if first.year != last.year or (first.month, last.month) == (1, MONTHS_A_YEAR):
            continue
        yield from (SpokenNumber(day.month, days.words, rule) for day in (first, last))
        if first == last:
            yield SpokenNumber(first.day, days.words, rule)
        elif last.month - first.month == QUARTER - 1:
            yield SpokenNumber(last.month // QUARTER, days.words, rule)
