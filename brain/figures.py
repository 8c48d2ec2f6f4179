"""How single values are written for people: numbers, dates, and what is missing."""

import math
import re
from decimal import Decimal
from typing import Any

__all__ = ["MISSING", "dollars", "plain", "shorten"]

MISSING = "missing"
TELLS_APART = re.compile(
    r"(?:^|[\W_])(?:years?|ids?|keys?|codes?|numbers?|nrs?|no|zip|postcode|phone)\W*$", re.IGNORECASE
)
"""Names of what holds numbers that are no amounts: 2,012 is no year."""
CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
DIGITS = 4
"""Significant digits that a broken number keeps at least."""
DECIMALS = 2
"""Digits behind the point that it keeps at least: money is exact."""
SMALLEST, LARGEST = 1e-9, 1e15
"""Between these a number is written without an exponent."""


def plain(value: Any, name: str = "", *, separator: str = ",") -> str:
    """A value for people; `name` is the column or field that it stands in. Dates lose their midnight."""
    separator = "" if TELLS_APART.search(CAMEL.sub(" ", name)) else separator
    match value:
        case bool() | str():
            return str(value)
        case float() | Decimal() if not math.isfinite(value):
            return MISSING if math.isnan(value) else str(value)
        case int():
            return f"{value:{separator}}"
        case float():
            return _broken(value, separator)
        case Decimal():
            return f"{value:{separator}f}"
        case _:
            return MISSING if value is None else str(value).removesuffix(" 00:00:00")


def _broken(value: float, separator: str) -> str:
    size = abs(value)
    if size >= LARGEST or 0 < size < SMALLEST:
        return f"{value:.{DIGITS}g}"
    if value.is_integer():
        return f"{int(value):{separator}}"
    behind = max(DECIMALS, DIGITS - 1 - math.floor(math.log10(size)))
    return f"{value:{separator}.{behind}f}".rstrip("0").rstrip(".")


def dollars(amount: float) -> str:
    """An amount of US dollars: cents, and where that says little two digits that are not zero."""
    if not amount:
        return "$0"
    whole, _, behind = f"{amount:,.{max(DECIMALS, 1 - math.floor(math.log10(amount)))}f}".partition(".")
    return f"${whole}.{behind.rstrip('0'):0<{DECIMALS}}"


def shorten(text: str, characters: int) -> str:
    """The text, cut between words where it is longer."""
    return text if len(text) <= characters else text[: characters - 1].rsplit(" ", 1)[0] + " …"
