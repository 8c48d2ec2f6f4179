"""Which clauses of a request are about which of its tools."""

from brain.intent_inference.calls.call_plan import plan_calls
from brain.intent_inference.calls.offer import Offer
from brain.intent_inference.calls.owners import Owners
from brain.intent_inference.calls.planned_tool import PlannedTool
from brain.intent_inference.calls.planner import weights
from brain.intent_inference.calls.reading import Reading
from brain.intent_inference.similarity import Similarity


def tool(name: str, description: str, **arguments: str) -> PlannedTool:
    properties = {argument: {"type": kind} for argument, kind in arguments.items()}
    return PlannedTool(name, description, {"type": "object", "properties": properties, "required": list(arguments)})


GCD = tool("gcd", "Greatest common divisor of two numbers.", num1="integer", num2="integer")
LCM = tool("lcm", "Least common multiple of two numbers.", num1="integer", num2="integer")
WEATHER = tool("weather", "Forecast of the weather in a city.", city="string")
FLIGHTS = tool("flights", "Finds flights to a city.", city="string")
TEXT = "Find the greatest common divisor of 96 and 128. Also, the least common multiple of 15 and 25."


def foreign(text: str, tools: list[PlannedTool], name: str, similarity: Similarity) -> list[object]:
    """The numbers that stand in a clause about another tool."""
    reading = Reading(text)
    owners = Owners.of(reading, tools, similarity)
    argument = next(each for each in tools if each.name == name).arguments[0]
    return [each.value for each in Offer(reading).of(argument) if owners.is_foreign(each, name)]


def test_each_tool_has_the_clause_that_fits_it_and_what_follows(similarity: Similarity) -> None:
    assert foreign(TEXT, [GCD, LCM], "gcd", similarity) == [15, 25]
    assert foreign(TEXT, [GCD, LCM], "lcm", similarity) == [96, 128]


def test_one_tool_or_fewer_clauses_than_tools_share_all(similarity: Similarity) -> None:
    assert foreign(TEXT, [GCD], "gcd", similarity) == []
    assert foreign("divisor or multiple of 15", [GCD, LCM], "gcd", similarity) == []
    assert Owners.of(Reading(TEXT), [], similarity).names == ()


def test_each_tool_takes_the_values_of_its_own_clause(similarity: Similarity) -> None:
    plan = plan_calls(TEXT, [GCD, LCM], weights(), similarity)
    calls = {call.tool.name: [each.value for each in call.values.values()] for call in plan.calls}
    assert calls == {"gcd": [96, 128], "lcm": [15, 25]}


def test_a_value_of_another_clause_is_taken_where_the_own_one_has_none(similarity: Similarity) -> None:
    text = "What is the weather forecast for Lisbon? And please look for flights to get there."
    plan = plan_calls(text, [WEATHER, FLIGHTS], weights(), similarity)
    assert {call.tool.name: [each.value for each in call.values.values()] for call in plan.calls}["weather"] == [
        "Lisbon"
    ]
