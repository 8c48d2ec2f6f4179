"""Numbers that a request writes in digits: scaled, in percent, as fractions, powers, degrees and ordinals."""

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction

from brain.intent_inference.calls.currencies import SYMBOLS, currency_of_unit
from brain.intent_inference.calls.figure import LARGEST_POWER, PERCENT, Figure, FigureKind, number_of, word_at
from brain.intent_inference.calls.reading import Reading
from brain.intent_inference.calls.tokens import Token, TokenKind

__all__ = ["digits_of"]

SCALES = {
    "hundred": 100, "thousand": 1000, "k": 1000, "million": 10**6, "mn": 10**6, "m": 10**6, "billion": 10**9,
    "bn": 10**9, "b": 10**9, "trillion": 10**12, "lakh": 10**5, "crore": 10**7, "dozen": 12,
}  # fmt: skip
SHORT_SCALES = frozenset({"k", "m", "b", "mn", "bn"})
"""Which may also be units."""
GLUED_SCALES = frozenset(re.findall(r"\S+", "k K M B bn mn Bn Mn BN MN"))
"""Scales where they are written right behind a number: `100m` are metres."""
PERCENT_BEHIND = PERCENT | {"pct", "percentage"}
DOWNWARD = frozenset({"s", "w", "south", "west"})
"""Directions in which latitudes and longitudes are negative."""
PLAIN = re.compile(r"[-−+]?[\d,.]+")
"""Digits without an exponent."""
INTEGER = re.compile(r"[-+]?\d+")
POWER_TOKENS = 5
"""Of `3 x 10 ^ 8`."""


def digits_of(reading: Reading) -> Iterator[Figure]:
    """Every number in digits; one place may be read in two ways."""
    tokens = reading.tokens
    for place, token in enumerate(tokens):
        if token.kind is TokenKind.ORDINAL and (value := number_of(token.text[: -len("th")])) is not None:
            yield Figure(place, place + 1, value, FigureKind.ORDINAL, word_at(tokens, place + 1))
        if token.kind is TokenKind.NUMBER and (value := number_of(token.text)) is not None:
            yield from _readings(tokens, place, value)


def _readings(tokens: Sequence[Token], place: int, value: float) -> Iterator[Figure]:
    if power := _power(tokens, place):
        scaled = value * 10.0**power if power < 0 else value * 10**power
        last = place + POWER_TOKENS
        yield Figure(place, last, scaled, FigureKind.POWER, word_at(tokens, last))
        return
    yield from _fraction(tokens, place, value)
    yield _with_what_is_behind(tokens, place, value)


def _power(tokens: Sequence[Token], place: int) -> int | None:
    times, ten, raised, power = (word_at(tokens, place + at) for at in range(1, POWER_TOKENS))
    is_power = times in ("x", "×", "*") and ten == "10" and raised in ("^", "**") and INTEGER.fullmatch(power)
    exponent = number_of(power) if is_power else None
    return int(exponent) if exponent is not None and abs(exponent) <= LARGEST_POWER else None


def _fraction(tokens: Sequence[Token], place: int, value: float) -> Iterator[Figure]:
    """`3/4`."""
    behind = place + 2
    is_fraction = word_at(tokens, place + 1) == "/" and behind < len(tokens)
    below = number_of(tokens[behind].text) if is_fraction and tokens[behind].kind is TokenKind.NUMBER else None
    if below:
        yield Figure(place, behind + 1, value / below, FigureKind.PART, word_at(tokens, behind + 1))


def _with_what_is_behind(tokens: Sequence[Token], place: int, value: float) -> Figure:
    """The number with its percent sign, scale, direction or unit."""
    currency = SYMBOLS.get(tokens[place - 1].text, "") if place else ""
    last = place + 1
    word = word_at(tokens, last)
    if word in PERCENT_BEHIND:
        return Figure(place, last + 1, value, FigureKind.PERCENT, "percent")
    if word in SCALES and _is_scale(tokens, place, currency):
        return _scaled(tokens, place, currency)
    compass = last + (word == "°")
    if isinstance(value, float) and word_at(tokens, compass) in DOWNWARD:
        return Figure(place, compass + 1, -value, FigureKind.DIRECTION, word)
    return Figure(place, last, value, FigureKind.DIGITS, word, currency or currency_of_unit(word))


def _is_scale(tokens: Sequence[Token], place: int, currency: str) -> bool:
    """Whether the word behind a number scales it: `5k` and `$2 M`, but not `300 K` or `100m`."""
    word = tokens[place + 1]
    if word.lower not in SHORT_SCALES or currency:
        return True
    return word.start == tokens[place].end and word.text in GLUED_SCALES


def _scaled(tokens: Sequence[Token], place: int, currency: str) -> Figure:
    text = tokens[place].text
    scaled = Fraction(text.replace(",", "").replace("−", "-")) if PLAIN.fullmatch(text) else Fraction(0)
    end = place + 1
    while (scale := SCALES.get(word_at(tokens, end))) is not None:
        scaled *= scale
        end += 1
    value = int(scaled) if scaled.denominator == 1 else float(scaled)
    unit = word_at(tokens, end)
    if unit in PERCENT:
        return Figure(place, end + 1, value, FigureKind.PERCENT, "percent")
    return Figure(place, end, value, FigureKind.SCALED, unit, currency or currency_of_unit(unit))
