"""What the end of a step means for the run and for the steps that need it."""

from collections.abc import Mapping
from typing import Any

from brain.pipeline_builder.pipeline import Pipeline, PlannedStep
from brain.pipeline_builder.spec import OnError
from brain.runs import Json, StepResult, StepStatus, utc_now

__all__ = ["fails_run", "is_usable", "unmet", "unusable", "value_of", "without_call"]


def fails_run(step: PlannedStep, result: StepResult) -> bool:
    """Whether a step that ended so lets the run fail."""
    return result.status is StepStatus.FAILED and step.on_error is not OnError.SKIP


def is_usable(step: PlannedStep | None, result: StepResult) -> bool:
    """Whether the steps that need this one run, with its result or null; None stands for one that was done before."""
    if result.status.has_result or result.is_waived or step is None:
        return True
    return result.status is StepStatus.FAILED and not fails_run(step, result)


def value_of(result: StepResult) -> Json:
    """What references to the step see."""
    return result.result if result.status.has_result else None


def unusable(step: PlannedStep, pipeline: Pipeline, results: Mapping[str, StepResult]) -> str | None:
    """Why a step is not to run, by how those of its dependencies ended that have."""
    for needed in step.dependencies:
        if needed in results and not is_usable(pipeline.steps.get(needed), results[needed]):
            return f"{needed} {results[needed].status}"
    return None


def unmet(step: PlannedStep, scope: Mapping[str, Json]) -> str | None:
    """Why a step is not to run, by its condition; raises ToolError where that leads nowhere."""
    if step.when is None or step.when.holds(scope):
        return None
    return f"its condition is not met: {step.when.source}"


def without_call(step: PlannedStep, status: StepStatus, error: str | None = None, **fields: Any) -> StepResult:
    """The state of a step, or with `item` of an item, that is not that of one call."""
    finished, tool = utc_now() if status is not StepStatus.RUNNING else None, step.definition
    return StepResult(
        step.id, tool.name, status, tool_version=tool.version, error=error, finished_at=finished, **fields
    )
