"""Scores a run from 0 to 1 by checks that need no model."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from brain.pipeline_builder.pipeline import Pipeline, PlannedStep
from brain.pipeline_builder.schemas import Validator
from brain.pipeline_builder.spec import OnError
from brain.runs import Json, RunResult, RunStatus, StepStatus

__all__ = ["Evaluation", "Grounds", "evaluate"]


@dataclass(frozen=True, slots=True)
class Grounds:
    """What an answer rests on, as its writer tells."""

    cited: Collection[str] = ()
    """The steps that it names."""
    unverified: Collection[str] = ()
    """Its numbers that do not stand in what it cites."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The score and what it is made of."""

    score: float
    """The share of the checks that passed."""
    checks: dict[str, bool]


def evaluate(result: RunResult, grounds: Grounds | None, pipeline: Pipeline | None) -> Evaluation:
    """Check how a run ended, what its steps gave, and what its answer rests on.

    Without an answer (`grounds` is None) or a plan (`pipeline` is None) what would be checked of them fails.
    """
    checks = {
        "succeeded": result.status is RunStatus.SUCCEEDED,
        "outputs_present": _outputs_present(result, pipeline),
        "outputs_fit_schemas": _outputs_fit(result, pipeline),
        "no_step_failed": all(step.status is not StepStatus.FAILED for step in result.steps.values()),
        "numbers_grounded": grounds is not None and not grounds.unverified,
        "citations_resolve": _citations_resolve(result, grounds),
    }
    return Evaluation(sum(checks.values()) / len(checks), checks)


def _outputs_present(result: RunResult, pipeline: Pipeline | None) -> bool:
    """Every output has a value, but for those of steps that were to be skipped; at least one has."""
    missing = [name for name, value in result.outputs.items() if value is None]
    is_any = len(missing) < len(result.outputs)
    return is_any and pipeline is not None and all(_was_skipped(name, result, pipeline) for name in missing)


def _was_skipped(output: str, result: RunResult, pipeline: Pipeline) -> bool:
    place = f"outputs.{output}"
    heads = {
        reference.head
        for reference in pipeline.outputs.references
        if reference.where == place or reference.where.startswith((f"{place}.", f"{place}["))
    }
    steps = [result.steps[head] for head in heads or {output} if head in result.steps]
    return any(step.status is StepStatus.SKIPPED for step in steps)


def _outputs_fit(result: RunResult, pipeline: Pipeline | None) -> bool:
    """What each step gave is what its tool declares to give."""
    given = list(_given(result, pipeline)) if pipeline is not None else []
    return bool(given) and all(next(validator.misfits(value), None) is None for validator, value in given)


def _given(result: RunResult, pipeline: Pipeline) -> Iterator[tuple[Validator, Json]]:
    tools = {**pipeline.done, **{step.id: step.definition for step in pipeline.steps.values()}}
    validators: dict[str, Validator] = {}
    for step_id, tool in tools.items():
        step = result.steps.get(step_id)
        if step is None or not step.status.has_result:
            continue
        if tool.name not in validators:
            validators[tool.name] = Validator(tool.output_schema)
        yield from ((validators[tool.name], value) for value in _values(step.result, pipeline.steps.get(step_id)))


def _values(given: Json, planned: PlannedStep | None) -> list[Json]:
    """What a step's tool gave: of a `foreach` step each item."""
    if planned is None or planned.foreach is None or not isinstance(given, list):
        return [given]
    collects = planned.on_error is OnError.COLLECT
    return [value for value in given if not (collects and _is_failed_item(value))]


def _is_failed_item(value: Json) -> bool:
    return isinstance(value, Mapping) and value.keys() == {"error"}


def _citations_resolve(result: RunResult, grounds: Grounds | None) -> bool:
    return grounds is not None and bool(grounds.cited) and all(step in result.steps for step in grounds.cited)
