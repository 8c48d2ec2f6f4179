"""The verbs of `Brain` that look at what was done, find it and rate it."""

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

from brain.errors import UsageError
from brain.evaluator import Comparison, Judgement, SuiteRun
from brain.runs import RunStatus
from brain.session.evaluations import OnCase, SuiteOrder
from brain.session.given import SuiteLike, as_suite
from brain.session.opened import Opened, RunLike
from brain.session.run import Run

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Past"]


class Past(Opened):
    """Runs and evaluations that there are."""

    def show(self, run: RunLike = "last", *, items: bool = False) -> Run:
        """One run with its answer, results and steps; with `items` each `foreach` step is followed by its items."""
        return self._bridge.run(self._core.show(self.resolve(run), items=items))

    def runs(
        self, *, status: str | None = None, text: str = "", since: datetime | None = None, limit: int | None = 1000
    ) -> "pd.DataFrame":
        """Past and present runs as a DataFrame, the newest first."""
        from brain.knowledge_base.frames import RunFilter

        if since is not None and not isinstance(since, datetime):
            raise UsageError(f"`since` takes a datetime, not {since!r}.")
        statuses = (_status(status),) if status is not None else ()
        return self._bridge.run(self._core.runs(RunFilter(statuses, since, text), limit))

    def steps(self, run: RunLike | None = None, *, items: bool = False, limit: int | None = 10_000) -> "pd.DataFrame":
        """Steps of a run (or of all recent ones) as a DataFrame; `items` adds the items of `foreach` steps."""
        run_id = None if run is None else self.resolve(run)
        return self._bridge.run(self._core.steps(run_id, items=items, limit=limit))

    def search(self, text: str, *, limit: int = 10) -> "pd.DataFrame":
        """Past runs whose requests mean nearly the same, as a DataFrame with their similarity."""
        return self._bridge.run(self._core.search(text, limit))

    def sql(self, query: str) -> "pd.DataFrame":
        """Any read-only SQL over the knowledge base (schema `brain`) as a DataFrame."""
        return self._bridge.run(self._core.sql(query))

    def rate(self, run: RunLike, stars: int, comment: str = "") -> None:
        """Say how good a run was, 1 to 5."""
        self._bridge.run(self._core.rate(self.resolve(run), stars, comment))

    def judge(self, run: RunLike, *, rubric: str = "") -> Judgement:
        """Have the chat model rate the answer of a run by a rubric, and keep that beside its score."""
        return self._bridge.run(self._core.evaluations.judge(self.show(run), rubric))

    def eval(
        self, suite: SuiteLike, /, *, cases: Collection[str] = (), plan_only: bool = False, jobs: int = 4,
        judge: bool = False, yes: bool = False, use_cache: bool = True, on_case: OnCase | None = None,
    ) -> SuiteRun:  # fmt: skip
        """Evaluate a suite, or those of its cases that are named; `frame` of what comes back has a row a case.

        `plan_only` looks at plans alone and runs nothing, `judge` has the chat model rate the answers as well.
        """
        whole, folder, source = as_suite(suite, self.settings.project)
        order = SuiteOrder(
            whole.only(cases) if cases else whole, folder, source, plan_only=plan_only, jobs=jobs, judge=judge, yes=yes,
            use_cache=use_cache,
        )  # fmt: skip
        return self._bridge.run(self._core.evaluations.run(order, on_case))

    def evaluation(self, which: str = "last", *, suite: str | None = None, plan_only: bool | None = None) -> SuiteRun:
        """An earlier evaluation, named by its id, a part of it, or `last`: of a suite and kind, where that is said."""
        return self._bridge.run(self._core.evaluations.show(which, suite=suite, plan_only=plan_only))

    def evaluations(self, *, suite: str = "", limit: int | None = 1000) -> "pd.DataFrame":
        """Evaluations of suites as a DataFrame, the newest first."""
        return self._bridge.run(self._core.suite_runs(suite, limit))

    def compare(self, before: SuiteRun | str, after: SuiteRun | str = "last") -> Comparison:
        """Two evaluations side by side: what got better, what got worse, and what else differs."""
        return Comparison(*(each if isinstance(each, SuiteRun) else self.evaluation(each) for each in (before, after)))


def _status(status: str) -> RunStatus:
    try:
        return RunStatus(status)
    except ValueError:
        raise UsageError(f"A run is {', '.join(RunStatus)}; not {status!r}.") from None
