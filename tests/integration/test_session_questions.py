"""Runs that need an answer before there is a plan, as Python handles them: real services, a scripted model server."""

from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
from command_line import CommandLine, new_project, remove_project
from scripted_openai import Asked, ScriptedOpenAI, says, says_json

from brain import Brain
from brain.errors import QuestionsError, UsageError
from brain.runs import EventType, RunStatus, today
from brain.session import Run

REQUEST = "The most expensive rows of sales.csv by price"
SORTED = {"table": "${sales}", "by": "price", "descending": True, "limit": {"ask_person": "How many rows?"}}
PLAN = {
    "name": "top",
    "steps": [
        {"id": "sales", "tool": "table.read", "arguments": {"path": "sales.csv"}},
        {"id": "top", "tool": "table.sort", "arguments": SORTED},
    ],
    "outputs": {"top": "${top}"},
}


def asks(asked: Asked) -> Any:
    return says_json(PLAN) if "response_format" in asked.body else says("Here [top].")


@pytest.fixture(scope="module")
def model() -> Iterator[ScriptedOpenAI]:
    with ScriptedOpenAI(asks) as server:
        yield server


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    made = new_project(tmp_path_factory.mktemp("questions") / "shop")
    yield made
    remove_project(made.project)


@pytest.fixture(scope="module")
def brain(shop: CommandLine, model: ScriptedOpenAI) -> Iterator[Brain]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("OPENAI_BASE_URL", model.base_url)
        environment.setenv("BRAIN_CHAT_MODEL", "imaginary")
        with Brain(shop.project) as opened:
            yield opened


@pytest.fixture(scope="module")
def waiting(brain: Brain) -> Run:
    return brain.ask(REQUEST)


def test_a_run_with_questions_waits_and_answers_continue_it_under_its_id(brain: Brain, waiting: Run) -> None:
    assert (waiting.status, waiting.spec, waiting.error) == (RunStatus.WAITING, None, None)
    [question] = waiting.questions
    assert (question.name, question.question, question.schema["type"]) == ("limit", "How many rows?", "integer")
    assert waiting.as_of == today()
    done = brain.answer(waiting, {"limit": 2})
    assert (done.run_id, done.status, done.attempt) == (waiting.run_id, RunStatus.SUCCEEDED, 2)
    assert (done.answers, done.questions, done.as_of) == ({"limit": 2}, (), waiting.as_of)
    assert list(done.outputs["top"]["price"]) == [40, 30]
    assert {each.where: each.origin for each in done.provenance}["steps.top.arguments.limit"] == "answered: limit"
    assert done.tokens_in == 30, "what planning took in both attempts, and the answer"
    told = [event.event_type for event in brain.watch(done)]
    assert told.count(EventType.PLAN_PROGRESS) == 4
    assert told.index(EventType.RUN_WAITING) < told.index(EventType.PLAN_FINISHED)
    events = [event for event in brain.watch(done) if event.event_type is EventType.RUN_WAITING]
    assert events[0].data["questions"] == [question.to_json()]
    with pytest.raises(UsageError, match=f"The run {done.id} is succeeded: it asks nothing"):
        brain.answer(done, {"limit": 2})


def test_answers_that_do_not_fit_leave_the_run_waiting(brain: Brain) -> None:
    run = brain.ask(REQUEST)
    for answers, told in (
        ({"limit": "few"}, 'limit: takes a whole number, not "few"'),
        ({}, "limit: is not answered"),
        ({"limit": pd.Timestamp("2026-11-03")}, "An answer is a JSON value"),
        (["limit"], "Answers are a mapping"),
    ):
        with pytest.raises(UsageError) as caught:
            brain.answer(run, answers)  # type: ignore[arg-type] # what people may pass
        assert told in str(caught.value)
    for verb in (brain.approve, brain.resume):
        with pytest.raises(UsageError, match=f"waits for answers: brain answer {run.id} limit=NUMBER"):
            verb(run)
    assert brain.show(run).status is RunStatus.WAITING
    assert brain.cancel(run) is RunStatus.CANCELLED


def test_a_plan_raises_its_questions_and_is_made_with_their_answers(brain: Brain) -> None:
    steps: list[str] = []
    with pytest.raises(QuestionsError) as caught:
        brain.plan(REQUEST, tell=lambda sketch: steps.append(sketch.words))
    assert steps == ["sales (table.read)", "sales (table.read), top (table.sort)"]
    plan = brain.plan(REQUEST, answers={question.name: 2 for question in caught.value.questions})
    assert plan.spec.steps[1].arguments["limit"] == 2
    assert plan.as_of == today()


def test_answers_may_be_known_before_they_are_asked_for(brain: Brain) -> None:
    assert brain.ask(REQUEST, answers={"limit": 1}).status is RunStatus.SUCCEEDED
