"""Tokens of a text, each of its kind."""

import pytest

from brain.intent_inference.calls.tokens import Token, TokenKind, find_tokens

PATH, MAIL, CODE, NUMBER, HOST = TokenKind.PATH, TokenKind.MAIL, TokenKind.CODE, TokenKind.NUMBER, TokenKind.HOST


def texts(text: str, kind: TokenKind | None = None) -> list[str]:
    return [token.text for token in find_tokens(text) if kind in (None, token.kind)]


@pytest.mark.parametrize(
    ("text", "kind", "found"),
    [
        ("Read ~/data/sales and reports/a-b.v2.json.", PATH, ["~/data/sales", "reports/a-b.v2.json"]),
        (r"open C:\logs\app.log", PATH, [r"C:\logs\app.log"]),
        ("mail to o.brien+x@mail.example.org now", MAIL, ["o.brien+x@mail.example.org"]),
        ("see https://a.example/x?y=1, please.", TokenKind.URL, ["https://a.example/x?y=1"]),
        ("AB-123, B2B, flight LH2410 and #42", CODE, ["AB-123", "B2B", "LH2410", "#42"]),
        ("ping 192.168.0.1/24 at example.com", HOST, ["192.168.0.1/24", "example.com"]),
        ("5kg, 30mm, 7% and $5", NUMBER, ["5", "30", "7", "5"]),
        ("from -5 to +7, and −4", NUMBER, ["-5", "+7", "−4"]),
        ("1,234 or 1e5 or .5", NUMBER, ["1,234", "1e5", ".5"]),
        ("the 3rd and the 21st", TokenKind.ORDINAL, ["3rd", "21st"]),
        ("2024-05-01 or 5/6/2023", TokenKind.DATE, ["2024-05-01", "5/6/2023"]),
        ("at 14:30", TokenKind.TIME, ["14:30"]),
        ("Dr. Smith of the U.S. team", TokenKind.SHORT, ["Dr.", "U.S."]),
    ],
)
def test_a_token_looks_like_its_kind(text: str, kind: TokenKind, found: list[str]) -> None:
    assert texts(text, kind) == found


def test_a_unit_behind_a_number_is_a_token_of_its_own() -> None:
    assert texts("5kg of 30mm") == ["5", "kg", "of", "30", "mm"]


def test_a_hyphen_between_numbers_is_no_sign() -> None:
    assert texts("3-5") == ["3", "-", "5"]


def test_a_comma_groups_digits_but_parts_the_numbers_of_a_list() -> None:
    assert texts("1,234 and (1,234) and [1,2,3]", NUMBER) == ["1,234", "1", "234", "1", "2", "3"]


def test_a_possessive_is_a_token_of_its_own_and_a_contraction_is_not() -> None:
    assert texts("Smith's dog doesn't") == ["Smith", "'s", "dog", "doesn't"]


def test_a_token_knows_its_place() -> None:
    text = "to mail@a.example, 5kg"
    assert [text[token.start : token.end] for token in find_tokens(text)] == texts(text)


def test_words_that_only_hold_a_sentence_together_tell_nothing() -> None:
    assert [token.text for token in find_tokens("Add the milk, please!") if token.is_telling] == ["Add", "milk"]


def test_a_typographic_apostrophe_is_one_in_lower_case() -> None:
    assert Token("Don’t", TokenKind.WORD, 0, 5).lower == "don't"
