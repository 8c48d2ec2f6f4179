"""What the engine is to execute: a pipeline, what a person allowed and said about it, and what is known from before."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from brain.executor.past import NO_LEGACY, IsWhole, Legacy, Past
from brain.executor.verdicts import NOTHING_SAID, Words
from brain.pipeline_builder.pipeline import Pipeline
from brain.runs import Json, StepResult

__all__ = ["Approvals", "Job"]


@dataclass(frozen=True, slots=True)
class Approvals:
    """What a person has allowed."""

    hashes: frozenset[str] = frozenset()
    everything: bool = False

    def allow(self, request_hash: str) -> bool:
        """Whether the call with this hash may be made."""
        return self.everything or request_hash in self.hashes


@dataclass(frozen=True, slots=True)
class Job:
    """One execution of a pipeline."""

    pipeline: Pipeline
    inputs: Mapping[str, Json] = field(default_factory=dict)
    """Bound: defaults filled in and checked (`Pipeline.bind_inputs`)."""
    approvals: Approvals = Approvals()
    earlier: tuple[StepResult, ...] = ()
    """Results of an earlier attempt; a finished step whose fingerprint is unchanged is not called again."""
    legacy: Legacy = NO_LEGACY
    """Likewise of the runs that this one goes on from."""
    words: Words = NOTHING_SAID
    """What a person said about calls whose outcome is unknown."""

    @property
    def done(self) -> dict[str, StepResult]:
        """The results of the steps that the pipeline leaves out, because they are finished for good."""
        done = self.pipeline.done
        return {result.step_id: result for result in self.earlier if result.item is None and result.step_id in done}

    async def recall(self, is_whole: IsWhole | None) -> Past:
        """What is known of the calls that are left; `is_whole` is asked about the results that may stand for some."""
        done = self.pipeline.done
        earlier = [result for result in self.earlier if result.step_id not in done]
        past = Past(earlier, self.legacy, self.words, self.pipeline.steps, done)
        if is_whole is not None:
            await past.look(is_whole)
        return past
