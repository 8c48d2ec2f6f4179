"""Facts about a text that holds words of the argument, of other arguments or of the tool."""

import pytest
from call_scenes import FactsOf

TEXT = {"type": "string"}


@pytest.mark.parametrize(
    ("text", "value", "fact"),
    [
        ("the Rhine river", "Rhine", "name behind all False"),
        ("the Rhine river", "Rhine river", "ends in name False some"),
        ("river Rhine", "river Rhine", "begins with name"),
        ("big river bank", "big river bank", "holds name"),
        ("a city map", "city map", "holds another name"),
        ("a map", "map", "only tool words"),
    ],
)
def test_a_text_may_hold_words_of_its_own(facts: FactsOf, text: str, value: str, fact: str) -> None:
    assert facts(text, {"river": TEXT, "city": TEXT}, value, name="draw_map")[fact] == 1


def test_the_share_of_the_tools_words_is_told(facts: FactsOf) -> None:
    assert facts("a red map", {"river": TEXT}, "red map", name="draw_map")["tool words"] == 0.5


def test_a_text_is_compared_with_the_argument_by_its_meaning(facts: FactsOf) -> None:
    fruit = {"fruit": TEXT, "city": TEXT}
    assert facts("bananas", fruit, "bananas")["similar"] > facts("Hamburg", fruit, "Hamburg")["similar"]
    assert facts("bananas", fruit, "bananas")["margin"] > 0
