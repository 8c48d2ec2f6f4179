"""Facts about a text beside the examples of the argument."""

import pytest
from call_scenes import FactsOf


@pytest.mark.parametrize(
    ("text", "value", "fact"),
    [
        ("fly to Oslo", "Oslo", "is example"),
        ("fly to Rome", "Rome", "examples capital=True all"),
        ("fly to New York City", "New York City", "examples length 2"),
        ("fly to Boston, MA", "Boston, MA", "examples length 1"),
    ],
)
def test_a_text_looks_like_the_examples(facts: FactsOf, text: str, value: str, fact: str) -> None:
    city = {"type": "string", "description": "City, e.g. 'Oslo', 'Bonn'."}
    assert facts(text, {"city": city}, value)[fact] == 1


def test_digits_and_commas_are_looked_for_where_the_examples_have_them(facts: FactsOf) -> None:
    code = {"type": "string", "description": "Like 'A1, B2'."}
    about = facts("take C3", {"code": code}, "C3")
    assert {"examples digits True", "examples comma False"} <= about.keys()


def test_options_are_no_examples(facts: FactsOf) -> None:
    about = facts("in red", {"color": {"type": "string", "enum": ["red"], "description": "Like 'red'."}}, "red")
    assert "like examples" not in about
