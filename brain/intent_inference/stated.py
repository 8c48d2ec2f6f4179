"""What a request states about a table, and what is at hand while that is found out."""

from collections.abc import Sequence
from dataclasses import dataclass

from brain.intent_inference.column_links import CLOSE, LIKELY, ColumnLink, Rejection
from brain.intent_inference.mentions import Request
from brain.intent_inference.sources import Column, Source
from brain.intent_inference.spans import Spanned, distance
from brain.runs import Json

__all__ = ["Condition", "Doubt", "Reading"]

SAYS_ENOUGH = 0.25
"""Least cosine similarity of an adjective with every column between which a model may choose."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Words that fit several columns about as well, best first."""

    words: str
    start: int
    end: int
    columns: tuple[str, ...]
    is_open: bool = False
    """Whether the words tell too little of any column for a model to choose: `driest` of a temperature or of rain."""

    @classmethod
    def between(cls, links: Sequence[ColumnLink], request: Request) -> "Doubt | None":
        """The doubt that readings of the same words leave, if there is one."""
        ranked = sorted(links, key=lambda link: -link.score)
        close = [link for link in ranked if ranked[0].score - link.score < CLOSE]
        if len(close) < len("ab"):
            return None
        best = close[0]
        is_open = best.is_adjective and close[-1].score < SAYS_ENOUGH
        columns = tuple(link.column.name for link in close)
        return cls(request.quote(best.start, best.end), best.start, best.end, columns, is_open)


@dataclass(frozen=True, slots=True)
class Condition:
    """A restriction: of a column (or a part of its dates) to a value."""

    column: Column
    operator: str
    value: Json
    start: int
    end: int
    part: str | None = None
    doubt: Doubt | None = None
    named: ColumnLink | None = None
    """The words that name the column, where they stand apart from the rest."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A request and a table, with the columns that its words may mean."""

    request: Request
    source: Source
    columns: tuple[ColumnLink, ...]
    rejected: tuple[Rejection, ...] = ()

    def time_column(self, at: Spanned) -> tuple[Column | None, Doubt | None]:
        """The column of dates that words are about: of several the one named nearest, else there is a doubt."""
        times = [column for column in self.source.columns if column.is_time]
        named = [link for link in self.columns if link.column in times and link.score >= LIKELY]
        if named:
            return min(named, key=lambda link: (distance(link, at.start, at.end), -link.score)).column, None
        left = [column for column in times if not any(each.rules_out(at, column) for each in self.rejected)]
        names = tuple(column.name for column in left)
        doubt = Doubt(self.request.quote(at.start, at.end), at.start, at.end, names) if len(left) > 1 else None
        return (left[0] if left else None), doubt

    def calendar_column(self, part: str) -> Column | None:
        """The column of whole numbers that holds a part of a date, such as the year."""
        parts = [column for column in self.source.columns if column.is_calendar and column.spoken.split()[-1] == part]
        return parts[0] if parts else None
