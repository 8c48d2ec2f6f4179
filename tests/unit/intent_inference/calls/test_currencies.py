"""Currencies, by the words for them."""

import pytest

from brain.intent_inference.calls.currencies import codes_by_name


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("us dollar", "USD"),
        ("swiss francs", "CHF"),
        ("norwegian krone", "NOK"),
        ("eur", "EUR"),
        ("£", "GBP"),
        ("polish zlotys", "PLN"),
    ],
)
def test_a_currency_has_a_code_by_each_of_its_names(name: str, code: str) -> None:
    assert codes_by_name()[name] == code
