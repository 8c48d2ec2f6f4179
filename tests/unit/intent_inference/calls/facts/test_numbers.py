"""Facts about a number."""

import pytest
from call_scenes import FactsOf


@pytest.mark.parametrize(
    ("text", "name", "value", "fact"),
    [
        ("a rate of 2.5", "rate", 2.5, "type number decimal"),
        ("5 years", "years", 5, "unit fits"),
        ("for 5 years", "amount", 5, "time unit, wanted=False"),
        ("take 5", "duration_minutes", 5, "wants time unit"),
        ("a price of $5", "price", 5, "money=True wanted=True"),
        ("a rate of 3%", "rate", 0.03, "percent=True wanted=True"),
        ("in 2020", "year", 2020, "year=True wanted=True"),
        ("on 2024-05-01 at 5", "day", 5, "sign=+"),
        ("the code 'R 7'", "code", 7, "in quotation marks"),
        ("flight Lufthansa 24", "number", 24, "behind a name"),
        ("at -4", "value", -4, "sign=-"),
        ("at 0", "value", 0, "sign=0"),
        ("at 0.5", "value", 0.5, "share=True decimal=False"),
        ("2 lovely sides were 4 and 6", "value", 2, "announces the others"),
        ("use 2 sides: 4, 5, 6", "value", 2, "before a colon"),
    ],
)
def test_a_number_is_told_by(facts: FactsOf, text: str, name: str, value: float, fact: str) -> None:
    assert facts(text, {name: {"type": "number"}}, value)[fact] == 1


def test_a_number_in_a_date_is_told(facts: FactsOf) -> None:
    about = facts("on May 5, 2021", {"day": {"type": "integer"}}, 5)
    assert about["in date wanted=True"] == 1
