"""What must hold before a run begins, or goes on: each function returns where it does, and raises UsageError."""

from collections.abc import Collection

from brain.budgets import Budget
from brain.errors import UsageError
from brain.language_models import ChatModel
from brain.pipeline_builder.pipeline import Pipeline
from brain.pipeline_builder.spec import why_unstorable
from brain.runs import NOTHING_SPENT, RunStatus, Spending, StepStatus
from brain.session.run import Run

__all__ = ["RESUMABLE", "affordable", "answerable", "approvable", "asks_model", "resumable", "usable"]

RESUMABLE = frozenset({RunStatus.FAILED, RunStatus.CANCELLED, RunStatus.INTERRUPTED})


def usable(request: str) -> None:
    """A request that can be planned for and stored."""
    if not request.strip():
        raise UsageError("There is no request: say in words what you want.")
    if why := why_unstorable(request):
        raise UsageError(f"The request {why}: leave that character out.")


def approvable(run: Run) -> None:
    """A run that waits for approval."""
    if run.status is not RunStatus.WAITING:
        raise UsageError(f"The run {run.id} is {run.status}: it waits for no approval.")
    if run.questions or run.spec is None:
        raise UsageError(f"The run {run.id} {run.waits}")


def answerable(run: Run) -> None:
    """A run that waits for answers."""
    if run.status is not RunStatus.WAITING:
        raise UsageError(f"The run {run.id} is {run.status}: it asks nothing.")
    if not run.questions:
        raise UsageError(f"The run {run.id} asks nothing; it {run.waits}")


def resumable(run: Run, retry_steps: Collection[str] = ()) -> None:
    """A run that can go on; `retry_steps` may be called again although they may have done their work."""
    if run.status is RunStatus.WAITING:
        raise UsageError(f"The run {run.id} {run.waits}")
    if run.status not in RESUMABLE:
        raise UsageError(f"The run {run.id} is {run.status}: there is nothing to resume.")
    steps = {step.step_id for step in run.step_results}
    if strangers := [step for step in retry_steps if step not in steps]:
        raise UsageError(f"The run {run.id} has no step {', '.join(strangers)}; its steps: {', '.join(sorted(steps))}.")
    unknown = {step.step_id for step in run.step_results if step.status is StepStatus.INTERRUPTED}
    if doubtful := sorted(unknown.difference(retry_steps)):
        raise UsageError(
            f"Nobody knows whether {', '.join(doubtful)} did its work before the run was interrupted, and it may not "
            f"be done twice: look at what it changes, then resume with --retry-step {doubtful[0]} to do it again."
        )


def affordable(budget: Budget, model: ChatModel, spent: Spending = NOTHING_SPENT) -> None:
    """A budget that can be held: in tokens always, in dollars where every price is known."""
    if budget.dollars is None or budget.tokens is not None:
        return
    if not model.price.is_known:
        raise UsageError(
            f"The budget is in dollars, and the price of {model.name} is not known: give it in tokens, such as 20000 "
            "tokens, or both, of which the tokens then count."
        )
    if spent.cost_usd is None:
        raise UsageError(
            "The budget is in dollars, and what the run has spent is not known in dollars: give it in tokens, of which "
            f"the run has used {spent.tokens:,}."
        )


def asks_model(pipeline: Pipeline, *, writes_answers: bool) -> bool:
    """Whether a run of it asks the chat model, be it for the answer."""
    answers = writes_answers and bool(pipeline.spec.request)
    return answers or any(step.definition.uses_model for step in pipeline.steps.values())
