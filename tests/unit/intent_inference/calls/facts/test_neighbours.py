"""Facts about a candidate beside what the arguments before it were given."""

from call_scenes import WorthsOf

from brain.intent_inference.calls.facts.neighbours import Chosen

NUMBER = {"type": "number"}


def beside(worths: WorthsOf, text: str, names: list[str], values: list[float]) -> set[str]:
    """The facts about the last value."""
    tried = worths(text, dict.fromkeys(names, NUMBER), {})
    chosen = [
        next(each for each in tried.scene.candidates[at] if each.value == value) for at, value in enumerate(values)
    ]
    features = tried.features.beside(len(values) - 1, chosen[-1], Chosen(tuple(chosen[:-1])))
    return {name.partition(":")[2] for name in features}


def test_a_value_behind_the_one_before_leaves_nothing_out(worths: WorthsOf) -> None:
    found = beside(worths, "3 by 4", ["a", "b"], [3, 4])
    assert {"behind the one before True", "left out between 0", "in order True"} <= found


def test_a_value_before_the_one_before_is_out_of_order(worths: WorthsOf) -> None:
    assert {"behind the one before False", "in order False"} <= beside(worths, "3 by 4", ["a", "b"], [4, 3])


def test_numbers_between_are_left_out(worths: WorthsOf) -> None:
    assert "left out between 1" in beside(worths, "3 by 4 by 5", ["a", "b"], [3, 5])
    assert "left out before 2" in beside(worths, "3 by 4 by 5", ["a", "b"], [5])


def test_a_value_that_is_used_twice_is_told(worths: WorthsOf) -> None:
    assert {"used alike True", "used same number"} <= beside(worths, "3 by 4", ["a", "b"], [3, 3])


def test_nothing_is_told_about_a_value_that_stands_nowhere(worths: WorthsOf) -> None:
    tried = worths("3", {"a": NUMBER}, {})
    assert tried.features.beside(0, tried.scene.candidates[0][0], Chosen()) == {}
