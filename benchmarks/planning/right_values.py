"""When a value is right: as in the Berkeley function-calling leaderboard, spaces, case and some marks do not count."""

import re
from typing import Any

__all__ = ["plain", "same"]

MARKS = re.compile(r"[ ,./\-_*^]")
RELATIVE = 1e-9
"""How far two numbers may be apart, beside the first or 1."""


def plain(text: str) -> str:
    """A text as it is compared."""
    return MARKS.sub("", text).lower().replace("'", '"')


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are one; 1 and true are not."""
    match one, other:
        case (bool(), _) | (_, bool()):
            return one is other
        case str(), str():
            return plain(one) == plain(other)
        case int() | float(), int() | float():
            return abs(one - other) < RELATIVE * max(1, abs(one))
        case list(), list():
            return len(one) == len(other) and all(map(same, one, other))
        case dict(), dict():
            return one.keys() == other.keys() and all(same(value, other[name]) for name, value in one.items())
        case _:
            return bool(one == other)
