"""Numbers: as they are said, as shares of one, and converted to the unit of time that an argument wants."""

from collections.abc import Iterator

from brain.intent_inference.calls.arguments import Argument, Kind
from brain.intent_inference.calls.candidate import Candidate, Rule
from brain.intent_inference.calls.contents import Contents
from brain.intent_inference.calls.figure import Figure, FigureKind
from brain.intent_inference.calls.time_units import SECONDS, time_unit
from brain.intent_inference.calls.times import HALF_DAY

__all__ = ["numbers", "of_figure"]

SHARE_DIGITS = 12
"""Behind the point: 0.07 rather than 0.07000000000000001."""
MEASURES = (FigureKind.DIGITS, FigureKind.WORDS, FigureKind.SPAN, FigureKind.SCALED, FigureKind.COUNT)
"""Kinds of figures that may be amounts of time."""
MONTHS_OF_YEAR = 12
MOST_UNEVEN = 1000
"""A converted amount that is not whole is not above this: nobody means 8,760.5 hours."""


def numbers(contents: Contents, argument: Argument) -> Iterator[Candidate]:
    """Every number, and the hour or minute of every time of day where the argument is called so."""
    for figure in contents.figures:
        yield from of_figure(figure, argument)
    yield from _of_times(contents, argument)


def of_figure(figure: Figure, argument: Argument) -> Iterator[Candidate]:
    """What a figure may be for an argument: nothing where that wants whole numbers and it is none."""
    for value, rule in _readings(figure, argument):
        if argument.kind is not Kind.INTEGER:
            yield Candidate(value, figure.first, figure.last, rule)
        elif float(value).is_integer():
            yield Candidate(int(value), figure.first, figure.last, rule)


def _readings(figure: Figure, argument: Argument) -> Iterator[tuple[int | float, str]]:
    value = figure.value
    if figure.kind is FigureKind.PERCENT:
        is_share = argument.kind is Kind.NUMBER and not argument.takes_percent
        yield (round(value / 100, SHARE_DIGITS), FigureKind.PERCENT) if is_share else (value, FigureKind.DIGITS)
        return
    unit = time_unit(figure.unit) if figure.kind in MEASURES else None
    if not unit or not argument.unit or unit == argument.unit:
        yield value, figure.kind
        return
    if converted := _converted(value, unit, argument.unit):
        yield converted, f"{unit}s to {argument.unit}s"
    yield value, Rule.OTHER_UNIT


def _converted(value: float, unit: str, wanted: str) -> int | float | None:
    if (unit, wanted) == ("year", "month"):
        return value * MONTHS_OF_YEAR
    if (unit, wanted) == ("month", "year"):
        return value / MONTHS_OF_YEAR
    made = value * SECONDS[unit] / SECONDS[wanted]
    if made == int(made):
        return int(made)
    return made if made < MOST_UNEVEN else None


def _of_times(contents: Contents, argument: Argument) -> Iterator[Candidate]:
    words = set(argument.words)
    if {"hour", "hours"} & words:
        for found in contents.times:
            hour = found.time.hour
            yield Candidate(hour, found.first, found.last, Rule.HOUR_OF_A_TIME)
            if hour > HALF_DAY:
                yield Candidate(hour - HALF_DAY, found.first, found.last, Rule.HOUR_ON_A_CLOCK)
    elif {"minute", "minutes"} & words:
        for found in contents.times:
            yield Candidate(found.time.minute, found.first, found.last, Rule.MINUTE_OF_A_TIME)
