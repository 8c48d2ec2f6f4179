"""Rates that hold in this process alone."""

import time
from collections import deque
from collections.abc import Callable

from brain.rates import Rate

__all__ = ["MemoryRateLimiter"]


class MemoryRateLimiter:
    """Keeps, of each tool and rate, the moments of the last calls by a clock of seconds."""

    name = "this process alone"

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._begins: dict[tuple[str, Rate], deque[float]] = {}

    async def take(self, tool: str, rate: Rate, *, ahead: float) -> float:
        """The seconds until the next call is due, which is then taken if it is within `ahead` seconds."""
        begins = self._begins.setdefault((tool, rate), deque(maxlen=rate.burst))
        now = due = self._clock()
        last = begins[-1] if begins else now
        free = begins[0] + rate.window if len(begins) == rate.burst else now
        if max(last, free) > now:
            due = max(last + rate.apart, free)
        if due - now <= ahead:
            begins.append(due)
        return due - now

    async def aclose(self) -> None:
        """Nothing is held open."""
