"""What cells call in Python: `call` for a tool, and what exported notebooks need around it, with errors of a line."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Unpack

from brain.errors import BrainError, RunUnfinished, UsageError
from brain.notebook.brief import brief
from brain.notebook.handle import RunHandle
from brain.notebook_runs import filling
from brain.runs import RunStatus
from brain.session.one_step import HOW_TO_ALLOW, Arguments, CallOptions, step_id_of

if TYPE_CHECKING:
    from brain.notebook.kernel import Kernel

__all__ = ["call", "check", "filled", "holds", "made_call"]


def call(tool: str, arguments: Arguments, /, **options: Unpack[CallOptions]) -> Any:
    """What a tool gives for these arguments, or for each of a list of them, as `Brain.call` does.

    The cell shows the call while it works, and fails in one line where it does not succeed.
    """
    from IPython.core.getipython import get_ipython

    from brain.notebook.magics import BrainMagics

    try:
        shell = get_ipython()
        if shell is None:
            raise UsageError("Outside of a notebook a tool is called with brain.Brain().call(tool, arguments).")
        return made_call(BrainMagics.of(shell).kernel, tool, arguments, options)
    except (BrainError, KeyboardInterrupt) as exc:
        raise brief(exc) from None


def _in_a_line[**P, T](function: Callable[P, T]) -> Callable[P, T]:
    """The function, whose errors a cell shows in one line."""

    @wraps(function)
    def told(*arguments: P.args, **values: P.kwargs) -> T:
        try:
            return function(*arguments, **values)
        except BrainError as exc:
            raise brief(exc) from None

    return told


check = _in_a_line(filling.check)
filled = _in_a_line(filling.filled)
holds = _in_a_line(filling.holds)


def made_call(
    kernel: "Kernel", tool: str, arguments: Arguments, options: CallOptions, *, executor: str | None = None
) -> Any:
    """Call a tool in a cell; raises RunUnfinished where it waits or fails, UsageError."""
    from brain.notebook.following import follow

    if isinstance(arguments, list | tuple) and not arguments:
        return []
    brain = kernel.brain(executor)
    run = follow(
        kernel, brain, advises=False,
        begin=lambda: brain.start_call(tool, arguments, options, may_wait=kernel.has_person, source="notebook"),
    )  # fmt: skip
    assert not isinstance(run, RunHandle)  # noqa: S101 - it is not in the background
    if run.status is not RunStatus.SUCCEEDED:
        raise RunUnfinished(
            f"The call of {tool}, run {run.id}, waits for approval: allow it, and take what it gives by %brain show "
            f"{run.id}; or {HOW_TO_ALLOW}."
        )
    return run.results[step_id_of(tool)]
