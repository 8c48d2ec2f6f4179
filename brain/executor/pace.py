"""Keeps work that never waits from holding the event loop."""

import asyncio
import time

__all__ = ["Pace"]

YIELD_SECONDS = 0.005
"""Heartbeat, events and writes wait at most about so long."""


class Pace:
    """One stretch of work on the event loop, perhaps by several tasks together."""

    def __init__(self) -> None:
        self._since = time.perf_counter()

    async def keep(self) -> None:
        """Let everybody else run where the work has gone on for long enough; call it between two pieces."""
        if time.perf_counter() - self._since > YIELD_SECONDS:
            await asyncio.sleep(0)
            self._since = time.perf_counter()
