"""What a cell does about a run: it shows it until it rests, and then succeeds, asks, or fails."""

from collections.abc import Callable
from typing import TYPE_CHECKING
from uuid import UUID

from brain.errors import RunUnfinished
from brain.notebook.handle import BatchHandle, RunHandle
from brain.notebook.kernel import Kernel
from brain.notebook.live import Shown, beside, see_through, subject_of
from brain.notebook.surface import Surface, surface
from brain.runs import RunStatus

if TYPE_CHECKING:
    from brain.session import Brain, Run
    from brain.session.batching.result import BatchRun

__all__ = ["follow", "follow_batch", "follow_other"]

ENDED = {
    RunStatus.FAILED: "failed",
    RunStatus.CANCELLED: "was cancelled",
    RunStatus.INTERRUPTED: "was interrupted",
}


def follow(
    kernel: Kernel,
    brain: "Brain",
    begin: Callable[[], UUID],
    *,
    attempt: int = 1,
    is_background: bool = False,
    advises: bool = True,
) -> "Run | RunHandle":
    """Begin a run and show it; an interrupt ends it. Raises RunUnfinished where it does not succeed."""
    run_id = begin()
    try:
        shown = _surface(kernel, brain, run_id, attempt=attempt, is_background=is_background)
        if is_background:
            return _beside(brain, run_id, shown)
        see_through(brain, run_id, shown)
    except KeyboardInterrupt:
        brain.cancel(run_id)  # wherever it came
        raise
    run = _rested(kernel, brain.show(run_id), advises=advises)
    if run.status is RunStatus.WAITING and kernel.surface_kind(brain.settings.brain_progress) == "widget":
        from brain.notebook.forms import show_form

        show_form(brain, run)
    return run


def follow_other(kernel: Kernel, brain: "Brain", run_id: UUID, *, is_background: bool = False) -> "Run | RunHandle":
    """Show a run that need not be of this kernel; an interrupt ends nothing but the watching."""
    shown = _surface(kernel, brain, run_id, is_background=is_background)
    if is_background:
        return _beside(brain, run_id, shown)
    see_through(brain, run_id, shown, is_ours=False)
    return brain.show(run_id)


def follow_batch(
    kernel: Kernel, brain: "Brain", begin: Callable[[], UUID], *, is_background: bool = False, is_ours: bool = True
) -> "BatchRun | BatchHandle":
    """Begin a batch and show it; an interrupt ends it, where it `is_ours`. Of one that fails the sets tell how."""
    batch = brain.show_batch(begin())
    try:
        shown = _surface(kernel, brain, batch, is_background=is_background)
        if is_background:
            shown.draw()
            beside(brain, batch, shown)
            return BatchHandle(brain, batch.batch_id)
        see_through(brain, batch, shown, is_ours=is_ours)
    except KeyboardInterrupt:
        if is_ours:
            brain.cancel(batch)
        raise
    return brain.wait_batch(batch) if is_ours else brain.show_batch(batch)


def _surface(
    kernel: Kernel, brain: "Brain", run_id: Shown, *, attempt: int = 1, is_background: bool = False
) -> Surface:
    kind = kernel.surface_kind(brain.settings.brain_progress)
    if is_background and kind == "bars":
        kind = "off"  # a prompt stands where they would be
    return surface(kind, subject_of(brain, run_id), attempt=attempt)


def _beside(brain: "Brain", run_id: UUID, shown: Surface) -> RunHandle:
    shown.draw()  # in the output of this cell
    beside(brain, run_id, shown)
    return RunHandle(brain, run_id)


def _rested(kernel: Kernel, run: "Run", *, advises: bool) -> "Run":
    """The run, where it succeeded or a person can be asked."""
    if run.status is RunStatus.SUCCEEDED or (run.status is RunStatus.WAITING and kernel.has_person):
        return run
    if run.status is RunStatus.WAITING:
        raise RunUnfinished(f"The run {run.id} {_waits(run)}")
    reason = f": {run.error}" if run.error else "."
    is_said = not advises or "brain resume" in reason
    advice = "" if is_said else f" Go on with it: %brain resume {run.id}"
    raise RunUnfinished(f"The run {run.id} {ENDED[run.status]}{reason}{advice}")


def _waits(run: "Run") -> str:
    if run.questions:
        blanks = " ".join(question.blank for question in run.questions)
        return f"waits for answers, and nobody is there to give them: %brain answer {run.id} {blanks}"
    steps = ", ".join(request.step_id for request in run.waiting_for)
    return (
        f"waits for approval of {steps}, and nobody is there to give it: run it with --yes, or %brain approve {run.id}"
    )
