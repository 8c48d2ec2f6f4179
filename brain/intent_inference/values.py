"""Values of columns that stand in a request: texts, as they are or inflected, and `true` by the column's name."""

import re
from collections.abc import Iterator, Mapping, Sequence

from brain.errors import PlanningError
from brain.intent_inference.column_links import CERTAIN, ColumnLink
from brain.intent_inference.inflection import noun, root
from brain.intent_inference.mentions import Kind, Word
from brain.intent_inference.sources import Column, Source
from brain.intent_inference.spans import distance, overlap, starts_in
from brain.intent_inference.stated import Condition, Reading

__all__ = ["find_values"]

AMOUNT_BEFORE = re.compile(
    r"(?:(?P<before>\w+)\s+)?\b(?P<word>most|least|much|more|less|total|sum|average|mean|median|of)\s+$", re.IGNORECASE
)
HOW_MUCH = re.compile(r"\bhow much\b", re.IGNORECASE)
AMOUNT_AFTER = re.compile(r"\s+(?:the\s+)?(?:most|least|more|less)\b", re.IGNORECASE)
"""Words around which `rain` is an amount (a column of numbers), not a kind of weather (a value)."""


def find_values(reading: Reading) -> list[Condition]:
    """Conditions that a column equals a value; raises PlanningError where a value stands in several columns."""
    found = [*_literal(reading)]
    for condition in (*_inflected(reading), *_flags(reading.columns), *_quoted(reading)):
        if not any(overlap(condition, other) for other in found):
            found.append(condition)
    return found


def _literal(reading: Reading) -> list[Condition]:
    """Values as they stand, the longest first: `Fjord Cafe` before `Cafe`."""
    holders = _holders(reading.source)
    found: list[Condition] = []
    for value in sorted(holders, key=lambda value: (-len(value), value)):
        for match in re.finditer(rf"(?<!\w){re.escape(value)}(?!\w)", reading.request.text, re.IGNORECASE):
            word = Word(value.lower(), match.start(), match.end())
            if _is_value(value, word, reading) and not any(overlap(word, other) for other in found):
                column = _holder(match[0], holders[value], word, reading.columns)
                found.append(Condition(column, "equals", value, word.start, word.end))
    return found


def _inflected(reading: Reading) -> Iterator[Condition]:
    """`snowy`, `snowed`, `lamps`: made from a value of one word."""
    holders = _holders(reading.source)
    by_root = {root(value.lower()): value for value in holders if value.isalpha()}
    names = {root(part) for column in reading.source.columns for part in column.spoken.split()}
    known: Mapping[str, str] = {stem: value for stem, value in by_root.items() if stem not in names}
    for word in reading.request.words:
        if word.is_stop or word.is_superlative or word.text in reading.source.nouns:
            continue
        if (value := known.get(noun(word.text, known))) is not None and word.text != value.lower():
            yield Condition(
                _holder(word.text, holders[value], word, reading.columns), "equals", value, word.start, word.end
            )


def _flags(columns: Sequence[ColumnLink]) -> Iterator[Condition]:
    for link in columns:
        if link.column.is_flag and link.score >= CERTAIN:
            yield Condition(link.column, "equals", value=True, start=link.start, end=link.end)


def _quoted(reading: Reading) -> Iterator[Condition]:
    """What stands in quotation marks behind the name of a text column, though it is none of its described values."""
    for quoted in reading.request.of(Kind.QUOTED):
        texts = [link for link in reading.columns if link.column.is_text and link.end <= quoted.start]
        if nearest := min(texts, key=lambda link: distance(link, quoted.start, quoted.end), default=None):
            yield Condition(nearest.column, "equals", quoted.value, quoted.start, quoted.end)


def _holders(source: Source) -> dict[str, list[Column]]:
    holders: dict[str, list[Column]] = {}
    for column in source.columns:
        for value in (value for value in column.values if re.search(r"\w", value)):
            holders.setdefault(value, []).append(column)
    return holders


def _is_value(value: str, word: Word, reading: Reading) -> bool:
    """Whether the word means the value, not an amount, a column's name or a word of the language."""
    request = reading.request
    if starts_in(word, request.of(Kind.QUOTED)) or _is_beside_its_column(value, word, reading):
        return True
    if starts_in(word, request.of(Kind.PATH) + request.of(Kind.URL)):
        return False
    if request.says_nothing(word) or len(word.text) == 1:
        return request.text[word.start : word.end] == value != "I" and request.stands_out(word)
    here = [link for link in reading.columns if overlap(link, word)]
    if any(link.score >= CERTAIN and not link.is_adjective for link in here):
        return False
    return not (_is_amount(word, reading) and any(link.column.is_measure for link in here))


def _is_beside_its_column(value: str, word: Word, reading: Reading) -> bool:
    """`grade A` and `the day shift`, written as the value is where the word could be one of the language."""
    text = reading.request.text
    if reading.request.says_nothing(word) and text[word.start : word.end] != value:
        return False
    named = [link for link in reading.columns if link.score >= CERTAIN and value in link.column.values]
    return any(text[link.end : word.start].isspace() or text[word.end : link.start].isspace() for link in named)


def _is_amount(word: Word, reading: Reading) -> bool:
    """Whether a word is spoken of as an amount: `total rain`, `the most rain`, but not `days of rain`."""
    request = reading.request
    if AMOUNT_AFTER.match(request.text, word.end) or HOW_MUCH.search(request.text):
        return True
    match = AMOUNT_BEFORE.search(request.before(word))
    if match is None or match["word"].lower() != "of":
        return match is not None
    rows = (match["before"] or "").lower()
    return not (rows in ("day", "days") and request.says_nothing(Word(rows, 0, 0))) and rows not in reading.source.nouns


def _holder(said: str, holders: Sequence[Column], word: Word, columns: Sequence[ColumnLink]) -> Column:
    """The column that holds a value; of several the one that the request names."""
    named = [link for link in columns if link.column in holders and link.score >= CERTAIN]
    if len(holders) == 1:
        return holders[0]
    if named:
        return min(named, key=lambda link: distance(link, word.start, word.end)).column
    listed = " and ".join(column.name for column in holders)
    raise PlanningError(
        f"“{said}” stands in the columns {listed}: say which one you mean, as in “{holders[0].name} {said}”."
    )
