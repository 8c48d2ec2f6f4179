"""Several calls of one tool, column by column: each argument is given one value for all, or a run of values."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise, product

from brain.intent_inference.calls.candidate import Candidate
from brain.intent_inference.calls.facts.neighbours import Chosen

__all__ = ["Column", "Pattern", "Table", "pattern_of"]

COMPARED_CALLS = 3
"""The first ones tell how columns lie beside each other."""


class Pattern(StrEnum):
    """How two runs lie in a text."""

    IN_TURNS = "in turns"
    """`3 by 4 and 5 by 6`"""
    IN_BLOCKS = "in blocks"
    """`3 and 5 by 4 and 6`"""
    MIXED = "mixed"


@dataclass(frozen=True, slots=True)
class Column:
    """What one argument is given in each of the calls."""

    members: tuple[Candidate, ...]

    @classmethod
    def constant(cls, member: Candidate, count: int) -> "Column":
        """The same in so many calls."""
        return cls((member,) * count)

    @property
    def is_run(self) -> bool:
        """Whether it changes from call to call."""
        return len(self.members) > 1 and self.members[0] is not self.members[-1]

    @property
    def distinct(self) -> list[Candidate]:
        """Its members, each once."""
        return list({id(member): member for member in self.members}.values())


@dataclass(frozen=True, slots=True)
class Table:
    """Several calls of a tool, column by column."""

    columns: tuple[Column, ...] = ()
    is_paired: bool = False
    """Whether the request says that runs belong together, member by member (`respectively`)."""

    def with_column(self, column: Column) -> "Table":
        """One more argument."""
        return Table((*self.columns, column), self.is_paired)

    @property
    def runs(self) -> list[Column]:
        """The columns that change from call to call."""
        return [column for column in self.columns if column.is_run]

    @property
    def has_run(self) -> bool:
        """Whether anything changes from call to call."""
        return any(column.is_run for column in self.columns)

    def first_rows(self, count: int) -> list[Chosen]:
        """What stands beside each other in the first of `count` rows; the table may have no column yet."""
        calls = range(min(count, COMPARED_CALLS))
        return [Chosen(tuple(column.members[call] for column in self.columns)) for call in calls]

    @property
    def rows(self) -> list[tuple[Candidate, ...]]:
        """What stands beside each other in the columns."""
        return list(zip(*(column.members for column in self.columns), strict=True))

    @property
    def calls(self) -> list[tuple[Candidate, ...]]:
        """The calls, in order; of two runs that stand one behind the other each member goes with each."""
        match self.runs:
            case [one, other] if not self.is_paired and pattern_of(one, other) is Pattern.IN_BLOCKS:
                return [self._combined(one, first, second) for first, second in product(one.members, other.members)]
            case _:
                return self.rows

    def _combined(self, one: Column, first: Candidate, second: Candidate) -> tuple[Candidate, ...]:
        """A call that is given these members of its two runs."""
        return tuple(
            column.members[0] if not column.is_run else first if column is one else second for column in self.columns
        )


def pattern_of(one: Column, other: Column) -> Pattern:
    """How two runs of the same length lie in the text: turn by turn, one behind the other, or neither."""
    pairs = list(zip(one.members, other.members, strict=True))
    if _is_ascending([place for a, b in pairs for place in (a.first, b.first)]):
        return Pattern.IN_TURNS
    if _is_ascending([place for a, b in pairs for place in (b.first, a.first)]):
        return Pattern.IN_TURNS
    if one.members[-1].last <= other.members[0].first or other.members[-1].last <= one.members[0].first:
        return Pattern.IN_BLOCKS
    return Pattern.MIXED


def _is_ascending(places: Sequence[int]) -> bool:
    return all(before <= now for before, now in pairwise(places))
