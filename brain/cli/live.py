"""A run as it happens: bars at a terminal, one line a change elsewhere, events as JSON lines for programs."""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Protocol, Self

from rich.console import Console
from rich.markup import escape

from brain.cli.screen import json_text, note, screen
from brain.display.bars import Bars
from brain.display.event_words import EventLines
from brain.runs import RunEvent
from brain.shortened import shortened

if TYPE_CHECKING:
    from rich.status import Status

    from brain.intent_inference.sketch import Tell

__all__ = ["View", "counting", "note", "planning", "view", "waiting"]

ROOM = 6
"""Columns beside the words of a spinner."""


class View(Protocol):
    """Shows events one by one, in a context."""

    def show(self, event: RunEvent) -> None:
        """Show what an event changes."""


def view(progress: str, *, as_json: bool = False, attempt: int = 1) -> "AbstractContextManager[View]":
    """The view for a setting (BRAIN_PROGRESS); bars need a terminal. Lines begin with an attempt."""
    if as_json:
        return _JsonLines()
    if progress == "off":
        return _Nothing()
    console = screen(error=True)
    wants_bars = progress == "bars" or (progress != "plain" and console.is_terminal)
    return Bars(console) if wants_bars else _Lines(console, attempt)


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """A spinner while something takes its time; nothing where nobody looks. One inside another changes its words."""
    words = f"{what} …"
    if _spinners:
        [spinner] = _spinners
        before = spinner.status
        spinner.update(words)
        try:
            yield
        finally:
            spinner.update(before)
        return
    with screen(error=True).status(words) as spinner:
        _spinners.append(spinner)
        try:
            yield
        finally:
            _spinners.clear()


@contextmanager
def planning() -> "Iterator[Tell]":
    """A spinner whose words are the steps of a plan as they are written."""
    with waiting("Planning"):
        yield lambda sketch: _reword(f"Planning: {sketch.words}")


@contextmanager
def counting(what: str, count: int) -> Iterator[Callable[[], None]]:
    """A spinner that says how many are done; what it gives is called once for each."""
    done = 0

    def another() -> None:
        nonlocal done
        done += 1
        _reword(f"{what}: {done:,} of {count:,}")

    with waiting(f"{what}: 0 of {count:,}"):
        yield another


def _reword(words: str) -> None:
    for spinner in _spinners:
        spinner.update(escape(f"{shortened(words, spinner.console.width - ROOM)} …"))


_spinners: list["Status"] = []
"""The one that turns, if one does: a terminal has room for one."""


class _Nothing:
    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        pass

    def show(self, event: RunEvent) -> None:
        pass


class _JsonLines(_Nothing):
    def show(self, event: RunEvent) -> None:
        sys.stdout.write(json_text(event.to_json()) + "\n")
        sys.stdout.flush()


class _Lines(_Nothing):
    """One plain line a change, for logs and pipes."""

    def __init__(self, console: Console, first_attempt: int) -> None:
        self._console = console
        self._lines = EventLines(first_attempt)

    def show(self, event: RunEvent) -> None:
        if (line := self._lines.of(event)) is not None:
            self._console.print(line, markup=False, highlight=False, soft_wrap=True)
