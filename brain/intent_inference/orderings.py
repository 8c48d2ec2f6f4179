"""In which order a request wants the rows, and how many of them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from brain.intent_inference.column_links import GENERAL, ColumnLink
from brain.intent_inference.groupings import A_NUMBER, Grouping
from brain.intent_inference.inflection import is_plural, points_down
from brain.intent_inference.mentions import Kind, Mention, Request, Word
from brain.intent_inference.spans import Spanned, overlap, starts_in
from brain.intent_inference.stated import Condition, Reading

__all__ = ["WHO", "Ordering", "find_ordering"]

SORT_BY = re.compile(
    r"\b(?P<word>(?P<verb>sort|order|rank|arrang)(?:ed|ing|s|e)?)\s+(?:[\w'’]+\s+){0,6}?by\s+(?:the\s+)?", re.IGNORECASE
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
LEADING = re.compile(rf"\b(?:top|very)\s+(?:{A_NUMBER}\s+)?$", re.IGNORECASE)
"""Before a superlative, of which it only says more."""
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
    column: ColumnLink | None = None
    """The column, where the request speaks of it."""
    is_pick: bool = False
    """Whether it asks for some of many, rather than for all in order."""
    is_row: bool = False
    """Whether a row is asked for, so that its highest figure alone is no answer."""


def find_ordering(
    reading: Reading, columns: Sequence[ColumnLink], conditions: Sequence[Condition], groupings: Sequence[Grouping]
) -> Ordering | None:
    """The order that is asked for by `sorted by` or by a superlative, if one is."""
    request = reading.request
    superlatives = _superlatives(request, columns, conditions, groupings)
    if sorting := _sorted_by(reading, columns):
        named, match = sorting
        first = next((word for word in superlatives if FIRST.match(request.text, word.end)), None)
        falls = match["verb"].lower() == "rank" or bool(DOWNWARD.search(request.text))
        falls = falls if first is None else not points_down(first.text)
        end = FIRST.match(request.text, first.end) if first else None
        return Ordering(falls, match.start(), end.end() if end else named.end, column=named)
    return next((_of_superlative(request, word, columns, conditions, groupings) for word in superlatives), None)


def _sorted_by(reading: Reading, columns: Sequence[ColumnLink]) -> tuple[ColumnLink, re.Match[str]] | None:
    for match in SORT_BY.finditer(reading.request.text):
        named = [link for link in columns if link.start <= match.end() < link.end]
        if named and match["word"].lower() not in reading.source.nouns:
            return max(named, key=lambda link: link.score), match
    return None


def _superlatives(
    request: Request, columns: Sequence[ColumnLink], conditions: Sequence[Condition], groupings: Sequence[Grouping]
) -> list[Word]:
    """Those that ask for an order: the ones that say of what (`coldest`) before the ones that do not (`top`)."""
    words = [word for word in request.words if word.is_superlative and not starts_in(word, conditions)]
    asking = [word for word in words if not _is_maximum(word, columns, groupings)]
    return sorted(asking, key=lambda word: word.text in GENERAL)


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
    column, start = _column_of(request, word, columns), _start(request, word)
    is_early = column is not None and column.column.is_time and word.text in EARLIEST
    falls = not points_down(word.text) and not is_early
    if first := FIRST.match(request.text, word.end):
        return Ordering(falls, start, first.end(), column=column)
    count = _count(request, word, conditions, groupings)
    limit = int(count.value) if count else None if _wants_several(request, word, groupings) else 1
    is_row = not groupings and bool(WHO.search(request.text) or WHICH_ROW.search(request.text[: word.start]))
    return Ordering(falls, start, word.end, limit, count, column, is_pick=True, is_row=is_row)


def _start(request: Request, word: Word) -> int:
    """Where the order starts to be spoken of: at `top` in `top ten windiest`."""
    leading = LEADING.search(request.text[: word.start])
    return leading.start() if leading else word.start


def _column_of(request: Request, word: Word, columns: Sequence[ColumnLink]) -> ColumnLink | None:
    """The column right behind a superlative (`highest salary`, `most rain`), else the one that it speaks of itself."""
    behind = [
        link
        for link in columns
        if word.end <= link.start and not request.text[word.end : link.start].strip() and not link.is_adjective
        and (link.column.is_measure or link.column.is_time)
    ]  # fmt: skip
    own = [link for link in columns if link.start == word.start and link.is_adjective]
    return max(behind or own, key=lambda link: link.score, default=None)


def _count(
    request: Request, word: Word, conditions: Sequence[Condition], groupings: Sequence[Grouping]
) -> Mention | None:
    """The number beside a superlative (`ten wettest`, `top 10`) or in a question (`which three months`)."""
    asked = [grouping for grouping in groupings if grouping.is_question]
    for mention in request.of(Kind.NUMBER):
        between = request.text[min(mention.end, word.end) : max(mention.start, word.start)]
        is_near = len(between.split()) <= 1 or any(overlap(mention, grouping) for grouping in asked)
        if is_near and _is_count(mention) and not starts_in(mention, conditions):
            return mention
    return None


def _is_count(mention: Mention) -> bool:
    return isinstance(mention.value, int) and mention.value > 0 and not mention.may_be_year


def _wants_several(request: Request, word: Word, groupings: Sequence[Grouping]) -> bool:
    """Whether the noun is a plural: of the group that is asked for, else of what follows the superlative."""
    for grouping in groupings:
        if grouping.is_question and grouping.noun:
            is_one = SINGULAR.match(request.text, grouping.end) is not None
            return PLURAL.match(request.text, grouping.end) is not None or (is_plural(grouping.noun) and not is_one)
    following = [each for each in request.words if each.start >= word.end][:2]
    return any(is_plural(each.text) for each in following)
