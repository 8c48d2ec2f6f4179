"""Work that is done elsewhere: what the workers of a cluster are handed, and the seam behind which they are."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

from brain.executor.ports import EventSink
from brain.pipeline_builder.pipeline import Pipeline, PlannedStep
from brain.runs import Json, StepResult

__all__ = ["Cluster", "ClusterSize", "Errand", "Submission", "Workers", "seen_by"]


class Submission(Protocol):
    """An errand that workers have; `after` of another one may name it."""

    async def results(self) -> Sequence[StepResult]:
        """How its calls ended, in their order; cancelling the wait cancels the calls.

        Raises CancelledError after `cancel`, ClusterUnavailable where the cluster is gone.
        """

    def cancel(self) -> None:
        """Let the calls not begin, or end them where they have."""


@dataclass(frozen=True, slots=True)
class Errand:
    """Calls of one step: one, or one for each of `items`."""

    step: PlannedStep
    scope: Mapping[str, Json]
    """What the step's references see of inputs and of the steps that are done."""
    after: Mapping[str, Submission] = field(default_factory=dict)
    """By id the steps that it needs and that workers still have."""
    items: Sequence[tuple[int, Json]] | None = None
    """Of a `foreach` step: numbers and values."""
    width: int | None = None
    """Items at the same time; None: as many as suit the tool."""
    earlier: Json = None
    """What the cache has of the same call, where it is too old to stand for it."""
    is_once: bool = False
    """Whether it may be begun once only, whatever happens to the worker."""


class Workers(Protocol):
    """The workers of a cluster as one run of a pipeline has them."""

    @property
    def slots(self) -> int:
        """Calls that they make at the same time."""

    def takes(self, step: PlannedStep) -> bool:
        """Whether calls of this step are made there; the others are made in this process."""

    def submit(self, errand: Errand) -> Submission:
        """Hand an errand over; it begins once what it comes after is done."""


@dataclass(frozen=True, slots=True)
class ClusterSize:
    """What a cluster has."""

    workers: int
    threads: int
    """Of all workers: so many calls are made at the same time."""
    address: str

    def __str__(self) -> str:
        return f"{_counted(self.workers, 'worker')} with {_counted(self.threads, 'thread')} at {self.address}"


class Cluster(Protocol):
    """Where workers are."""

    async def open(self) -> ClusterSize:
        """Find out, before a run begins, whether they can do its work; raises ClusterUnavailable."""

    async def aclose(self) -> None:
        """Let go of it."""

    def workers(self, pipeline: Pipeline, events: EventSink) -> AbstractAsyncContextManager[Workers]:
        """The workers, told of a pipeline; what they have still under way at the end is cancelled."""


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def seen_by(step: PlannedStep, scope: Mapping[str, Json]) -> dict[str, Json]:
    """The part of a scope that a step's references read."""
    references = [*step.arguments.references, *(step.when.references if step.when is not None else ())]
    heads = {reference.head for reference in references}
    return {head: scope[head] for head in heads if head in scope}
