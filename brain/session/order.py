"""What a run is to do, as a door hands it over."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from brain.budgets import Budget
from brain.errors import UsageError
from brain.intent_inference.plan import Plan
from brain.pipeline_builder.spec import PipelineSpec
from brain.runs import NOTHING_SPENT, Spending

__all__ = ["BudgetLike", "Order", "as_budget"]

type BudgetLike = Budget | str | float | None
"""What a run may spend: US dollars as a number, or as `Budget.parse` reads it; None: what the settings say."""


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

    @property
    def written(self) -> PipelineSpec | None:
        """The pipeline, where it is known beforehand."""
        return self.plan.spec if self.plan is not None else self.spec


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
