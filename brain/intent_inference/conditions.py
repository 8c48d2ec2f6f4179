"""Restrictions that a request states: of a column, or of a part of its dates, to a value."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from brain.intent_inference.column_links import ColumnLink, spoken
from brain.intent_inference.inflection import noun, root
from brain.intent_inference.mentions import Kind, Mention, Request
from brain.intent_inference.sources import Column, Source
from brain.intent_inference.spans import distance

__all__ = ["Condition", "find_conditions"]

MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
MEASURES = re.compile(
    r"(?:most|least|much|more|less|total|average|mean|median|(?<!days )(?<!day )of)\s+$", re.IGNORECASE
)
"""Words before which `rain` is an amount (a column of numbers), not a kind of weather (a value)."""
COMPARISONS = {
    "greater": re.compile(r"\b(?:more|greater|higher|larger|over|above|exceed\w*|\w+er than)\b", re.IGNORECASE),
    "greater_or_equal": re.compile(r"\b(?:at least|no less than|minimum of|or more|from)\b", re.IGNORECASE),
    "less": re.compile(r"\b(?:less|lower|smaller|fewer|under|below|colder than|cooler than)\b", re.IGNORECASE),
    "less_or_equal": re.compile(r"\b(?:at most|no more than|up to|maximum of|or less)\b", re.IGNORECASE),
}
"""Words of comparison in English and the operator they mean; the longest match before a number wins."""
COMPARISON_REACH = 30
"""Characters before a number in which its word of comparison stands."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A restriction that the request states: of a column (or a part of its dates) to a value."""

    column: Column
    operator: str
    value: str | int | float
    start: int
    end: int
    part: str | None = None


def find_conditions(request: Request, source: Source, columns: Sequence[ColumnLink]) -> tuple[Condition, ...]:
    """All of them, in the order of the request."""
    found = [*_value_conditions(request, source), *_date_conditions(request, source)]
    for mention in request.of(Kind.NUMBER):
        if not any(condition.start <= mention.start < condition.end for condition in found):
            found += _comparison(request, mention, columns)
    return tuple(sorted(found, key=lambda condition: condition.start))


def _value_conditions(request: Request, source: Source) -> list[Condition]:
    names = {root(part) for column in source.columns for part in spoken(column.name).split()}
    known = {
        root(value.lower()): (column, value)
        for column in source.columns
        for value in column.values
        if root(value.lower()) not in names
    }
    return [
        Condition(column, "equals", value, word.start, word.end)
        for word in request.words
        if not word.is_stop and (found := known.get(noun(word.text, known))) is not None
        for column, value in [found]
        if word.text != value.lower() or not MEASURES.search(request.text[: word.start])
    ]


def _date_conditions(request: Request, source: Source) -> list[Condition]:
    time = next((column for column in source.columns if column.is_time), None)
    if time is None:
        return []
    years = [
        Condition(time, "equals", mention.value, mention.start, mention.end, "year")
        for mention in request.of(Kind.NUMBER)
        if mention.may_be_year and not _comparison_word(request.text, mention)
    ]
    months = [
        Condition(time, "equals", MONTHS.index(word.text) + 1, word.start, word.end, "month")
        for word in request.words
        if word.text in MONTHS and (word.text != "may" or request.text[word.start].isupper())
    ]
    return years + months


def _comparison(request: Request, number: Mention, columns: Sequence[ColumnLink]) -> list[Condition]:
    match = _comparison_word(request.text, number)
    numeric = [found for found in columns if found.column.is_number]
    if match is None or not numeric:
        return []
    operator, start = match
    nearest = min(numeric, key=lambda found: (distance(found, start, number.end), -found.score))
    return [Condition(nearest.column, operator, number.value, start, number.end)]


def _comparison_word(text: str, number: Mention) -> tuple[str, int] | None:
    before = text[max(0, number.start - COMPARISON_REACH) : number.start]
    offset = number.start - len(before)
    found = [
        (match.end(), len(match[0]), operator, match.start() + offset)
        for operator, pattern in COMPARISONS.items()
        for match in pattern.finditer(before)
        if not re.search(r"[.,;]|\d", before[match.end() :])
    ]
    if not found:
        return None
    _, _, operator, start = max(found)
    return operator, start
