"""The replay of recorded call graphs notices whatever is not as it was recorded."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from benchmarks import replay
from benchmarks.planning.sets import Case
from benchmarks.replay import Outcome, outcomes
from brain.pipeline_builder.spec import PipelineSpec

FIND = {
    "name": "Find_Place",
    "description": "Find places by name.",
    "inputSchema": {"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]},
}
RENT = {
    "name": "Rent_Car",
    "description": "Rent a car near a place.",
    "inputSchema": {"type": "object", "properties": {"near": {"type": "number"}, "legs": {"type": "array"}}},
}


def step(label: str, name: str, arguments: Mapping[str, Any], response: Any) -> dict[str, Any]:
    return {"label": label, "name": name, "arguments": arguments, "response": response}


HERE = step("var1", "Find_Place", {"query": "${here}"}, [{"at": {"lat": 1.5, "no": 1}}, {"at": {"lat": 2.5, "no": 2}}])
THERE = step("var2", "Find_Place", {"query": "there"}, {"at": {"lat": 9.5, "no": 9}})
NEAR_HERE = step("var3", "Rent_Car", {"near": "$var1.at.lat$", "legs": [{"no": "$var2.at.no$"}]}, {"car": "small"})
NEAR_THERE = step("var4", "Rent_Car", {"near": "$var2.at.lat$"}, None)


def replayed(*steps: Mapping[str, Any]) -> Outcome:
    (outcome,) = outcomes([Case("7", "Rent a car.", (FIND, RENT), steps=tuple(dict(each) for each in steps))])
    return outcome


def test_a_row_comes_out_as_it_was_recorded() -> None:
    assert replayed(HERE, THERE, NEAR_HERE, NEAR_THERE) == Outcome(calls=4, equal=4)


def changed(change: Callable[[str], str]) -> Callable[[Case], PipelineSpec]:
    translated = replay.pipeline_of
    return lambda case: PipelineSpec.from_text(change(translated(case).canonical()))


@pytest.mark.parametrize(
    ("right", "wrong", "equal"),
    [
        ("${var1[0].at.lat}", "${var1[1].at.lat}", 2),
        ("${var1[0].at.lat}", "${var1[0].at.no}", 2),
        ("${var2.at.no}", "9.0", 2),
        ('"query":"there"', '"query":"${\\"var1\\" | \'there!\'}"', 1),
    ],
)
def test_an_argument_that_comes_to_something_else_is_noticed(
    monkeypatch: pytest.MonkeyPatch, right: str, wrong: str, equal: int
) -> None:
    assert right in replay.pipeline_of(Case("7", "", (), steps=(HERE, THERE, NEAR_HERE))).canonical()
    monkeypatch.setattr(replay, "pipeline_of", changed(lambda text: text.replace(right, wrong)))
    outcome = replayed(HERE, THERE, NEAR_HERE)
    assert (outcome.calls, outcome.equal) == (3, equal)
    assert outcome.error is not None
    assert "was never called with" in outcome.error


def test_a_reference_to_the_result_of_another_call_is_noticed_although_both_were_recorded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    near = [step(label, "Rent_Car", {"near": f"${other}.at.lat$"}, {"car": other}) for label, other in OTHERS]
    monkeypatch.setattr(
        replay, "pipeline_of", changed(lambda text: text.replace("${var2.at.lat}", "${var1[0].at.lat}"))
    )
    assert replayed(HERE, THERE, *near) == Outcome(calls=4, equal=3)


OTHERS = (("var3", "var1"), ("var4", "var2"))


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        ((HERE, {**NEAR_HERE, "arguments": {"near": "$var1.at.height$"}}), "a reference leads nowhere"),
        ((NEAR_THERE, THERE), "a reference leads nowhere"),
        (({**HERE, "response": []}, NEAR_HERE), "a reference leads nowhere"),
        ((HERE, {**THERE, "label": "var1"}), "two calls have one label"),
        ((THERE, {**THERE, "label": "var5", "response": "else"}), "the same call gave two different results"),
    ],
)
def test_a_row_that_contradicts_itself_is_told_apart(steps: tuple[Mapping[str, Any], ...], why: str) -> None:
    outcome = replayed(*steps)
    assert outcome.contradiction is not None
    assert outcome.contradiction.startswith(why)
    assert outcome.equal == 0


def test_a_call_that_its_tools_definition_does_not_take_is_replayed_unchecked() -> None:
    odd = step("var1", "Find_Place", {"query": 5}, ["five"])
    assert replayed(odd) == Outcome(calls=1, equal=1, is_checked=False)
