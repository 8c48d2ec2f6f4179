"""Words of comparison around numbers, years and dates: which operator they mean, and where they stand."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise

from brain.errors import PlanningError
from brain.intent_inference.inflection import points_down
from brain.intent_inference.mentions import Request
from brain.intent_inference.spans import Spanned

__all__ = [
    "BARE_COMPARISON",
    "Comparison",
    "Range",
    "amount_comparison",
    "is_than_compared",
    "ranges",
    "refuse_backward",
    "time_comparison",
]

AMOUNTS = {
    "greater_or_equal": r"at least|no less than|not less than|minimum of|no fewer than",
    "less_or_equal": r"at most|no more than|not more than|maximum of|up to",
    "greater": r"more than|greater than|over|above|exceed\w*|beyond|more",
    "less": r"less than|fewer than|under|below|less|fewer",
}
"""Before a number."""
AFTER = {
    "greater_or_equal": r"\s*(?:\w+\s+){0,3}(?:or|and)\s+(?:more|above|over|higher|up|upwards?|greater)\b",
    "less_or_equal": r"\s*(?:\w+\s+){0,3}(?:or|and)\s+(?:less|fewer|below|under|lower)\b",
}
"""Behind a number."""
TIMES = {
    "greater_or_equal": r"since|starting(?: in| on| from)?",
    "greater": r"after|later than",
    "less": r"before|prior to|earlier than",
    "less_or_equal": r"until|till|through|up to",
}
"""Before a year or a date."""
TIMES_AFTER = {
    "greater_or_equal": r"\s+(?:(?:and|or)\s+(?:later|after|newer|since)\b|onwards?\b|on(?=\s*(?:[,.;:?!]|$)))",
    "less_or_equal": r"\s+(?:and|or)\s+(?:earlier|before|older)\b",
}
"""Behind a year or a date: `2013 and later`, `from 2013 on`."""
SYMBOLS = {
    ">": "greater",
    "<": "less",
    ">=": "greater_or_equal",
    "≥": "greater_or_equal",
    "=>": "greater_or_equal",
    "<=": "less_or_equal",
    "≤": "less_or_equal",
    "=<": "less_or_equal",
    "=": "equals",
    "==": "equals",
    "!=": "not_equals",
    "<>": "not_equals",
    "≠": "not_equals",
}
SYMBOL = re.compile(r"([<>=!≤≥≠]{1,2})\s*$")
"""Before a number, a year or a date."""
COMPARATIVE_THAN = re.compile(r"\b(\w{2,}er) than\s+(?:\w+\s+)?$", re.IGNORECASE)
OR_COMPARATIVE = re.compile(r"\s*(?:\w+\s+){0,3}or\s+(\w{2,}er)\b", re.IGNORECASE)
GAP = r"\s+(?:(?:the|a|an|year|of|than)\s+)*$"
"""What may stand between a word of comparison and its number."""
JOINED = re.compile(r"\s*[\w%°]{0,12}\s*\b(and|to|until|till|through)\s+|\s*(-|–)\s*", re.IGNORECASE)
OPENED = re.compile(r"\b(?:between|from)\s+(?:the\s+)?$", re.IGNORECASE)
BETWEEN = re.compile(r"\bbetween\s+(?:the\s+)?$", re.IGNORECASE)
BARE_COMPARISON = re.compile(r"\b(?:than|above|below|exceed\w*|at least|at most|between)\b", re.IGNORECASE)
"""Comparisons of any kind, also with something that is no number."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """An operator, and the words that mean it together with the value."""

    operator: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Range[T: Spanned]:
    """Two values from the first of which to the second something goes, both included."""

    low: T
    high: T
    start: int


def amount_comparison(request: Request, number: Spanned) -> Comparison | None:
    """What is said of a number as an amount, if anything is."""
    before = _symbol(request, number) or _before(request, number, AMOUNTS)
    behind = _behind(request, number, AFTER)
    if before and behind and before.operator == behind.operator:
        return replace(before, end=behind.end)  # `at least 5 or more`
    return before or _comparative(request, number) or behind


def is_than_compared(request: Request, number: Spanned) -> bool:
    """Whether an adjective compares with it: `warmer than 2013`."""
    return COMPARATIVE_THAN.search(request.before(number)) is not None


def time_comparison(request: Request, time: Spanned) -> Comparison | None:
    """What is said of a year or date as a point in time, if anything is."""
    return _symbol(request, time) or _before(request, time, TIMES) or _behind(request, time, TIMES_AFTER)


def ranges[T: Spanned](request: Request, places: Sequence[T]) -> list[Range[T]]:
    """Every `between A and B`, `from A to B` and `A to B`."""
    found = []
    for low, high in pairwise(places):
        joint = JOINED.fullmatch(request.text, low.end, high.start)
        opened = OPENED.search(request.before(low))
        if joint and (joint[1] != "and" or BETWEEN.search(request.before(low))):
            found.append(Range(low, high, low.start - len(opened[0]) if opened else low.start))
    return found


def refuse_backward[T: Spanned, V: (float, date)](request: Request, span: Range[T], low: V, high: V) -> None:
    """`between 5 and 4` holds for nothing; raises PlanningError."""
    if low > high:
        said = request.quote(span.start, span.high.end)
        raise PlanningError(f"{said} ends before it starts: put the smaller or earlier one first.")


def _symbol(request: Request, place: Spanned) -> Comparison | None:
    """`>=` and its like right before a place."""
    match = SYMBOL.search(request.text, max(0, place.start - len("== ")), place.start)
    operator = SYMBOLS.get(match[1]) if match else None
    return Comparison(operator, match.start(), place.end) if match and operator else None


def _before(request: Request, place: Spanned, patterns: dict[str, str]) -> Comparison | None:
    """The longest of the patterns that lead up to a place."""
    text = request.before(place)
    offset = place.start - len(text)
    found = [
        Comparison(operator, offset + match.start(), place.end)
        for operator, pattern in patterns.items()
        if (match := re.search(rf"\b(?:{pattern}){GAP}", text, re.IGNORECASE))
    ]
    return min(found, key=lambda comparison: comparison.start, default=None)


def _behind(request: Request, place: Spanned, patterns: dict[str, str]) -> Comparison | None:
    """The first of the patterns that follows a place."""
    for operator, pattern in patterns.items():
        if match := re.compile(pattern, re.IGNORECASE).match(request.text, place.end):
            return Comparison(operator, place.start, match.end())
    return None


def _comparative(request: Request, number: Spanned) -> Comparison | None:
    """`older than 50` and `50 or older`."""
    text = request.before(number)
    if match := COMPARATIVE_THAN.search(text):
        start = number.start - len(text) + match.start()
        return Comparison("less" if points_down(match[1].lower()) else "greater", start, number.end)
    if match := OR_COMPARATIVE.match(request.text, number.end):
        operator = "less_or_equal" if points_down(match[1].lower()) else "greater_or_equal"
        return Comparison(operator, number.start, match.end())
    return None
