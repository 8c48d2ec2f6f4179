"""How often something may begin, as people write it: `5/s`, `10/m`."""

import math
import re
from dataclasses import dataclass
from functools import cache
from typing import Annotated

from pydantic import AfterValidator

__all__ = ["Rate", "RateText", "parse_rate"]

WRITTEN = re.compile(r"(?P<amount>\d{1,7})\s*/\s*(?P<unit>[smhd])", re.ASCII)
UNITS = {"s": ("a second", 1), "m": ("a minute", 60), "h": ("an hour", 3600), "d": ("a day", 86_400)}
"""Each by its name and its seconds."""
MICROSECONDS = 1_000_000
MOST_AT_ONCE = 100
"""So many times are remembered of each rate at most."""


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `amount` in any stretch of time that is as long as the unit, wherever it begins."""

    amount: int
    unit: str
    """`s`, `m`, `h` or `d`."""

    @property
    def burst(self) -> int:
        """So many may begin at once: a second's share, at least one.

        It divides the amount, so that bursts which are `window` apart never add up to more than that.
        """
        share = max(1, min(self.amount // UNITS[self.unit][1], MOST_AT_ONCE))
        return next(count for count in range(share, 0, -1) if self.amount % count == 0)

    @property
    def window(self) -> float:
        """Seconds in which no more than `burst` begin."""
        return self._seconds(self.burst)

    @property
    def apart(self) -> float:
        """Seconds from one to the next of those that have to wait."""
        return self._seconds(1)

    @property
    def words(self) -> str:
        """As it is said: `5 a second`."""
        return f"{self.amount:,} {UNITS[self.unit][0]}"

    def _seconds(self, count: int) -> float:
        """What so many take, in whole microseconds, as the clocks of servers count."""
        return math.ceil(count * UNITS[self.unit][1] * MICROSECONDS / self.amount) / MICROSECONDS

    def __str__(self) -> str:
        """As `parse_rate` reads it."""
        return f"{self.amount}/{self.unit}"


@cache
def parse_rate(text: str) -> Rate:
    """`5/s`, `10/m`, `1000/h` or `5000/d`; raises ValueError on anything else."""
    match = WRITTEN.fullmatch(text.strip())
    if match is None or not int(match["amount"]):
        raise ValueError(
            f"{text[:40]!r} is no rate; it takes a whole number, a slash and s, m, h or d, as in 5/s or 10/m"
        )
    return Rate(int(match["amount"]), match["unit"])


def _is_rate(text: str) -> str:
    return str(parse_rate(text))


RateText = Annotated[str, AfterValidator(_is_rate)]
"""The text of a rate."""
