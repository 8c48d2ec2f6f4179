"""Texts that are offered."""

from call_scenes import argument_of, values_of

TEXT = argument_of("name")


def test_phrases_are_offered() -> None:
    assert values_of("to the Bank of England", TEXT) == ["Bank", "Bank of England", "England"]


def test_a_quotation_is_offered_even_where_it_is_no_phrase() -> None:
    assert values_of("the film 'What we do in the'", TEXT, "quoted") == ["What we do in the"]


def test_the_beginning_of_a_compound_is_offered() -> None:
    assert values_of("a jazz-themed night", TEXT, "part of a compound") == ["jazz"]


def test_an_expression_is_offered() -> None:
    assert values_of("solve 3x^2 + 2x = 4", TEXT, "expression")[0] == "3x^2 + 2x = 4"


def test_currencies_are_offered_by_their_codes_and_not_in_parts() -> None:
    currency = argument_of("to_currency")
    assert values_of("from Swiss francs to dollars", currency) == ["CHF", "USD"]
