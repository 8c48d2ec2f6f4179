"""From words to data: which columns a request speaks of, under which conditions, grouped by what, in which order."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from brain.intent_inference.mentions import Kind, Mention, Request, Word
from brain.intent_inference.sources import Column, Source
from brain.language_models import Embedder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["CLOSE", "ColumnLink", "Condition", "Grouping", "Links", "Ordering", "Similarity", "link", "root"]

CERTAIN = 0.8
"""Similarity from which a phrase is taken to be the column's name, so that its words mean nothing else."""
LIKELY = 0.3
"""Least cosine similarity of a phrase that may mean a column."""
CLOSE = 0.08
"""Two columns whose similarity to the same words differs by less are a choice, not a finding."""
LIKELY_SUPERLATIVE = 0.12
"""The same for `wettest`: far from `precipitation`, but only columns with numbers can have a most."""
ABBREVIATIONS = {"max": "maximum", "min": "minimum", "avg": "average", "temp": "temperature", "num": "number"}
MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
MEASURES = re.compile(
    r"(?:most|least|much|more|less|total|average|mean|median|(?<!days )(?<!day )of)\s+$", re.IGNORECASE
)
"""Words before which `rain` is an amount (a column of numbers), not a kind of weather (a value)."""
COMPARISONS = {
    "greater": re.compile(r"\b(?:more|greater|higher|larger|over|above|exceed\w*|\w+er than)\b", re.IGNORECASE),
    "greater_or_equal": re.compile(r"\b(?:at least|no less than|minimum of|or more|from)\b", re.IGNORECASE),
    "less": re.compile(r"\b(?:less|lower|smaller|fewer|under|below|colder than|cooler than)\b", re.IGNORECASE),
    "less_or_equal": re.compile(r"\b(?:at most|no more than|up to|maximum of|or less)\b", re.IGNORECASE),
}
"""Words of comparison in English and the operator they mean; the longest match before a number wins."""
PARTS = ("year", "quarter", "month", "week", "weekday", "hour")
"""Parts of a date that people group by; a day is a row of its own in most tables, not a day of the month."""
ADVERBS = {"yearly": "year", "annual": "year", "quarterly": "quarter", "monthly": "month", "weekly": "week"}
GROUP_CUE = re.compile(
    r"\b(?:by|per|each|every|which|what|across|\w{3,}est)\s+(?:(?:the|kind|type|sort|of|single|day of the)\s+)*$",
    re.IGNORECASE,
)
"""What announces a group: `by month`, `which month`, `the wettest month`."""
HIGHEST = "highest largest most top greatest maximum"
LOWEST = "lowest smallest least bottom fewest minimum"
"""The two poles of an order; a superlative means the one that it is more like."""
GENERAL = frozenset({"most", "least", "best", "worst", "top", "fewest"})
"""Superlatives that do not say of what."""
COMPARISON_REACH = 30
"""Characters before a number in which its word of comparison stands."""


@dataclass(frozen=True, slots=True)
class ColumnLink:
    """A run of words that may mean a column."""

    column: Column
    start: int
    end: int
    score: float
    """0 to 1, a cosine similarity or 1 for the name itself."""
    is_superlative: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """A restriction that the request states: of a column (or a part of its dates) to a value."""

    column: Column
    operator: str
    value: str | int | float
    start: int
    end: int
    part: str | None = None


@dataclass(frozen=True, slots=True)
class Grouping:
    """What the request wants one row for: each value of a column, or of a part of its dates."""

    column: Column
    start: int
    end: int
    part: str | None = None
    is_question: bool = False
    """Whether the request asks which one it is: then one of the groups is the answer."""


@dataclass(frozen=True, slots=True)
class Ordering:
    """That the request wants the highest or the lowest first, and how many of them."""

    descending: bool
    start: int
    end: int
    limit: int | None = None


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
        return _starts_in(word, (*certain, *self.conditions))


