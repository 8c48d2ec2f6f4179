"""Facts about an option."""

from call_scenes import FactsOf

COLOR = {"color": {"type": "string", "enum": ["crimson", "navy"]}}


def test_an_option_that_is_said(facts: FactsOf) -> None:
    about = facts("in Crimson", COLOR, "crimson")
    assert {"option exact=True", "option tool word=False", "option optional"} <= about.keys()


def test_an_option_that_is_meant_comes_nearer_than_the_others(facts: FactsOf) -> None:
    red, blue = (facts("paint it scarlet red", COLOR, value) for value in ("crimson", "navy"))
    assert red["meant fit"] > blue["meant fit"]
    assert (red["meant best=True"], blue["meant best=False"]) == (1, 1)
    assert (red["meant beside"], blue["meant beside"]) == (0, 0.5)


def test_a_request_without_content_means_no_option(facts: FactsOf) -> None:
    assert facts("is it?", COLOR, "navy")["meant fit"] == 0
