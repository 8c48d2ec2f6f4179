"""What is asked about a call before it is made, and what is answered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from brain.executor.fingerprint import fingerprint
from brain.pipeline_builder.pipeline import PlannedStep
from brain.runs import Json, StepResult

__all__ = ["NOTHING_SAID", "Asked", "Finding", "Key", "Verdict", "Words"]

type Key = tuple[str, int | None]
"""A step, or one of its items."""


class Verdict(StrEnum):
    """What becomes of a step, or of one call of it, when a run goes on."""

    KEPT = "kept"
    """Its result stands."""
    SKIPPED = "skipped"
    """It is not done, by a person's word or by its condition."""
    AGAIN = "again"
    """It was done or tried before and is done again."""
    PENDING = "pending"
    """It is done for the first time."""
    NEW = "new"
    """The pipeline had no such step before."""
    DOUBTFUL = "doubtful"
    """Nobody knows whether it did its work, and it may not be done twice: a person has to say."""
    GONE = "gone"
    """The pipeline has no such step any more."""


@dataclass(frozen=True, slots=True)
class Words:
    """What a person said about steps of which nobody knows whether they did their work."""

    retry: frozenset[str] = frozenset()
    """To be done again."""
    skip: frozenset[str] = frozenset()
    """Not to be done again."""

    def __bool__(self) -> bool:
        return bool(self.retry or self.skip)


NOTHING_SAID = Words()


@dataclass(frozen=True, slots=True)
class Asked:
    """A call by what makes it the same as another one."""

    step: PlannedStep
    item: int | None
    arguments: Mapping[str, Json]
    fingerprint: str | None
    paths: Mapping[str, str] = field(default_factory=dict)
    """By place in the arguments the files that it reads."""
    contents: Mapping[str, str | None] = field(default_factory=dict)
    """Likewise the hashes of what they hold."""

    @property
    def key(self) -> Key:
        """Its place in the pipeline."""
        return self.step.id, self.item

    @property
    def is_repeatable(self) -> bool:
        """Whether it may be made again where its outcome is unknown."""
        return self.step.definition.is_repeatable

    def at(self, version: str) -> str | None:
        """Its fingerprint, were the tool of that version."""
        return fingerprint(self.step.definition, self.arguments, self.contents, version=version)


@dataclass(frozen=True, slots=True)
class Finding:
    """What is known of a call before it is made."""

    verdict: Verdict = Verdict.PENDING
    reason: str = ""
    result: StepResult | None = None
    """Stands for the call, which is then not made."""
    was_finished: bool = False
    """Whether the call in its place had a result before."""
    in_doubt: bool = False
    """Whether a person's word counts, or is needed."""
    is_on_record: bool = False
    """Whether `result` is in the run's own rows as it is."""

    @property
    def is_again(self) -> bool:
        """Whether something is done that was done or tried before."""
        return self.verdict is Verdict.AGAIN
