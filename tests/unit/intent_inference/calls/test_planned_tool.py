"""A tool as it is planned with."""

from call_scenes import schema_of

from brain.intent_inference.calls.planned_tool import PlannedTool

TOOL = PlannedTool("weather.getForecast", "Predicts the weather of a city.", schema_of({"city": {"type": "string"}}))


def test_a_tool_is_asked_for_by_the_words_of_its_name_and_description() -> None:
    assert TOOL.text == "weather get forecast. Predicts the weather of a city."
    assert TOOL.roots == {"weather", "forecast"}
    assert TOOL.described == {"predict", "weather", "cit"}
    assert TOOL.verb == "predict"


def test_a_tools_arguments_are_taken_apart() -> None:
    assert [argument.name for argument in TOOL.arguments] == ["city"]


def test_a_tool_without_a_description_has_no_verb() -> None:
    assert PlannedTool("x", "", schema_of({})).verb == ""
