"""A run as live widgets: bars that move while the cell runs, a graph, a log that opens, and a button that cancels."""

import time
from typing import TYPE_CHECKING, Any

from brain.notebook.place import Place
from brain.notebook.redrawn import Pace, Picture
from brain.notebook.surface import Subject
from brain.runs import RunEvent

if TYPE_CHECKING:
    from ipywidgets import Widget

__all__ = ["WidgetSurface", "close_all", "hears_while_busy"]

LOG_SECONDS = 1.0
"""Between two drawings of the log."""


class WidgetSurface:
    """Widgets as long as the run goes on; what stays is HTML, because saved widgets come back as nothing."""

    def __init__(self, subject: Subject, place: Place | None = None) -> None:
        self._subject = subject
        self._picture = Picture(subject)
        self._pace = Pace()
        self._place = place or Place()
        self._parts: dict[str, Any] = {}
        self._log_due = 0.0
        self.settled = ""
        """What stays in the notebook, once it is over."""

    def take(self, event: RunEvent) -> None:
        """Note what happened."""
        self._picture.board.take(event)

    def draw(self, *, is_over: bool = False) -> None:
        """Bring the widgets up to date; at the end, put what stays in their place."""
        if is_over:
            self._settle()
        elif self._pace.is_due():
            if not self._parts:
                self._open()
            self._update()
            self._pace.done()

    def _open(self) -> None:
        from ipywidgets import HTML, Accordion, Button, Layout, VBox

        head, graph, steps, log = HTML(), HTML(), HTML(), HTML()
        cancel = Button(
            description="Cancel", icon="stop", tooltip="End this run; what is done is kept",
            layout=Layout(width="auto", align_self="flex-start"),
        )  # fmt: skip
        cancel.on_click(self._cancel)
        opens = Accordion(children=[log], titles=("Log",), selected_index=None, layout=Layout(width="100%"))
        box = VBox([head, graph, steps, cancel, opens])
        self._parts = {
            "head": head, "graph": graph, "steps": steps, "log": log, "box": box
        }  # fmt: skip
        hears_while_busy(cancel)
        hears_while_busy(opens)
        self._place.show(box)

    def _update(self) -> None:
        graph = self._picture.graph()
        self._set("head", self._picture.head())
        self._set(
            "graph", f'<img src="{graph}" alt="the pipeline" style="max-width:100%;height:auto">' if graph else ""
        )
        self._set("steps", self._picture.steps())
        if time.monotonic() >= self._log_due:
            self._log_due = time.monotonic() + LOG_SECONDS
            self._set("log", self._picture.log())

    def _set(self, part: str, page: str) -> None:
        if self._parts[part].value != page:
            self._parts[part].value = page

    def _cancel(self, button: Any) -> None:
        """On the thread on which clicks arrive."""
        button.disabled, button.description = True, "Cancelling …"
        self._subject.cancel()

    def _settle(self) -> None:
        self.settled = self._picture.over()
        self._place.show_html(self.settled, self._picture.plain())
        if self._parts:
            close_all(self._parts.pop("box"))
            self._parts.clear()


def hears_while_busy(widget: "Widget") -> None:
    """Have the front end's messages about a widget handled while a cell runs.

    ipykernel takes them on a thread of their own (a subshell, JEP 91) but since 7.4 sends those about a comm back to
    the shell that last wrote to it, where they wait for the cell. See docs/decisions/notebook-widgets.md.
    """
    comm: Any = widget.comm
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = _as_they_come  # noqa: SLF001 - there is no public way


def _as_they_come(_data: Any, default: Any) -> Any:
    return default


def close_all(widget: "Widget") -> None:
    """Close a widget and those in it."""
    for child in getattr(widget, "children", ()):
        close_all(child)
    widget.close()
