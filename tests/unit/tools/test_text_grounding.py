"""What counts as standing in a text, and what does not."""

import pytest

from brain.tools.text_grounding import Original

TEXT = (
    "ACME Corp.\nwas founded on 3 May 2024 by José Núñez at a party in Łódź. Revenue: $1,234.50 (−5 %), 3.5 million "
    "visitors, 12'000 m², 1.234 kg, version 2.10. 東京に雨が降った。 Write to a.b@example.org or see "
    "https://example.org/a?b=1. Twenty-five men don’t work on 04/07/2023."
)
ORIGINAL = Original(TEXT)


@pytest.mark.parametrize(
    ("said", "stands_as"),
    [
        ("ACME Corp", "ACME Corp"),
        ("acme corp", "ACME Corp"),
        ("Acme  Corp. was\nfounded", "ACME Corp. was founded"),
        ("JOSÉ NÚÑEZ", "José Núñez"),
        ("Jose\u0301 Nu\u0301n\u0303ez", "José Núñez"),
        ("don't work", "don’t work"),
        ("$1,234.50", "$1,234.50"),
        ("ＡＣＭＥ", "ACME"),
        ("東京", "東京"),
        ("雨が降った", "雨が降った"),
        ("a.b@example.org", "a.b@example.org"),
        ("a-b@example.org", "a.b@example.org"),
        ("https://example.org/a?b=1", "https://example.org/a?b=1"),
        ("€", None),
        ("$", "$"),
    ],
)
def test_words_are_found_however_they_are_written_and_given_as_the_text_has_them(said, stands_as):
    assert ORIGINAL.value(said) == stands_as


@pytest.mark.parametrize(
    "said",
    [
        "",
        " ",
        "art",
        "party in Warsaw",
        "founded ACME",
        "Jose Nunez",
        "ACME Corp. Inc.",
        "大阪",
        "b@example.com",
        "5 May 2024",
        "José at a party",
        "version 2.1",
        "José\u200bNúñezX",
    ],
)
def test_words_that_are_not_there_or_in_another_order_or_only_parts_of_words_are_not_found(said):
    assert ORIGINAL.value(said) is None


@pytest.mark.parametrize(
    ("said", "stands"),
    [
        (1234.5, True),
        (-5, True),
        (5, False),
        (-0.05, True),
        (3_500_000, True),
        (3.5, True),
        (12_000, True),
        (1234, True),
        (1.234, True),
        (2.1, True),
        (25, True),
        (2024, True),
        (3, True),
        (4, True),
        (6, False),
        (234, False),
        (0.5, False),
        (50, False),
        (1235, False),
        (1234.51, False),
        (35, False),
        (1e300, False),
        (999, False),
    ],
)
def test_numbers_are_found_however_they_are_written(said, stands):
    assert ORIGINAL.has_number(said) is stands


@pytest.mark.parametrize("said", ["1234.5", "1234.50", "3500000", "-5", "2024-05-03", "2023-07-04", "2023-04-07"])
def test_a_number_or_day_as_text_may_be_written_in_another_way(said):
    assert ORIGINAL.value(said) == said


@pytest.mark.parametrize(
    "text",
    [
        "2024-05-03",
        "2024-05-03T14:00Z",
        "20240503",
        "3.5.2024",
        "03/05/2024",
        "5/3/24",
        "3 May 2024",
        "May 3rd, 2024",
        "the 3rd of May 2024",
        "3. Mai 2024",
        "3 mai 2024",
        "3 de mayo de 2024",
        "3 maggio 2024",
        "3 mei 2024",
        "3 мая 2024",
        "2024年5月3日",
        "MAY 3, ’24",
    ],
)
def test_a_day_is_found_in_many_ways_to_write_it(text):
    assert Original(f"It was on {text}, a Friday.").has_day("2024-05-03")


@pytest.mark.parametrize(
    "text",
    [
        "13 May 2024",
        "3 May",
        "May 2024",
        "3 May 2023",
        "3 June 2024",
        "2024-05-30",
        "30.5.2024",
        "3 or 4 of May, not 2024",
        "20240503012",
        "x20240503",
        "3, 5 and 2024 apples",
    ],
)
def test_another_day_or_half_of_one_is_not_found(text):
    assert not Original(f"It was on {text}.").has_day("2024-05-03")


@pytest.mark.parametrize("said", ["2024-02-30", "yesterday", "", "03.05.2024"])
def test_what_is_no_day_is_never_found_as_one(said):
    assert not Original(f"On {said}").has_day(said)


@pytest.mark.parametrize(
    ("said", "quote"),
    [
        ("was founded on", "was founded on"),
        ("ACME corp was founded", "ACME Corp. was founded"),
        ("on 3", None),
        ("the party", None),
    ],
)
def test_a_quote_takes_three_words_in_a_row(said, quote):
    assert ORIGINAL.quote(said) == quote


def test_all_of_a_short_text_is_quote_enough():
    assert Original("It rains.").quote("it rains") == "It rains"
    assert Original("It rains.").quote("rains") is None
    assert Original("...").quote("") is None


@pytest.mark.parametrize(
    ("said", "strange"),
    [
        ("It earned 1234.50 and 3,500,000 came.", []),
        ("1. It earned $1,234.5\n2. 25 men", []),
        ("It earned 1,300 with 12 % and 12 %.", ["1,300", "12 %"]),
        ("On 3 May 2024 and 3 May 1999", ["1999"]),
        ("+8 or -8", ["+8", "-8"]),
    ],
)
def test_numbers_of_another_text_that_this_one_does_not_hold_are_named(said, strange):
    assert ORIGINAL.strange_numbers(said) == strange


def test_a_large_text_is_searched_quickly():
    original = Original("word " * 200_000 + "the needle is here")
    assert original.quote("needle is here") == "needle is here"
    assert original.value("needles") is None
