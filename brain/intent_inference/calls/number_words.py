"""Numbers that a request says in words: `twenty-five`, `twice`, `the third`, `half`, `monthly`, `a decade`."""

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction

from brain.intent_inference.calls.currencies import currency_of_unit
from brain.intent_inference.calls.figure import PERCENT, Figure, FigureKind, word_at
from brain.intent_inference.calls.reading import Reading
from brain.intent_inference.calls.time_units import SECONDS
from brain.intent_inference.calls.tokens import Token, TokenKind
from brain.intent_inference.quantity_words import COUNTS, ORDINALS, TIMES_A_YEAR
from brain.written_numbers import find_numbers

__all__ = ["number_words_of"]

PARTS = {"half": Fraction(1, 2), "quarter": Fraction(1, 4), "third": Fraction(1, 3), "tenth": Fraction(1, 10)}
SPANS = {"fortnight": ("week", 2), "decade": ("year", 10), "century": ("year", 100), "semester": ("month", 6)}
"""Of each word the unit of time and how many of it."""
BEFORE_SPAN = frozenset(
    re.findall(r"\w+", "a an one next last past previous this coming upcoming following per each every")
)
"""Behind these a unit of time is one of it: `the next year`, `per week`."""


def number_words_of(reading: Reading) -> Iterator[Figure]:
    """Every number in words; one place may be read in two ways (`second`, `third`)."""
    yield from _written_out(reading)
    for place in range(len(reading.tokens)):
        yield from _single(reading.tokens, place)
        yield from _at_rest(reading.tokens, place)
        yield from _spans(reading.tokens, place)


def _written_out(reading: Reading) -> Iterator[Figure]:
    for value, start, end in find_numbers(reading.text):
        place = reading.tokens_between(start, end)
        if place is None or any(letter.isdigit() for letter in reading.text[start:end]):
            continue
        first, last = place
        unit = word_at(reading.tokens, last)
        if unit in PERCENT:
            yield Figure(first, last + 1, value, FigureKind.PERCENT, "percent")
        else:
            yield Figure(first, last, value, FigureKind.WORDS, unit, currency_of_unit(unit))


def _single(tokens: Sequence[Token], place: int) -> Iterator[Figure]:
    word, behind = tokens[place].lower, word_at(tokens, place + 1)
    if word in TIMES_A_YEAR:
        yield Figure(place, place + 1, TIMES_A_YEAR[word], FigureKind.FREQUENCY)
    if word in COUNTS:
        yield Figure(place, place + 1, COUNTS[word], FigureKind.COUNT, behind)
    if word in ORDINALS:
        yield Figure(place, place + 1, ORDINALS[word], FigureKind.ORDINAL, behind)
    if word == "one":
        yield Figure(place, place + 1, 1, FigureKind.WORDS, behind)
    if word in PARTS:
        yield Figure(place, place + 1, float(PARTS[word]), FigureKind.PART, behind)


def _at_rest(tokens: Sequence[Token], place: int) -> Iterator[Figure]:
    """`from rest`: a speed of 0."""
    if place and tokens[place].lower == "rest" and tokens[place - 1].lower in ("from", "at"):
        yield Figure(place, place + 1, 0, FigureKind.AT_REST)


def _spans(tokens: Sequence[Token], place: int) -> Iterator[Figure]:
    word = tokens[place].lower
    before = tokens[place - 1] if place else None
    if before is None:
        return
    if before.lower in BEFORE_SPAN:
        if word in SPANS:
            unit, count = SPANS[word]
            yield Figure(place, place + 1, count, FigureKind.SPAN, unit)
        elif word in SECONDS:
            yield Figure(place, place + 1, 1, FigureKind.SPAN, word)
    elif word.rstrip("s") in SPANS and before.kind in (TokenKind.NUMBER, TokenKind.WORD):
        unit, count = SPANS[word.rstrip("s")]
        for value, _, _ in find_numbers(before.text):
            yield Figure(place - 1, place + 1, value * count, FigureKind.SPAN, unit)
