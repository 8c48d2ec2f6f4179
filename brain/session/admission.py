"""What must hold before a run begins, or goes on: each function returns where it does, and raises UsageError."""

from brain.budgets import Budget
from brain.errors import StaleAttempt, UsageError
from brain.executor.foresight import Foresight
from brain.executor.reasons import INCOMPLETE
from brain.executor.verdicts import Verdict, Words
from brain.language_models import ChatModel
from brain.nearest import did_you_mean
from brain.pipeline_builder.pipeline import Pipeline
from brain.pipeline_builder.spec import why_unstorable
from brain.runs import NOTHING_SPENT, RunStatus, Spending
from brain.session.run import Run

__all__ = [
    "RESUMABLE",
    "affordable",
    "answerable",
    "approvable",
    "asks_model",
    "decided",
    "fitting",
    "resumable",
    "usable",
]

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


def resumable(run: Run, *, as_new_run: bool = False) -> None:
    """A run that can go on; with another pipeline or other inputs, as a run of its own, one that succeeded too."""
    if run.status is RunStatus.WAITING:
        raise UsageError(f"The run {run.id} {run.waits}")
    if run.status is RunStatus.RUNNING:
        raise StaleAttempt(f"Run {run.id} is being run by {run.owner} already.")
    if run.status not in RESUMABLE and not (as_new_run and run.status is RunStatus.SUCCEEDED):
        raise UsageError(f"The run {run.id} is {run.status}: there is nothing to resume.")


def fitting(words: Words, run: Run, foresight: Foresight) -> None:
    """What a person says about steps concerns steps of which something has to be said."""
    if both := sorted(words.retry & words.skip):
        raise UsageError(f"{both[0]} cannot be done again and left out: give --retry-step or --skip-step for it.")
    steps = {step.step_id: step for step in foresight.steps if step.verdict is not Verdict.GONE}
    said = sorted(words.retry | words.skip)
    if strangers := [name for name in said if name not in steps]:
        there_are = f"its steps: {', '.join(sorted(steps))}" if steps else "it has no pipeline yet"
        guess = "".join(did_you_mean(name, steps) for name in strangers)
        raise UsageError(f"The run {run.id} has no step {', '.join(strangers)}; {there_are}.{guess}")
    if known := [name for name in said if not steps[name].in_doubt]:
        raise UsageError(
            f"Nothing has to be said about {', '.join(known)}: --retry-step and --skip-step are for steps that may not "
            "be done twice, and of which nobody knows whether they did their work."
        )


def decided(foresight: Foresight) -> None:
    """A run of whose steps none needs a person's word."""
    lost = [step for step in foresight.doubtful if INCOMPLETE in step.reason]
    if unknown := [step.step_id for step in foresight.doubtful if step not in lost]:
        raise UsageError(
            f"Nobody knows whether {', '.join(unknown)} did its work before the run was interrupted, and it may not "
            f"be done twice: look at what it changes, then resume with --retry-step {unknown[0]} to do it again, or "
            f"with --skip-step {unknown[0]} to go on without it."
        )
    if lost:
        raise UsageError(f"{lost[0].step_id}: {lost[0].needs}")


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
