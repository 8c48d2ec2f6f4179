"""Restrictions to a time that a request states: dates, years and months of a column of dates."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from brain.errors import PlanningError
from brain.intent_inference.column_links import LIKELY, ColumnLink
from brain.intent_inference.comparisons import Range, amount_comparison, ranges, time_comparison
from brain.intent_inference.mentions import Kind, Mention, Request
from brain.intent_inference.sources import Column, Source
from brain.intent_inference.spans import distance
from brain.intent_inference.stated import Condition, Doubt
from brain.runs import Json

__all__ = ["find_periods", "time_column"]

MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
SHORT_MONTH = 3
"""Letters of `Jan`."""
NEXT_DAY = {"greater": "greater_or_equal", "less_or_equal": "less"}
"""After a day means from the next one on, up to a day means before the next one, where times have hours."""


def find_periods(request: Request, source: Source, columns: Sequence[ColumnLink]) -> list[Condition]:
    """All of them; none where the table has no column for it. Raises PlanningError on a span of mixed kinds."""
    years = [mention for mention in request.of(Kind.NUMBER) if mention.may_be_year and not _is_amount(request, mention)]
    months, dates = list(_months(request)), list(request.of(Kind.DATE))
    _refuse_mixed(request, [*years, *months, *dates])
    return [
        *_of_part("year", years, request, source, columns),
        *_of_part("month", months, request, source, columns),
        *_of_dates(dates, request, source, columns),
    ]


def time_column(source: Source, columns: Sequence[ColumnLink], at: Mention | ColumnLink) -> Column | None:
    """The column of dates: of several the one that the request speaks of nearest by, else the first."""
    times = [column for column in source.columns if column.is_time]
    named = [link for link in columns if link.column in times and link.score >= LIKELY]
    if named:
        return min(named, key=lambda link: (distance(link, at.start, at.end), -link.score)).column
    return times[0] if times else None
