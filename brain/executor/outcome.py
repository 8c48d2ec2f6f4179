"""How a run ended, from how its steps did; and what is told of a step that did."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from brain.errors import ToolError
from brain.executor.fan_out import FanOut
from brain.executor.standing import fails_run, without_call
from brain.pipeline_builder.pipeline import Pipeline, PlannedStep
from brain.pipeline_builder.references import compile_template
from brain.pipeline_builder.spec import OnError
from brain.runs import ApprovalRequest, Json, RunResult, RunStatus, StepResult, StepStatus

__all__ = ["Ending", "joined", "told"]


@dataclass(frozen=True, slots=True)
class Ending:
    """A pipeline of which nothing more begins."""

    pipeline: Pipeline
    results: Mapping[str, StepResult]
    """By step, also of those that were done before."""
    scope: Mapping[str, Json]
    """What references see."""
    waiting: tuple[ApprovalRequest, ...]

    def outcome(self, stopped: RunStatus | None, why: str) -> RunResult:
        """The run; `stopped` is what became of it where it was not let run to its end, for that reason."""
        steps = [(step, self.results[step.id]) for step in self.pipeline.steps.values() if step.id in self.results]
        failed = [result for step, result in steps if fails_run(step, result)]
        unknown = [result for _, result in steps if result.status is StepStatus.INTERRUPTED]
        status = stopped or self._status(failed, unknown)
        return RunResult(
            status=status,
            outputs=self._outputs() if status is not RunStatus.WAITING else {},
            steps={step.id: self.results[step.id] for step in self.pipeline.spec.steps if step.id in self.results},
            error="; ".join(filter(None, (why, *_reasons([*failed, *unknown])))) or None,
            waiting_for=self.waiting if status is RunStatus.WAITING else (),
        )

    def _status(self, failed: list[StepResult], unknown: list[StepResult]) -> RunStatus:
        if unknown:
            return RunStatus.INTERRUPTED
        if failed:
            return RunStatus.FAILED
        return RunStatus.WAITING if self.waiting else RunStatus.SUCCEEDED

    def _outputs(self) -> dict[str, Json]:
        """Each output by name; null where the step that it comes from has no result."""
        outputs = {}
        for name, source in self.pipeline.outputs.source.items():
            try:
                outputs[name] = compile_template(source, f"outputs.{name}").resolve(self.scope)
            except ToolError:
                outputs[name] = None
        return outputs


def told(result: StepResult) -> dict[str, Json]:
    """What the event of a step that ended says beside how."""
    said = {
        "seconds": result.seconds,
        "cached_from": None if result.cached_from is None else str(result.cached_from),
        "spending": asdict(result.spending) if result.spending.tokens else None,
    }
    return {name: value for name, value in said.items() if value is not None}


def _reasons(ended: Iterable[StepResult]) -> Iterator[str]:
    return (f"{result.step_id}: {result.error}" for result in ended if result.error)


def joined(step: PlannedStep, items: FanOut, started: datetime) -> StepResult:
    """How a `foreach` step ended, from how its items did."""
    took: dict[str, Any] = {"started_at": started, "items": len(items.values), "spending": items.spending}
    if (unknown := items.unknown) is not None:
        return without_call(step, StepStatus.INTERRUPTED, error=f"item {unknown.item}: {unknown.error}", **took)
    if (failed := items.failed) is not None and step.on_error is not OnError.COLLECT:
        return without_call(step, StepStatus.FAILED, error=f"item {failed.item} failed: {failed.error}", **took)
    origin = items.cached_from
    status = StepStatus.SUCCEEDED if origin is None else StepStatus.CACHED
    return without_call(step, status, result=items.values, cached_from=origin, **took)
