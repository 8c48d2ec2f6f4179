"""Facts about what stands around a candidate."""

import pytest
from call_scenes import FactsOf

NUMBER = {"type": "number"}
TEXT = {"type": "string"}


def test_the_tokens_beside_a_value_are_told_by_word_or_by_shape(facts: FactsOf) -> None:
    about = facts("paint walls 5 meters high", {"height": NUMBER}, 5)
    assert {"left=content", "left word walls", "right=content", "right word meters"} <= about.keys()


def test_an_article_is_looked_past(facts: FactsOf) -> None:
    assert "left2=in" in facts("live in a Paris flat", {"city": TEXT}, "Paris")


def test_the_name_of_the_argument_is_looked_for_on_both_sides(facts: FactsOf) -> None:
    both = {"radius": NUMBER, "height": NUMBER}
    about = facts("a radius of 5 and a height of 7", both, 5)
    assert {"left name 1", "left name alone", "right other name 2"} <= about.keys()


def test_a_word_of_the_description_is_looked_for(facts: FactsOf) -> None:
    about = facts("a wheel of 5", {"radius": {"type": "number", "description": "Of the wheel."}}, 5)
    assert {"left told 1", "left told alone"} <= about.keys()


def test_the_argument_before_a_whole_name_is_seen_from_inside_of_it(facts: FactsOf) -> None:
    about = facts("to the city New York now", {"city": TEXT}, "York")
    assert "left name 0" in about


@pytest.mark.parametrize(
    ("text", "fact", "is_there"),
    [
        ("radius = 5", "assigned by name", True),
        ("the radius is 5", "assigned", True),
        ("the radius is 5", "assigned by name", False),
        ("5", "assigned", False),
    ],
)
def test_a_value_may_be_assigned(facts: FactsOf, text: str, fact: str, is_there: bool) -> None:
    assert (fact in facts(text, {"radius": NUMBER}, 5)) is is_there


@pytest.mark.parametrize(
    ("name", "role"), [("origin", "role from after from"), ("target", "role to after from"), ("city", None)]
)
def test_a_preposition_tells_an_end(facts: FactsOf, name: str, role: str | None) -> None:
    about = facts("fly from the Azores", {name: TEXT}, "Azores")
    assert [fact for fact in about if fact.startswith("role")] == ([role] if role else [])


def test_a_preposition_may_be_the_name(facts: FactsOf) -> None:
    assert "preposition is name" in facts("fly from Oslo", {"from": TEXT}, "Oslo")
