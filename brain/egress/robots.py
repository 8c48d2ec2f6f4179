"""robots.txt (RFC 9309): read once an origin, and asked before a page is fetched."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx

from brain.egress.request import AGENT
from brain.egress.urls import Origin, host_of, shown, without_user
from brain.errors import EgressRefused, ToolError

if TYPE_CHECKING:
    from protego import Protego

__all__ = ["MOST_READ", "Robots", "RobotsRules", "robots_url"]

MOST_READ = 500 * 1024
"""Bytes of a robots.txt; the least that RFC 9309 wants read."""
KEPT_SECONDS = 3600.0
"""RFC 9309 allows a day."""
LONGEST_DELAY = 10.0
"""Seconds between two requests, whatever Crawl-delay asks for."""
ORIGINS_KEPT = 1000


@dataclass(frozen=True, slots=True)
class RobotsRules:
    """What an origin's robots.txt says to this agent."""

    address: str
    parsed: "Protego | None" = None
    """None: there is none, so everything is allowed."""

    @classmethod
    def of(cls, address: str, text: str) -> "RobotsRules":
        """Read the text of a robots.txt; what it makes no sense of is passed over."""
        from protego import Protego

        return cls(address, Protego.parse(text))

    @property
    def delay(self) -> float:
        """Seconds between two requests: Crawl-delay, bounded."""
        asked = self.parsed.crawl_delay(AGENT) if self.parsed else None
        return min(max(asked or 0.0, 0.0), LONGEST_DELAY)

    def check(self, url: httpx.URL) -> None:
        """Return where the page may be fetched; raises EgressRefused."""
        if self.parsed and not self.parsed.can_fetch(without_user(url), AGENT):
            host = host_of(url)
            raise EgressRefused(
                f"{shown(url)} was not fetched, because {self.address} excludes it for {AGENT}; if {host} is yours or "
                f"lets you, add {host} to BRAIN_ALLOW_HOSTS, or set BRAIN_ROBOTS=off for all hosts."
            )


class Robots:
    """The rules of the origins that were asked lately; used on one event loop."""

    def __init__(self) -> None:
        self._origins: dict[Origin, _Entry] = {}

    async def rules(self, origin: Origin, read: Callable[[], Awaitable[RobotsRules]]) -> RobotsRules:
        """The rules of an origin; `read` is called where they are not known or an hour old, once for all who wait.

        Raises what `read` raises, to all who were waiting; who comes later tries anew.
        """
        came = time.monotonic()
        entry = self._entry(origin)
        async with entry.reading:
            if entry.good_until < came:
                await entry.read(read)
        return entry.outcome()

    def _entry(self, origin: Origin) -> "_Entry":
        if origin not in self._origins and len(self._origins) >= ORIGINS_KEPT:
            del self._origins[next(iter(self._origins))]
        return self._origins.setdefault(origin, _Entry())


@dataclass(slots=True)
class _Entry:
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)
    good_until: float = -1.0
    rules: RobotsRules | None = None
    failure: ToolError | None = None

    async def read(self, read: Callable[[], Awaitable[RobotsRules]]) -> None:
        """Read anew; a failure is good for those who came before it."""
        try:
            self.rules, self.failure = await read(), None
            self.good_until = time.monotonic() + KEPT_SECONDS
        except ToolError as exc:
            self.rules, self.failure = None, exc
            self.good_until = time.monotonic()

    def outcome(self) -> RobotsRules:
        if self.rules is None:
            assert self.failure is not None  # noqa: S101 - it is one or the other once it was read
            raise type(self.failure)(str(self.failure), transient=self.failure.transient)
        return self.rules


def robots_url(url: httpx.URL) -> str:
    """Where the rules for a page stand."""
    return str(url.copy_with(userinfo=b"", raw_path=b"/robots.txt", fragment=None))
