"""How a host is spared: so many requests at once, so long between two of them, and a rest where it asks for one."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field

from brain.addresses import bare_host
from brain.errors import ToolError

__all__ = ["LONGEST_REST", "Courtesy"]

MOST_AT_ONCE = 4
"""Requests to one host; browsers open six connections."""
LONGEST_REST = 30.0
"""Seconds that a request waits where its host asks to be left alone; a longer rest is an error to come back from."""
LONGEST_KEPT = 3600.0
"""Seconds that a host may ask for."""
HOSTS_KEPT = 1000


class Courtesy:
    """The hosts that were asked lately; used on one event loop."""

    def __init__(self) -> None:
        self._hosts: dict[str, _Host] = {}

    @asynccontextmanager
    async def turn(self, host: str, interval: float | None) -> AsyncIterator[None]:
        """Wait until the host may be asked, and hold the place while it answers.

        `interval` is in seconds from one request to the next; None for a host that need not be spared. Raises ToolError
        where the host has asked for a rest that is too long to wait for.
        """
        state = self._host(bare_host(host))
        state.users += 1
        try:
            async with state.places if interval is not None else nullcontext():
                await state.wait(host, interval or 0.0)
                yield
        finally:
            state.users -= 1

    def rest(self, host: str, seconds: float) -> None:
        """Leave a host alone for so long, as it has asked."""
        until = time.monotonic() + min(seconds, LONGEST_KEPT)
        state = self._host(bare_host(host))
        state.rests_until = max(state.rests_until, until)

    def _host(self, name: str) -> "_Host":
        if name not in self._hosts and len(self._hosts) >= HOSTS_KEPT:
            self._hosts = {host: state for host, state in self._hosts.items() if state.is_in_use}
        return self._hosts.setdefault(name, _Host())


@dataclass(slots=True)
class _Host:
    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MOST_AT_ONCE))
    users: int = 0
    free_at: float = 0.0
    rests_until: float = 0.0

    @property
    def is_in_use(self) -> bool:
        return self.users > 0 or max(self.free_at, self.rests_until) > time.monotonic()

    async def wait(self, name: str, interval: float) -> None:
        """Sleep until nobody else has a claim; whoever wakes first takes the turn."""
        while (seconds := max(self.free_at if interval else 0.0, self.rests_until) - time.monotonic()) > 0:
            if self.rests_until - time.monotonic() > LONGEST_REST:
                raise ToolError(
                    f"{name} has asked to be left alone for another {seconds:.0f} seconds; try again after that.",
                    transient=True,
                )
            await asyncio.sleep(seconds)
        self.free_at = time.monotonic() + interval
