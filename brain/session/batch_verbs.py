"""The verbs of `Brain` that are about batches of notebooks."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from brain.errors import RunNotFound, UsageError
from brain.notebook_runs.parameter_sets import SetsLike
from brain.session.batching.order import BatchOrder
from brain.session.batching.result import BatchRun
from brain.session.opened import Opened

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BatchLike", "BatchVerbs"]

type BatchLike = BatchRun | UUID | str
"""A batch, its id, the beginning or end of its id, or `last`."""


class BatchVerbs(Opened):
    """One notebook, run once for each of many sets of parameters."""

    def batch(
        self, notebook: str | Path | None, parameters: SetsLike = None, /, *, common: Mapping[str, Any] | None = None,
        out: str | Path | None = None, jobs: int | None = None, retries: int = 0, timeout: str | float | None = None,
        fresh: bool = False, resume: bool = False,
    ) -> BatchRun:  # fmt: skip
        """Run a notebook with each set of parameters; `frame` of what comes back has a row a set.

        `parameters` are a DataFrame or Arrow table with a row a set, a list of mappings, a grid (`{"city": ["Oslo",
        "Rome"], "month": ["1..12"]}`), or a file of one of these; `common` values are the same in all. Each run is one
        of the knowledge base, and its notebook is written into the folder `out` (or as it names them:
        `reports/{city}-{month}.ipynb`). A set that an earlier run of the same notebook has the result of is not run
        again, unless `fresh`. With `resume` the newest such batch is gone on with: what is missing or failed is run;
        `notebook` may be its id then. `timeout` is of each notebook, `retries` how often one that failed is run again,
        `jobs` how many are run at once (as many as there are processors).

        A batch of which sets failed is no error: `check` of what comes back makes it one. Raises ParametersError with
        every problem before anything is run.
        """
        order = BatchOrder(
            notebook, parameters, common or {}, out, jobs, retries, timeout, is_fresh=fresh, resumes=resume
        )
        return self.wait_batch(self.start_batch(order))

    def start_batch(self, order: BatchOrder) -> UUID:
        """The same as `batch`, without waiting for the end."""
        return self._bridge.run_whole(self._core.batches.start(order), self._end_batch)

    def wait_batch(self, batch: BatchLike = "last") -> BatchRun:
        """The batch at rest; an interrupt (Ctrl-C, the stop button) ends it first, and then is raised."""
        batch_id = self.resolve_batch(batch)
        try:
            return self._bridge.run(self._core.batches.wait(batch_id))
        except KeyboardInterrupt:
            self._end_batch(batch_id)
            self._bridge.run(self._core.batches.wait(batch_id))
            raise

    def show_batch(self, batch: BatchLike = "last") -> BatchRun:
        """A batch as it stands."""
        return self._bridge.run(self._core.batches.show(self.resolve_batch(batch)))

    def batches(self, *, limit: int | None = 1000) -> "pd.DataFrame":
        """Batches as a DataFrame, the newest first, with how many of their sets ended how."""
        return self._bridge.run(self._core.batches.list(limit))

    def resolve_batch(self, batch: BatchLike) -> UUID:
        """The full id of a batch."""
        match batch:
            case UUID():
                return batch
            case BatchRun():
                return batch.batch_id
            case str():
                return self._bridge.run(self._core.batches.resolve(batch))
            case _:
                raise UsageError(f"A batch is named by its id, a part of it, or `last`, not by {batch!r}.")

    def find_batch(self, named: object) -> UUID | None:
        """The batch that something stands for, None where it is a run; raises RunNotFound where it is neither."""
        if isinstance(named, BatchRun):
            return named.batch_id
        if not isinstance(named, str):
            return None
        try:
            self.resolve(named)
        except RunNotFound:
            with suppress(UsageError):
                return self.resolve_batch(named)
            raise
        return None

    def _end_batch(self, batch_id: UUID) -> None:
        self._bridge.run(self._core.batches.cancel(batch_id))
