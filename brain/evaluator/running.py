"""Evaluates the cases of a suite, several at once; one that cannot even be tried is a result like any other."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable

from brain.errors import BrainError
from brain.evaluator.attempt import Attempt
from brain.evaluator.expectations import findings
from brain.evaluator.suite import Case, Suite
from brain.evaluator.suite_run import CaseResult, MadeWith, Outcome

__all__ = ["Attempter", "evaluate_suite", "made_with"]

log = logging.getLogger(__name__)

type Attempter = Callable[[Case], Awaitable[Attempt]]
"""Plans a case, and runs it unless only plans are looked at; may raise anything."""
type Keeper = Callable[[CaseResult, Attempt | None], Awaitable[None]]
"""Keeps a result as soon as it is there; None where the case could not be tried. What it raises ends the evaluation."""


async def evaluate_suite(
    suite: Suite, attempt: Attempter, keep: Keeper, *, jobs: int, plan_only: bool
) -> tuple[CaseResult, ...]:
    """The results in the order of the suite, at most `jobs` cases at once; each is kept as soon as it is there."""
    turn = asyncio.Semaphore(jobs)

    async def one(position: int, case: Case) -> CaseResult:
        async with turn:
            result, tried = await _evaluated(case, position, attempt, plan_only=plan_only)
        await keep(result, tried)
        return result

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(position, case)) for position, case in enumerate(suite.cases)]
    except ExceptionGroup as exc:
        raise exc.exceptions[0] from None
    return tuple(task.result() for task in tasks)


async def _evaluated(
    case: Case, position: int, attempt: Attempter, *, plan_only: bool
) -> tuple[CaseResult, Attempt | None]:
    began = time.monotonic()
    try:
        tried = await attempt(case)
        found = tuple(findings(case.expect, tried, plan_only=plan_only))
    except BrainError as exc:
        return _broken(case, position, str(exc), began), None
    except Exception as exc:
        log.exception("The case %s failed unexpectedly.", case.name)
        return _broken(case, position, f"An unexpected {type(exc).__name__}: {exc}", began), None
    result = CaseResult(
        name=case.name, position=position, request=case.request, outcome=Outcome.of(tried), findings=found,
        error=tried.error or tried.declined, plan=tried.spec.to_json() if tried.spec else None, planner=tried.planner,
        run_id=tried.run_id, seconds=time.monotonic() - began, spending=tried.spending, judgement=tried.judgement,
        notes=tried.notes,
    )  # fmt: skip
    return result, tried


def _broken(case: Case, position: int, error: str, began: float) -> CaseResult:
    return CaseResult(case.name, position, case.request, Outcome.ERROR, (), error, seconds=time.monotonic() - began)


def made_with(before: MadeWith, attempts: Iterable[Attempt]) -> MadeWith:
    """What is known beforehand, with the planners that the attempts tell of and the tools in their plans."""
    tried = list(attempts)
    planners = sorted({attempt.planner for attempt in tried if attempt.planner})
    versions = {tool: version for attempt in tried for tool, version in attempt.tool_versions.items()}
    return MadeWith(before.model, ", ".join(planners), before.prompts, dict(sorted(versions.items())))
