"""Where things stand in a request: half-open ranges of characters, and how they lie to each other."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

__all__ = ["Place", "Spanned", "distance", "overlap", "starts_in"]


class Spanned(Protocol):
    """Anything that stands in the text of a request from `start` up to `end`."""

    @property
    def start(self) -> int:
        """The first character."""

    @property
    def end(self) -> int:
        """One past the last character."""


@dataclass(frozen=True, slots=True)
class Place:
    """Nothing but where something stands."""

    start: int
    end: int


def overlap(one: Spanned, other: Spanned) -> bool:
    """Whether the two share a character."""
    return one.start < other.end and other.start < one.end


def starts_in(one: Spanned, others: Iterable[Spanned]) -> bool:
    """Whether one of the others covers the start of this one."""
    return any(other.start <= one.start < other.end for other in others)


def distance(one: Spanned, start: int, end: int) -> int:
    """Characters between a span and the range from `start` to `end`; 0 where they touch."""
    return max(one.start - end, start - one.end, 0)
