"""Values that hold `${...}`, in whole or in part."""

from collections.abc import Mapping
from typing import Any

__all__ = ["refers"]


def refers(value: Any) -> bool:
    """Whether something else gives the JSON value, or a part of it."""
    match value:
        case str():
            return "${" in value
        case Mapping():
            return any(map(refers, value.values()))
        case list():
            return any(map(refers, value))
        case _:
            return False
