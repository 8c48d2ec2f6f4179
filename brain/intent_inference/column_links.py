"""Which columns of a table the words of a request may mean."""

from collections.abc import Sequence
from dataclasses import dataclass

from brain.intent_inference.inflection import positive, root
from brain.intent_inference.mentions import Request, Word
from brain.intent_inference.similarity import Similarity
from brain.intent_inference.sources import ABBREVIATIONS, Column, Source
from brain.intent_inference.spans import Spanned, overlap
from brain.intent_inference.units import SYMBOLS
from brain.written_numbers import NUMBER_WORDS

__all__ = ["CERTAIN", "CLOSE", "GENERAL", "STATISTICS", "ColumnLink", "Rejection", "is_spelt_out", "link_columns"]

CERTAIN = 0.8
"""Score from which a phrase is taken to be the column's name, so that its words mean nothing else."""
LIKELY = 0.3
"""Least cosine similarity of a phrase that may mean a column."""
CLOSE = 0.08
"""Two columns whose scores for the same words differ by less are a choice, not a finding."""
LIKELY_ADJECTIVE = 0.15
"""The same for `wettest` and `wetter than`: far from `precipitation`, but only amounts can have a most."""
MERELY_NEAR = 0.79
"""Highest score without words of the name itself: `plot rating` is near to `rating` and yet more than its name."""
PARTIAL = 0.5
"""Score of words of a name without its head: `bill` for `bill length`."""
GENERAL = frozenset({"most", "least", "best", "worst", "top", "bottom", "fewest"})
"""Superlatives that do not say of what."""
OF_SIZE = frozenset({"largest", "biggest", "greatest", "smallest", "larger", "bigger", "greater", "smaller"})
"""Nor do these, though they may stand before what they are said of: `the smallest amount`."""
RECENT = frozenset({"latest", "newest", "earliest", "oldest"})
"""Superlatives that may be of a time."""
SHORTEST_CUT = 3
"""Letters of `rev`, which may stand for `revenue`."""
STATISTICS = frozenset({"maximum", "minimum", "average", "mean", "total", "sum"})
"""Words that are as often part of a column's name as they ask for a calculation."""


@dataclass(frozen=True, slots=True)
class ColumnLink:
    """A run of words that may mean a column."""

    column: Column
    start: int
    end: int
    score: float
    """0 to 1: a cosine similarity, or how much of the column's name the words are."""
    is_adjective: bool = False
    """Whether it is a superlative or comparative, which speaks of a column without naming it."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """Words that are known not to mean a column."""

    column: str
    start: int
    end: int

    def rules_out(self, place: Spanned, column: Column) -> bool:
        """Whether these words cannot mean the column."""
        return column.name == self.column and overlap(self, place)


def link_columns(
    request: Request, source: Source, similarity: Similarity, rejected: Sequence[Rejection] = ()
) -> tuple[ColumnLink, ...]:
    """The best readings, in the order of the request, without those that were ruled out."""
    found = [
        link
        for phrase in request.phrases()
        for link in _phrase_links(phrase, source, similarity)
        if not any(each.rules_out(link, link.column) for each in rejected)
    ]
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


def _phrase_links(phrase: tuple[Word, ...], source: Source, similarity: Similarity) -> list[ColumnLink]:
    start, end, adjective = phrase[0].start, phrase[-1].end, _is_adjective(phrase)
    if adjective and phrase[0].text in GENERAL | OF_SIZE:
        return []
    text = " ".join(ABBREVIATIONS.get(word.text, word.text) for word in phrase)
    usable = [column for column in source.columns if not adjective or _has_a_most(column, phrase[0].text)]
    if _is_the_table(phrase, source):
        usable = [column for column in usable if _named(text, column.spoken) == 1]
    names = [column.spoken for column in usable]
    near = _nearness(text, names, similarity, adjective) if not _asks_for_some(phrase) else [0.0] * len(names)
    least = LIKELY_ADJECTIVE if adjective else LIKELY
    links = []
    for column, meant in zip(usable, near, strict=True):
        near_time = LIKELY if adjective and column.is_time else 0.0
        score = max(_named(text, column.spoken), min(meant, MERELY_NEAR), near_time)
        if score >= least:
            links.append(ColumnLink(column, start, end, score, adjective))
    return links


def _nearness(text: str, names: Sequence[str], similarity: Similarity, adjective: bool) -> list[float]:
    """The similarity with each name; what an adjective is made from may be nearer to it than its superlative."""
    if not names:
        return []
    near = similarity.between(text, names)
    return [*map(max, near, similarity.between(positive(text), names))] if adjective else near


def _is_adjective(phrase: tuple[Word, ...]) -> bool:
    return len(phrase) == 1 and (phrase[0].is_superlative or phrase[0].is_comparative)


def _asks_for_some(phrase: tuple[Word, ...]) -> bool:
    """`top ten windiest` says how many of what, and is near to a column only by chance."""
    return len(phrase) > 1 and any(word.is_superlative or word.text in NUMBER_WORDS for word in phrase)


def _has_a_most(column: Column, word: str) -> bool:
    return column.is_measure or (column.is_time and word in RECENT)


def _is_the_table(phrase: tuple[Word, ...], source: Source) -> bool:
    """`orders` in a request about orders means the rows, not the column that sounds most like it."""
    return any(word.text in source.nouns for word in phrase)


def _named(text: str, name: str) -> float:
    """How much of a column's name the words are: 1 for all of it, little without its head."""
    said, whole = [root(word) for word in text.split()], [root(word) for word in name.split()]
    if said == whole:
        return 1.0
    if not set(said) <= set(whole):
        return PARTIAL if is_spelt_out(text.split(), name.split()) else 0.0
    if root(_head(name)) not in said:
        return PARTIAL
    return CERTAIN + (1 - CERTAIN) * len(said) / (len(whole) + 1)


def is_spelt_out(said: Sequence[str], name: Sequence[str]) -> bool:
    """`gross revenue` for `gross rev`: every word is one of the name's, which may have cut it short."""
    return all(
        any(word == part or (len(part) >= SHORTEST_CUT and word.startswith(part)) for part in name) for word in said
    )


def _head(name: str) -> str:
    """The noun of a column's name: `length` of `bill length mm`, `temperature` of `temperature maximum`."""
    words: Sequence[str] = [word for word in name.split() if word not in SYMBOLS and word not in STATISTICS]
    return words[-1] if words else name.rsplit(maxsplit=1)[-1]
