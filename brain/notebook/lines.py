"""Surfaces that need no front end: bars at a terminal, a plain line a change, and nothing."""

import sys
from collections import deque

from rich.console import Console

from brain.display.bars import Bars
from brain.display.event_words import EventLines
from brain.runs import RunEvent
from brain.visible import visible

__all__ = ["BarsSurface", "NoSurface", "PlainSurface"]


class NoSurface:
    """Shows nothing."""

    def take(self, event: RunEvent) -> None:
        """Let it pass."""

    def draw(self, *, is_over: bool = False) -> None:
        """Show nothing."""


class BarsSurface:
    """Rich's own thread draws."""

    def __init__(self) -> None:
        self._bars = Bars(Console(stderr=True, emoji=False))
        self._is_open = False

    def take(self, event: RunEvent) -> None:
        """Note what happened."""
        self._bars.show(event)

    def draw(self, *, is_over: bool = False) -> None:
        """Begin or end; what is between goes by itself."""
        if not self._is_open:
            self._bars.__enter__()
            self._is_open = True
        if is_over:
            self._bars.__exit__(None, None, None)


class PlainSurface:
    """One line a change, for papermill and logs."""

    def __init__(self, first_attempt: int) -> None:
        self._lines = EventLines(first_attempt)
        self._pending: deque[str] = deque()

    def take(self, event: RunEvent) -> None:
        """Note what happened."""
        if (line := self._lines.of(event)) is not None:
            self._pending.append(line)

    def draw(self, *, is_over: bool = False) -> None:  # noqa: ARG002 - the lines that are there are all there is
        """Print the lines that have come since; on the cell's own thread, whose output it is."""
        while self._pending:
            sys.stdout.write(visible(self._pending.popleft()) + "\n")
        sys.stdout.flush()
