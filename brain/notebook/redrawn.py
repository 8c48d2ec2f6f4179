"""A run in HTML that is redrawn in place: what widgets show too, and what stays once a run is over."""

import time

from brain.display.board import Board, part_of
from brain.display.html import image, render
from brain.display.words import duration, spent_words
from brain.notebook.place import Place
from brain.notebook.surface import Subject
from brain.pipeline_builder.draw import draw
from brain.pipeline_builder.pipeline import Pipeline
from brain.runs import RunEvent, RunStatus, StepStatus
from brain.visible import visible

__all__ = ["HtmlSurface", "Pace", "Picture"]

SHORTEST_SECONDS, LONGEST_SECONDS = 0.1, 1.0
"""Between two drawings."""
SHARE = 50
"""One part in so many of the time goes into drawing, where the longest pause allows that."""
SHOWN_STEPS = 24
LOGGED_LIVE = 60
LARGEST_GRAPH = 80
"""Steps; a larger graph tells nobody anything, and takes long to draw."""


class Pace:
    """When the next drawing is due: ten a second at most, and fewer where one takes long."""

    def __init__(self) -> None:
        self._due = 0.0
        self._began = 0.0

    def is_due(self) -> bool:
        """Whether it is time; who hears yes draws, and says `done`."""
        self._began = time.perf_counter()
        return self._began >= self._due

    def done(self) -> None:
        """A drawing is finished."""
        now = time.perf_counter()
        self._due = now + min(max(SHORTEST_SECONDS, SHARE * (now - self._began)), LONGEST_SECONDS)


class Picture:
    """The parts of a run's page, from what its events told."""

    def __init__(self, subject: Subject) -> None:
        self.board = Board()
        self._subject = subject
        self._plans = -1
        self._pipeline: Pipeline | None = None
        self._graph: tuple[dict[str, StepStatus], str] = ({}, "")

    def head(self) -> str:
        """Status, what it is about, time and cost."""
        return render("head.html", **self._values())

    def steps(self) -> str:
        """A bar a step."""
        return render("steps.html", **self._rows(SHOWN_STEPS))

    def log(self, most: int = LOGGED_LIVE) -> str:
        """The latest lines."""
        return render("log.html", text="\n".join(list(self.board.log)[-most:]))

    def graph(self) -> str:
        """The address of the picture of the pipeline, with the states of its steps; empty where there is none."""
        steps = list(self.board.steps.items())
        states = {name: line.status for name, line in steps if isinstance(line.status, StepStatus)}
        is_new = self._plans != self.board.plans
        if is_new:
            self._plans = self.board.plans
            pipeline = self._subject.pipeline()
            self._pipeline = pipeline if pipeline is not None and len(pipeline.steps) <= LARGEST_GRAPH else None
        if is_new or states != self._graph[0]:
            self._graph = (states, "" if self._pipeline is None else image(draw(self._pipeline, states)))
        return self._graph[1]

    def over(self) -> str:
        """All of it in one, as it stays in the notebook."""
        text = "\n".join(self.board.log)
        is_open = self.board.run.status not in (RunStatus.SUCCEEDED, RunStatus.WAITING)
        return render("over.html", **self._values(), **self._rows(None), graph=self.graph(), text=text, is_open=is_open)

    def plain(self) -> str:
        """The same in a line, for front ends without HTML."""
        seconds = self.board.run.seconds
        took = "" if seconds is None else f" in {duration(seconds)}"
        return visible(f"run {self._subject.run_id} {self.board.run.status}{took}")

    def _values(self) -> dict[str, object]:
        spent = spent_words(self.board.spending)
        return {"run": self.board.run, "run_id": self._subject.run_id, "title": self._subject.title, "spent": spent}

    def _rows(self, most: int | None) -> dict[str, object]:
        rows, before, after = part_of(list(self.board.steps.values()), most)
        return {"rows": rows, "hidden": before + after}


class HtmlSurface:
    """For front ends without widgets."""

    def __init__(self, subject: Subject) -> None:
        self._picture = Picture(subject)
        self._pace = Pace()
        self._place = Place()
        self._shown = ""

    def take(self, event: RunEvent) -> None:
        """Note what happened."""
        self._picture.board.take(event)

    def draw(self, *, is_over: bool = False) -> None:
        """Replace what stands there where it is another by now."""
        if not (is_over or self._pace.is_due()):
            return
        page = self._picture.over() if is_over else self._picture.head() + self._picture.steps()
        if page != self._shown:
            self._shown = page
            self._place.show_html(page, self._picture.plain())
        self._pace.done()
