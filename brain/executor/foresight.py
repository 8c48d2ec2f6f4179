"""What going on with a run will do, told beforehand: which steps are kept, which are done again and why.

The pipeline is walked as the engine will walk it, with what is known in place of calls.
"""

from collections import ChainMap
from dataclasses import dataclass
from pathlib import Path

from brain.errors import ToolError
from brain.executor import reasons
from brain.executor.calls import Preparer
from brain.executor.fan_out import items_of
from brain.executor.job import Job
from brain.executor.pace import Pace
from brain.executor.past import IsWhole, Past
from brain.executor.standing import unmet
from brain.executor.verdicts import Finding, Verdict
from brain.language_models import Account
from brain.pipeline_builder.pipeline import PlannedStep
from brain.pipeline_builder.references import Condition, Template
from brain.runs import Json, StepStatus

__all__ = ["Foresight", "StepForesight", "foresee"]

SHOWN_STEPS = 5
"""Of those that are done again in the sentence about them."""


@dataclass(frozen=True, slots=True)
class StepForesight:
    """What becomes of one step."""

    step_id: str
    tool: str
    verdict: Verdict
    reason: str = ""
    was_finished: bool = False
    """Whether it, or an item of it that is done again, had a result."""
    in_doubt: bool = False
    """Whether a person's word counts, is needed, or may well be given: it is shown as `interrupted`."""

    @property
    def needs(self) -> str:
        """Of a doubtful one what a person has to say."""
        return reasons.needs_a_word(self.step_id, self.reason)

    def to_json(self) -> dict[str, Json]:
        """What a person is told of it."""
        return {"id": self.step_id, "tool": self.tool, "verdict": str(self.verdict), "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Foresight:
    """What becomes of each step, in the order of the pipeline; those that are gone come last."""

    steps: tuple[StepForesight, ...] = ()
    is_new_run: bool = False
    """Whether it goes on as a run of its own."""

    @property
    def repeated(self) -> tuple[StepForesight, ...]:
        """The steps that were finished and are done again all the same."""
        return tuple(step for step in self.steps if step.was_finished and step.verdict is Verdict.AGAIN)

    @property
    def doubtful(self) -> tuple[StepForesight, ...]:
        """The steps about which a person has to say something first."""
        return tuple(step for step in self.steps if step.verdict is Verdict.DOUBTFUL)

    @property
    def summary(self) -> str:
        """One line about finished steps that are done again; empty where none is."""
        repeated, finished = self.repeated, sum(step.was_finished for step in self.steps)
        if not repeated:
            return ""
        shown = ", ".join(f"{step.step_id} ({step.reason})" for step in repeated[:SHOWN_STEPS])
        more = f" and {len(repeated) - SHOWN_STEPS} more" if len(repeated) > SHOWN_STEPS else ""
        are = "is" if len(repeated) == 1 else "are"
        return f"{len(repeated)} of {finished} finished steps {are} done again: {shown}{more}"

    def to_json(self) -> dict[str, Json]:
        """All of it."""
        return {"is_new_run": self.is_new_run, "steps": [step.to_json() for step in self.steps]}


async def foresee(job: Job, project: Path | None, is_whole: IsWhole | None = None) -> Foresight:
    """What the engine would do with a job; nothing is done."""
    walk = _Walk(job, await job.recall(is_whole), project)
    found = {step_id: await walk.foreseen(job.pipeline.steps[step_id]) for step_id in job.pipeline.order}
    is_new_run = job.legacy.steps is not None
    gone = walk.past.gone() if is_new_run else ()
    left = [StepForesight(step_id, tool, Verdict.GONE, reason) for step_id, tool, reason in gone]
    return Foresight((*(found[step_id] for step_id in job.pipeline.steps), *left), is_new_run)


class _Walk:
    def __init__(self, job: Job, past: Past, project: Path | None) -> None:
        self.past = past
        self._preparer = Preparer(project, Account(), past)
        self._scope: dict[str, Json] = {"inputs": dict(job.inputs)}
        self._left_out: set[str] = set()
        """Steps that are not done, so that neither are those that need them."""

    async def foreseen(self, step: PlannedStep) -> StepForesight:
        try:
            found = await self._found(step)
        except ToolError as exc:
            found = Finding(Verdict.PENDING, f"it will fail: {exc}")
        if found.verdict is Verdict.SKIPPED and not found.in_doubt:
            self._left_out.add(step.id)
        in_doubt = found.in_doubt or self.past.was_interrupted(step.id)
        return StepForesight(step.id, step.definition.name, found.verdict, found.reason, found.was_finished, in_doubt)

    async def _found(self, step: PlannedStep) -> Finding:
        if left_out := sorted(step.dependencies & self._left_out):
            return Finding(Verdict.SKIPPED, f"{left_out[0]} {StepStatus.SKIPPED}")
        open_ = self._undecided(step, step.when)
        if not open_ and (reason := unmet(step, self._scope)) is not None:
            return Finding(Verdict.SKIPPED, reason)
        if open_ := open_ | self._undecided(step, step.foreach) | self._undecided(step, step.arguments):
            return self.past.find_undecided(step, open_)
        return await (self._of_call(step) if step.foreach is None else self._of_items(step))

    def _undecided(self, step: PlannedStep, part: Template | Condition | None) -> set[str]:
        """The steps that this part of the step sees, and whose results are not known."""
        heads = {reference.head for reference in part.references} if part is not None else set[str]()
        return (heads & step.dependencies) - self._scope.keys()

    async def _of_call(self, step: PlannedStep) -> Finding:
        found = (await self._preparer.prepare(step, self._scope)).found
        if found.result is not None:
            self._scope[step.id] = found.result.result
        return found

    async def _of_items(self, step: PlannedStep) -> Finding:
        found, pace = list[Finding](), Pace()
        for index, value in enumerate(items_of(step, self._scope)):
            own = {"item": value, "index": index}
            found.append((await self._preparer.prepare(step, ChainMap(own, self._scope), index)).found)
            await pace.keep()
        results = [each.result.result for each in found if each.result is not None]
        if len(results) < len(found):
            return _of_several(found)
        if not found and not self.past.was_finished(step.id):
            return Finding()
        self._scope[step.id] = results
        return Finding(Verdict.KEPT, was_finished=True, in_doubt=any(each.in_doubt for each in found))


def _of_several(found: list[Finding]) -> Finding:
    """What becomes of a step of whose items some are done."""
    made = [each for each in found if each.result is None]
    ordered = (Verdict.DOUBTFUL, Verdict.AGAIN, Verdict.NEW, Verdict.PENDING)
    verdict = next(verdict for verdict in ordered if any(each.verdict is verdict for each in made))
    is_repeated = any(each.was_finished for each in made)
    in_doubt = any(each.in_doubt for each in found)
    return Finding(verdict, reasons.of_items(found), was_finished=is_repeated, in_doubt=in_doubt)
