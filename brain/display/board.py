"""A run as its events tell of it: a line for the run and one for each step, whatever draws them."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

from brain.display.event_words import line_of
from brain.display.words import cached_from
from brain.runs import EventType, RunEvent, RunStatus, Spending, StepStatus, utc_now

__all__ = ["Board", "Line", "part_of"]

LOGGED = 500
"""So many of the latest lines are kept of a run's log."""


@dataclass(slots=True)
class Line:
    """What is known of a step, or of the whole run."""

    name: str
    status: StepStatus | RunStatus = StepStatus.PENDING
    tool: str = ""
    percentage: float | None = None
    """0 to 100; None where nobody knows."""
    words: str = ""
    """The latest there is to say about it."""
    count: str = ""
    """How many items of a `foreach` step are done."""
    is_asked: bool = False
    """Whether a person has to allow it first."""
    started: datetime | None = None
    ended: datetime | None = None
    spending: Spending = field(default_factory=Spending)

    def begin(self, status: StepStatus | RunStatus, at: datetime) -> None:
        """It runs from now on, perhaps again."""
        self.status, self.percentage, self.words, self.is_asked = status, None, "", False
        self.started, self.ended = at, None

    def end(self, status: StepStatus | RunStatus, at: datetime, words: str) -> None:
        """It does not run any more; what is told again leaves its time as it was."""
        self.status, self.words, self.is_asked = status, words, False
        self.ended = self.ended or at

    @property
    def is_running(self) -> bool:
        """Whether it runs now."""
        return self.status in (StepStatus.RUNNING, RunStatus.RUNNING)

    @property
    def seconds(self) -> float | None:
        """How long it has been running; None where it never began."""
        return None if self.started is None else max(0.0, ((self.ended or utc_now()) - self.started).total_seconds())


class Board:
    """Takes the events of a run as they come; whatever is told again only confirms what stands there."""

    def __init__(self) -> None:
        self.run = Line("run", RunStatus.QUEUED)
        self.steps: dict[str, Line] = {}
        self.log: deque[str] = deque(maxlen=LOGGED)
        self.plans = 0
        """How many finished plans were told of; each may have other steps."""
        self.attempt = 1

    def take(self, event: RunEvent) -> None:
        """Note what an event changes."""
        if (line := line_of(event)) is not None:
            self.log.append(line)
        if event.event_type in (EventType.PLAN_PROGRESS, EventType.PLAN_FINISHED):
            self._take_plan(event)
        elif event.step_id is None:
            self._take_run(event)
        elif event.item is None:
            self._take_step(event, self._line(event.step_id))
        elif event.message:
            self._line(event.step_id).words = f"{event.item + 1}: {event.message}"

    @property
    def percentage(self) -> float | None:
        """How many of the steps have ended, of 100; None where there are none yet."""
        lines = list(self.steps.values())  # a copy: who draws is on another thread than who takes
        return 100 * sum(line.status.is_final for line in lines) / len(lines) if lines else None

    @property
    def spending(self) -> Spending:
        """What the run is known to have taken from the chat model."""
        told = sum((line.spending for line in list(self.steps.values())), self.run.spending)
        return self.run.spending if self.run.status.is_final else told

    def _take_plan(self, event: RunEvent) -> None:
        """The steps that are known so far; a plan that is mended or made anew begins from none."""
        steps = event.data.get("steps", ())
        known, self.steps = self.steps, {}
        if event.event_type is EventType.PLAN_FINISHED:
            self.plans += 1
            self.run.words = ""
            self.run.spending = _spending(event)
            self.steps = {step["id"]: known.get(step["id"]) or Line(step["id"]) for step in steps}
        else:
            self.run.words = event.message if not steps else "planning"
            self.steps = {step["id"]: Line(step["id"], words=step["tool"]) for step in steps}
        for step in steps:
            self.steps[step["id"]].tool = step.get("tool", "")

    def _take_run(self, event: RunEvent) -> None:
        run, status = self.run, event.event_type.run_status
        if status is RunStatus.RUNNING:
            run.begin(status, event.timestamp)
            self.attempt = event.data.get("attempt", 1)
        elif status is not None and status.is_settled:
            asked = [question["name"] for question in event.data.get("questions", ())]
            run.end(status, event.timestamp, f"waits for answers: {', '.join(asked)}" if asked else str(status))
            run.spending = _spending(event)
            for step_id in event.data.get("waiting_for", ()):
                line = self._line(step_id)
                line.is_asked, line.words = True, "waits for approval"
        else:
            run.words = event.message

    def _take_step(self, event: RunEvent, line: Line) -> None:
        status = event.event_type.step_status
        if status is StepStatus.RUNNING:
            line.begin(status, event.timestamp)
        elif status is not None:
            origin = event.data.get("cached_from")
            line.end(status, event.timestamp, event.message or (cached_from(origin) if origin else line.count))
            line.percentage = 100 if status.has_result else line.percentage
            line.spending = _spending(event)
            return
        if "total" in event.data:
            line.count = event.message
        if event.progress_percentage is not None:
            line.percentage = event.progress_percentage
        line.words = event.message or line.words

    def _line(self, step_id: str) -> Line:
        return self.steps.setdefault(step_id, Line(step_id))


def part_of(lines: list[Line], most: int | None) -> tuple[list[Line], int, int]:
    """At most so many lines, and how many of the ended and of the pending ones are left out for that.

    What runs and what failed stays; of the rest first the ended ones give way, then the pending.
    """
    surplus = 0 if most is None else len(lines) - most
    if surplus <= 0:
        return lines, 0, 0
    ended = [line for line in lines if line.status.is_final and line.status is not StepStatus.FAILED]
    pending = [line for line in lines if line.status is StepStatus.PENDING]
    hidden_before = ended[:surplus]
    left = surplus - len(hidden_before)
    hidden_after = pending[len(pending) - left :] if left else []
    hidden = {line.name for line in (*hidden_before, *hidden_after)}
    return [line for line in lines if line.name not in hidden], len(hidden_before), len(hidden_after)


def _spending(event: RunEvent) -> Spending:
    """What the event says was taken."""
    return Spending(**event.data["spending"]) if "spending" in event.data else Spending()
