"""Which columns of a table the words of a request may mean."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from brain.intent_inference.inflection import root
from brain.intent_inference.mentions import Request, Word
from brain.intent_inference.similarity import Similarity
from brain.intent_inference.sources import Column, Source
from brain.intent_inference.spans import overlap

__all__ = ["CERTAIN", "CLOSE", "ColumnLink", "link_columns", "spoken"]

CERTAIN = 0.8
"""Similarity from which a phrase is taken to be the column's name, so that its words mean nothing else."""
LIKELY = 0.3
"""Least cosine similarity of a phrase that may mean a column."""
CLOSE = 0.08
"""Two columns whose similarity to the same words differs by less are a choice, not a finding."""
LIKELY_SUPERLATIVE = 0.12
"""The same for `wettest`: far from `precipitation`, but only columns with numbers can have a most."""
ABBREVIATIONS = {"max": "maximum", "min": "minimum", "avg": "average", "temp": "temperature", "num": "number"}
GENERAL = frozenset({"most", "least", "best", "worst", "top", "fewest"})
"""Superlatives that do not say of what."""


@dataclass(frozen=True, slots=True)
class ColumnLink:
    """A run of words that may mean a column."""

    column: Column
    start: int
    end: int
    score: float
    """0 to 1, a cosine similarity or 1 for the name itself."""
    is_superlative: bool = False


def link_columns(request: Request, source: Source, similarity: Similarity) -> tuple[ColumnLink, ...]:
    """The best readings, in the order of the request."""
    found: list[ColumnLink] = []
    for phrase in request.phrases():
        found += _phrase_links(phrase, source.columns, similarity)
    best: list[ColumnLink] = []
    for candidate in sorted(found, key=lambda found: (-found.score, found.start - found.end)):
        if not any(overlap(candidate, other) and _beats(other, candidate) for other in best):
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
    names = [spoken(column.name) for column in usable]
    roots = " ".join(root(word) for word in text.split())
    least = LIKELY_SUPERLATIVE if superlative else LIKELY
    return [
        ColumnLink(column, phrase[0].start, phrase[-1].end, score, superlative)
        for column, name, near in zip(usable, names, similarity.between(text, names), strict=True)
        if (score := 1.0 if roots == " ".join(root(word) for word in name.split()) else near) >= least
    ]


def spoken(column: str) -> str:
    """A column's name as people say it."""
    words = re.findall(r"[^\W\d_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", column).lower())
    return " ".join(ABBREVIATIONS.get(word, word) for word in words) or column
