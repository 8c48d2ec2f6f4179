"""Times of day in a request."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time

from brain.intent_inference.calls.reading import Reading

__all__ = ["HALF_DAY", "TimeFound", "find_times"]

HALF_DAY = 12
"""Hours."""
NOON, MIDNIGHT = time(HALF_DAY), time(0)
TIME = re.compile(
    r"\b(?P<hour>[01]?\d|2[0-3])(?::(?P<minute>[0-5]\d))?(?::[0-5]\d)?\s*(?P<half>[ap]\.?m\b\.?)"
    r"|\b(?P<h>[01]?\d|2[0-3]):(?P<m>[0-5]\d)(?::[0-5]\d)?\b"
    r"|\b(?P<named>noon|midday|midnight)\b"
    r"|\b(?P<clock>[1-9]|1[0-2]) o'clock(?:\s+in the (?P<part>morning|afternoon|evening))?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class TimeFound:
    """A time of day at a half-open range of tokens."""

    first: int
    last: int
    time: time


def find_times(reading: Reading) -> Iterator[TimeFound]:
    """Every time of day, in order."""
    for match in TIME.finditer(reading.text):
        place = reading.tokens_between(match.start(), match.end())
        if place is not None and (moment := _moment(match)) is not None:
            yield TimeFound(*place, moment)


def _moment(match: re.Match[str]) -> time | None:
    if match["named"]:
        return MIDNIGHT if match["named"].lower() == "midnight" else NOON
    if match["h"]:
        return time(int(match["h"]), int(match["m"]))
    hour = int(match["hour"] or match["clock"])
    if match["half"] and not 1 <= hour <= HALF_DAY:
        return None
    is_afternoon = (match["half"] or "").lower().startswith("p") or match["part"] in ("afternoon", "evening")
    return time(hour % HALF_DAY + (HALF_DAY if is_afternoon else 0), int(match["minute"] or 0))
