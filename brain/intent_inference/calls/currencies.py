"""Currencies, by the signs and words for them."""

from functools import cache

__all__ = ["SYMBOLS", "codes_by_name", "currency_of_unit"]

SYMBOLS = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR"}
UNITS = {
    "dollar": "USD", "dollars": "USD", "usd": "USD", "euros": "EUR", "eur": "EUR", "pounds": "GBP", "yen": "JPY",
    "rupees": "INR",
}  # fmt: skip
"""Words behind an amount."""
SPOKEN = {
    "dollars": "USD", "dollar": "USD", "us dollars": "USD", "us dollar": "USD", "american dollars": "USD",
    "euros": "EUR", "euro": "EUR", "pounds": "GBP", "british pounds": "GBP", "pounds sterling": "GBP", "yen": "JPY",
    "japanese yen": "JPY", "rupees": "INR", "indian rupees": "INR", "yuan": "CNY", "chinese yuan": "CNY",
    "swiss francs": "CHF", "canadian dollars": "CAD", "australian dollars": "AUD", "pesos": "MXN",
}  # fmt: skip
"""As people call the ones that they use most; the Unicode names are longer (`US Dollar`)."""


def currency_of_unit(word: str) -> str:
    """The code of the currency that a word behind an amount names, or nothing."""
    return UNITS.get(word, "")


@cache
def codes_by_name() -> dict[str, str]:
    """ISO 4217 codes by every name in lower case, singular and plural, by the code itself and by the sign."""
    from babel import Locale

    codes = {name.lower(): str(code) for code, name in Locale("en").currencies.items()} | SPOKEN
    codes |= {code.lower(): code for code in codes.values()} | SYMBOLS
    return codes | {f"{name}s": code for name, code in codes.items() if not name.endswith("s")}
