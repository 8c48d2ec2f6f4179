"""Identifiers as people would say them."""

import pytest

from brain.identifiers import split_name, words_of


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("firstName", ["first", "name"]),
        ("first_name", ["first", "name"]),
        ("get-HTTPResponse", ["get", "http", "response"]),
        ("x1", ["x1"]),
        ("_", []),
    ],
)
def test_an_identifier_is_split_into_words(name: str, words: list[str]) -> None:
    assert split_name(name) == words


def test_the_words_of_a_text_have_no_digits() -> None:
    assert words_of("Radius r2 in Meters.") == ["radius", "r", "in", "meters"]
