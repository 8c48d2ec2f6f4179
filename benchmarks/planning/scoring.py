"""When a plan is right: an AST match like BFCL's own, and tools, arguments and edges as ComplexFuncBench has them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.planning.right_values import same

__all__ = ["Tally", "calls_match", "tally"]

LEFT_OUT = ""
"""Stands among the right values of an argument that may be left out."""

type Call = tuple[str, Mapping[str, Any]]


def calls_match(calls: Sequence[Call], right: Sequence[Mapping[str, Any]]) -> bool:
    """Whether there is one right call for each call, in any order."""
    left = [(name, wanted) for each in right for name, wanted in each.items()]
    for name, arguments in calls:
        hit = next((each for each in left if each[0] == name and _arguments_match(arguments, each[1])), None)
        if hit is None:
            return False
        left.remove(hit)
    return not left


def _arguments_match(arguments: Mapping[str, Any], wanted: Mapping[str, Sequence[Any]]) -> bool:
    said = all(name in wanted and _is_one_of(value, wanted[name]) for name, value in arguments.items())
    return said and all(name in arguments or LEFT_OUT in values for name, values in wanted.items())


def _is_one_of(value: Any, right: Sequence[Any]) -> bool:
    if isinstance(value, Mapping):
        return any(isinstance(each, Mapping) and _arguments_match(value, each) for each in right)
    if isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
        return any(
            isinstance(each, list) and len(each) == len(value) and all(map(_object_matches, value, each))
            for each in right
        )
    return any(same(value, each) for each in right if each != LEFT_OUT)


def _object_matches(value: Mapping[str, Any], wanted: Any) -> bool:
    return isinstance(wanted, Mapping) and _arguments_match(value, wanted)


@dataclass(frozen=True, slots=True)
class Tally:
    """What was found, what was found rightly, and what there was to find."""

    right: int = 0
    found: int = 0
    wanted: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.right + other.right, self.found + other.found, self.wanted + other.wanted)

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        return 2 * self.right / (self.found + self.wanted) if self.found + self.wanted else 1.0

    @property
    def accuracy(self) -> float:
        """The share of what there was to find."""
        return self.right / self.wanted if self.wanted else 1.0


def tally(found: Counter[Any], wanted: Counter[Any]) -> Tally:
    """Two bags of things beside each other."""
    return Tally((found & wanted).total(), found.total(), wanted.total())
