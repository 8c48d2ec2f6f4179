"""Wakes the listeners of this process when somebody says that their run has news."""

import asyncio
import contextlib
import math
from collections import defaultdict
from collections.abc import Iterator

__all__ = ["Hints"]


class Hints:
    """The flags of all listeners, by run; belongs to one event loop."""

    def __init__(self) -> None:
        self._flags: defaultdict[str, set[_Flag]] = defaultdict(set)

    @contextlib.contextmanager
    def follow(self, run: str, poll: float = math.inf) -> Iterator["_Flag"]:
        """News of one run; waiting ends after `poll` seconds even if nobody said anything."""
        flag = _Flag(poll)
        self._flags[run].add(flag)
        try:
            yield flag
        finally:
            self._flags[run].discard(flag)
            if not self._flags[run]:
                del self._flags[run]

    def tell(self, run: str) -> None:
        """Wake whoever follows the run."""
        for flag in self._flags.get(run, ()):
            flag.raised.set()

    def tell_all(self) -> None:
        """Wake everybody, because hints may have been missed."""
        for run in self._flags:
            self.tell(run)


class _Flag:
    def __init__(self, poll: float) -> None:
        self.raised = asyncio.Event()
        self._poll = poll

    async def wait(self, seconds: float) -> None:
        """Return when the flag is raised, and lower it."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(seconds, self._poll)):
                await self.raised.wait()
        self.raised.clear()
