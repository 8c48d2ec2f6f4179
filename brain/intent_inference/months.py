"""Months that a request names: alone (`June`), or of a year (`June 2013`), which is a span of days."""

import re
from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from brain.intent_inference.comparisons import ranges
from brain.intent_inference.mentions import SENTENCE_START, Kind, Mention, Request, Word

__all__ = [
    "MONTHS",
    "SHORT_MONTH",
    "Days",
    "MonthOfYear",
    "days_of_month",
    "find_months",
    "months_of_years",
    "next_day",
]

MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
SHORT_MONTH = 3
"""Letters of `Jan`."""
VERBS = frozenset({"may", "mar", "march"})
"""Only with a capital, or where a time is due, are these months."""
A_TIME_IS_DUE = re.compile(r"\b(?:in|during|of|since|until|till|through|each|every)\s+$", re.IGNORECASE)
ASKS_LEAVE = re.compile(r"\s+(?:i|we|you|one|it|they|there|the|this|that|these|those|my|our)\b", re.IGNORECASE)
"""Behind `May` at the start of a sentence, where its capital says nothing."""
OF_A_YEAR = re.compile(r"\s*,?\s+(?:(?:of|in)\s+)?", re.IGNORECASE)
"""Between a month and its year: `June 2013`, `June, 2013`, `June of 2013`."""


@dataclass(frozen=True, slots=True)
class Days:
    """A span of days, both ends included, and where the request names it."""

    first: date
    last: date
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class MonthOfYear:
    """A month and the year beside it."""

    month: Mention
    year: Mention

    @property
    def start(self) -> int:
        """The first character of the two."""
        return min(self.month.start, self.year.start)

    @property
    def end(self) -> int:
        """One past the last character of the two."""
        return max(self.month.end, self.year.end)

    @property
    def days(self) -> Days:
        """From the first of the month to its last."""
        first, last = days_of_month(int(self.year.value), int(self.month.value))
        return Days(first, last, self.start, self.end)


def days_of_month(year: int, month: int) -> tuple[date, date]:
    """The first and the last day; raises ValueError where there is no such month."""
    first = date(year, month, 1)
    return first, first.replace(day=monthrange(year, month)[1])


def next_day(day: date) -> date:
    """The day after; raises OverflowError at the end of the calendar."""
    return day + timedelta(days=1)


def find_months(request: Request) -> list[Mention]:
    """Months by name, as numbers."""
    return [
        Mention(Kind.NUMBER, number, word.start, word.end)
        for word in request.words
        for number, month in enumerate(MONTHS, 1)
        if word.text in (month, month[:SHORT_MONTH]) and (word.text not in VERBS or _is_month(request, word))
    ]


def _is_month(request: Request, word: Word) -> bool:
    if A_TIME_IS_DUE.search(request.before(word)) or any(_is_next(request, word, year) for year in _years(request)):
        return True
    if not request.text[word.start].isupper():
        return False
    is_first = SENTENCE_START.search(request.text[: word.start])
    return not (is_first and ASKS_LEAVE.match(request.text, word.end))


def months_of_years(request: Request, months: Sequence[Mention], years: Sequence[Mention]) -> list[MonthOfYear]:
    """Each month that stands beside its year, unless it only ends a span, as in `June to August 2013`."""
    pairs = [MonthOfYear(month, year) for month in months for year in years if _is_next(request, month, year)]
    for month in months:
        taken = {place for pair in pairs for place in (pair.month, pair.year)}
        behind = (year for year in years if not request.text[year.end : month.start].strip() and year.end < month.start)
        pairs += [MonthOfYear(month, year) for year in behind if taken.isdisjoint((month, year))]
    paired = {pair.month for pair in pairs}
    spanned = {span.high for span in ranges(request, months) if span.low not in paired}
    return sorted((pair for pair in pairs if pair.month not in spanned), key=lambda pair: pair.start)


def _is_next(request: Request, month: Mention | Word, year: Mention) -> bool:
    return month.end < year.start and OF_A_YEAR.fullmatch(request.text, month.end, year.start) is not None


def _years(request: Request) -> Iterator[Mention]:
    return (number for number in request.of(Kind.NUMBER) if number.may_be_year)
