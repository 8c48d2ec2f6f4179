"""A run as it happens: bars at a terminal, one line a change elsewhere, events as JSON lines for programs."""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Protocol, Self

from rich.console import Console

from brain.cli.bars import Bars
from brain.cli.screen import json_text, note, screen
from brain.runs import EventType, RunEvent

if TYPE_CHECKING:
    from rich.status import Status

__all__ = ["View", "note", "view", "waiting"]


class View(Protocol):
    """Shows events one by one, in a context."""

    def show(self, event: RunEvent) -> None:
        """Show what an event changes."""


def view(progress: str, *, as_json: bool = False, attempt: int = 1) -> "AbstractContextManager[View]":
    """The view for a setting (auto, bars, plain, off); bars need a terminal. Lines begin with an attempt."""
    if as_json:
        return _JsonLines()
    if progress == "off":
        return _Nothing()
    console = screen(error=True)
    wants_bars = progress == "bars" or (progress == "auto" and console.is_terminal)
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
        self._first_attempt = first_attempt
        self._attempt = 1

    def show(self, event: RunEvent) -> None:
        if event.event_type is EventType.RUN_RUNNING:
            self._attempt = event.data.get("attempt", 1)
        if self._attempt < self._first_attempt or event.event_type is EventType.STEP_PROGRESS:
            return
        time = event.timestamp.astimezone().strftime("%H:%M:%S")
        what = event.event_type.replace(".", " ", 1) if event.step_id is None else event.event_type.partition(".")[2]
        parts = [time, *([event.step_id] if event.step_id else []), what]
        self._console.print("  ".join(parts) + self._words(event), markup=False, highlight=False, soft_wrap=True)

    def _words(self, event: RunEvent) -> str:
        """The message, except why a run failed, which stands below its results; or what the run waits for."""
        said = "" if event.event_type is EventType.RUN_FAILED else event.message
        said = said or ", ".join(event.data.get("waiting_for", ()))
        return f": {said}" if said else ""
