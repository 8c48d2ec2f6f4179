"""From words to data: which columns a request speaks of, under which conditions, grouped by what, in which order."""

from dataclasses import dataclass

from brain.intent_inference.column_links import CERTAIN, ColumnLink, link_columns
from brain.intent_inference.conditions import Condition, find_conditions
from brain.intent_inference.groupings import Grouping, find_groupings
from brain.intent_inference.mentions import Request, Word
from brain.intent_inference.orderings import Ordering, find_ordering
from brain.intent_inference.similarity import Similarity
from brain.intent_inference.sources import Source
from brain.intent_inference.spans import overlap, starts_in

__all__ = ["Links", "link"]


@dataclass(frozen=True, slots=True)
class Links:
    """Everything that was linked."""

    columns: tuple[ColumnLink, ...] = ()
    conditions: tuple[Condition, ...] = ()
    groupings: tuple[Grouping, ...] = ()
    ordering: Ordering | None = None

    def is_taken(self, word: Word) -> bool:
        """Whether the word certainly belongs to a column's name or a condition, so that it is no cue for a tool."""
        certain = (found for found in self.columns if found.score >= CERTAIN and not found.is_superlative)
        return starts_in(word, (*certain, *self.conditions))


def link(request: Request, source: Source, similarity: Similarity) -> Links:
    """Find the columns, conditions, groups and order that the request speaks of."""
    columns = link_columns(request, source, similarity)
    conditions = find_conditions(request, source, columns)
    free = tuple(found for found in columns if not any(overlap(found, condition) for condition in conditions))
    groupings = find_groupings(request, source, free, conditions)
    return Links(free, conditions, groupings, find_ordering(request, free, conditions, groupings, similarity))
