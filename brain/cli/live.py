"""A run as it happens: bars at a terminal, one line a change elsewhere, events as JSON lines for programs."""

import json
import sys
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from brain.runs import EventType, RunEvent, StepStatus

if TYPE_CHECKING:
    from rich.progress import TaskID

__all__ = ["View", "note", "view", "waiting"]

SIGNS = {
    StepStatus.SUCCEEDED: "[green]✓[/]",
    StepStatus.CACHED: "[cyan]↺[/]",
    StepStatus.FAILED: "[red]✗[/]",
    StepStatus.SKIPPED: "[dim]–[/]",
    StepStatus.CANCELLED: "[yellow]■[/]",
    StepStatus.INTERRUPTED: "[yellow]?[/]",
}
MESSAGE_WIDTH = 60


class View(Protocol):
    """Shows events one by one, in a context."""

    def show(self, event: RunEvent) -> None:
        """Show what an event changes."""


def view(progress: str, *, as_json: bool = False) -> "AbstractContextManager[View]":
    """The view for a setting (auto, bars, plain, off); bars need a terminal."""
    if as_json:
        return _JsonLines()
    if progress == "off":
        return _Nothing()
    console = Console(stderr=True)
    wants_bars = progress == "bars" or (progress == "auto" and console.is_terminal)
    return _Bars(console) if wants_bars else _Lines(console)


def note(text: str) -> None:
    """A sentence beside the results, on standard error."""
    Console(stderr=True).print(text, markup=False, highlight=False)


def waiting(what: str) -> "AbstractContextManager[object]":
    """A spinner while something takes its time; nothing where nobody looks."""
    return Console(stderr=True).status(f"{what} …")


class _Nothing:
    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        pass

    def show(self, event: RunEvent) -> None:
        pass


class _JsonLines(_Nothing):
    def show(self, event: RunEvent) -> None:
        sys.stdout.write(json.dumps(event.to_json(), ensure_ascii=False) + "\n")
        sys.stdout.flush()


class _Lines(_Nothing):
    """One plain line a change, for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def show(self, event: RunEvent) -> None:
        if event.event_type is EventType.STEP_PROGRESS:
            return
        time = event.timestamp.astimezone().strftime("%H:%M:%S")
        what = (
            str(event.event_type).replace(".", " ", 1) if event.step_id is None else event.event_type.partition(".")[2]
        )
        parts = [time, *([event.step_id] if event.step_id else []), what]
        text = "  ".join(parts) + (f": {event.message}" if event.message else "")
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


class _Bars(_Nothing):
    """A line a step: sign, name, bar, time, last message."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            SpinnerColumn(finished_text=" "),
            TextColumn("{task.fields[sign]} {task.description}"),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[note]}[/]"),
            console=console,
        )
        self._run = self._add("run", start=True)
        self._steps: dict[str, TaskID] = {}
        self._ended = 0

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._progress.stop()

    def show(self, event: RunEvent) -> None:
        if event.event_type is EventType.PLAN_FINISHED:
            self._show_steps(event)
        elif event.step_id is None:
            self._show_run(event)
        else:
            self._show_step(event, self._task(event.step_id))

    def _show_steps(self, event: RunEvent) -> None:
        for step in event.data.get("steps", ()):
            self._task(step["id"])
        self._update(self._run, total=max(len(self._steps), 1), note="running")

    def _show_run(self, event: RunEvent) -> None:
        status = event.event_type.run_status
        self._update(self._run, note=event.message or (str(status) if status else ""))
        if status is not None and status.is_settled:
            self._progress.stop_task(self._run)
            self._update(self._run, total=1, completed=1)

    def _show_step(self, event: RunEvent, task: "TaskID") -> None:
        status = event.event_type.step_status
        if status is StepStatus.RUNNING:
            self._progress.start_task(task)
        if event.progress_percentage is not None:
            self._update(task, total=100, completed=event.progress_percentage)
        if event.message:
            self._update(task, note=event.message)
        if status is not None and status.is_final:
            self._progress.start_task(task)
            self._progress.stop_task(task)
            self._update(task, sign=SIGNS.get(status, " "), total=1, completed=1)
            self._ended += 1
            self._update(self._run, completed=self._ended)

    def _task(self, step_id: str) -> "TaskID":
        if step_id not in self._steps:
            self._steps[step_id] = self._add(step_id)
        return self._steps[step_id]

    def _add(self, name: str, *, start: bool = False) -> "TaskID":
        return self._progress.add_task(name, start=start, total=None, sign=" ", note="")

    def _update(self, task: "TaskID", **fields: Any) -> None:
        if "note" in fields:
            fields["note"] = _one_line(fields["note"])
        self._progress.update(task, **fields)


def _one_line(text: str) -> str:
    from rich.markup import escape

    line = " ".join(text.split())
    return escape(line if len(line) <= MESSAGE_WIDTH else line[: MESSAGE_WIDTH - 1] + "…")
