"""Which tools a request asks for."""

from collections.abc import Mapping

from call_scenes import schema_of

from brain.intent_inference.calls.planned_tool import PlannedTool
from brain.intent_inference.calls.tool_choice import judge
from brain.intent_inference.similarity import Similarity

WEATHER = PlannedTool("weather.forecast", "Predicts the weather.", schema_of({"city": {"type": "string"}}, ["city"]))
HOTEL = PlannedTool("hotel.book", "Books a hotel room.", schema_of({"nights": {"type": "integer"}}, ["nights"]))


def facts(text: str, tools: list[PlannedTool], similarity: Similarity) -> list[Mapping[str, float]]:
    return [judged.facts for judged in judge(text, tools, {"number:any": 1.0}, similarity)]


def test_every_tool_is_judged_in_its_order(similarity: Similarity) -> None:
    judged = judge("Book a hotel", [WEATHER, HOTEL], {}, similarity)
    assert [each.tool for each in judged] == [WEATHER, HOTEL]


def test_the_tool_that_is_asked_for_is_the_nearest(similarity: Similarity) -> None:
    weather, hotel = facts("Book a hotel for 3 nights", [WEATHER, HOTEL], similarity)
    assert hotel["choose:whole margin"] > 0 > weather["choose:whole margin"]
    assert {"choose:rank 0", "choose:best of a clause True", "choose:opens with its verb True"} <= hotel.keys()
    assert {"choose:rank 1", "choose:best of a clause False"} <= weather.keys()


def test_each_tool_may_be_the_nearest_to_a_clause(similarity: Similarity) -> None:
    for found in facts("Book a hotel room, then predict the weather in Rome", [WEATHER, HOTEL], similarity):
        assert {"choose:best of a clause True", "choose:clause rank 0"} <= found.keys()


def test_words_of_the_tool_that_are_said_speak_for_it(similarity: Similarity) -> None:
    weather, hotel = facts("a weather forecast", [WEATHER, HOTEL], similarity)
    assert (weather["choose:name said"], hotel["choose:name said"]) == (1, 0)
    assert "choose:name wholly said True" in weather
    assert "choose:verb said False" in weather


def test_how_the_arguments_fill_speaks_for_a_tool(similarity: Similarity) -> None:
    (hotel,) = facts("Book a hotel for 3 nights", [HOTEL], similarity)
    assert {"choose:alone", "choose:all required are said True", "choose:figures left 0"} <= hotel.keys()
    assert "choose:whole margin" not in hotel


def test_a_request_without_words_is_judged_too(similarity: Similarity) -> None:
    assert len(facts("", [WEATHER, HOTEL], similarity)) == 2


def test_the_same_request_is_judged_the_same_twice(similarity: Similarity) -> None:
    text = "Book a hotel for 3 nights"
    assert facts(text, [WEATHER, HOTEL], similarity) == facts(text, [WEATHER, HOTEL], similarity)
