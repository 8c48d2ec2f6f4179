"""A request, taken apart."""

import pytest

from brain.intent_inference.calls.reading import Reading


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ('say "hello world" and “good bye”', ["hello world", "good bye"]),
        ("the title 'it's here' fits", ["it's here"]),
        ("use `a.b` or «c d»", ["a.b", "c d"]),
        ("the dogs' and cats' club", []),
        ('an empty "" one', []),
    ],
)
def test_what_stands_in_quotation_marks_is_found(text: str, quoted: list[str]) -> None:
    reading = Reading(text)
    assert [reading.quote(*place) for place in reading.quotes] == quoted


def test_capitals_say_nothing_in_a_title() -> None:
    assert not Reading("Find Cheap Flights To Paris").has_telling_capitals
    assert Reading("Find cheap flights to Paris").has_telling_capitals


def test_the_first_word_of_a_sentence_has_its_capital_for_nothing() -> None:
    reading = Reading("Go home. “Take it.”")
    assert {reading.lowers[at] for at in reading.sentence_starts} >= {"go"}
    assert reading.starts_sentence(0)
    assert not reading.starts_sentence(1)


def test_a_range_is_widened_to_the_whole_name() -> None:
    reading = Reading("fly to New York City today")
    assert reading.quote(*reading.whole_name(3, 4)) == "New York City"


def test_a_range_knows_where_it_cuts_a_name() -> None:
    reading = Reading("fly to New York today")
    assert reading.cuts_name_before(3)
    assert reading.cuts_name_behind(3)
    assert not reading.cuts_name_before(2)


def test_words_have_shapes() -> None:
    reading = Reading("Fly to Rome on 5 May, flight LH24 please")
    assert [reading.shape(at) for at in (-1, 0, 1, 2, 4, 6, 8)] == [
        "edge", "opening", "to", "capital", "number", ",", "code",
    ]  # fmt: skip


@pytest.mark.parametrize(("text", "case"), [("New York", "all"), ("new York", "some"), ("big city", "none")])
def test_a_range_is_written_with_capitals_or_without(text: str, case: str) -> None:
    assert str(Reading(f"to {text}").case(1, 3)) == case
