"""Features of candidates."""

import pytest
from call_scenes import WorthsOf

from brain.intent_inference.calls.facts.neighbours import Chosen

NUMBER = {"type": "number"}


@pytest.mark.parametrize(
    ("schema", "group"),
    [
        ({"type": "integer"}, "number"),
        (NUMBER, "number"),
        ({"type": "string"}, "text"),
        ({"type": "string", "enum": ["a"]}, "option"),
        ({"type": "array", "items": NUMBER}, "numbers"),
        ({"type": "array", "items": {"type": "string"}}, "texts"),
    ],
)
def test_arguments_of_a_group_share_their_features(worths: WorthsOf, schema: dict[str, object], group: str) -> None:
    tried = worths("a 5", {"value": schema}, {})
    numbers = range(len(tried.scene.candidates[0]))
    assert {name.partition(":")[0] for number in numbers for name in tried.features.alone(0, number)} == {group}


@pytest.mark.parametrize(
    ("text", "schema", "family"),
    [
        ("take 5", NUMBER, "digits"),
        ("for 2 hours", {**NUMBER, "description": "In minutes."}, "converted"),
        ("take 'it up'", {"type": "string", "enum": ["it up"]}, "option"),
    ],
)
def test_rules_are_told_by_their_family(worths: WorthsOf, text: str, schema: dict[str, object], family: str) -> None:
    assert f"rule={family}" in {name.partition(":")[2] for name in worths(text, {"x": schema}, {}).features.alone(0, 1)}


def test_a_default_that_is_said_is_told(worths: WorthsOf) -> None:
    tried = worths("take 5 or 6", {"x": {**NUMBER, "default": 5}}, {})
    assert "number:is default" in tried.features.alone(0, 1)
    assert "number:is default" not in tried.features.alone(0, 2)


def test_features_of_a_candidate_by_itself_are_worked_out_once(worths: WorthsOf) -> None:
    features = worths("take 5", {"x": NUMBER}, {}).features
    assert features.alone(0, 1) is features.alone(0, 1)


def test_features_beside_others_have_the_group_as_well(worths: WorthsOf) -> None:
    tried = worths("3 by 4", {"a": NUMBER, "b": NUMBER}, {})
    three, four = tried.scene.candidates[0][1], tried.scene.candidates[1][2]
    assert "number:in order True" in tried.features.beside(1, four, Chosen((three,)))
