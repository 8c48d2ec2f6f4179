"""What a request holds: numbers, dates, times, phrases, expressions and literals, each found once."""

from collections.abc import Sequence
from datetime import date
from functools import cached_property

from brain.intent_inference.calls.candidate import Candidate
from brain.intent_inference.calls.dates import DateFound, find_dates
from brain.intent_inference.calls.figure import Figure, FigureKind
from brain.intent_inference.calls.figures import find_figures
from brain.intent_inference.calls.literals import find_literals
from brain.intent_inference.calls.phrases import find_expressions, find_phrases
from brain.intent_inference.calls.reading import Range, Reading
from brain.intent_inference.calls.time_units import time_unit
from brain.intent_inference.calls.times import TimeFound, find_times

__all__ = ["ANNOUNCED_COUNTS", "Contents"]

ANNOUNCED_COUNTS = (2, 3, 4, 5, 6)
"""Of numbers that people announce before they list them: `two numbers: 40 and 50`."""
ANNOUNCING = frozenset({":", "of", "say", "(", "are", "namely", ",", "-", "with", "[", "like", "as", "–"})
NOUN_WITHIN = 3
"""Tokens behind an announcing number in which its noun stands."""
SHORTEST_PLURAL = 4
"""Letters; shorter words that end in s (`is`, `was`) are none."""
NO_MEMBERS = (FigureKind.COUNT, FigureKind.PART, FigureKind.ORDINAL)
UNCOUNTED = (FigureKind.COUNT, FigureKind.SPAN)


class Contents:
    """What one request holds; `tomorrow` and the like count from `as_of`."""

    def __init__(self, reading: Reading, as_of: date | None = None) -> None:
        self.reading = reading
        self._as_of = as_of

    @cached_property
    def figures(self) -> tuple[Figure, ...]:
        """The numbers, without those that only say how many follow."""
        found = find_figures(self.reading)
        return tuple(figure for figure in found if not self._announces(figure, found))

    def _announces(self, figure: Figure, found: Sequence[Figure]) -> bool:
        """Whether as many numbers follow as it says: `two numbers: 40 and 50`."""
        behind = self.reading.lowers[figure.last : figure.last + NOUN_WITHIN + 1]
        nouns = (at for at, word in enumerate(behind[:NOUN_WITHIN]) if _may_be_plural(word))
        noun = next(nouns, None)
        if noun is None or figure.value not in ANNOUNCED_COUNTS or noun + 1 >= len(behind):
            return False
        begin = figure.last + noun
        members = {other.first for other in found if other.first >= begin and other.kind not in NO_MEMBERS}
        return behind[noun + 1] in ANNOUNCING and len(members) == figure.value and not time_unit(behind[noun])

    @cached_property
    def figure_starts(self) -> list[int]:
        """Where numbers stand that may be values: not `twice`, not `a decade`."""
        return sorted({figure.first for figure in self.figures if figure.kind not in UNCOUNTED})

    @cached_property
    def units(self) -> dict[int, str]:
        """The unit of the number that begins at a token."""
        return {figure.first: figure.unit for figure in self.figures}

    @cached_property
    def dates(self) -> tuple[DateFound, ...]:
        """The dates."""
        return find_dates(self.reading, self._as_of)

    @cached_property
    def times(self) -> tuple[TimeFound, ...]:
        """The times of day."""
        return tuple(find_times(self.reading))

    @cached_property
    def phrases(self) -> list[Range]:
        """What may name something."""
        return find_phrases(self.reading)

    @cached_property
    def expressions(self) -> list[Range]:
        """What operators of arithmetic hold together."""
        return find_expressions(self.reading)

    @cached_property
    def literals(self) -> list[Candidate]:
        """Lists and objects that are written out."""
        return list(find_literals(self.reading))


def _may_be_plural(word: str) -> bool:
    return word.endswith("s") and len(word) >= SHORTEST_PLURAL
