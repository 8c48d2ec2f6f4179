"""Dates and times of day, written as the argument wants them."""

from collections.abc import Iterator
from datetime import datetime

from brain.intent_inference.calls.arguments import Argument
from brain.intent_inference.calls.candidate import Candidate, Rule
from brain.intent_inference.calls.contents import Contents

__all__ = ["dates", "times"]

ISO = "%Y-%m-%d"
CLOCK = "%H:%M"


def dates(contents: Contents, argument: Argument) -> Iterator[Candidate]:
    """Every date in the argument's format; without one as it stands, relative ones in ISO 8601."""
    for found in contents.dates:
        said = contents.reading.quote(found.first, found.last)
        pattern = argument.date_format or (ISO if found.is_relative else None)
        if pattern and _is_in(pattern, said):
            yield Candidate(said, found.first, found.last, Rule.DATE_AS_WRITTEN)
        elif pattern and (text := found.written(pattern)):
            yield Candidate(text, found.first, found.last, found.rule)
        elif not found.is_relative:
            yield Candidate(said, found.first, found.last, Rule.DATE_AS_WRITTEN)


def _is_in(pattern: str, text: str) -> bool:
    """Whether a date stands there in the wanted form already, so that nobody has to guess which part is the day."""
    try:
        datetime.strptime(text, pattern)  # noqa: DTZ007 - a day on the calendar, without a time
    except ValueError:
        return False
    return True


def times(contents: Contents) -> Iterator[Candidate]:
    """Every time of day on a clock of 24 hours."""
    for found in contents.times:
        yield Candidate(found.time.strftime(CLOCK), found.first, found.last, Rule.TIME)
