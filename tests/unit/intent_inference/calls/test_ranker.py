"""Filling a call with the values that are worth most together."""

import pytest
from call_scenes import WorthsOf

from brain.intent_inference.calls.ranker import BEAM, Choice, best_first, fill, weigh

NUMBER = {"type": "number"}
RECTANGLE = {"width": NUMBER, "height": NUMBER}
BY_NAME = {"number:left name 1": 5.0, "number:any": 1.0, "number:left name alone": 1.0}


def values(choice: Choice) -> list[object]:
    return [candidate.value for candidate in choice.candidates]


def test_arguments_are_filled_with_what_is_worth_most(worths: WorthsOf) -> None:
    choice = fill(worths("a height of 3 and a width of 4", RECTANGLE, BY_NAME))[0]
    assert values(choice) == [4, 3]


def test_values_are_weighed_beside_each_other(worths: WorthsOf) -> None:
    weights = {"number:any": 1.0, "number:used alike True": -5.0, "number:behind the one before True": 1.0}
    assert values(fill(worths("3 by 4", RECTANGLE, weights))[0]) == [3, 4]


def test_an_argument_stays_empty_where_its_absence_is_worth_more(worths: WorthsOf) -> None:
    weights = {"number:any": 1.0, "number:absent optional": 2.0}
    assert values(fill(worths("3 by 4", RECTANGLE, weights))[0]) == [None, None]


def test_the_best_calls_come_first_and_share_the_probability(worths: WorthsOf) -> None:
    choices = fill(worths("3 by 4 by 5 by 6", RECTANGLE, BY_NAME))
    scores = [choice.score for choice in choices]
    assert len(choices) == BEAM
    assert scores == sorted(scores, reverse=True)
    assert sum(choice.probability for choice in choices) == pytest.approx(1)


def test_a_narrow_beam_keeps_few_calls(worths: WorthsOf) -> None:
    assert len(fill(worths("3 by 4 by 5", RECTANGLE, BY_NAME), beam=2)) == 2


def test_a_tool_without_arguments_has_one_call(worths: WorthsOf) -> None:
    assert fill(worths("now", {}, {})) == [Choice((), 0.0, 1.0)]


def test_absence_is_always_looked_at(worths: WorthsOf) -> None:
    text = " ".join(str(number) for number in range(100, 140))
    closest = worths(text, {"width": NUMBER}, {"number:any": 1.0, "number:absent optional": -9.0}).closest(0)
    assert len(closest) == 25
    assert closest[-1][0].is_absent


def test_the_same_request_is_filled_the_same_way_twice(worths: WorthsOf) -> None:
    text = "a box of 3 by 4, the 'big one' for Ann and Bob on May 5th"
    tool = {**RECTANGLE, "name": {"type": "string"}, "day": {"type": "string", "format": "date"}}
    assert fill(worths(text, tool, BY_NAME)) == fill(worths(text, tool, BY_NAME))


def test_of_equal_scores_the_earlier_comes_first() -> None:
    assert best_first([(1.0, "a"), (2.0, "b"), (1.0, "c")], 2) == [(2.0, "b"), (1.0, "a")]


def test_features_without_a_weight_count_nothing() -> None:
    assert weigh({"a": 2.0, "b": 3.0}, {"a": 0.5}) == 1.0
