"""Rated runs help with new plans: what the Brain plans before and after people have rated, with the real services."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command_line import CommandLine, new_project, remove_project
from scripted_openai import Asked, ScriptedOpenAI, says_json

from brain import Brain
from brain.errors import PlanningError
from brain.intent_inference.plan import Origin, Plan
from brain.runs import RunStatus

ASKED = "Wake me in the blue room after 0.01 seconds"
AGAIN = "Please wake me in the green room after 0.02 seconds"
NAPPING = """
name: nap
request: Wake me in the blue room after 0.01 seconds
steps:
  - {id: nap, tool: shop.nap, arguments: {seconds: 0.01, label: blue room}}
outputs: {label: "${nap.label}"}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[CommandLine]:
    made = new_project(tmp_path / "shop")
    yield made
    remove_project(made.project)


@pytest.fixture
def brain(shop: CommandLine) -> Iterator[Brain]:
    with Brain(shop.project) as opened:
        yield opened


def remembered(brain: Brain, stars: int) -> str:
    """The id of a run of the pipeline that somebody wrote and rated."""
    run = brain.run(NAPPING)
    assert run.status is RunStatus.SUCCEEDED
    brain.rate(run, stars)
    return run.id


def napping(plan: Plan) -> list[dict[str, Any]]:
    return [step.arguments for step in plan.spec.steps if step.tool == "shop.nap"]


def test_a_request_like_one_that_was_rated_well_gets_its_plan_with_its_own_values(brain: Brain) -> None:
    with pytest.raises(PlanningError):
        brain.plan(AGAIN)
    run_id = remembered(brain, 5)
    plan = brain.plan(AGAIN)
    assert napping(plan) == [{"seconds": 0.02, "label": "green room"}]
    assert any(f"Adapted from the run {run_id} (“{ASKED}”), which was rated 5 of 5." in note for note in plan.notes)
    assert {each.kind for each in plan.provenance} <= {Origin.SPAN, Origin.RULE}


def test_the_same_request_twice_gives_the_same_plan_byte_for_byte(brain: Brain) -> None:
    remembered(brain, 5)
    assert brain.plan(AGAIN).to_json() == brain.plan(AGAIN).to_json()


@pytest.mark.parametrize("stars", [1, 3])
def test_a_run_that_was_not_rated_well_changes_nothing(brain: Brain, stars: int) -> None:
    remembered(brain, stars)
    with pytest.raises(PlanningError):
        brain.plan(AGAIN)


def test_a_later_bad_rating_takes_the_example_away(brain: Brain) -> None:
    run_id = remembered(brain, 5)
    brain.rate(run_id, 1, "it woke the wrong one")
    with pytest.raises(PlanningError):
        brain.plan(AGAIN)


def test_a_run_asked_for_uses_it_too_and_says_so(brain: Brain) -> None:
    run_id = remembered(brain, 4)
    run = brain.ask(AGAIN)
    assert (run.status, run.outputs) == (RunStatus.SUCCEEDED, {"label": "green room"})
    assert any(f"run {run_id}" in note and "rated 4 of 5" in note for note in run.notes)


def test_many_requests_use_it_too(brain: Brain) -> None:
    from brain.session.planning import PlanRequest

    remembered(brain, 5)
    (outcome,) = brain.plan_each([PlanRequest(id=1, request=AGAIN)])
    assert outcome.plan is not None
    assert napping(outcome.plan) == [{"seconds": 0.02, "label": "green room"}]


def test_memory_can_be_turned_off(brain: Brain, shop: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    remembered(brain, 5)
    monkeypatch.setenv("BRAIN_PLAN_MEMORY", "off")
    with Brain(shop.project) as forgetful, pytest.raises(PlanningError):
        forgetful.plan(AGAIN)


def test_planning_many_requests_where_nothing_was_ever_run_starts_no_database(shop: CommandLine) -> None:
    from brain.session.planning import PlanRequest

    with Brain(shop.project) as brain:
        list(brain.plan_each([PlanRequest(id=1, request=AGAIN)]))
    assert not list((shop.project / ".brain").glob("postgres*"))


class TestModelPlanner:
    """A strong model is shown what people were content with."""

    @pytest.fixture
    def model(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedOpenAI]:
        step = {"id": "nap", "tool": "shop.nap", "arguments": {"seconds": 0.02, "label": "green room"}}

        def answers(_asked: Asked) -> Any:
            return says_json({"name": "nap", "steps": [step], "outputs": {"label": "${nap.label}"}})

        with ScriptedOpenAI(answers) as server:
            monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
            monkeypatch.setenv("BRAIN_CHAT_MODEL", "imaginary")
            yield server

    def test_it_is_shown_the_request_and_the_plan(self, model: ScriptedOpenAI, brain: Brain) -> None:
        remembered(brain, 5)
        plan = brain.plan(AGAIN)
        system = model.asked[-1].system
        assert f"Request: {ASKED}" in system
        assert '"label": "blue room"' in system
        assert napping(plan) == [{"seconds": 0.02, "label": "green room"}]

    def test_it_is_not_shown_what_was_rated_badly(self, model: ScriptedOpenAI, brain: Brain) -> None:
        remembered(brain, 2)
        brain.plan(AGAIN)
        assert ASKED not in model.asked[-1].system
