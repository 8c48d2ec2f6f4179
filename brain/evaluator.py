"""Scores a run from 0 to 1 by checks that need no model."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from brain.runs import Json, RunResult, RunStatus, StepStatus

__all__ = ["Evaluation", "evaluate"]

CITATION = re.compile(r"\[([a-z_][a-z0-9_]*)\](?!\()")
"""`[monthly]`, but not the text of a link."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The score and what it is made of."""

    score: float
    """The share of the checks that passed."""
    checks: dict[str, bool]


def evaluate(result: RunResult, answer: str) -> Evaluation:
    """Check that the run succeeded, that every output is there, that no step failed, and that the citations resolve."""
    cited = [step for step in CITATION.findall(answer) if step in result.steps or not _is_quoted(step, result.outputs)]
    checks = {
        "succeeded": result.status is RunStatus.SUCCEEDED,
        "outputs_present": any(value is not None for value in result.outputs.values()),
        "no_step_failed": all(step.status is not StepStatus.FAILED for step in result.steps.values()),
        "citations_resolve": bool(cited) and all(step in result.steps for step in cited),
    }
    return Evaluation(sum(checks.values()) / len(checks), checks)


def _is_quoted(word: str, results: Json) -> bool:
    """Whether `[word]` stands in a result itself, as `[edit]` does on many pages."""
    match results:
        case str():
            return f"[{word}]" in results
        case Mapping():
            return any(_is_quoted(word, item) for item in results.values())
        case list():
            return any(_is_quoted(word, item) for item in results)
        case _:
            return False
