"""In which order a request wants the rows, and how many of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from brain.intent_inference.column_links import GENERAL, ColumnLink
from brain.intent_inference.conditions import Condition
from brain.intent_inference.groupings import Grouping
from brain.intent_inference.inflection import is_plural
from brain.intent_inference.mentions import Kind, Request, Word
from brain.intent_inference.similarity import Similarity
from brain.intent_inference.spans import starts_in

__all__ = ["Ordering", "find_ordering"]

HIGHEST = "highest largest most top greatest maximum"
LOWEST = "lowest smallest least bottom fewest minimum"
"""The two poles of an order; a superlative means the one that it is more like."""


@dataclass(frozen=True, slots=True)
class Ordering:
    """That the request wants the highest or the lowest first, and how many of them."""

    descending: bool
    start: int
    end: int
    limit: int | None = None


def find_ordering(
    request: Request,
    columns: Sequence[ColumnLink],
    conditions: Sequence[Condition],
    groupings: Sequence[Grouping],
    similarity: Similarity,
) -> Ordering | None:
    """The order that a superlative asks for, if one does."""
    for position, word in _superlatives(request):
        if _is_maximum(word, columns, groupings) or starts_in(word, conditions):
            continue
        high, low = similarity.between(word.text, (HIGHEST, LOWEST))
        following = request.words[position + 1 : position + 3]
        limit = _count_near(request, word)
        if limit is None and not any(is_plural(next_word.text) for next_word in following):
            limit = 1
        return Ordering(high >= low, word.start, word.end, limit)
    return None


def _superlatives(request: Request) -> list[tuple[int, Word]]:
    """Those that say of what (`coldest`) before those that only say how much (`top`)."""
    found = [(position, word) for position, word in enumerate(request.words) if word.is_superlative]
    return sorted(found, key=lambda place: place[1].text in GENERAL)


def _is_maximum(word: Word, columns: Sequence[ColumnLink], groupings: Sequence[Grouping]) -> bool:
    """In `highest temperature of each month` the superlative asks for a maximum, in `hottest month` for an order."""
    named = any(found.start == word.end + 1 and not found.is_superlative for found in columns)
    return named and bool(groupings) and not any(grouping.is_question for grouping in groupings)


def _count_near(request: Request, word: Word) -> int | None:
    for mention in request.of(Kind.NUMBER):
        between = request.text[min(mention.end, word.end) : max(mention.start, word.start)]
        if isinstance(mention.value, int) and not mention.may_be_year and len(between.split()) <= 1:
            return mention.value
    return None
