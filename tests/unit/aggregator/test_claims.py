"""An answer claim by claim: what stands behind each, and what is marked."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brain.aggregator.claims import Checked, Grounds, check

GROUNDS = Grounds(
    {"rain": frozenset({3.7, 12.0}), "wind": frozenset({5.0, 88.0})}, frozenset({2014.0}), "as [edit] says"
)


def checked(text: str, grounds: Grounds = GROUNDS) -> Checked:
    return check(text, grounds)


AS_THEY_ARE = {
    "a citation in the sentence": "It rained 3.7 mm [rain].",
    "a citation behind the full stop": "It rained 3.7 mm. [rain] The wind was 5 m/s. [wind]",
    "a citation for the sentences before it": "It rained 3.7 mm. That is 12 days. [rain]",
    "the rest of the sentence": "It rained 3.7 mm [rain] on 12 days. The wind was 5 [wind].",
    "two steps for one claim": "Rain was 3.7 and wind 5 [rain] [wind].",
    "two steps with a word between": "Rain was 3.7 and wind 5 [rain] and [wind].",
    "each number before its own step": "From 3.7 mm [rain] to 5 m/s [wind].",
    "a list": "- Rain: 3.7 [rain]\n- Wind: 5 [wind]",
    "a number of the request": "In 2014 it rained [rain].",
    "what is in brackets in the results": "It says [edit] there [rain].",
    "a heading and what announces": "# Weather of 2014\n\nThis is what came:\n- Rain: 3.7 [rain]",
}


@pytest.mark.parametrize("what", AS_THEY_ARE)
def test_what_its_step_bears_out_stays_as_it_is(what: str) -> None:
    found = checked(AS_THEY_ARE[what])
    assert found.text == AS_THEY_ARE[what]
    assert (found.unverified, found.unsourced, found.strangers) == ((), 0, ())


MARKED = {
    "a number of another step": ("It rained 5 mm [rain].", "It rained 5 [unverified] mm [rain]."),
    "the wrong way round": (
        "From 5 mm [rain] to 3.7 m/s [wind].",
        "From 5 [unverified] mm [rain] to 3.7 [unverified] m/s [wind].",
    ),
    "the rest of a sentence is its step's": (
        "It rained 3.7 mm [rain] with 88 km/h. The wind was 5 [wind].",
        "It rained 3.7 mm [rain] with 88 [unverified] km/h. The wind was 5 [wind].",
    ),
    "an item of a list cannot borrow from the next": (
        "- Rain: 5 [rain]\n- Wind: 5 [wind]",
        "- Rain: 5 [unverified] [rain]\n- Wind: 5 [wind]",
    ),
    "behind the unit": ("It was 4.2mm [rain].", "It was 4.2mm [unverified] [rain]."),
    "in bold": ("It was **4.2** mm [rain].", "It was **4.2 [unverified]** mm [rain]."),
}


@pytest.mark.parametrize("what", MARKED)
def test_a_number_that_the_cited_step_does_not_hold_is_marked_though_another_holds_it(what: str) -> None:
    said, marked = MARKED[what]
    assert checked(said).text == marked


def test_a_claim_that_cites_nothing_gets_the_step_that_holds_its_numbers() -> None:
    found = checked("It rained 3.7 mm on 12 days [rain].\n\nThe wind was 88 km/h.")
    assert found.text == "It rained 3.7 mm on 12 days [rain].\n\nThe wind was 88 km/h. [wind]"
    assert found.cited == ("rain", "wind")


def test_a_claim_that_cites_nothing_and_whose_number_nobody_holds_has_it_marked() -> None:
    found = checked("It rained 3.7 mm [rain].\n\nThe sun shone 9 hours.")
    assert found.text == "It rained 3.7 mm [rain].\n\nThe sun shone 9 [unverified] hours."
    assert (found.cited, found.unverified) == (("rain",), ("9",))


def test_a_claim_without_number_or_step_is_marked_where_there_are_several_steps() -> None:
    found = checked("It rained 3.7 mm [rain].\n\nIt was a lovely summer.")
    assert found.text == "It rained 3.7 mm [rain].\n\nIt was a lovely summer. [no source]"
    assert found.unsourced == 1
    alone = Grounds({"rain": frozenset({3.7})})
    assert checked("It was a lovely summer.", alone).text == "It was a lovely summer. [rain]"


def test_steps_that_gave_nothing_are_taken_out_and_told() -> None:
    found = checked("It rained 3.7 mm [rain] [sky]. The wind [storm] was 5.")
    assert found.text == "It rained 3.7 mm [rain]. The wind was 5. [wind]"
    assert found.strangers == ("sky", "storm")


def test_an_answer_that_names_no_step_and_no_number_rests_on_all_of_them() -> None:
    assert checked("It was a lovely summer.\n\nAnd a wet one.").text == (
        "It was a lovely summer.\n\nAnd a wet one. [rain] [wind]"
    )


def test_several_steps_in_one_pair_of_brackets_are_citations_too() -> None:
    found = checked("Rain was 3.7 and wind 5 [rain, wind]. See [these, those] [rain].")
    assert found.text == "Rain was 3.7 and wind 5 [rain] [wind]. See [these, those] [rain]."
    assert found.cited == ("rain", "wind")


def test_each_unknown_number_is_told_once() -> None:
    found = checked("It was 9, and again 9, and then 10 [rain].")
    assert found.unverified == ("9", "10")
    assert found.text.count("[unverified]") == 3


def test_an_empty_answer_is_no_claim() -> None:
    assert checked("") == Checked("", ())


PIECES = st.sampled_from(
    ["It rained ", "3.7 ", "5 ", "99% ", "twelve ", "[rain]", "[wind]", " and ", ", ", ". ", "!\n", "\n\n", "- ", "1. ",
     "2. ", "# ", "| a |\n", "**", "[edit] ", "[x](https://example.org) ", "e.g. ", "mm ", ":\n"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=25).map("".join))
def test_whatever_is_written_only_marks_are_added_and_no_number_slips_through(text: str) -> None:
    found = checked(text)
    plain = re.sub(r" \[(?:unverified|no source)\]", "", found.text)
    assert plain.startswith(text.strip()) or _without_added(plain) == _without_added(text.strip())
    assert set(found.cited) <= GROUNDS.steps.keys()
    assert ("99" in text) == any("99" in number for number in found.unverified)
    assert found.text.count("[no source]") == found.unsourced


def _without_added(text: str) -> str:
    """The text without citations, which may have been added, and without blanks."""
    return re.sub(r"\[(?:rain|wind)\]|\s", "", text)
