"""Facts about a single call: values that stand in one list with those that it takes."""

import pytest
from call_scenes import WorthsOf

from brain.intent_inference.calls.candidate import ABSENT, Candidate
from brain.intent_inference.calls.facts.fellows import fellows, how_joined, of_single_call
from brain.intent_inference.calls.scene import Scene

YEARS = {"years": {"type": "integer"}}


def at(scene: Scene, value: object, position: int = 0) -> Candidate:
    return next(each for each in scene.candidates[position] if each.value == value)


def fellow_values(worths: WorthsOf, text: str, value: object, kind: str = "integer") -> list[object]:
    scene = worths(text, {"value": {"type": kind}}, {}).scene
    return [each.value for each in fellows(scene, 0, at(scene, value))]


def test_the_members_of_a_list_are_fellows(worths: WorthsOf) -> None:
    assert fellow_values(worths, "for 10, 20 and 30 years", 20) == [10, 30]
    assert sorted(map(str, fellow_values(worths, "flights to Oslo or Rome", "Oslo", "string"))) == ["Rome"]


@pytest.mark.parametrize(
    ("text", "value", "kind"),
    [
        ("tickets in Denver, Colorado", "Denver", "string"),
        ("from 10 to 20", 10, "integer"),
        ("3 adults and a dog for 5 nights", 3, "integer"),
    ],
)
def test_what_is_no_list_has_none(worths: WorthsOf, text: str, value: object, kind: str) -> None:
    assert fellow_values(worths, text, value, kind) == []


def test_a_single_call_is_told_how_many_fellows_it_leaves_out(worths: WorthsOf) -> None:
    scene = worths("for 10, 20 and 30 years", YEARS, {}).scene
    assert dict(of_single_call(scene, [at(scene, 30)]))["single leaves 2 fellows"] == 1
    assert dict(of_single_call(scene, [ABSENT])) == {}


def test_fellows_that_another_argument_takes_are_not_left_out(worths: WorthsOf) -> None:
    scene = worths("between 3 and 5", {"start": {"type": "integer"}, "end": {"type": "integer"}}, {}).scene
    assert dict(of_single_call(scene, [at(scene, 3), at(scene, 5, 1)])) == {}
    assert "single leaves 1 fellows" in dict(of_single_call(scene, [at(scene, 3), ABSENT]))


def test_a_run_says_how_it_is_joined(worths: WorthsOf) -> None:
    scene = worths("for 10, 20 and 30 but 40 too", YEARS, {}).scene
    assert how_joined(scene, [at(scene, 10), at(scene, 20), at(scene, 30)]) == "by a conjunction"
    assert how_joined(scene, [at(scene, 10), at(scene, 20)]) == "by commas"
    assert how_joined(scene, [at(scene, 30), at(scene, 40)]) == "not"
