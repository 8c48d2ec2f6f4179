"""Suites over real services: embedded parts alone, and a scripted model server."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command_line import CommandLine, new_project, remove_project
from scripted_openai import Answer, Asked, ScriptedOpenAI, fails, marked_in, says, says_json

from brain import Brain
from brain.errors import SuiteError, UsageError
from brain.evaluator import CaseResult, Change, Outcome, SuiteRun

ROOT = Path(__file__).parents[2]
MEANS = "average price by shop in sales.csv"
RIGHT = {
    "name": "means",
    "request": MEANS,
    "expect": {
        "tools": ["table.read", "table.aggregate"],
        "arguments": {"table.aggregate": {"function": "mean", "by": "shop"}, "table.read": {"path": "sales.csv"}},
        "outputs": {"table": {"row_count": 2, "rows[?shop=='south'].mean_price | [0]": {"approx": 30}}},
        "answer": {"contains": ["north", 20]},
        "score": 1,
    },
}
WRONG = {"name": "wrong", "request": MEANS, "expect": {"outputs": {"table": {"row_count": 3}}}}
DECLINED = {"name": "declined", "request": "Wobble the frobnitz of nothing", "expect": {"declined": True}}
BROKEN = {"name": "broken", "pipeline": "nowhere.yaml"}
SAVING = {"name": "saving", "pipeline": "saving.yaml", "expect": {"tools": ["files.write"]}}
PLAN = {
    "name": "means",
    "steps": [
        {"id": "sales", "tool": "table.read", "arguments": {"path": "sales.csv"}},
        {
            "id": "averages",
            "tool": "table.aggregate",
            "arguments": {"table": "${sales}", "column": "price", "function": "mean", "by": "shop"},
        },
    ],
    "outputs": {"table": "${averages}"},
}
NOT_APPROVED = "save (files.write) changes something and was not approved: evaluate with --yes to let it"
RATINGS = {"reasons": "The unit is missing.", "addresses_request": 5, "rests_on_results": 5, "complete": 3, "clear": 3}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    made = new_project(tmp_path_factory.mktemp("evaluations") / "shop")
    made.write("saving.yaml", {"id": "save", "tool": "files.write", "arguments": {"path": "a.txt", "content": "a"}})
    yield made
    remove_project(made.project)


@pytest.fixture(scope="module")
def brain(shop: CommandLine) -> Iterator[Brain]:
    with Brain(shop.project) as opened:
        yield opened


@pytest.fixture
def hosted(shop: CommandLine, monkeypatch: pytest.MonkeyPatch, server: ScriptedOpenAI) -> Iterator[Brain]:
    """A Brain whose chat model is the scripted server, which plans, answers and judges."""
    monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
    monkeypatch.setenv("BRAIN_CHAT_MODEL", "gpt-scripted")
    server.script(speaks())
    with Brain(shop.project) as opened:
        yield opened


def speaks(answer: str = "North is 20 and south 30 [averages].", ratings: Any = RATINGS) -> Any:
    def speak(asked: Asked) -> Answer:
        if "You judge an answer" in asked.system:
            return says_json(ratings, tokens=(40, 4))
        if "Answer the request" in asked.system:
            return says(answer, tokens=(20, 2))
        return says_json(PLAN, tokens=(10, 1))

    return speak


def suite(*cases: dict[str, Any], name: str = "shop") -> dict[str, Any]:
    return {"name": name, "cases": list(cases)}


def case(run: SuiteRun, name: str) -> CaseResult:
    return next(found for found in run.cases if found.name == name)


def test_a_suite_works_with_the_embedded_parts_and_one_failure_is_one_failure(brain: Brain) -> None:
    told: list[tuple[str, int, int]] = []
    done = brain.eval(
        suite(RIGHT, WRONG, BROKEN, DECLINED, SAVING),
        jobs=2,
        on_case=lambda found, count, of: told.append((found.name, count, of)),
    )
    assert [(found.name, found.passed) for found in done.cases] == [
        ("means", True), ("wrong", False), ("broken", False), ("declined", True), ("saving", False),
    ]  # fmt: skip
    assert case(done, "wrong").wrong == ("outputs.table.row_count is 2, not 3",)
    assert case(done, "broken").outcome is Outcome.ERROR
    assert "nowhere.yaml cannot be read" in case(done, "broken").wrong[0]
    assert case(done, "declined").outcome is Outcome.DECLINED
    assert case(done, "saving").wrong == (f"succeeds does not hold: the run is waiting: {NOT_APPROVED}",)
    assert (done.passed, done.score) == (2, 0.4)
    assert sorted(name for name, _, _ in told) == ["broken", "declined", "means", "saving", "wrong"]
    assert [count for _, count, _ in told] == [1, 2, 3, 4, 5]
    assert brain.show(case(done, "saving").run_id).status == "cancelled", "nothing is left waiting"


def test_what_was_evaluated_is_kept_with_its_runs_and_can_be_shown_again(brain: Brain) -> None:
    done = brain.eval(suite(RIGHT, WRONG, name="kept"))
    again = brain.evaluation(done.id)
    assert again.to_json() == {**done.to_json(), "finished_at": again.to_json()["finished_at"]}
    run = brain.show(case(done, "means").run_id)
    assert (run.request, run.status, run.planner) == (MEANS, "succeeded", case(done, "means").planner)
    assert run.checks == dict.fromkeys(run.checks or {}, True)
    row = brain.evaluations(suite="kept").iloc[0]
    assert (row["id"], row["passed"], row["cases"], row["score"]) == (done.id, 1, 2, 0.5)
    assert brain.sql("SELECT count(*) AS n FROM case_results WHERE NOT passed").iloc[0]["n"] >= 1
    assert list(done.frame.columns[:4]) == ["case", "passed", "score", "outcome"]
    sources = brain.runs(text=MEANS)["source"]
    assert "eval" in set(sources)


def test_plans_alone_run_nothing(brain: Brain) -> None:
    before = len(brain.runs(limit=None))
    done = brain.eval(suite(RIGHT, SAVING, DECLINED), plan_only=True)
    assert [(found.passed, found.outcome) for found in done.cases] == [
        (True, "planned"), (True, "planned"), (True, "declined"),
    ]  # fmt: skip
    assert len(brain.runs(limit=None)) == before
    assert case(done, "means").plan["steps"][0]["tool"] == "table.read"


def test_a_table_may_be_handed_over_and_a_pipeline_gets_its_inputs(brain: Brain, shop: CommandLine) -> None:
    aggregate = {"table": "${sales}", "column": "price", "function": "${inputs.how}", "by": "shop"}
    read = {"id": "sales", "tool": "table.read", "arguments": {"path": "sales.csv"}}
    shop.write(
        "how.yaml", read, {"id": "totals", "tool": "table.aggregate", "arguments": aggregate},
        inputs={"how": {"type": "string", "default": "mean"}},
    )  # fmt: skip
    handed = {"request": "average price by shop", "inputs": {"sales": "sales.csv"}, "expect": {
        "tools": ["table.aggregate"], "outputs": {"table": {"row_count": 2}}}}  # fmt: skip
    piped = {"pipeline": "how.yaml", "inputs": {"how": "max"}, "expect": {
        "arguments": {"table.aggregate": {"function": "max"}},
        "outputs": {"totals": {"max_by(rows, &max_price).shop": "south"}}}}  # fmt: skip
    for plan_only in (True, False):
        done = brain.eval(suite(handed, piped), plan_only=plan_only)
        assert [found.wrong for found in done.cases] == [(), ()]


def test_what_changes_something_runs_where_it_is_allowed(brain: Brain, shop: CommandLine) -> None:
    assert brain.eval(suite(SAVING), yes=True).passed == 1
    assert (shop.project / "outputs/a.txt").read_text() == "a"


def test_the_suite_that_is_shipped_passes_offline(brain: Brain, shop: CommandLine) -> None:
    for path in ("weather-suite.yaml", "wettest.yaml", "data/seattle-weather.csv"):
        (shop.project / "notebooks/data").mkdir(parents=True, exist_ok=True)
        (shop.project / "notebooks" / path).write_text((ROOT / "notebooks" / path).read_text())
    done = brain.eval(shop.project / "notebooks/weather-suite.yaml")
    assert [found.wrong for found in done.cases] == [()] * 4


def test_a_model_plans_answers_and_judges_and_its_judgement_stands_apart(hosted: Brain, server: ScriptedOpenAI) -> None:
    done = hosted.eval(suite({**RIGHT, "rubric": "Is the currency named?"}, name="judged"), judge=True)
    found = case(done, "means")
    assert (found.passed, found.score) == (True, 1.0)
    assert found.judgement is not None
    assert (found.judgement.score, found.judgement.reasons, found.judgement.prompt) == (
        0.75, "The unit is missing.", "judge-1",
    )  # fmt: skip
    asked = next(each for each in server.asked if "You judge" in each.system)
    assert "Is the currency named?" in asked.system
    labels = [label for label, _ in marked_in(asked.prompt)]
    assert labels == ["result table", "answer"]
    assert "North is 20 and south 30 [averages]." in asked.prompt
    assert done.made_with.model == "gpt-scripted"
    assert done.made_with.planner == "plan-3 with gpt-scripted"
    assert done.made_with.prompts == {"answer": "answer-1", "judge": "judge-1"}
    assert (found.spending.tokens_in, found.spending.tokens_out) == (30, 3), "the judge's own stand with the judgement"
    run = hosted.show(found.run_id)
    assert (run.score, run.tokens_in) == (1.0, 30)
    row = hosted.runs(limit=1).iloc[0]
    assert (row["score"], row["judged"]) == (1.0, 0.75)
    assert hosted.evaluation(done.id).judged == 0.75


@pytest.mark.parametrize("ratings", [{**RATINGS, "clear": 9}, {**RATINGS, "complete": True}, {"reasons": "fine"}, []])
def test_a_judge_that_gives_no_ratings_fails_no_case(hosted: Brain, server: ScriptedOpenAI, ratings: Any) -> None:
    server.script(speaks(ratings=ratings))
    found = case(hosted.eval(suite(RIGHT), judge=True), "means")
    assert (found.passed, found.judgement) == (True, None)
    assert found.notes[0].startswith("Not judged: The model gpt-scripted answered with JSON that is not what was asked")


def test_a_number_that_the_model_invents_costs_a_check_and_is_marked_in_the_run(
    hosted: Brain, server: ScriptedOpenAI
) -> None:
    server.script(speaks("North is 20, and 99 % of all [averages]."))
    run = hosted.ask(MEANS)
    assert run.answer == "North is 20, and 99 % [unverified] of all [averages]."
    assert run.checks is not None
    assert [name for name, passed in run.checks.items() if not passed] == ["numbers_grounded"]
    assert run.score == pytest.approx(5 / 6)
    assert run.notes[-1].endswith("marked [unverified]: 99 %.")
    found = case(hosted.eval(suite(RIGHT)), "means")
    assert found.wrong == ("score is 0.8333333333333334, not 1",)


def test_a_model_that_is_away_is_an_error_of_each_case(hosted: Brain, server: ScriptedOpenAI) -> None:
    server.script(fails(503, "busy"))
    done = hosted.eval(suite(RIGHT, DECLINED))
    assert [found.outcome for found in done.cases] == ["error", "error"]
    assert "status 503" in done.cases[0].wrong[0]


def test_a_case_may_expect_to_be_asked_back(hosted: Brain, server: ScriptedOpenAI) -> None:
    step = {"id": "sales", "tool": "table.read", "arguments": {"path": {"ask_person": "Which file is it?"}}}
    server.script(lambda _asked: says_json({"name": "asks", "steps": [step], "outputs": {}}))
    asked = {"name": "asked", "request": "Open a table", "expect": {"questions": {"contains": "Which file"}}}
    not_asked = {**asked, "name": "not asked", "expect": {"declined": True}}
    done = hosted.eval({"name": "asking", "cases": [asked, not_asked]}, plan_only=True)
    assert [each.passed for each in done.cases] == [True, False]


def test_a_case_that_its_budget_does_not_hold_is_an_error_and_not_a_refusal(
    shop: CommandLine, hosted: Brain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRAIN_RUN_BUDGET", "50 tokens")
    with Brain(shop.project) as poor:
        done = poor.eval(suite(RIGHT, DECLINED), plan_only=True)
    assert [found.outcome for found in done.cases] == ["error", "error"]
    assert "50 tokens" in done.cases[0].wrong[0]


def test_what_a_case_took_and_cost_stands_with_it(hosted: Brain) -> None:
    done = hosted.eval(suite(RIGHT, name="spent"))
    run = hosted.show(case(done, "means").run_id)
    assert case(done, "means").spending == run.spending
    assert hosted.evaluation(done.id).cases[0].spending == run.spending
    row = hosted.evaluations(suite="spent").iloc[0]
    assert row["tokens"] == run.spending.tokens == 33


def test_two_models_compare_side_by_side(brain: Brain, hosted: Brain, server: ScriptedOpenAI) -> None:
    both = suite(RIGHT, {"name": "worse", "request": MEANS, "expect": {"answer": {"contains": "|"}}}, name="ab")
    server.script(speaks("North is 20 [averages]."))
    before, after = brain.eval(both), hosted.eval(both)
    found = hosted.compare(before.id, after)
    assert [(each.name, each.change) for each in found.cases] == [("means", Change.SAME), ("worse", Change.WORSE)]
    assert found.differences["model"] == ("SmolLM2-135M-Instruct", "gpt-scripted")
    assert found.differences["planner"] == ("offline", "plan-3 with gpt-scripted")
    assert hosted.evaluation("last", suite="ab").id == after.id


def test_a_single_run_is_judged(hosted: Brain) -> None:
    run = hosted.ask(MEANS)
    assert hosted.judge(run).score == 0.75
    assert hosted.runs(limit=1).iloc[0]["judged"] == 0.75


def test_who_is_too_small_judges_nothing(brain: Brain) -> None:
    with pytest.raises(UsageError, match="A judge must know more than what it judges: set OPENAI_API_KEY"):
        brain.eval(suite(RIGHT), judge=True)
    with pytest.raises(UsageError, match="A judge must know more than what it judges: set OPENAI_API_KEY"):
        brain.judge(brain.ask(MEANS))
    with pytest.raises(UsageError, match="is failed and has no answer to judge"):
        brain.judge(brain.ask("Wobble the frobnitz of nothing"))


WRONG_USE = {
    "no cases at once": ({"jobs": 0}, "`jobs` is 1 or more cases at once, not 0"),
    "judged plans": ({"judge": True, "plan_only": True}, "there is no answer to judge"),
    "an unknown case": ({"cases": ["mens"]}, r"has no case 'mens'\. Did you mean means\?"),
}


@pytest.mark.parametrize("what", WRONG_USE)
def test_what_cannot_be_evaluated_is_told_before_anything_is_begun(brain: Brain, what: str) -> None:
    options, told = WRONG_USE[what]
    before = len(brain.evaluations(limit=None))
    with pytest.raises(UsageError, match=told):
        brain.eval(suite(RIGHT), **options)
    with pytest.raises(
        SuiteError, match=r"case 'a', expect.tools: there is no tool 'table.red'\. Did you mean table.read"
    ):
        brain.eval(suite({"name": "a", "request": MEANS, "expect": {"tools": ["table.red"]}}))
    with pytest.raises(UsageError, match="A suite is a Suite, a mapping"):
        brain.eval(3)  # type: ignore[arg-type]
    assert len(brain.evaluations(limit=None)) == before


@pytest.mark.parametrize("which", ["ffffffff", "no id"])
def test_an_evaluation_that_is_not_there_is_told(brain: Brain, which: str) -> None:
    with pytest.raises(UsageError, match=f"(?i){which}"):
        brain.evaluation(which)
    with pytest.raises(UsageError, match="no finished evaluation of the suite nobody yet: brain eval SUITE makes one"):
        brain.evaluation("last", suite="nobody")
