"""How near words of a request are to arguments."""

import pytest
from call_scenes import WorthsOf

TEXT = {"type": "string"}


def test_a_text_is_nearest_to_the_argument_that_it_means(worths: WorthsOf) -> None:
    closeness = worths("bananas from Hamburg", {"fruit": TEXT, "city": TEXT}, {}).scene.closeness
    assert closeness.text("bananas", 0).margin > 0 > closeness.text("bananas", 1).margin
    assert closeness.text("Hamburg", 1).margin > 0


def test_beside_no_other_argument_a_text_has_all_its_similarity_as_margin(worths: WorthsOf) -> None:
    fit = worths("bananas", {"fruit": TEXT}, {}).scene.closeness.text("bananas", 0)
    assert fit.margin == fit.own > 0


def test_a_word_is_as_near_as_the_nearest_word_of_the_description(worths: WorthsOf) -> None:
    shape = {"x": {**TEXT, "description": "The radius of a wheel."}, "y": TEXT}
    closeness = worths("the wheel of fortune", shape, {}).scene.closeness
    assert closeness.word(1, 0).own == pytest.approx(1)
    assert closeness.word(1, 0).margin > 0
    assert closeness.word(0, 0) == closeness.word(99, 0) == (0, 0)


def test_contexts_are_the_content_words_beside_a_place(worths: WorthsOf) -> None:
    closeness = worths("the big red house of my uncle in old Rome", {"x": TEXT}, {}).scene.closeness
    assert closeness.left(4) == "big red house"
    assert closeness.right(4) == "uncle"
    assert closeness.left(0) == ""


def test_an_option_is_as_near_as_the_nearest_words(worths: WorthsOf) -> None:
    color = {"color": {**TEXT, "enum": ["crimson", "navy"]}}
    closeness = worths("paint it scarlet red", color, {}).scene.closeness
    assert closeness.option(0, "crimson").margin > 0
    assert set(closeness.options(0)) == {"crimson", "navy"}
