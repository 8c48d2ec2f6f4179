"""Restrictions that a request states: of a column, or of a part of its dates, to a value."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from brain.intent_inference.column_links import ColumnLink
from brain.intent_inference.comparisons import Comparison, amount_comparison, ranges, refuse_backward
from brain.intent_inference.inflection import root
from brain.intent_inference.mentions import LIGHT, Kind, Mention, Request, Word
from brain.intent_inference.periods import find_periods
from brain.intent_inference.sources import CALENDAR
from brain.intent_inference.spans import distance, overlap
from brain.intent_inference.stated import Condition, Doubt, Reading
from brain.intent_inference.values import find_values
from brain.runs import Json

__all__ = ["NEGATION", "ONE_MORE", "find_conditions"]

NEGATION = re.compile(
    r"\b(?:not|no|never|except(?: for)?|excluding|excludes?|without|other than|apart from|outside|"
    r"(?:all|every(?:thing|one|body)?|each|any(?:thing|one|body)?)\s+(?:\w+\s+)?but)\b|n['’]t\b",
    re.IGNORECASE,
)
LACKING = re.compile(r"no|without", re.IGNORECASE)
"""What follows is what there is none of: in `no orders in 2013` the orders, not the year."""
NEGATED = re.compile(rf"(?P<said>{NEGATION.pattern})(?:\s+(?!but\b)[\w'’]+){{0,4}}\s+(?:\S+-)?$", re.IGNORECASE)
"""A value within a few words behind `not` or `except` is ruled out."""
UNEQUAL = re.compile(r"(?:!=|<>|≠)\s*['\"]?$")
ONE_MORE = re.compile(
    r"\s*(?:,\s*(?:and|or|nor)?|and|or|nor)\s+(?:(?:in|of|on|from|by|for|with|the|an?|not)\s+)*", re.IGNORECASE
)
"""Between one value of a list and the next."""
EQUAL = re.compile(r"\s*(?:is|was|are|were|of|=|:|equals|equal to|is exactly|being)?\s*", re.IGNORECASE)
"""Between a column's name and the number that it is to have."""
ALSO = re.compile(r"\s*(?:\w+\s+)?(?:,|and|but)\s+", re.IGNORECASE)
"""Between two conditions of one column: `at least 5 but less than 6`."""
PEOPLE = frozenset({"people", "persons", "person", "everybody", "everyone", "anybody", "anyone", "those", "ones"})
JOINT = re.compile(r"\s*(?:(?:is|are|was|were|of|a|an|has|have|that|with)\s+)*", re.IGNORECASE)
"""Between a column's name and a comparison."""


def find_conditions(reading: Reading) -> tuple[Condition, ...]:
    """All of them, in the order of the request; raises PlanningError where a value stands in several columns."""
    periods = find_periods(reading)
    values = [value for value in find_values(reading) if not any(overlap(value, period) for period in periods)]
    found: list[Condition] = []
    for condition in sorted((*periods, *values), key=lambda condition: condition.start):
        if not any(overlap(condition, other) for other in found if other not in periods):
            found.append(_negated(reading, condition, found[-1] if found else None))
    for condition in _amounts(reading, found):
        if not any(overlap(condition, other) for other in found):
            found.append(condition)
    return tuple(sorted(found, key=lambda condition: condition.start))


def _negated(reading: Reading, condition: Condition, last: Condition | None) -> Condition:
    """Ruled out by a word before it, or as one more of a list that is: `except lamps, desks and chairs`.

    In `but July in 2012` it is July that is ruled out, in `no rain in July` and `not windy in July` it is not.
    """
    request = reading.request
    if condition.operator != "equals":
        return condition
    is_listed = last is not None and ONE_MORE.fullmatch(request.text, last.end, condition.start)
    if is_listed and last and (last.operator, last.column) == ("not_equals", condition.column):
        return replace(condition, operator="not_equals")
    text = request.before(condition)
    if symbol := UNEQUAL.search(text):
        return replace(condition, operator="not_equals", start=condition.start - len(symbol[0]))
    match = NEGATED.search(text)
    if match is None:
        return condition
    start, said = (condition.start - len(text) + place for place in match.span("said"))
    between = [word for word in request.words if said <= word.start < condition.start]
    nouns = () if LACKING.fullmatch(match["said"]) else (*reading.source.nouns, *CALENDAR)
    if any(_says_something(word, nouns) for word in between) or (last is not None and start < last.end):
        return condition
    return replace(condition, operator="not_equals", start=start)


def _says_something(word: Word, nouns: Collection[str]) -> bool:
    """Whether a word between `not` and a value is what is negated; the `nouns` are not."""
    return not (word.is_stop or root(word.text) in LIGHT or word.text in nouns)


def _amounts(reading: Reading, found: Sequence[Condition]) -> Iterator[Condition]:
    request, amounts = reading.request, [link for link in reading.columns if link.column.is_number]
    free = [number for number in request.of(Kind.NUMBER) if not any(overlap(number, other) for other in found)]
    for between in ranges(request, free) if amounts else ():
        refuse_backward(request, between, float(between.low.value), float(between.high.value))
        comparison = Comparison("between", between.start, between.high.end)
        if condition := _of_nearest(reading, amounts, comparison, [between.low.value, between.high.value]):
            yield condition
    last: Condition | None = None
    for number in free if amounts else ():
        if said := amount_comparison(request, number):
            if last and ALSO.fullmatch(request.text, last.end, said.start):
                last = replace(last, operator=said.operator, value=number.value, start=said.start, end=said.end)
            else:
                last = _of_nearest(reading, amounts, said, number.value)
            if last:
                yield last
        elif named := _named_before(request, number, amounts):
            yield Condition(named.column, "equals", number.value, named.start, number.end)


def _of_nearest(reading: Reading, amounts: Sequence[ColumnLink], stated: Comparison, value: Json) -> Condition | None:
    """The condition, of the column that is named right before it, else of the nearest that nothing parts from it."""
    request = reading.request

    def remoteness(link: ColumnLink) -> tuple[bool, bool, int, float]:
        before = link.end <= stated.start and bool(JOINT.fullmatch(request.text, link.end, stated.start))
        return not before, link.column.is_calendar, distance(link, stated.start, stated.end), -link.score

    together = [link for link in amounts if not _is_parted(reading, link, stated)]
    if not together:
        return None
    best = min(together, key=remoteness)
    rivals = [link for link in amounts if (link.start, link.end) == (best.start, best.end)]
    doubt = Doubt.between(rivals, request)
    return Condition(best.column, stated.operator, value, stated.start, stated.end, None, doubt, best)


def _is_parted(reading: Reading, link: ColumnLink, stated: Comparison) -> bool:
    """In `salary of people above 50` the people are above 50, in something that is not said."""
    between = [word for word in reading.request.words if link.end <= word.start < stated.start]
    return any(word.text in PEOPLE or word.text in reading.source.nouns for word in between)


def _named_before(request: Request, number: Mention, amounts: Sequence[ColumnLink]) -> ColumnLink | None:
    """The column whose name leads up to a number: `quantity of 5`, `age 34`."""
    named = (
        link
        for link in amounts
        if link.end <= number.start and not link.is_adjective and EQUAL.fullmatch(request.text, link.end, number.start)
    )
    return max(named, key=lambda link: link.score, default=None)
