"""What runs cost, and what becomes of them where they may not spend more: real services, a scripted model server."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from command_line import CommandLine, new_project, remove_project
from genai_prices import data_snapshot
from genai_prices.types import ClauseEquals, ModelInfo, ModelPrice, Provider
from scripted_openai import Answer, Asked, ScriptedOpenAI, fails, says, says_json

from brain import Brain
from brain.errors import UsageError
from brain.language_models import patience
from brain.runs import EventType, RunStatus, Spending, StepStatus

MOST = 9000
"""Tokens that hold one of the questions below (8,000 to think, 60 for a sentence, the prompt), but none after it."""
TOOK = (1000, 100)
COST = 0.002
"""Of TOOK, in dollars."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    made = new_project(tmp_path_factory.mktemp("budgets") / "shop")
    registry = json.loads((made.project / "tools.json").read_text(encoding="utf-8"))
    registry["tools"].append(LETTER)
    (made.project / "tools.json").write_text(json.dumps(registry), encoding="utf-8")
    (made.project / "letters.py").write_text(SEND, encoding="utf-8")
    yield made
    remove_project(made.project)


@pytest.fixture(scope="module")
def prices() -> Iterator[None]:
    """A price list that knows the scripted server: a dollar for a million tokens in, ten for a million out."""
    price = ModelPrice(input_mtok=Decimal(1), output_mtok=Decimal(10))
    model = ModelInfo(id="priced", match=ClauseEquals("priced"), prices=price)
    provider = Provider(id="scripted", name="Scripted", api_pattern=r"http://127\.0\.0\.1", models=[model])
    data_snapshot.set_custom_snapshot(data_snapshot.DataSnapshot(providers=[provider], from_auto_update=False))
    yield
    data_snapshot.set_custom_snapshot(None)


LETTER = {
    "name": "letter.send",
    "description": "Send a letter, and let the model say what it was about.",
    "inputSchema": {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]},
    "annotations": {"readOnlyHint": False, "idempotentHint": False},
    "usesModel": True,
    "run": {"python": "letters:send"},
}
SEND = """
async def send(text, *, context):
    with (context.project / "sent.txt").open("a") as sent:
        sent.write(text)
    return (await context.model.complete(text)).text
"""


def opened(shop: CommandLine, server: ScriptedOpenAI, model: str) -> Brain:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("OPENAI_BASE_URL", server.base_url)
        environment.setenv("BRAIN_CHAT_MODEL", model)
        return Brain(shop.project)


@pytest.fixture(scope="module")
def brain(shop: CommandLine, shared_server: ScriptedOpenAI, prices: None) -> Iterator[Brain]:
    with opened(shop, shared_server, "priced") as made:
        yield made


@pytest.fixture(scope="module")
def unpriced(shop: CommandLine, shared_server: ScriptedOpenAI) -> Iterator[Brain]:
    with opened(shop, shared_server, "imaginary") as made:
        yield made


def short(step: str, text: Any = "It rains in Bergen.", **more: Any) -> dict[str, Any]:
    return {"id": step, "tool": "text.summarize", "arguments": {"text": text, "sentences": 1}, **more}


def pipeline(*steps: dict[str, Any], request: str = "") -> dict[str, Any]:
    return {"name": "short", "request": request, "steps": list(steps)}


READ = {"name": "read", "steps": [{"id": "a", "tool": "table.read", "arguments": {"path": "sales.csv"}}]}
TWO = pipeline(short("first"), short("second", "${first.summary}"))
ASKED = pipeline(short("first"), request="What is the weather like?")
PLAN = {"name": "short", "steps": [short("only")], "outputs": {"summary": "${only.summary}"}}


def anything(asked: Asked) -> Answer:
    """Plans where a plan is asked for, and says that it rains to everything else."""
    return says_json(PLAN, tokens=TOOK) if "response_format" in asked.body else says("It rains [only].", tokens=TOOK)


def test_what_was_spent_stands_beside_every_step_and_the_run(brain: Brain, server: ScriptedOpenAI) -> None:
    server.script(anything)
    run = brain.ask("Say in one sentence: it rains in Bergen.")
    assert run.status is RunStatus.SUCCEEDED, run.error
    assert run.spending == Spending(3000, 300, pytest.approx(3 * COST)), "a plan, a step, an answer"
    [step] = run.step_results
    assert step.spending == Spending(*TOOK, pytest.approx(COST))
    told = run.to_json()
    assert (told["tokens_in"], told["cost_usd"], told["budget"]) == (3000, pytest.approx(3 * COST), None)
    assert told["steps"][0]["cost_usd"] == pytest.approx(COST)
    assert brain.steps(run).cost_usd.tolist() == pytest.approx([COST])
    assert brain.runs(limit=1).cost_usd.tolist() == pytest.approx([3 * COST])


