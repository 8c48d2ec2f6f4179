"""The seam of rates: who says when the next call of a tool is due."""

from typing import Protocol

from brain.rates import Rate

__all__ = ["RateLimiter"]


class RateLimiter(Protocol):
    """Keeps rates for all who ask the same place; used on one event loop."""

    name: str
    """How it is named in messages."""

    async def take(self, tool: str, rate: Rate, *, ahead: float) -> float:
        """The seconds until the next call is due, which is then taken if it is within `ahead` seconds.

        Nothing is taken where it is later: ask again so long before it. A call that is taken counts, made or not.
        Raises ServiceError where the service behind it cannot be used.
        """

    async def aclose(self) -> None:
        """Let go of every connection."""
