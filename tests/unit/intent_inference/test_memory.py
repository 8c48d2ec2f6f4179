"""Which rated runs are examples for a planner, and how much each counts."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from brain.intent_inference.memory import MOST_EXAMPLES, RatedPlan, bound, examples_of
from brain.pipeline_builder.spec import PipelineSpec
from brain.runs import RunStatus

FIRST = datetime(2026, 11, 1, 12, tzinfo=UTC)


def plan(run: str = "a", request: str = "rain by month", similarity: float = 0.8, **given: Any) -> RatedPlan:
    step = {"id": "s", "tool": given.pop("tool", "table.read"), "arguments": given.pop("arguments", {})}
    shape = {"status": RunStatus.SUCCEEDED, "stars": 5, "rated_at": FIRST, "as_of": date(2026, 11, 1)} | given
    name = shape.pop("name", "weather")
    spec = PipelineSpec.from_value({"name": name, "steps": [step]})
    return RatedPlan(run=run, request=request, spec=spec, similarity=similarity, **shape)


@pytest.mark.parametrize("stars", [1, 2, 3])
def test_a_run_that_people_were_not_content_with_is_no_example(stars: int) -> None:
    assert examples_of([plan(stars=stars, similarity=1.0)]) == ()


def test_more_stars_and_success_weigh_more_than_a_little_more_likeness() -> None:
    runs = [
        plan("four", "a", 0.82, stars=4),
        plan("failed", "b", 0.85, status=RunStatus.FAILED),
        plan("five", "c", 0.8),
    ]
    found = examples_of(runs)
    assert [(each.run, each.weight) for each in found] == [("five", 0.8), ("four", 0.738), ("failed", 0.68)]


def test_an_example_says_what_was_asked_when_and_how_it_was_rated() -> None:
    (found,) = examples_of([plan(stars=4)])
    assert (found.request, found.run, found.stars, found.as_of) == ("rain by month", "a", 4, date(2026, 11, 1))


def test_of_the_same_plan_for_the_same_request_only_the_latest_rating_counts() -> None:
    later = FIRST + timedelta(days=1)
    badly = plan("b", stars=1, rated_at=later, name="another name")
    assert examples_of([plan("a"), badly]) == ()
    assert [each.run for each in examples_of([plan("a", rated_at=later), plan("b", stars=1)])] == ["a"]


def test_another_plan_for_the_same_request_is_judged_by_its_own_rating() -> None:
    found = examples_of([plan("good", tool="table.sort"), plan("bad", tool="table.read", stars=1)])
    assert [each.run for each in found] == ["good"]


def test_a_plan_that_holds_a_secret_is_no_example() -> None:
    assert examples_of([plan(arguments={"key": "${secret:TOKEN}"})]) == ()


def test_the_weightiest_come_first_and_not_too_many() -> None:
    runs = [plan(f"r{number}", f"request {number}", 0.5 + number / 100) for number in range(20)]
    found = examples_of(runs)
    assert [each.run for each in found] == [f"r{number}" for number in range(19, 19 - MOST_EXAMPLES, -1)]
    assert examples_of(reversed(runs)) == found


def test_texts_and_numbers_that_a_run_was_given_stand_in_the_places_of_its_inputs() -> None:
    arguments = {
        "path": "${inputs.path}",
        "title": "Rain in ${inputs.city}",
        "n": "${inputs.n}",
        "t": "${inputs.table}",
    }
    declared = {name: {"type": "string"} for name in ("path", "city", "n", "table")}
    step = {"id": "s", "tool": "table.read", "arguments": arguments}
    spec = PipelineSpec.from_value({"name": "x", "inputs": declared, "steps": [step]})
    found = bound(spec, {"path": "rain.csv", "city": "Oslo", "n": 3, "table": {"artifact": "a"}})
    filled = {"path": "rain.csv", "title": "Rain in Oslo", "n": 3, "t": "${inputs.table}"}
    assert found.steps[0].arguments == filled
    assert set(found.inputs) == {"table"}


def test_what_looks_like_a_reference_in_an_input_refers_to_nothing() -> None:
    step = {"id": "s", "tool": "table.read", "arguments": {"path": "${inputs.path}"}}
    spec = PipelineSpec.from_value({"name": "x", "inputs": {"path": {"type": "string"}}, "steps": [step]})
    assert bound(spec, {"path": "${secret:TOKEN}"}).steps[0].arguments == {"path": "$${secret:TOKEN}"}
