"""In which order a request wants the rows, and how many of them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from brain.intent_inference.column_links import GENERAL, ColumnLink
from brain.intent_inference.groupings import Grouping
from brain.intent_inference.inflection import is_plural, points_down
from brain.intent_inference.mentions import Kind, Request, Word
from brain.intent_inference.sources import Column
from brain.intent_inference.spans import Spanned, overlap, starts_in
from brain.intent_inference.stated import Condition

__all__ = ["Ordering", "find_ordering"]

SORT_BY = re.compile(
    r"\b(?P<verb>sort|order|rank|arrang)(?:ed|ing|s|e)?\s+(?:[\w'’]+\s+){0,6}?by\s+(?:the\s+)?", re.IGNORECASE
)
DOWNWARD = re.compile(
    r"\b(?:descending|decreasing|(?:highest|largest|biggest|high|large)\s+(?:to\s+(?:lowest|low|small\w*)|first))\b",
    re.IGNORECASE,
)
FIRST = re.compile(r"\s+(?:(?:ones?|values?|rows?)\s+)?first\b", re.IGNORECASE)
"""Behind a superlative: an order of all rows."""
SINGULAR = re.compile(r"\s+(?:has|had|is|was|does|did|got|gets|sees|shows)\b", re.IGNORECASE)
"""Behind the noun of a group: the verb that says that one is meant, though the noun ends in s."""
PLURAL = re.compile(r"\s+(?:have|are|were|do)\b", re.IGNORECASE)
WHO = re.compile(r"\bwho(?:se)?\b", re.IGNORECASE)
WHICH_ROW = re.compile(r"\b(?:which|what)\s+(?!is\b|was\b|are\b|were\b|the\b)\w+\s+(?:\w+\s+){0,3}$", re.IGNORECASE)
RECENT = re.compile(r"\s+recent\b", re.IGNORECASE)
EARLIEST = frozenset({"oldest", "earliest"})
"""Of times the first, though an old person has a high age."""


@dataclass(frozen=True, slots=True)
class Ordering:
    """That the request wants the highest or the lowest first, and how many of them."""

    descending: bool
    start: int
    end: int
    limit: int | None = None
    limit_span: Spanned | None = None
    """The number, where the request states one."""
    column: Column | None = None
    """The column, where the request names it."""
    is_row: bool = False
    """Whether a row is asked for, so that its highest figure alone is no answer."""


def find_ordering(
    request: Request,
    columns: Sequence[ColumnLink],
    conditions: Sequence[Condition],
    groupings: Sequence[Grouping],
) -> Ordering | None:
    """The order that is asked for by `sorted by` or by a superlative, if one is."""
    superlatives = list(_superlatives(request, columns, conditions, groupings))
    if by := _sorted_by(request, columns):
        named, match = by
        first = next((word for word in superlatives if FIRST.match(request.text, word.end)), None)
        rank = match["verb"].lower() == "rank" or bool(DOWNWARD.search(request.text))
        down = not points_down(first.text) if first else rank
        return Ordering(down, match.start(), max(named.end, first.end if first else 0), column=named.column)
    for word in superlatives:
        return _of_superlative(request, word, columns, conditions, groupings)
    return None


def _sorted_by(request: Request, columns: Sequence[ColumnLink]) -> tuple[ColumnLink, re.Match[str]] | None:
    for match in SORT_BY.finditer(request.text):
        named = [link for link in columns if link.start <= match.end() < link.end]
        if named:
            return max(named, key=lambda link: link.score), match
    return None


def _superlatives(
    request: Request,
    columns: Sequence[ColumnLink],
    conditions: Sequence[Condition],
    groupings: Sequence[Grouping],
) -> Iterator[Word]:
    """Those that ask for an order: the ones that say of what (`coldest`) before those that only say how much (`top`)."""
    words = (word for word in request.words if word.is_superlative and not starts_in(word, conditions))
    for word in sorted(words, key=lambda word: word.text in GENERAL):
        if not _is_maximum(word, columns, groupings):
            yield word


def _is_maximum(word: Word, columns: Sequence[ColumnLink], groupings: Sequence[Grouping]) -> bool:
    """In `highest temperature of each month` the superlative asks for a maximum, in `hottest month` for an order."""
    named = any(found.start == word.end + 1 and not found.is_adjective for found in columns)
    return named and bool(groupings) and not any(grouping.is_question for grouping in groupings)


def _of_superlative(
    request: Request,
    word: Word,
    columns: Sequence[ColumnLink],
    conditions: Sequence[Condition],
    groupings: Sequence[Grouping],
) -> Ordering:
    column = _named_behind(request, word, columns)
    is_time = column is not None and column.is_time
    descending = not points_down(word.text) if not (is_time and word.text in EARLIEST) else False
    end = word.end
    count = _count(request, word, [*conditions], groupings)
    first = FIRST.match(request.text, word.end)
    if first:
        return Ordering(descending, word.start, first.end(), column=column)
    limit = int(count.value) if count else None if _wants_several(request, word, groupings) else 1
    is_row = not groupings and bool(WHO.search(request.text) or WHICH_ROW.search(request.text[: word.start]))
    return Ordering(descending, word.start, end, limit, count, column, is_row)


def _named_behind(request: Request, word: Word, columns: Sequence[ColumnLink]) -> Column | None:
    """The column in `highest salary`, `most rain`, `top products by amount`, `latest order`; the adjective's own else."""
    named = [
        link
        for link in columns
        if word.end <= link.start and len(request.text[word.end : link.start].split()) == 0 and not link.is_adjective
        and (link.column.is_measure or link.column.is_time)
    ]  # fmt: skip
    own = [link for link in columns if link.start == word.start and link.is_adjective]
    return max(named or own, key=lambda link: link.score).column if named or own else None


def _count(
    request: Request, word: Word, conditions: Sequence[Spanned], groupings: Sequence[Grouping]
) -> "Mention | None":
    """The number beside the superlative, or in `which three months`."""
    for mention in request.of(Kind.NUMBER):
        between = request.text[min(mention.end, word.end) : max(mention.start, word.start)]
        near = len(between.split()) <= 1 or any(overlap(mention, group) for group in groupings if group.is_question)
        if (
            near
            and isinstance(mention.value, int)
            and mention.value > 0
            and not mention.may_be_year
            and not starts_in(mention, conditions)
        ):
            return mention
    return None


def _wants_several(request: Request, word: Word, groupings: Sequence[Grouping]) -> bool:
    """Whether the noun is a plural: of the group that is asked for, else of what follows the superlative."""
    for grouping in groupings:
        if grouping.is_question and grouping.noun:
            verb = PLURAL.match(request.text, grouping.end)
            return bool(verb) or (is_plural(grouping.noun) and not SINGULAR.match(request.text, grouping.end))
    following = [each for each in request.words if each.start >= word.end][:2]
    return any(is_plural(each.text) for each in following)
