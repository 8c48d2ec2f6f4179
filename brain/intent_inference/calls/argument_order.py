"""Arguments of which one comes before the other: `a` and `b`, `x1` and `x2`, `first` and `second`, `from` and `to`."""

import re
from collections.abc import Iterator, Sequence

from brain.intent_inference.calls.arguments import Argument

__all__ = ["ordered_pairs"]

FOLLOWS = frozenset(
    tuple(pair.split())
    for pair in (
        "first second", "start end", "from to", "initial final", "source target", "lower upper", "min max",
        "minimum maximum", "begin end", "origin destination", "departure arrival", "low high", "source destination",
        "one two", "base exponent", "home away",
    )
)  # fmt: skip
"""Words of names, the earlier one first."""
COUNTED = re.compile(r"([a-z]*?)(\d+|[a-z])")
"""`x1`, `a`, `group2`."""


def ordered_pairs(arguments: Sequence[Argument]) -> Iterator[tuple[int, int]]:
    """Pairs of arguments of one kind, by position, whose values people say in their order."""
    for at, one in enumerate(arguments):
        for behind in range(at + 1, len(arguments)):
            other = arguments[behind]
            if one.kind is other.kind and one.is_list == other.is_list and _is_before(one.words, other.words):
                yield at, behind


def _is_before(one: Sequence[str], other: Sequence[str]) -> bool:
    """By the last words of two names or by the first, where the rest is the same."""
    if not one or not other or (one[:-1] != other[:-1] and one[1:] != other[1:]):
        return False
    for left, right in ((one[-1], other[-1]), (one[0], other[0])):
        if (left, right) in FOLLOWS or (right, left) in FOLLOWS:
            return (left, right) in FOLLOWS
        first, second = COUNTED.fullmatch(left), COUNTED.fullmatch(right)
        if left != right and first and second and first[1] == second[1]:
            return first[2] < second[2]
    return False
