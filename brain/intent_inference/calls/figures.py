"""The numbers of a request, however they are written, each with its unit."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from brain.intent_inference.calls.digits import digits_of
from brain.intent_inference.calls.figure import LARGEST, Figure, FigureKind, number_of
from brain.intent_inference.calls.number_words import number_words_of
from brain.intent_inference.calls.reading import Reading

__all__ = ["find_figures"]

HEAT = re.compile(r"temperature|kelvin|heat|thermal|therm|°", re.IGNORECASE)
"""Where a K behind a number is no thousand."""
LINKS = frozenset({",", "and", "or", "&", "to", ""})
"""Between numbers that share the unit behind the last one."""
ENUMERATING = frozenset({"first", "second"})


def find_figures(reading: Reading) -> tuple[Figure, ...]:
    """Every number, in order; one place may be read in two ways."""
    found = [*digits_of(reading), *number_words_of(reading)]
    if HEAT.search(reading.text):
        found = [_in_kelvin(reading, figure) for figure in found]
    found = [figure for figure in dict.fromkeys(found) if abs(figure.value) <= LARGEST]
    ordered = sorted(found, key=lambda figure: (figure.first, -figure.last, figure.kind))
    return tuple(_sharing_units(reading, _without_enumeration(reading, ordered)))


def _in_kelvin(reading: Reading, figure: Figure) -> Figure:
    """`300K` of a text about heat."""
    number, *behind = reading.tokens[figure.first : figure.last]
    value = number_of(number.text) if figure.kind is FigureKind.SCALED else None
    if value is None or [token.text for token in behind] != ["K"]:
        return figure
    return replace(figure, value=value, last=figure.first + 1, kind=FigureKind.DIGITS, unit="k")


def _without_enumeration(reading: Reading, found: Sequence[Figure]) -> list[Figure]:
    """Without words that only count the parts of the request: `the first circle ..., the second circle ...`."""
    ordinals = {reading.lowers[figure.first] for figure in found if figure.kind is FigureKind.ORDINAL}
    if not ordinals >= ENUMERATING:
        return list(found)
    counting = (FigureKind.ORDINAL, FigureKind.PART)
    return [figure for figure in found if figure.kind not in counting or not reading.tokens[figure.first].is_word]


def _sharing_units(reading: Reading, found: Sequence[Figure]) -> Iterator[Figure]:
    """In `15, 20 and 30 years` all three are years."""
    unit, begins = "", -1
    shared: list[Figure] = []
    for figure in reversed(found):
        is_linked = begins > figure.last and set(reading.lowers[figure.last : begins]) <= LINKS
        unit = unit if figure.unit in LINKS else figure.unit
        shared.append(replace(figure, unit=unit) if is_linked and unit else figure)
        begins = figure.first
    yield from reversed(shared)
