"""Several calls of one tool, from one request."""

import pytest
from call_scenes import WorthsOf

from brain.intent_inference.calls.table_search import TableSearch, fill_all, summed

NUMBER = {"type": "number"}
RECTANGLE = {"width": NUMBER, "height": NUMBER}
ROOT = {"number": NUMBER}
WEIGHTS = {
    "number:any": 1.0,
    "number:used alike True": -9.0,
    "number:used same number": -9.0,
    "number:behind the one before True": 1.0,
    "number:left out between 0": 1.0,
    "number:left out before 0": 1.0,
    "step next in list True": 2.0,
    "column leaves out 0": 2.0,
    "columns in turns": 4.0,
    "columns in blocks": 3.0,
    "columns mixed": -9.0,
    "columns overlap": -9.0,
    "column goes on as well": -3.0,
    "calls cue each": 2.0,
}


def calls(worths: WorthsOf, text: str, tool=RECTANGLE, weights=WEIGHTS) -> list[list[object]]:
    return [[candidate.value for candidate in call] for call in fill_all(worths(text, tool, weights))]


def test_a_request_for_one_call_has_one(worths: WorthsOf) -> None:
    assert calls(worths, "the area of 3 by 4") == [[3, 4]]


def test_values_of_a_list_are_a_call_each(worths: WorthsOf) -> None:
    assert calls(worths, "the root of each of 4, 9 and 16", ROOT) == [[4], [9], [16]]


def test_pairs_in_turns_are_a_call_each(worths: WorthsOf) -> None:
    assert calls(worths, "each of 3 by 4 and 5 by 6") == [[3, 4], [5, 6]]


def test_of_values_in_blocks_each_goes_with_each(worths: WorthsOf) -> None:
    text = "widths 3 and 5, then heights 4 and 6, each"
    weights = WEIGHTS | {"number:left name 0": 2.0, "number:left other name 0": -9.0, "step forward": 1.0}
    assert calls(worths, text, weights=weights) == [[3, 4], [3, 6], [5, 4], [5, 6]]


def test_values_in_blocks_are_pairs_with_respectively(worths: WorthsOf) -> None:
    text = "widths 3 and 5, then heights 4 and 6, respectively"
    weights = WEIGHTS | {"number:left name 0": 2.0, "calls cue respectively": 2.0}
    assert calls(worths, text, weights=weights) == [[3, 4], [5, 6]]


@pytest.mark.parametrize("text", ["the root of 4", "the root"])
def test_there_is_no_table_where_nothing_could_change(worths: WorthsOf, text: str) -> None:
    assert TableSearch(worths(text, ROOT, WEIGHTS)).best(2) == []


def test_the_same_request_gives_the_same_calls_twice(worths: WorthsOf) -> None:
    text = "each of 3 by 4 and 5 by 6"
    assert fill_all(worths(text, RECTANGLE, WEIGHTS)) == fill_all(worths(text, RECTANGLE, WEIGHTS))


def test_features_that_come_up_twice_are_summed() -> None:
    assert summed([("a", 1.0), ("b", 2.0), ("a", 0.5)]) == {"a": 1.5, "b": 2.0}
