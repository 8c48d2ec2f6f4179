"""Ranges of tokens that may name something."""

import pytest

from brain.intent_inference.calls.phrases import find_expressions, find_phrases
from brain.intent_inference.calls.reading import Reading


def phrases(text: str) -> list[str]:
    reading = Reading(text)
    return [reading.quote(*place) for place in find_phrases(reading)]


def test_a_phrase_has_no_function_word_at_an_end() -> None:
    assert phrases("the Bank of England") == ["Bank", "Bank of England", "England"]


def test_a_phrase_ends_at_marks_that_part() -> None:
    assert phrases("tea; cake") == ["tea", "cake"]
    assert "Boston, MA" in phrases("to Boston, MA")


def test_a_phrase_does_not_go_across_quotation_marks() -> None:
    assert phrases("see 'red barn' today") == ["see", "red", "red barn", "barn", "today"]


def test_a_name_may_have_its_possessive() -> None:
    assert "Levi's" in phrases("a pair of Levi's jeans")


def test_a_function_word_may_be_a_name() -> None:
    assert phrases("the film It") == ["film", "It"]


@pytest.mark.parametrize(
    ("text", "expressions"),
    [
        ("Solve 3x^2 + 2x = 4 now", ["3x^2 + 2x = 4"]),
        ("differentiate f(x) = sin(x)", ["f(x) = sin(x)", "sin(x)"]),
        ("I need 5 of 7", []),
    ],
)
def test_an_operator_holds_an_expression_together(text: str, expressions: list[str]) -> None:
    reading = Reading(text)
    assert [reading.quote(*place) for place in find_expressions(reading)][: len(expressions)] == expressions


def test_a_word_for_oneself_is_no_name() -> None:
    assert phrases("what should I see, for I'm in Rome") == ["see", "see, for I'm in Rome", "Rome"]
