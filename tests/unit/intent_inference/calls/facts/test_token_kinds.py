"""Facts about the kinds of a text's tokens."""

import pytest
from call_scenes import FactsOf


@pytest.mark.parametrize(
    ("text", "name", "value", "fact"),
    [
        ("mail to a@b.example", "recipient", "a@b.example", "mail alone wanted=True"),
        ("mail to a@b.example", "recipient", "a@b.example", "is a mail True"),
        ("mail to a@b.example", "recipient", "mail", "is a mail False"),
        ("open /data/a.csv", "path", "/data/a.csv", "is path"),
        ("flight LH2410", "flight_code", "LH2410", "code alone wanted=True"),
        ("flight LH2410", "city", "LH2410", "code alone wanted=False"),
        ("at 12 Main Street", "address", "12 Main Street", "number begins an address"),
        ("at 12 Main Street", "address", "12 Main Street", "has number"),
    ],
)
def test_a_text_holds_tokens_of_a_kind(facts: FactsOf, text: str, name: str, value: str, fact: str) -> None:
    assert facts(text, {name: {"type": "string"}}, value)[fact] == 1
