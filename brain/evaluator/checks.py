"""Scores a run from 0 to 1 by checks that need no model."""

from collections.abc import Collection
from dataclasses import dataclass

from brain.runs import RunResult, RunStatus, StepStatus

__all__ = ["Evaluation", "evaluate"]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The score and what it is made of."""

    score: float
    """The share of the checks that passed."""
    checks: dict[str, bool]


def evaluate(result: RunResult, cited: Collection[str]) -> Evaluation:
    """Check that the run succeeded, that there is an output, that no step failed, and that the answer cites its steps.

    `cited` are the steps that the answer names as what it rests on.
    """
    checks = {
        "succeeded": result.status is RunStatus.SUCCEEDED,
        "outputs_present": any(value is not None for value in result.outputs.values()),
        "no_step_failed": all(step.status is not StepStatus.FAILED for step in result.steps.values()),
        "citations_resolve": bool(cited) and all(step in result.steps for step in cited),
    }
    return Evaluation(sum(checks.values()) / len(checks), checks)
