"""Facts about the capitals of a text."""

import pytest
from call_scenes import FactsOf


@pytest.mark.parametrize(
    ("text", "value", "fact"),
    [
        ("fly to New York today", "New York", "whole name"),
        ("fly to New York today", "New York", "case all"),
        ("fly to New York today", "York", "cuts a name on the left"),
        ("fly to New York today", "New", "cuts a name on the right"),
        ("Paint is dry now", "Paint", "at start all"),
        ("visit the Bank of England now", "England", "cuts an of-name on the left"),
        ("visit the Bank of England now", "Bank", "cuts an of-name on the right"),
        ("weather in Boston, MA now", "Boston, MA", "name pair place=True wanted=True"),
        ("weather in Boston, MA now", "Boston", "half a name pair wanted=True"),
        ("weather in Boston, MA now", "MA", "second half of a name pair wanted=True"),
    ],
)
def test_capitals_tell_names(facts: FactsOf, text: str, value: str, fact: str) -> None:
    city = {"type": "string", "description": "City, e.g. 'Austin, TX'."}
    assert facts(text, {"city": city}, value)[fact] == 1


def test_capitals_of_a_title_tell_nothing(facts: FactsOf) -> None:
    about = facts("Find Cheap Flights To New York", {"city": {"type": "string"}}, "York")
    assert "case all" in about
    assert "cuts a name on the left" not in about
