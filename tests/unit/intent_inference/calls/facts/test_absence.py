"""Facts about an argument that is given nothing."""

import pytest
from call_scenes import FactsOf

TEXT = {"type": "string", "description": "The city."}


def test_absence_where_nothing_is_offered(facts: FactsOf) -> None:
    about = facts("hello", {"radius": {"type": "number", "default": 1}}, None)
    assert about["absent nothing offered"] == 1
    assert about["absent optional default"] == 1
    assert "absent name unsaid optional" in about


@pytest.mark.parametrize(("text", "nearness"), [("the radius is 5", 1), ("a wheel of 5", 0.5), ("take 5", 0)])
def test_absence_where_a_value_stands_near_the_words_of_the_argument(
    facts: FactsOf, text: str, nearness: float
) -> None:
    radius = {"radius": {"type": "number", "description": "Of the wheel."}}
    assert facts(text, radius, None)["absent near optional"] == nearness
