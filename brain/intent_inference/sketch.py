"""A plan while it is being written: the steps of a JSON text whose end is not there yet."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pydantic_core import from_json

from brain.shortened import shortened

__all__ = ["Sketch", "SketchedStep", "Tell", "Watcher"]

LONGEST_NAME = 80
"""Characters of an id or a tool that a person sees of a plan that nobody has checked yet."""
MOST_STEPS = 100


@dataclass(frozen=True, slots=True)
class SketchedStep:
    """What is known of a step: nobody has checked it."""

    id: str
    tool: str


@dataclass(frozen=True, slots=True)
class Sketch:
    """As much of a plan as has come."""

    steps: tuple[SketchedStep, ...] = ()
    repair: int = 0
    """How often a plan of the same request went back to be mended."""
    problems: int = 0
    """What was wrong with the last of them."""

    @property
    def words(self) -> str:
        """In a line, for people."""
        if self.repair and not self.steps:
            found = "1 problem" if self.problems == 1 else f"{self.problems} problems"
            return f"mending the plan: {found} (try {self.repair + 1})"
        return ", ".join(f"{step.id} ({step.tool})" for step in self.steps)


type Tell = Callable[[Sketch], None]
"""Hears of a plan each time that a step of it is known."""


class Watcher:
    """Reads the text of one answer as it grows, and tells of each new step once its id and its tool are there."""

    def __init__(self, tell: Tell, repair: int = 0, problems: int = 0) -> None:
        self._tell = tell
        self._sketch = Sketch((), repair, problems)
        if repair:
            tell(self._sketch)

    def __call__(self, text: str) -> None:
        """Hear the text so far."""
        steps = _steps_of(text)
        if len(steps) > len(self._sketch.steps):
            self._sketch = Sketch(steps, self._sketch.repair, self._sketch.problems)
            self._tell(self._sketch)


def _steps_of(text: str) -> tuple[SketchedStep, ...]:
    try:
        value = from_json(text, allow_partial=True)
    except ValueError:
        return ()
    steps = value.get("steps") if isinstance(value, Mapping) else None
    if not isinstance(steps, list):
        return ()
    known = [step for step in steps[:MOST_STEPS] if isinstance(step, Mapping) and {"id", "tool"} <= step.keys()]
    return tuple(SketchedStep(_short(step["id"]), _short(step["tool"])) for step in known)


def _short(value: object) -> str:
    return shortened(" ".join(str(value).split()), LONGEST_NAME)
