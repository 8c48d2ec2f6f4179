"""The parts of a request that may ask for something each."""

import pytest

from brain.clauses import clause_starts, clauses_of


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        (
            "Find a hotel in Rome and book a table, then send me the bill.",
            ["Find a hotel in Rome", "book a table", "send me the bill."],
        ),
        ("Check the weather in Oslo. Also rent a car", ["Check the weather in Oslo.", "Also rent a car"]),
        ("Rain in Oslo, please", ["Rain in Oslo please"]),
        (
            "Read the feed, keep the newest posts, then translate them into German and save the file. Thanks!",
            ["Read the feed", "keep the newest posts", "translate them into German", "save the file. Thanks!"],
        ),
        ("Average rain by month", ["Average rain by month"]),
        ("", []),
    ],
)
def test_a_request_has_clauses(text: str, clauses: list[str]) -> None:
    assert clauses_of(text) == clauses


def test_each_clause_says_where_it_begins() -> None:
    text = "Find a hotel in Rome and book a table, then send me the bill."
    assert [text[start:].split(maxsplit=1)[0] for start in clause_starts(text)] == ["Find", "book", "send"]
    assert clause_starts("") == []
