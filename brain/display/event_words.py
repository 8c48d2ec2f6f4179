"""An event of a run as a plain line, for logs, pipes and the log of a widget."""

from brain.display.words import cached_from
from brain.runs import EventType, RunEvent

__all__ = ["line_of"]


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
