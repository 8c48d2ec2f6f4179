"""An event of a run as a plain line, for logs, pipes and the log of a widget."""

from brain.display.words import cached_from
from brain.runs import EventType, RunEvent

__all__ = ["EventLines", "line_of"]

OF_REQUESTS = frozenset({EventType.PLAN_FINISHED, EventType.ANSWER_STARTED})
"""What is told of a pipeline that was written down too, and says nothing there."""


class EventLines:
    """The lines of a run's events from an attempt on: those before it are told again, and were shown already."""

    def __init__(self, first_attempt: int) -> None:
        self._first_attempt = first_attempt
        self._attempt = 1
        self._is_planned = False
        """Whether there was something to plan, and so a request that is answered."""

    def of(self, event: RunEvent) -> str | None:
        """The line of the next event; None where it has none, or belongs to an earlier attempt."""
        if event.event_type is EventType.RUN_RUNNING:
            self._attempt = event.data.get("attempt", 1)
        self._is_planned |= event.event_type is EventType.PLAN_STARTED
        is_moot = event.event_type in OF_REQUESTS and not self._is_planned
        return line_of(event) if self._attempt >= self._first_attempt and not is_moot else None


def line_of(event: RunEvent) -> str | None:
    """Time, step, what happened and why; None of what would be a flood: progress within a step."""
    if event.event_type is EventType.STEP_PROGRESS:
        return None
    time = event.timestamp.astimezone().strftime("%H:%M:%S")
    parts = [time, *([event.step_id] if event.step_id else []), _what(event)]
    return "  ".join(parts) + _words(event)


def _what(event: RunEvent) -> str:
    """What happened, to a step without saying that it is one."""
    if "cached_from" in event.data:
        return cached_from(event.data["cached_from"])
    return event.event_type.replace(".", " ", 1) if event.step_id is None else event.event_type.partition(".")[2]


def _words(event: RunEvent) -> str:
    """The message, except why a run failed, which stands below its results; or what the run waits for."""
    said = "" if event.event_type is EventType.RUN_FAILED else event.message
    if event.event_type is EventType.PLAN_PROGRESS and (steps := event.data.get("steps")):
        said = f"{steps[-1]['id']} ({steps[-1]['tool']})"
    said = said or ", ".join([*event.data.get("waiting_for", ()), *_asked(event)])
    return f": {said}" if said else ""


def _asked(event: RunEvent) -> list[str]:
    """The names of the questions that a run waits with."""
    return [question["name"] for question in event.data.get("questions", ())]