class Similarity:
    """Cosine similarities between texts, each text embedded once."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._vectors: dict[str, NDArray[np.float32]] = {}

    def between(self, text: str, others: Sequence[str]) -> list[float]:
        """Similarity of one text with each of the others."""
        self._learn([text, *others])
        return [float(self._vectors[text] @ self._vectors[other]) for other in others]

    def _learn(self, texts: Iterable[str]) -> None:
        new = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        if new:
            self._vectors.update(zip(new, self._embedder.embed(new), strict=True))


def link(request: Request, source: Source, similarity: Similarity) -> Links:
    """Find the columns, conditions, groups and order that the request speaks of."""
    columns = _link_columns(request, source, similarity)
    conditions = _conditions(request, source, columns)
    free = tuple(found for found in columns if not any(_overlap(found, condition) for condition in conditions))
    links = Links(free, conditions, _groupings(request, source, free, conditions))
    return replace(links, ordering=_ordering(request, links, similarity))


def root(word: str) -> str:
    """The word without a plural's or a participle's ending: enough to see that two words are one."""
    for ending in ("ies", "es", "s", "ing", "ed", "y", "e"):
        if word.endswith(ending) and len(word) - len(ending) > len("ab"):
            return word[: -len(ending)]
    return word


def _spoken(column: str) -> str:
    words = re.findall(r"[^\W\d_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", column).lower())
    return " ".join(ABBREVIATIONS.get(word, word) for word in words) or column


def _link_columns(request: Request, source: Source, similarity: Similarity) -> tuple[ColumnLink, ...]:
    found: list[ColumnLink] = []
    for phrase in request.phrases():
        found += _phrase_links(phrase, source.columns, similarity)
    best: list[ColumnLink] = []
    for candidate in sorted(found, key=lambda found: (-found.score, found.start - found.end)):
        if not any(_overlap(candidate, other) and _beats(other, candidate) for other in best):
            best.append(candidate)
    return tuple(sorted(best, key=lambda found: (found.start, -found.score)))


def _beats(one: ColumnLink, other: ColumnLink) -> bool:
    """A phrase may mean a number and a text at once: `rain` is an amount or a kind of weather, whatever is needed."""
    if (one.start, one.end) == (other.start, other.end) and one.score - other.score < CLOSE:
        return False
    return one.score > other.score and (one.score >= CERTAIN or one.column.is_number == other.column.is_number)


def _phrase_links(phrase: tuple[Word, ...], columns: Sequence[Column], similarity: Similarity) -> list[ColumnLink]:
    superlative = len(phrase) == 1 and phrase[0].is_superlative
    usable = [column for column in columns if not superlative or column.is_number]
    if not usable or (superlative and phrase[0].text in GENERAL):
        return []
    text = " ".join(ABBREVIATIONS.get(word.text, word.text) for word in phrase)
    names = [_spoken(column.name) for column in usable]
    roots = " ".join(root(word) for word in text.split())
    least = LIKELY_SUPERLATIVE if superlative else LIKELY
    return [
        ColumnLink(column, phrase[0].start, phrase[-1].end, score, superlative)
        for column, name, near in zip(usable, names, similarity.between(text, names), strict=True)
        if (score := 1.0 if roots == " ".join(root(word) for word in name.split()) else near) >= least
    ]


def _conditions(request: Request, source: Source, columns: Sequence[ColumnLink]) -> tuple[Condition, ...]:
    found = [*_value_conditions(request, source), *_date_conditions(request, source)]
    for mention in request.of(Kind.NUMBER):
        if not any(condition.start <= mention.start < condition.end for condition in found):
            found += _comparison(request, mention, columns)
    return tuple(sorted(found, key=lambda condition: condition.start))


def _value_conditions(request: Request, source: Source) -> list[Condition]:
    names = {root(part) for column in source.columns for part in _spoken(column.name).split()}
    known = {
        root(value.lower()): (column, value)
        for column in source.columns
        for value in column.values
        if root(value.lower()) not in names
    }
    return [
        Condition(column, "equals", value, word.start, word.end)
        for word in request.words
        if not word.is_stop and (found := known.get(_noun(word.text, known))) is not None
        for column, value in [found]
        if word.text != value.lower() or not MEASURES.search(request.text[: word.start])
    ]


def _noun(word: str, known: Iterable[str]) -> str:
    """`snowy`, `snowed` and `rainy` mean the value that they are made from."""
    stem = root(word)
    if stem not in known and stem[-1:] == stem[-2:-1]:
        return stem[:-1]
    return stem if stem in known else root(stem)


def _date_conditions(request: Request, source: Source) -> list[Condition]:
    time = next((column for column in source.columns if column.is_time), None)
    if time is None:
        return []
    years = [
        Condition(time, "equals", mention.value, mention.start, mention.end, "year")
        for mention in request.of(Kind.NUMBER)
        if mention.may_be_year and not _comparison_word(request.text, mention)
    ]
    months = [
        Condition(time, "equals", MONTHS.index(word.text) + 1, word.start, word.end, "month")
        for word in request.words
        if word.text in MONTHS and (word.text != "may" or request.text[word.start].isupper())
    ]
    return years + months


def _comparison(request: Request, number: Mention, columns: Sequence[ColumnLink]) -> list[Condition]:
    match = _comparison_word(request.text, number)
    numeric = [found for found in columns if found.column.is_number]
    if match is None or not numeric:
        return []
    operator, start = match
    nearest = min(numeric, key=lambda found: (_distance(found, start, number.end), -found.score))
    return [Condition(nearest.column, operator, number.value, start, number.end)]


def _comparison_word(text: str, number: Mention) -> tuple[str, int] | None:
    before = text[max(0, number.start - COMPARISON_REACH) : number.start]
    offset = number.start - len(before)
    found = [
        (match.end(), len(match[0]), operator, match.start() + offset)
        for operator, pattern in COMPARISONS.items()
        for match in pattern.finditer(before)
        if not re.search(r"[.,;]|\d", before[match.end() :])
    ]
    if not found:
        return None
    _, _, operator, start = max(found)
    return operator, start


def _groupings(
    request: Request, source: Source, columns: Sequence[ColumnLink], conditions: Sequence[Condition]
) -> tuple[Grouping, ...]:
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


def _ordering(request: Request, links: Links, similarity: Similarity) -> Ordering | None:
    for position, word in _superlatives(request):
        if _is_maximum(word, links) or _starts_in(word, links.conditions):
            continue
        high, low = similarity.between(word.text, (HIGHEST, LOWEST))
        following = request.words[position + 1 : position + 3]
        limit = _count_near(request, word)
        if limit is None and not any(_is_plural(next_word.text) for next_word in following):
            limit = 1
        return Ordering(high >= low, word.start, word.end, limit)
    return None


def _superlatives(request: Request) -> list[tuple[int, Word]]:
    """Those that say of what (`coldest`) before those that only say how much (`top`)."""
    found = [(position, word) for position, word in enumerate(request.words) if word.is_superlative]
    return sorted(found, key=lambda place: place[1].text in GENERAL)


def _is_maximum(word: Word, links: Links) -> bool:
    """In `highest temperature of each month` the superlative asks for a maximum, in `hottest month` for an order."""
    named = any(found.start == word.end + 1 and not found.is_superlative for found in links.columns)
    return named and bool(links.groupings) and not any(grouping.is_question for grouping in links.groupings)


def _starts_in(word: Word, spans: Iterable[ColumnLink | Condition]) -> bool:
    return any(span.start <= word.start < span.end for span in spans)


def _count_near(request: Request, word: Word) -> int | None:
    for mention in request.of(Kind.NUMBER):
        between = request.text[min(mention.end, word.end) : max(mention.start, word.start)]
        if isinstance(mention.value, int) and not mention.may_be_year and len(between.split()) <= 1:
            return mention.value
    return None


def _is_plural(word: str) -> bool:
    return word.endswith("s") and not word.endswith("ss") and len(word) > len("was")


def _distance(span: ColumnLink, start: int, end: int) -> int:
    return max(span.start - end, start - span.end, 0)


def _overlap(one: ColumnLink | Condition, other: ColumnLink | Condition) -> bool:
    return one.start < other.end and other.start < one.end