def test_without_a_price_the_tokens_are_known_and_the_cost_is_not(unpriced: Brain, server: ScriptedOpenAI) -> None:
    server.script(anything)
    run = unpriced.run(TWO)
    assert run.spending == Spending(2000, 200, None)
    assert [step.spending for step in run.step_results] == [Spending(*TOOK, None)] * 2
    assert run.to_json()["cost_usd"] is None
    assert unpriced.runs(limit=1).cost_usd.isna().all()


def test_what_asks_no_model_costs_nothing(unpriced: Brain) -> None:
    run = unpriced.run(
        {"name": "read", "steps": [{"id": "a", "tool": "table.read", "arguments": {"path": "sales.csv"}}]}
    )
    assert run.spending == Spending(0, 0, 0.0)


def test_a_budget_in_dollars_is_refused_before_the_run_where_it_cannot_be_held(unpriced: Brain) -> None:
    before = len(unpriced.runs(limit=None))
    for begin in (lambda: unpriced.run(TWO, budget=0.5), lambda: unpriced.ask("Summarize the rain", budget="$0.50")):
        with pytest.raises(UsageError, match=r"the price of imaginary is not known: give it in tokens, such as"):
            begin()
    assert len(unpriced.runs(limit=None)) == before


def test_a_budget_in_dollars_hinders_no_run_that_asks_no_model(unpriced: Brain) -> None:

    assert unpriced.run(READ, budget=0.01).status is RunStatus.SUCCEEDED


def test_where_the_price_is_not_known_the_tokens_of_a_budget_count(unpriced: Brain, server: ScriptedOpenAI) -> None:
    server.script(anything)
    run = unpriced.run(TWO, budget=f"0.50, {MOST} tokens")
    assert (run.status, len(server.asked)) == (RunStatus.INTERRUPTED, 1)
    assert "The budget of 9,000 tokens is not enough: 1,100 are used" in (run.error or "")


def test_a_run_that_would_go_over_its_budget_is_interrupted_and_goes_on_with_a_larger_one(
    brain: Brain, server: ScriptedOpenAI
) -> None:
    server.script(anything)
    run = brain.run(TWO, budget=0.082)
    assert run.status is RunStatus.INTERRUPTED
    assert (run.error or "").startswith("The budget of $0.082 is not enough: $0.002 is spent, and the next question")
    assert {step.step_id: step.status for step in run.step_results} == {
        "first": StepStatus.SUCCEEDED,
        "second": StepStatus.CANCELLED,
    }
    still = brain.resume(run)
    assert (still.status, still.attempt, len(server.asked)) == (RunStatus.INTERRUPTED, 2, 1)
    done = brain.resume(run, budget="0.10")
    assert (done.run_id, done.status, done.attempt) == (run.run_id, RunStatus.SUCCEEDED, 3)
    assert len(server.asked) == 2, "the first step is not asked for again"
    assert done.spending == Spending(2000, 200, pytest.approx(2 * COST)), "all attempts together"
    assert (str(done.budget), done.error) == ("$0.10", None)


def test_a_budget_may_end_in_planning_and_the_request_is_then_planned_anew(
    brain: Brain, server: ScriptedOpenAI
) -> None:
    server.script(anything)
    run = brain.ask("Say in one sentence: it rains in Bergen.", budget="9000 tokens")
    assert (run.status, run.spec, len(server.asked)) == (RunStatus.INTERRUPTED, None, 0)
    done = brain.resume(run, budget="none")
    assert done.status is RunStatus.SUCCEEDED, done.error
    assert len(server.asked) == 3
    assert done.answer is not None


def test_a_budget_may_end_before_the_answer_and_what_was_found_is_kept(brain: Brain, server: ScriptedOpenAI) -> None:
    server.script(says("It rains [first].", tokens=TOOK))
    run = brain.run(ASKED, budget=f"{MOST} tokens")
    assert (run.status, run.answer, len(server.asked)) == (RunStatus.INTERRUPTED, None, 1)
    assert run.outputs["first"]["summary"] == "It rains [first]."
    done = brain.resume(run, budget="20k tokens")
    assert (done.status, done.answer, len(server.asked)) == (RunStatus.SUCCEEDED, "It rains [first].", 2)


def test_items_at_once_never_go_over_the_budget_and_are_no_reason_to_stop(brain: Brain, server: ScriptedOpenAI) -> None:
    server.script(says("Rain.", tokens=(50, 10)))
    each = short("each", "${item}", foreach=[f"Rain {number}." for number in range(8)])
    run = brain.run(pipeline(each), budget="9000 tokens")
    assert run.status is RunStatus.SUCCEEDED, run.error
    assert (len(server.asked), run.spending.tokens) == (8, 480)


