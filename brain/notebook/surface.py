"""Where a run is shown while it goes on: the seam, and which of its sides fits the front end.

`widget` moves and can be clicked, `html` is redrawn in place, `bars` are for a terminal, `plain` is a line a change for
papermill and logs.
"""

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from brain.pipeline_builder.pipeline import Pipeline
from brain.runs import RunEvent

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["Subject", "Surface", "kind_for", "somebody_is_there", "surface"]


@dataclass(frozen=True, slots=True)
class Subject:
    """The run that is shown, as a surface may ask about it."""

    run_id: str
    """As people name it."""
    title: str
    pipeline: Callable[[], Pipeline | None]
    """Its graph, once there is one and it still fits the tools."""
    cancel: Callable[[], None]
    """Ends it."""


class Surface(Protocol):
    """Shows one run; `take` is called on another thread than `draw`."""

    def take(self, event: RunEvent) -> None:
        """Note what happened."""

    def draw(self, *, is_over: bool = False) -> None:
        """Show what is known by now, unless it has just been done; what stands there when it `is_over` stays."""


def kind_for(shell: "InteractiveShell", setting: str) -> str:
    """The side that a setting (BRAIN_PROGRESS) names, or that fits where it says `auto`."""
    if setting != "auto":
        return setting
    if getattr(shell, "kernel", None) is None:
        return "bars" if sys.stdout.isatty() else "plain"
    if not somebody_is_there(shell):
        return "plain"
    return "widget" if importlib.util.find_spec("ipywidgets") else "html"


def somebody_is_there(shell: "InteractiveShell") -> bool:
    """Whether a person can be asked.

    papermill, nbclient and nbmake send cells that may not read from standard input, which front ends of people may.
    """
    kernel: Any = getattr(shell, "kernel", None)
    if kernel is None:
        return sys.stdin.isatty()
    request = kernel.get_parent("shell") or {}
    return bool(request.get("content", {}).get("allow_stdin", True))


def surface(kind: str, subject: Subject, *, attempt: int = 1) -> Surface:
    """A new surface of a kind; plain lines begin with an attempt."""
    match kind:
        case "widget":
            from brain.notebook.widget import WidgetSurface

            return WidgetSurface(subject)
        case "html":
            from brain.notebook.redrawn import HtmlSurface

            return HtmlSurface(subject)
        case "bars":
            from brain.notebook.lines import BarsSurface

            return BarsSurface()
        case "plain":
            from brain.notebook.lines import PlainSurface

            return PlainSurface(attempt)
        case _:
            from brain.notebook.lines import NoSurface

            return NoSurface()
