"""What a number of a request is: its value, its place, and what stands around it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from brain.intent_inference.calls.tokens import Token

__all__ = ["LARGEST", "LARGEST_POWER", "PERCENT", "Figure", "FigureKind", "number_of", "word_at"]

PERCENT = frozenset({"%", "percent"})
"""Behind a number in words; behind digits also shorter forms."""
LARGEST = 1e300
"""Larger numbers are no figures: floats end at 1.8e308."""
MOST_DIGITS = LARGEST_POWER = 150
"""A number of so many digits times such a power of ten is not above the largest."""
EXPONENT = re.compile(r"[eE]([-+]?\d+)")


class FigureKind(StrEnum):
    """How a number is said."""

    DIGITS = "digits"
    WORDS = "words"
    PERCENT = "percent"
    SCALED = "scaled"
    """`5k`, `2 million`"""
    ORDINAL = "ordinal"
    FREQUENCY = "frequency"
    """`monthly` is 12 a year."""
    COUNT = "count"
    """`twice`, `a couple`"""
    PART = "part"
    """`half`, `3/4`"""
    SPAN = "span"
    """`a decade` is 10 years."""
    POWER = "power"
    """`3 x 10^8`"""
    DIRECTION = "southern or western"
    """Of a latitude or longitude, which is then negative."""
    AT_REST = "at rest"
    """A speed of 0."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A number at a half-open range of tokens."""

    first: int
    last: int
    value: int | float
    kind: FigureKind
    unit: str = ""
    """The word behind it in lower case."""
    currency: str = ""
    """By its ISO 4217 code."""


def number_of(text: str) -> int | float | None:
    """The number that digits with separators, sign and exponent stand for; None where it is too large."""
    plain = text.replace(",", "").replace("−", "-").lstrip("+")
    exponent = EXPONENT.search(plain)
    if len(plain) > MOST_DIGITS or (exponent and abs(int(exponent[1])) > LARGEST_POWER):
        return None
    return float(plain) if "." in plain or exponent else int(plain)


def word_at(tokens: Sequence[Token], place: int) -> str:
    """The token there in lower case; nothing behind the end."""
    return tokens[place].lower if place < len(tokens) else ""
