"""A run that goes on beside the cells that follow."""

from typing import TYPE_CHECKING
from uuid import UUID

from brain.runs import RunStatus, short_id

if TYPE_CHECKING:
    from brain.session import Brain, Run
    from brain.session.batching.result import BatchRun

__all__ = ["BatchHandle", "RunHandle"]


class RunHandle:
    """What a cell with `--background` gives; every verb takes it for the run."""

    def __init__(self, brain: "Brain", run_id: UUID) -> None:
        self._brain = brain
        self.run_id = run_id

    @property
    def id(self) -> str:
        """The eight digits that surfaces show and every verb accepts."""
        return short_id(self.run_id)

    @property
    def status(self) -> RunStatus:
        """As it is now."""
        return self._brain.show(self.run_id).status

    def wait(self) -> "Run":
        """The run at rest; an interrupt ends it."""
        return self._brain.wait(self.run_id)

    def cancel(self) -> RunStatus:
        """End it."""
        return self._brain.cancel(self.run_id)

    def __repr__(self) -> str:
        return f"<run {self.id}: .wait() for its end, .status, .cancel()>"


class BatchHandle:
    """The same of a batch."""

    def __init__(self, brain: "Brain", batch_id: UUID) -> None:
        self._brain = brain
        self.batch_id = batch_id

    @property
    def id(self) -> str:
        """The eight digits that surfaces show and every verb accepts."""
        return short_id(self.batch_id)

    def show(self) -> "BatchRun":
        """As it is now."""
        return self._brain.show_batch(self.batch_id)

    def wait(self) -> "BatchRun":
        """The batch at rest; an interrupt ends it."""
        return self._brain.wait_batch(self.batch_id)

    def cancel(self) -> RunStatus:
        """End it."""
        return self._brain.cancel(str(self.batch_id))

    def __repr__(self) -> str:
        return f"<batch {self.id}: .wait() for its end, .show(), .cancel()>"
