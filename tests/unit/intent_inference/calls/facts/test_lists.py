"""Facts about a list."""

import pytest
from call_scenes import FactsOf

TEXTS = {"names": {"type": "array", "items": {"type": "string"}}}
NUMBERS = {"values": {"type": "array", "items": {"type": "number"}}}


@pytest.mark.parametrize(
    ("text", "value", "fact"),
    [
        ("for apples and pears", ["apples", "pears"], "members 2"),
        ("for apples and pears", ["apples", "pears"], "sizes even"),
        ("for apples and red pears", ["apples", "red pears"], "sizes uneven"),
        ("for Ann and others", ["Ann", "others"], "cases uneven"),
        ("for apples, pears and plums", ["apples", "pears"], "goes on True"),
    ],
)
def test_a_list_of_texts_is_told_by(facts: FactsOf, text: str, value: list[str], fact: str) -> None:
    assert facts(text, TEXTS, value)[fact] == 1


def test_members_that_are_alike_are_near_in_meaning(facts: FactsOf) -> None:
    alike = facts("for apples and pears", TEXTS, ["apples", "pears"])["alike"]
    assert alike > facts("for apples and Germany", TEXTS, ["apples", "Germany"])["alike"]


def test_a_list_may_stand_in_brackets(facts: FactsOf) -> None:
    assert "brackets True" in facts("the points (3, 4)", NUMBERS, [3, 4])
