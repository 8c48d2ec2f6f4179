"""A run as bars at a terminal: a line a step with sign, name, bar, time and its latest words."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Self

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from brain.display.board import Board, Line, part_of
from brain.display.words import duration
from brain.runs import RunEvent, RunStatus, StepStatus
from brain.visible import visible

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["SIGNS", "Bars"]

WAITS = "[yellow]…[/]"
SIGNS: dict[StepStatus | RunStatus, str] = {
    StepStatus.SUCCEEDED: "[green]✓[/]",
    StepStatus.CACHED: "[cyan]↺[/]",
    StepStatus.FAILED: "[red]✗[/]",
    StepStatus.SKIPPED: "[dim]–[/]",
    StepStatus.CANCELLED: "[yellow]■[/]",
    StepStatus.INTERRUPTED: "[yellow]?[/]",
    RunStatus.WAITING: WAITS,
}
"""Of steps and runs: states of the same name are the same."""
COLOURS: dict[StepStatus | RunStatus, str] = {
    StepStatus.RUNNING: "blue",
    RunStatus.WAITING: "yellow",
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


class Bars:
    """Shows the events of a run as they come; whatever is told again only confirms what stands there."""

    def __init__(self, console: Console) -> None:
        self._board = Board()
        self._spinners: dict[str, Spinner] = {}
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
        self._board.take(event)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        self._board.run.percentage = self._board.percentage
        lines = list(self._board.steps.values())  # a copy: the screen is drawn on a thread of its own
        room = None if self._is_final or console.height is None else console.height - KEPT_FREE
        yield Group(*self._rows(lines, options.max_width, room))

    def _rows(self, lines: list[Line], width: int, room: int | None) -> "Iterator[RenderableType]":
        run = self._board.run
        shown, before, after = part_of(lines, None if room is None else room - 2)
        name_width = min(max(len(line.name) for line in (run, *lines)), width // NAME_SHARE)
        grid = Table.grid(padding=(0, 1))
        grid.width = width - ECHO
        grid.add_column(width=1, no_wrap=True)
        grid.add_column(width=name_width, no_wrap=True, overflow="ellipsis")
        grid.add_column(width=min(LONGEST_BAR, width // BAR_SHARE), no_wrap=True)
        grid.add_column(width=7, no_wrap=True, justify="right")
        grid.add_column(ratio=1, no_wrap=True, overflow="ellipsis", style="dim")
        for line in (run, *shown):
            grid.add_row(self._sign(line), *_cells(line))
        yield grid
        if before or after:
            yield Text(f"  and {before} that have ended, {after} that have not begun", style="dim")

    def _sign(self, line: Line) -> "RenderableType":
        """Something that turns while the line runs; it has to stay the same to go on turning."""
        if line.is_running:
            return self._spinners.setdefault(line.name, Spinner("dots", style="blue"))
        return Text.from_markup(WAITS if line.is_asked else SIGNS.get(line.status, " "))


def _cells(line: Line) -> "tuple[RenderableType, ...]":
    is_vague = line.is_running and line.percentage is None
    colour = COLOURS.get(line.status, "green")
    bar = ProgressBar(
        total=None if is_vague else 100,
        completed=line.percentage or 0,
        complete_style=colour,
        finished_style=colour,
    )
    has_bar = line.started is not None or line.percentage is not None
    seconds = line.seconds
    return (
        Text(line.name),
        bar if has_bar else "",
        "" if seconds is None else duration(seconds),
        Text(visible(" ".join(line.words.split()))),
    )