def test_items_that_the_budget_held_are_kept_and_only_the_others_are_asked_for_later(
    brain: Brain, server: ScriptedOpenAI
) -> None:
    server.script(says("Rain.", tokens=TOOK))
    each = short("each", "${item}", foreach=[f"Rain {number}." for number in range(5)])
    run = brain.run(pipeline(each, short("last", "${each[0].summary}")), budget=f"{MOST + 2 * 1100} tokens")
    asked = len(server.asked)
    assert run.status is RunStatus.INTERRUPTED
    assert asked == 3
    assert run.spending.tokens == asked * 1100
    assert brain.steps(run).tokens_in.tolist() == [3000, 0], "the step took what its items took"
    done = brain.resume(run, budget="none")
    assert done.status is RunStatus.SUCCEEDED
    assert len(server.asked) == 6, "two items and the last step"
    assert len(done.results["each"]) == 5


def test_a_run_waits_for_approval_with_its_budget(brain: Brain, server: ScriptedOpenAI) -> None:
    server.script(says("Rain.", tokens=TOOK))
    write = {"id": "save", "tool": "files.write", "arguments": {"path": "rain.txt", "content": "${first.summary}"}}
    run = brain.run(pipeline(short("first"), write, short("late", needs=["save"])), budget=f"{MOST} tokens")
    assert run.status is RunStatus.WAITING
    with pytest.raises(UsageError, match="waits for approval: brain approve"):
        brain.resume(run)
    late = brain.approve(run)
    assert (late.status, str(late.budget), late.spending.tokens) == (RunStatus.INTERRUPTED, f"{MOST} tokens", 1100)


def test_a_run_tells_that_its_model_is_busy(
    brain: Brain, server: ScriptedOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "TRANSPORT_RETRIES", 2)
    busy = fails(429, "Slow down", Retry_After="1")
    server.script(busy, says("It rains [first].", tokens=TOOK), busy, says("It rains [first].", tokens=TOOK))
    run = brain.run(ASKED)
    told = [event for event in brain.watch(run) if event.event_type is EventType.MODEL_WAITING]
    words = "priced is busy (status 429), asking again in 1 s"
    assert [(event.step_id, event.message) for event in told] == [("first", words), (None, words)]


def test_a_step_that_asks_for_retries_gets_them_where_the_model_was_busy(brain: Brain, server: ScriptedOpenAI) -> None:
    server.script(fails(503, "Busy"), says("Rain.", tokens=TOOK))
    run = brain.run(pipeline(short("first", retry={"attempts": 2})))
    assert (run.status, run.step_results[0].tries) == (RunStatus.SUCCEEDED, 2)


@pytest.mark.parametrize("budget", ["cheap", -1, 0, True, "0.50 EUR"])
def test_what_is_no_budget_is_refused_in_one_sentence(brain: Brain, budget: Any) -> None:
    with pytest.raises(UsageError, match=r"budget") as caught:
        brain.run(TWO, budget=budget)
    assert "\n" not in str(caught.value)


def test_what_has_ended_well_cannot_be_resumed(brain: Brain, server: ScriptedOpenAI) -> None:
    server.script(anything)
    run = brain.run(pipeline(short("first")))
    with pytest.raises(UsageError, match=f"The run {run.id} is succeeded: there is nothing to resume"):
        brain.resume(run)


def test_what_may_not_be_done_twice_is_done_again_only_by_a_persons_word(
    brain: Brain, shop: CommandLine, server: ScriptedOpenAI
) -> None:
    server.script(says("A letter.", tokens=TOOK))
    letter = {"id": "send", "tool": "letter.send", "arguments": {"text": "Dear all."}}
    run = brain.run(pipeline(letter), yes=True, budget="100 tokens")
    [step] = run.step_results
    assert (run.status, step.status) == (RunStatus.INTERRUPTED, StepStatus.INTERRUPTED)
    with pytest.raises(UsageError, match=r"Nobody knows whether send did its work .* resume with --retry-step send"):
        brain.resume(run, budget="none", yes=True)
    with pytest.raises(UsageError, match=f"The run {run.id} has no step sent; its steps: send"):
        brain.resume(run, retry_steps=["sent"])
    done = brain.resume(run, budget="none", yes=True, retry_steps=["send"])
    assert (done.status, done.results["send"]) == (RunStatus.SUCCEEDED, "A letter.")
    assert (shop.project / "sent.txt").read_text() == "Dear all." * 2


def test_a_failed_run_is_resumed_where_it_failed(brain: Brain, server: ScriptedOpenAI) -> None:
    server.script(says("Rain.", tokens=TOOK), fails(500, "Oh no"), says("Rain.", tokens=TOOK))
    run = brain.run(TWO)
    assert run.status is RunStatus.FAILED
    done = brain.resume(run)
    assert (done.status, len(server.asked)) == (RunStatus.SUCCEEDED, 3)


def test_the_setting_is_the_budget_of_runs_that_name_none(
    shop: CommandLine, server: ScriptedOpenAI, prices: None
) -> None:
    server.script(anything)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("BRAIN_RUN_BUDGET", "100 tokens")
        with opened(shop, server, "priced") as brain:
            assert brain.run(TWO).status is RunStatus.INTERRUPTED
            assert brain.run(TWO, budget="none").status is RunStatus.SUCCEEDED
