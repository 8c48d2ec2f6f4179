"""From words to data: which columns a request speaks of, under which conditions, grouped by what, in which order."""

from dataclasses import dataclass

from brain.intent_inference.column_links import CERTAIN, ColumnLink, Rejection, link_columns
from brain.intent_inference.conditions import find_conditions
from brain.intent_inference.groupings import Grouping, find_groupings
from brain.intent_inference.mentions import Request
from brain.intent_inference.orderings import Ordering, find_ordering
from brain.intent_inference.similarity import Similarity
from brain.intent_inference.sources import Source
from brain.intent_inference.spans import Spanned, overlap, starts_in
from brain.intent_inference.stated import Condition, Reading

__all__ = ["Links", "link"]


@dataclass(frozen=True, slots=True)
class Links:
    """Everything that was linked."""

    columns: tuple[ColumnLink, ...] = ()
    """Words that are free to mean a column."""
    conditioned: tuple[ColumnLink, ...] = ()
    """Words that name the column of a condition."""
    conditions: tuple[Condition, ...] = ()
    met: tuple[Condition, ...] = ()
    """Conditions that an earlier step has seen to."""
    groupings: tuple[Grouping, ...] = ()
    ordering: Ordering | None = None
    other_readings: tuple[tuple[Condition, ColumnLink], ...] = ()
    """Words that were taken for a value, and the column of amounts that they might have named."""

    def is_taken(self, word: Spanned) -> bool:
        """Whether the word certainly belongs to a column's name or a condition, so that it is no cue for a tool."""
        return self.is_name(word) or starts_in(word, (*self.conditions, *self.met))

    def is_name(self, word: Spanned) -> bool:
        """Whether the word is certainly part of a column's name."""
        links = (*self.columns, *self.conditioned)
        return starts_in(word, (found for found in links if found.score >= CERTAIN and not found.is_adjective))


def link(request: Request, source: Source, similarity: Similarity, rejected: tuple[Rejection, ...] = ()) -> Links:
    """Find the columns, conditions, groups and order that the request speaks of.

    Raises PlanningError on what cannot be understood.
    """
    columns = link_columns(request, source, similarity, rejected)
    reading = Reading(request, source, columns, rejected)
    conditions = find_conditions(reading)
    used = tuple(condition.named for condition in conditions if condition.named is not None)
    taken: tuple[Spanned, ...] = (*conditions, *used)
    free = tuple(found for found in columns if not any(overlap(found, each) for each in taken))
    groupings = find_groupings(reading, free, conditions)
    ordering = find_ordering(reading, free, conditions, groupings)
    others = tuple((each, found) for each in conditions for found in columns if _might_have_named(found, each))
    return Links(free, used, conditions, (), groupings, ordering, others)


def _might_have_named(found: ColumnLink, condition: Condition) -> bool:
    is_amount = found.column.is_measure and not found.is_adjective
    return isinstance(condition.value, str) and is_amount and starts_in(found, [condition])
