"""What a request wants one row for: each value of a column, or of a part of its dates."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from brain.intent_inference.column_links import ColumnLink
from brain.intent_inference.conditions import Condition
from brain.intent_inference.mentions import Request, Word
from brain.intent_inference.sources import Column, Source

__all__ = ["Grouping", "find_groupings"]

PARTS = ("year", "quarter", "month", "week", "weekday", "hour")
"""Parts of a date that people group by; a day is a row of its own in most tables, not a day of the month."""
ADVERBS = {"yearly": "year", "annual": "year", "quarterly": "quarter", "monthly": "month", "weekly": "week"}
GROUP_CUE = re.compile(
    r"\b(?:by|per|each|every|which|what|across|\w{3,}est)\s+(?:(?:the|kind|type|sort|of|single|day of the)\s+)*$",
    re.IGNORECASE,
)
"""What announces a group: `by month`, `which month`, `the wettest month`."""


@dataclass(frozen=True, slots=True)
class Grouping:
    """What the request wants one row for: each value of a column, or of a part of its dates."""

    column: Column
    start: int
    end: int
    part: str | None = None
    is_question: bool = False
    """Whether the request asks which one it is: then one of the groups is the answer."""


def find_groupings(
    request: Request, source: Source, columns: Sequence[ColumnLink], conditions: Sequence[Condition]
) -> tuple[Grouping, ...]:
    """All of them, in the order of the request."""
    time = next((column for column in source.columns if column.is_time), None)
    found: list[Grouping] = []
    for word in request.words:
        if time is not None and (part := ADVERBS.get(word.text)) is not None:
            found.append(Grouping(time, word.start, word.end, part))
        announced = GROUP_CUE.search(request.text[: word.start])
        if announced is None:
            continue
        asks = not announced[0].lower().startswith(("by", "per", "each", "every", "across"))
        if time is not None and (part := _part(word.text)) is not None:
            found.append(Grouping(time, announced.start(), word.end, part, asks))
        elif column := _column_at(word, columns):
            found.append(Grouping(column, announced.start(), word.end, None, asks))
    return (*found, *_compared(conditions)) if found else ()


def _compared(conditions: Sequence[Condition]) -> Iterator[Grouping]:
    """`sunny and rainy days per year` wants a figure for each of the two."""
    by_column: dict[str, list[Condition]] = {}
    for condition in conditions:
        if condition.operator == "equals" and condition.part is None:
            by_column.setdefault(condition.column.name, []).append(condition)
    for same in by_column.values():
        if len(same) > 1:
            yield Grouping(same[0].column, same[0].start, same[-1].end)


def _part(word: str) -> str | None:
    return next((part for part in PARTS if word in (part, f"{part}s")), None)


def _column_at(word: Word, columns: Sequence[ColumnLink]) -> Column | None:
    """The column that a word means, unless it is a measurement: people group by kinds, not by amounts."""
    found = [link for link in columns if link.start <= word.start < link.end]
    best = max(found, key=lambda link: link.score, default=None)
    return None if best is None or best.column.is_number else best.column
