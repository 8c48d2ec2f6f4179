"""A run as bars at a terminal: a line a step with sign, name, bar, time and its latest words."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Self

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from brain.cli.screen import visible
from brain.cli.words import cached_from
from brain.runs import EventType, RunEvent, RunStatus, StepStatus, utc_now

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["SIGNS", "Bars"]

SIGNS = {
    StepStatus.SUCCEEDED: "[green]✓[/]",
    StepStatus.CACHED: "[cyan]↺[/]",
    StepStatus.FAILED: "[red]✗[/]",
    StepStatus.SKIPPED: "[dim]–[/]",
    StepStatus.CANCELLED: "[yellow]■[/]",
    StepStatus.INTERRUPTED: "[yellow]?[/]",
}
RUN_SIGNS = {
    RunStatus.SUCCEEDED: "[green]✓[/]",
    RunStatus.FAILED: "[red]✗[/]",
    RunStatus.WAITING: "[yellow]…[/]",
    RunStatus.CANCELLED: "[yellow]■[/]",
    RunStatus.INTERRUPTED: "[yellow]?[/]",
}
WAITS = "[yellow]…[/]"
COLOURS = {
    StepStatus.RUNNING: "blue",
    StepStatus.FAILED: "red",
    StepStatus.CANCELLED: "yellow",
    StepStatus.INTERRUPTED: "yellow",
}
NAME_SHARE = 3
"""A name takes at most a third of the screen."""
BAR_SHARE = 5
LONGEST_BAR = 30
"""Columns."""
REFRESHES_PER_SECOND = 10
KEPT_FREE = 3
"""Rows of the screen that stay free, so that the whole picture can be drawn again in place."""
ECHO = 3
"""Columns that stay free: the terminal writes ^C behind the last line, and must not begin a new one for it."""
MINUTE, HOUR = 60, 3600


@dataclass(slots=True)
class _Line:
    """What is known of a step, or of the whole run."""

    name: str
    sign: str = " "
    colour: str = "green"
    percentage: float | None = None
    words: str = ""
    count: str = ""
    """How many items of a `foreach` step are done."""
    started: datetime | None = None
    ended: datetime | None = None
    is_running: bool = False
    status: StepStatus = StepStatus.PENDING
    spinner: Spinner = field(default_factory=lambda: Spinner("dots", style="blue"))

    def begin(self, at: datetime) -> None:
        """It runs from now on, perhaps again."""
        self.sign, self.colour, self.percentage, self.words = " ", "blue", None, ""
        self.started, self.ended, self.is_running = at, None, True

    def end(self, at: datetime, sign: str, colour: str) -> None:
        """It does not run any more."""
        self.sign, self.colour, self.ended, self.is_running = sign, colour, self.ended or at, False

    @property
    def seconds(self) -> float | None:
        """How long it has been running; None where it never began."""
        return None if self.started is None else max(0.0, ((self.ended or utc_now()) - self.started).total_seconds())


class Bars:
    """Shows the events of a run as they come; whatever is told again only confirms what stands there."""

    def __init__(self, console: Console) -> None:
        self._run = _Line("run")
        self._steps: dict[str, _Line] = {}
        self._live = Live(
            get_renderable=lambda: self, console=console, refresh_per_second=REFRESHES_PER_SECOND, transient=False
        )
        self._is_final = False

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._is_final = True
        self._live.stop()

    def show(self, event: RunEvent) -> None:
        """Show what an event changes."""
        if event.event_type in (EventType.PLAN_PROGRESS, EventType.PLAN_FINISHED):
            self._show_plan(event)
        elif event.step_id is None:
            self._show_run(event)
        elif event.item is None:
            self._show_step(event, self._line(event.step_id))
        elif event.message:
            self._line(event.step_id).words = f"{event.item + 1}: {event.message}"

    def _show_plan(self, event: RunEvent) -> None:
        """The steps that are known so far; a plan that is mended or made anew begins from none."""
        steps = event.data.get("steps", ())
        known, self._steps = self._steps, {}
        if event.event_type is EventType.PLAN_FINISHED:
            self._run.words = ""
            self._steps = {step["id"]: known.get(step["id"], _Line(step["id"])) for step in steps}
        else:
            self._run.words = event.message if not steps else "planning"
            self._steps = {step["id"]: _Line(step["id"], words=step["tool"]) for step in steps}

    def _show_run(self, event: RunEvent) -> None:
        run, status = self._run, event.event_type.run_status
        if status is RunStatus.RUNNING:
            run.begin(event.timestamp)
        elif status is not None and status.is_settled:
            colour = {RunStatus.SUCCEEDED: "green", RunStatus.FAILED: "red"}.get(status, "yellow")
            run.end(event.timestamp, RUN_SIGNS.get(status, " "), colour)
            run.words = str(status)
            if asked := [question["name"] for question in event.data.get("questions", ())]:
                run.words = f"waits for answers: {', '.join(asked)}"
            for step_id in event.data.get("waiting_for", ()):
                line = self._line(step_id)
                line.sign, line.words = WAITS, "waits for approval"
        else:
            run.words = event.message

    def _show_step(self, event: RunEvent, line: _Line) -> None:
        status = event.event_type.step_status
        line.status = status or line.status
        if status is StepStatus.RUNNING:
            line.begin(event.timestamp)
        elif status is not None:
            line.end(event.timestamp, SIGNS.get(status, " "), COLOURS.get(status, "green"))
            origin = event.data.get("cached_from")
            line.words = event.message or (cached_from(origin) if origin else line.count)
            line.percentage = 100 if status.has_result else line.percentage
            return
        if "total" in event.data:
            line.count = event.message
        if event.progress_percentage is not None:
            line.percentage = event.progress_percentage
        line.words = event.message or line.words

    def _line(self, step_id: str) -> _Line:
        return self._steps.setdefault(step_id, _Line(step_id))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = list(self._steps.values())  # a copy: the screen is drawn on a thread of its own
        if lines:
            self._run.percentage = 100 * sum(line.status.is_final for line in lines) / len(lines)
        room = None if self._is_final or console.height is None else console.height - KEPT_FREE
        yield Group(*self._rows(lines, options.max_width, room))

    def _rows(self, lines: list[_Line], width: int, room: int | None) -> "Iterator[RenderableType]":
        shown, before, after = _part(lines, room)
        name_width = min(max(len(line.name) for line in (self._run, *lines)), width // NAME_SHARE)
        grid = Table.grid(padding=(0, 1))
        grid.width = width - ECHO
        grid.add_column(width=1, no_wrap=True)
        grid.add_column(width=name_width, no_wrap=True, overflow="ellipsis")
        grid.add_column(width=min(LONGEST_BAR, width // BAR_SHARE), no_wrap=True)
        grid.add_column(width=7, no_wrap=True, justify="right")
        grid.add_column(ratio=1, no_wrap=True, overflow="ellipsis", style="dim")
        for line in (self._run, *shown):
            grid.add_row(*_cells(line))
        yield grid
        if before or after:
            yield Text(f"  and {before} that have ended, {after} that have not begun", style="dim")


def _part(lines: list[_Line], room: int | None) -> tuple[list[_Line], int, int]:
    """The lines that fit: of those that do not run, first the ended ones give way, then the pending."""
    surplus = 0 if room is None else len(lines) + 2 - room
    if surplus <= 0:
        return lines, 0, 0
    ended = [line for line in lines if line.status.is_final and line.status is not StepStatus.FAILED]
    pending = [line for line in lines if line.status is StepStatus.PENDING]
    hidden_before = ended[:surplus]
    left = surplus - len(hidden_before)
    hidden_after = pending[len(pending) - left :] if left else []
    hidden = {line.name for line in (*hidden_before, *hidden_after)}
    return [line for line in lines if line.name not in hidden], len(hidden_before), len(hidden_after)


def _cells(line: _Line) -> "tuple[RenderableType, ...]":
    is_vague = line.is_running and line.percentage is None
    bar = ProgressBar(
        total=None if is_vague else 100,
        completed=line.percentage or 0,
        complete_style=line.colour,
        finished_style=line.colour,
    )
    has_bar = line.started is not None or line.percentage is not None
    seconds = line.seconds
    return (
        line.spinner if line.is_running else Text.from_markup(line.sign),
        Text(line.name),
        bar if has_bar else "",
        "" if seconds is None else _duration(seconds),
        Text(visible(" ".join(line.words.split()))),
    )


def _duration(seconds: float) -> str:
    if seconds < MINUTE:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), MINUTE)
    if seconds < HOUR:
        return f"{minutes}:{rest:02}"
    return f"{minutes // MINUTE}:{minutes % MINUTE:02}:{rest:02}"
