"""Several places for the rates of tools, of which the first that works counts."""

import logging
import math
import time
from collections.abc import Callable
from itertools import pairwise

from brain.errors import ServiceError
from brain.rate_limits.limiter import RateLimiter
from brain.rate_limits.memory import MemoryRateLimiter
from brain.rates import Rate

__all__ = ["StandbyRateLimiter"]

log = logging.getLogger(__name__)

REST_SECONDS = 30.0
"""How long a place that failed is not asked again, so that not every call waits for its time-out."""


class StandbyRateLimiter:
    """Asks places in their order, and this process alone where all of them have failed.

    Each process notices by itself that a place is gone or back: for some seconds a rate may then be kept twice.
    """

    name = "the first place that works"

    def __init__(self, *places: RateLimiter, clock: Callable[[], float] = time.monotonic) -> None:
        self._places = (*places, MemoryRateLimiter(clock))
        self._clock = clock
        self._rests_until: dict[RateLimiter, float] = {}

    async def take(self, tool: str, rate: Rate, *, ahead: float) -> float:
        """The seconds until the next call is due, which is then taken if it is within `ahead` seconds."""
        for place, following in pairwise(self._places):
            if self._rests_until.get(place, -math.inf) > self._clock():
                continue
            try:
                return await place.take(tool, rate, ahead=ahead)
            except ServiceError as exc:
                self._rest(place, following, exc)
        return await self._places[-1].take(tool, rate, ahead=ahead)

    async def aclose(self) -> None:
        """Close every place."""
        for place in self._places:
            await place.aclose()

    def _rest(self, place: RateLimiter, following: RateLimiter, exc: ServiceError) -> None:
        """Leave a place alone for a while; a person is told once."""
        level = logging.INFO if place in self._rests_until else logging.WARNING
        log.log(level, "The rates of tools are kept in %s for now: %s", following.name, exc)
        self._rests_until[place] = self._clock() + REST_SECONDS
