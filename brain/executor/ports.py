"""What the executor needs from others; `session` passes the real things in."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from brain.language_models import Account, Tell
from brain.runs import EventType, Json, StepResult
from brain.tool_registry.definitions import ToolDefinition

__all__ = ["EventSink", "Journal", "Kept", "MemoryJournal", "Report", "StepCache", "ToolCall", "ToolCaller"]

type Report = Callable[[float | None, str], None]
"""Takes a percentage (0-100, None = unknown) and a message; callable from any thread."""


class EventSink(Protocol):
    """Where events go; must be cheap, because it is on the hot path."""

    def publish(
        self,
        event_type: EventType,
        *,
        step_id: str | None = None,
        item: int | None = None,
        message: str = "",
        percentage: float | None = None,
        data: Mapping[str, Json] | None = None,
    ) -> object:
        """Take one event; called on the event loop's thread."""


class Journal(Protocol):
    """Where the states of a run's steps are kept; bound to one run and one attempt."""

    async def record(self, steps: Sequence[StepResult]) -> None:
        """Commit these states; raises StaleAttempt where another process owns the run by now."""

    async def beat(self) -> bool:
        """Say that the owner lives; returns whether somebody asked to cancel. Raises StaleAttempt likewise."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The latest good result of a call, of any run."""

    result: Json
    age: float
    """Seconds since it was made."""
    run_id: UUID
    """The run that made it."""


class StepCache(Protocol):
    """Finds what the same call gave before."""

    async def find(self, fingerprint: str) -> Kept | None:
        """The latest result that is still whole, however old; None where there is none or it cannot be read."""


class MemoryJournal:
    """Keeps the latest state of each step and item for as long as this object lives."""

    def __init__(self) -> None:
        self.states: dict[tuple[str, int | None], StepResult] = {}
        self.cancel_requested = False

    async def record(self, steps: Sequence[StepResult]) -> None:
        """Keep these states."""
        self.states |= {(step.step_id, step.item): step for step in steps}

    async def beat(self) -> bool:
        """Whether somebody set `cancel_requested`."""
        return self.cancel_requested


@dataclass(frozen=True, slots=True)
class ToolCall:
    """What a place to work needs to know for one call."""

    tool: ToolDefinition
    arguments: Mapping[str, Json]
    """As recorded: secrets are references."""
    report: Report
    timeout: float | None = None
    """Seconds that it may take; None: as many as it takes."""
    account: Callable[[], Account] = Account
    """Gives who pays for the call's questions to the chat model; asked for by calls that may have any."""
    tell: Tell | None = None
    """Hears where such a question is held up."""
    earlier: Json = None
    """What the cache has of the same call, where it is too old to stand for it."""
    reveal: Callable[[Callable[[str], str]], Mapping[str, Json]] | None = None
    """The arguments with the spec's own secret references replaced; None where there are none.

    Text that merely looks like a reference, because some page or file said so, is never replaced.
    """


class ToolCaller(Protocol):
    """A place to work: calls one tool once."""

    def slot(self) -> AbstractAsyncContextManager[Any]:
        """Entered around each call; waits where too many are at work. The wait is no part of the call's time."""

    async def call(self, call: ToolCall) -> Json:
        """The tool's result as JSON; raises ToolError with a sentence that is safe to show and to store.

        StepTimeout where it took longer than it may.
        """
