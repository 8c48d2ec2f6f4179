"""What a run is to do, as a door hands it over."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from brain.budgets import Budget
from brain.deadlines import Deadline
from brain.errors import UsageError
from brain.executor.verdicts import NOTHING_SAID, Words
from brain.intent_inference.plan import Plan
from brain.intent_inference.sketch import Tell
from brain.pipeline_builder.spec import PipelineSpec
from brain.runs import NOTHING_SPENT, Json, Spending

__all__ = ["BudgetLike", "DeadlineLike", "Order", "PlanOrder", "as_answers", "as_budget", "as_deadline"]

type BudgetLike = Budget | str | float | None
"""What a run may spend: US dollars as a number, or as `Budget.parse` reads it; None: what the settings say."""
type DeadlineLike = Deadline | timedelta | str | None
"""How long each attempt of a run may take, as `Deadline.parse` reads it; None: what the settings say."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is wanted: a request to plan for, a plan that was made for it already, or a pipeline as it is."""

    request: str = ""
    spec: PipelineSpec | None = None
    plan: Plan | None = None
    """Run as it is; the run says who made it."""
    spent: Spending = NOTHING_SPENT
    """What making the plan has taken from the chat model; it counts as the run's."""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    """Values, DataFrames and Arrow tables by name."""
    yes: bool = False
    """Whether tools that change something may run without asking."""
    source: str = "python"
    use_cache: bool = True
    """Whether results of earlier calls may stand for steps that say `cache`."""
    budget: Budget | None = None
    """What the run may spend on the chat model; None: what the settings say."""
    deadline: Deadline | None = None
    """How long each attempt of the run may take; None: what the settings say."""
    answers: Mapping[str, Any] = field(default_factory=dict)
    """What questions about the request are answered with, by their names."""
    parent: UUID | None = None
    """The run that this one goes on from, whose finished steps it takes over where their calls are the same."""
    batch: tuple[UUID, int] | None = None
    """The batch that it is a run of, and its place in it."""
    words: Words = NOTHING_SAID
    """What a person said about steps of which nobody knows whether they did their work."""

    @property
    def written(self) -> PipelineSpec | None:
        """The pipeline, where it is known beforehand."""
        return self.plan.spec if self.plan is not None else self.spec


@dataclass(frozen=True, slots=True)
class PlanOrder:
    """What is to be planned, and who hears of it while the plan is written."""

    request: str
    tables: Mapping[str, Any] = field(default_factory=dict)
    """Arrow tables that the request is about, by name."""
    answers: Mapping[str, Any] = field(default_factory=dict)
    as_of: date | None = None
    """The day that words such as `yesterday` count from; None: today, on this machine's calendar."""
    tell: Tell | None = None


def as_answers(answers: Mapping[str, Any] | None) -> dict[str, Json]:
    """Answers by the names of their questions, as JSON; raises UsageError."""
    if answers is not None and not (isinstance(answers, Mapping) and all(isinstance(name, str) for name in answers)):
        raise UsageError(f"Answers are a mapping from the names of questions to values, not {answers!r}.")
    try:
        plain: dict[str, Json] = json.loads(json.dumps(dict(answers or {}), allow_nan=False))
    except (TypeError, ValueError) as exc:
        raise UsageError(
            f"An answer is a JSON value: text, a number, true or false, or a list of these ({exc})."
        ) from None
    return plain


def as_budget(budget: BudgetLike) -> Budget | None:
    """The budget, however it is written; raises UsageError."""
    if budget is None or isinstance(budget, Budget):
        return budget
    if isinstance(budget, bool) or not isinstance(budget, str | int | float):
        raise UsageError(f"A budget is a number of US dollars or a text such as '20000 tokens', not {budget!r}.")
    try:
        return Budget.parse(budget if isinstance(budget, str) else f"{budget:.9f}")
    except ValueError as exc:
        raise UsageError(f"{exc}.") from None


def as_deadline(deadline: DeadlineLike) -> Deadline | None:
    """The deadline, however it is written; raises UsageError."""
    if deadline is None or isinstance(deadline, Deadline):
        return deadline
    if not isinstance(deadline, str | timedelta):
        raise UsageError(f"A deadline is a text such as '10m', or a timedelta, not {deadline!r}.")
    try:
        return Deadline.parse(deadline) if isinstance(deadline, str) else Deadline(deadline)
    except ValueError as exc:
        raise UsageError(f"{exc}.") from None
