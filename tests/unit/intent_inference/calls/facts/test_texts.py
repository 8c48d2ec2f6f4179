"""Facts about a text."""

import pytest
from call_scenes import FactsOf

TEXT = {"type": "string"}
MANY = {"type": "array", "items": TEXT}


@pytest.mark.parametrize(
    ("text", "value", "fact"),
    [
        ("find red paint", "red paint", "length 2"),
        ("buy 'red paint' now", "red paint", "quote whole"),
        ("buy 'red paint' now", "paint", "quote part"),
        ("buy 'red paint' now", "now", "other text is quoted"),
        ("see the painting", "painting", "last ends ing"),
        ("solve x = 4 now", "x = 4", "holds = False"),
        ("born on May 5, 2021 here", "May 5, 2021", "date whole"),
        ("born on May 5, 2021 here", "5", "date cut"),
        ("the Bank of England", "Bank of England", "inside of"),
        ("42 is wrong", "42", "starts the sentence without a word"),
        ("read Smith's book", "Smith", "possessive behind"),
        ("buy apples, pears", "apples", "goes on in a list"),
        ("buy apples and pears", "pears", "behind and"),
    ],
)
def test_a_text_is_told_by(facts: FactsOf, text: str, value: str, fact: str) -> None:
    assert facts(text, {"item": TEXT}, value)[fact] == 1


def test_a_list_does_not_go_on_in_a_list(facts: FactsOf) -> None:
    assert "goes on in a list" not in facts("buy apples, pears", {"items": MANY}, ["apples"])
