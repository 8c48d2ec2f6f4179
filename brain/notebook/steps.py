"""What cells call in Python: `call` makes one call of a tool, or many, and shows it while it works."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Unpack

from brain.errors import BrainError, RunUnfinished, UsageError
from brain.notebook.brief import brief
from brain.runs import RunStatus
from brain.session.one_step import Arguments, CallOptions, order_of_call, step_id_of

if TYPE_CHECKING:
    from brain.notebook.kernel import Kernel
    from brain.session import Run

__all__ = ["call", "made_call"]


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


def made_call(
    kernel: "Kernel", tool: str, arguments: Arguments, options: CallOptions, *, executor: str | None = None
) -> Any:
    """Call a tool in a cell; raises RunUnfinished where it waits or fails, UsageError, SpecError."""
    from brain.notebook.following import follow

    if not arguments and not isinstance(arguments, Mapping):
        return []
    brain = kernel.brain(executor)
    order = order_of_call(tool, arguments, options, source="notebook")
    run: Run = follow(kernel, brain, brain.start(order))  # type: ignore[assignment] # not in the background
    if run.status is not RunStatus.SUCCEEDED:
        raise RunUnfinished(
            f"The call of {tool}, run {run.id}, waits for approval: allow it, and take what it gives by %brain show "
            f"{run.id}; or call it with yes=True."
        )
    return run.results[step_id_of(tool)]
