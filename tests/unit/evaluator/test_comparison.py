"""Two evaluations side by side."""

from uuid import uuid4

from brain.evaluator import CaseResult, Change, Comparison, Finding, MadeWith, Outcome, SuiteRun
from brain.evaluator.attempt import Judgement
from brain.runs import Spending, utc_now

RIGHT, WRONG = Finding("tools"), Finding("answer", ("is wrong",))


def case(name: str, *findings: Finding, position: int = 0, judged: float | None = None) -> CaseResult:
    judgement = None if judged is None else Judgement(judged, {}, "", "gpt", "judge-1")
    return CaseResult(
        name, position, name, Outcome.SUCCEEDED, findings, seconds=1.5, spending=Spending(7), judgement=judgement
    )


UNKNOWN = MadeWith()


def suite_run(*cases: CaseResult, made_with: MadeWith = UNKNOWN) -> SuiteRun:
    return SuiteRun(uuid4(), "weather", False, len(cases), cases, made_with, utc_now())


BEFORE = suite_run(
    case("same", RIGHT), case("better", WRONG), case("half", WRONG, WRONG), case("worse", RIGHT), case("gone", RIGHT),
    made_with=MadeWith("small", "plan-1 with small", {"answer": "answer-1"}, {"table.read": "1", "table.sort": "1"}),
)  # fmt: skip
AFTER = suite_run(
    case("same", RIGHT), case("better", RIGHT), case("half", WRONG, RIGHT), case("worse", WRONG), case("new", RIGHT),
    made_with=MadeWith("large", "plan-2 with large", {"answer": "answer-1"}, {"table.read": "2", "table.sort": "1"}),
)  # fmt: skip
COMPARED = Comparison(BEFORE, AFTER)


def test_each_case_is_better_worse_the_same_or_only_on_one_side() -> None:
    assert {compared.name: compared.change for compared in COMPARED.cases} == {
        "same": Change.SAME,
        "better": Change.BETTER,
        "half": Change.BETTER,
        "worse": Change.WORSE,
        "new": Change.ONLY_AFTER,
        "gone": Change.ONLY_BEFORE,
    }
    assert COMPARED.count(Change.BETTER) == 2


def test_what_else_differs_is_told_and_nothing_that_does_not() -> None:
    assert COMPARED.differences == {
        "model": ("small", "large"),
        "planner": ("plan-1 with small", "plan-2 with large"),
        "version of table.read": ("1", "2"),
    }


def test_a_comparison_is_a_data_frame_with_both_results() -> None:
    frame = COMPARED.frame.set_index("case")
    assert list(frame.loc["worse", ["change", "passed_before", "passed_after", "wrong_after"]]) == [
        "worse",
        True,
        False,
        "answer is wrong",
    ]
    assert frame.loc["new", "passed_before"] is not True


def test_a_suite_is_scored_by_the_cases_that_passed_and_judged_apart() -> None:
    run = suite_run(case("a", RIGHT, judged=0.5), case("b", RIGHT, WRONG, judged=1.0), case("c"))
    assert (run.passed, run.score, run.judged) == (1, 1 / 3, 0.75)
    assert list(run.frame["score"]) == [1.0, 0.5, 0.0]
    assert run.cases[2].wrong == ("could not be tried",)
    assert list(run.frame["judged"].fillna(-1)) == [0.5, 1.0, -1.0]
    assert suite_run().judged is None
