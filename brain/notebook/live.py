"""A run seen through to its end on a surface, in the cell that waits for it or beside the cells that follow."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, wait
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import UUID

from brain.errors import BrainError
from brain.notebook.surface import Subject, Surface

if TYPE_CHECKING:
    from brain.pipeline_builder.pipeline import Pipeline
    from brain.session import Brain
    from brain.session.batching.result import BatchRun

__all__ = ["Shown", "beside", "see_through", "subject_of"]

LOOK_SECONDS = 0.05
"""Between two looks whether a drawing is due; also how soon an interrupt is noticed."""
QUIET_SECONDS = 0.3
"""A run that is over sooner is shown as it ended: to build widgets takes longer than many a call."""
CANCEL_SECONDS = 15.0
"""How long a cancelled run may take to end before the cell ends without it."""


type Shown = UUID | BatchRun
"""A run by its id, or a batch."""


def subject_of(brain: "Brain", run_id: Shown) -> Subject:
    """A run, or a batch, as surfaces show it."""
    if not isinstance(run_id, UUID):
        title = f"{run_id.notebook}: {len(run_id.sets)} sets of parameters"
        return Subject(run_id.id, title, lambda: None, lambda: _cancel(brain, run_id))
    run = brain.show(run_id)
    title = run.request or run.name
    return Subject(run.id, title, lambda: _pipeline(brain, run_id), lambda: _cancel(brain, run_id))


def see_through(brain: "Brain", run_id: Shown, surface: Surface, *, is_ours: bool = True) -> None:
    """Return once the run has come to rest; an interrupt ends the run first, where it `is_ours`, and is raised."""
    following = brain.follow(run_id, surface.take)
    try:
        _drawn_until(following, surface)
    except KeyboardInterrupt:
        if is_ours:
            brain.cancel(run_id)
            wait([following], CANCEL_SECONDS)
        raise
    finally:
        following.cancel()
        surface.draw(is_over=True)
    following.result()


def beside(
    brain: "Brain", run_id: Shown, surface: Surface, then: Callable[[], None] = lambda: None
) -> threading.Thread:
    """The same on a thread of its own, and what comes `then`."""
    thread = threading.Thread(target=_followed, args=(brain, run_id, surface, then), name="brain-live", daemon=True)
    thread.start()
    return thread


def _followed(brain: "Brain", run_id: Shown, surface: Surface, then: Callable[[], None]) -> None:
    with suppress(BrainError, CancelledError):  # the services are gone, or this Brain is closed
        see_through(brain, run_id, surface)
        then()


def _drawn_until(following: "Future[None]", surface: Surface) -> None:
    due = time.monotonic() + QUIET_SECONDS
    while not following.done():
        if time.monotonic() >= due:
            surface.draw()
        wait([following], LOOK_SECONDS)


def _pipeline(brain: "Brain", run_id: UUID) -> "Pipeline | None":
    try:
        spec = brain.show(run_id).spec
        return None if spec is None else brain.check(spec)
    except BrainError:
        return None


def _cancel(brain: "Brain", run_id: Shown) -> None:
    with suppress(BrainError):  # it has ended meanwhile, or the services are away: the surface shows what is so
        brain.cancel(run_id)
