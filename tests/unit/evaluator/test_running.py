"""Cases at the same time, each for itself."""

import asyncio

import pytest

from brain.errors import DatabaseError, UsageError
from brain.evaluator import Attempt, Case, CaseResult, MadeWith, Outcome, Suite, evaluate_suite, made_with
from brain.pipeline_builder.spec import PipelineSpec

SPEC = PipelineSpec.from_value({"steps": []})
NAMES = [f"case {number}" for number in range(9)]
SUITE = Suite.from_value({"cases": [{"request": name} for name in NAMES]})


class Trier:
    """Plans every case after a moment, the first ones last, and counts how many it is at."""

    def __init__(self, **failing: Exception) -> None:
        self.failing = failing
        self.at_once = self.most = 0

    async def __call__(self, case: Case) -> Attempt:
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        await asyncio.sleep(0.001 * (9 - NAMES.index(case.name)))
        self.at_once -= 1
        if failure := self.failing.get(case.name.replace(" ", "_")):
            raise failure
        return Attempt(spec=SPEC, planner="offline", tool_versions={"table.read": "1"})


async def keep_nothing(_case: CaseResult, _attempt: Attempt | None) -> None:
    """Nothing has to be kept."""


@pytest.mark.parametrize("jobs", [1, 3, 20])
async def test_so_many_cases_are_tried_at_once_and_results_stand_in_the_order_of_the_suite(jobs: int) -> None:
    trier = Trier()
    results = await evaluate_suite(SUITE, trier, keep_nothing, jobs=jobs, plan_only=True)
    assert [result.name for result in results] == NAMES
    assert trier.most == min(jobs, 9)
    assert all(result.passed for result in results)


async def test_a_case_that_cannot_be_tried_is_a_result_and_the_others_go_on() -> None:
    trier = Trier(case_2=UsageError("There is no such file."), case_5=ZeroDivisionError("by nought"))
    kept: dict[str, bool] = {}

    async def keep(case: CaseResult, attempt: Attempt | None) -> None:
        kept[case.name] = attempt is not None

    results = await evaluate_suite(SUITE, trier, keep, jobs=4, plan_only=True)
    assert sum(result.passed for result in results) == 7
    assert (results[2].outcome, results[2].wrong) == (Outcome.ERROR, ("There is no such file.",))
    assert results[5].wrong == ("An unexpected ZeroDivisionError: by nought",)
    assert [name for name, was_tried in sorted(kept.items()) if not was_tried] == ["case 2", "case 5"]


async def test_where_results_cannot_be_kept_the_evaluation_ends() -> None:
    async def keep(_case: CaseResult, _attempt: Attempt | None) -> None:
        raise DatabaseError

    with pytest.raises(DatabaseError):
        await evaluate_suite(SUITE, Trier(), keep, jobs=2, plan_only=True)


def test_what_results_were_made_with_is_told_by_the_attempts() -> None:
    attempts = [Attempt(planner="b", tool_versions={"t.z": "1"}), Attempt(planner="a", tool_versions={"t.a": "2"}),
                Attempt(declined="no")]  # fmt: skip
    assert made_with(MadeWith("gpt"), attempts) == MadeWith("gpt", "a, b", {}, {"t.a": "2", "t.z": "1"})
