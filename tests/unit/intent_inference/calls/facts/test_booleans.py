"""Facts about true and false."""

import pytest
from call_scenes import FactsOf

SUGAR = {"sugar": {"type": "boolean", "description": "Whether it is sweet.", "default": True}}


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("with sugar", "True negated=False"),
        ("without any sugar", "True negated=True"),
        ("with sugar", "True default=True"),
        ("with sugar", "True name=True tool=False"),
        ("with sugar", "is default"),
    ],
)
def test_a_value_that_is_said(facts: FactsOf, text: str, fact: str) -> None:
    assert facts(text, SUGAR, True)[fact] == 1


def test_a_value_that_is_implied(facts: FactsOf) -> None:
    about = facts("it is never hot", SUGAR, False)
    assert {"implied False negated=True", "implied False default=True"} <= about.keys()
    assert (about["implied False told"], about["implied False said"]) == (0, 0)


def test_a_value_that_is_implied_though_words_of_the_description_are_told(facts: FactsOf) -> None:
    assert facts("make it sweet", SUGAR, False)["implied False told"] == pytest.approx(1 / 3)
