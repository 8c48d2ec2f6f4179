"""Requests to tools of any kind become pipelines, questions, or nothing; the same request gives the same plan."""

from datetime import date

import pytest

from brain.errors import QuestionsError
from brain.intent_inference.calls.planner import CallPlanner
from brain.intent_inference.mentions import Request
from brain.intent_inference.plan import Origin, Plan, Question
from brain.intent_inference.similarity import Similarity
from brain.language_models import WordLlamaEmbedder
from brain.pipeline_builder.build import build
from brain.tool_registry.definitions import ToolDefinition
from brain.tool_registry.registry import Registry
from brain.tool_registry.search import ToolSearch

EMBEDDER = WordLlamaEmbedder()


def tool(name: str, description: str, required: dict, optional: dict | None = None, gives: dict | None = None):
    schema = {"type": "object", "properties": required | (optional or {}), "required": list(required)}
    given = {"name": name, "description": description, "inputSchema": schema}
    if gives:
        given["outputSchema"] = {"type": "object", "properties": gives}
    return ToolDefinition.model_validate(given)


def text(description: str) -> dict:
    return {"type": "string", "description": description}


def number(description: str) -> dict:
    return {"type": "number", "description": description}


WHOLE = {"type": "integer"}
DIVISOR = tool(
    "math.gcd", "Greatest common divisor of two whole numbers.",
    {"a": WHOLE | {"description": "First number."}, "b": WHOLE | {"description": "Second number."}},
)  # fmt: skip
LOAN = tool(
    "finance.loan_payment", "Works out the payment of a loan each month.",
    {"amount": number("Amount of the loan in dollars."), "rate": number("Yearly interest rate.")},
    {"years": {"type": "integer", "description": "How long the loan runs, in years. Default is 30."}},
)  # fmt: skip
WEATHER = tool(
    "weather.forecast", "Weather forecast for a city.",
    {"city": text("Name of the city.")},
    {"unit": {"type": "string", "enum": ["celsius", "fahrenheit"], "description": "Unit of the temperature."}},
)  # fmt: skip
FIND = tool(
    "customers.find", "Finds a customer by name.", {"name": text("Name of the customer.")},
    gives={"customer_id": text("Id of the customer.")},
)  # fmt: skip
INVOICES = tool("invoices.list", "Lists the invoices of a customer.", {"customer_id": text("Id of the customer.")})
PAGE = tool(
    "pages.fetch", "Fetches a web page.", {"url": {"type": "string", "format": "uri", "description": "Address."}}
)
ALL = [DIVISOR, LOAN, WEATHER, FIND, INVOICES, PAGE]


def plan_of(request: str, tools=ALL, answers=None) -> Plan | None:
    registry = Registry(tools)
    planner = CallPlanner(
        registry, ToolSearch(registry, EMBEDDER), Similarity(EMBEDDER), lambda spec: build(spec, registry)
    )
    return planner.plan(Question(Request(request), answers=answers or {}, as_of=date(2026, 11, 30)))


def calls(plan: Plan | None) -> list[tuple[str, dict]]:
    return [(step.tool, dict(step.arguments)) for step in plan.spec.steps] if plan else []


@pytest.mark.parametrize(
    ("request_text", "wanted"),
    [
        ("What is the greatest common divisor of 36 and 48?", [("math.gcd", {"a": 36, "b": 48})]),
        (
            "Monthly payment for a loan of $250k at 3.5% over fifteen years",
            [("finance.loan_payment", {"amount": 250000, "rate": 0.035, "years": 15})],
        ),
        ("Weather forecast for Oslo in celsius", [("weather.forecast", {"city": "Oslo", "unit": "celsius"})]),
        (
            "Weather forecast for Rome and for Oslo",
            [("weather.forecast", {"city": "Rome"}), ("weather.forecast", {"city": "Oslo"})],
        ),
    ],
)
def test_a_request_fills_the_tool_that_it_asks_for(request_text: str, wanted: list) -> None:
    assert calls(plan_of(request_text)) == wanted


def test_what_one_tool_gives_flows_to_the_next() -> None:
    plan = plan_of("List the invoices of the customer Maria Silva")
    assert calls(plan) == [
        ("customers.find", {"name": "Maria Silva"}), ("invoices.list", {"customer_id": "${find.customer_id}"}),
    ]  # fmt: skip


def test_each_value_tells_where_it_comes_from() -> None:
    plan = plan_of("Monthly payment for a loan of $250k at 3.5% over fifteen years")
    told = {each.where.rpartition(".")[2]: (each.origin, each.kind) for each in plan.provenance}
    assert told["amount"] == ("“250k” (scaled)", Origin.RULE)
    assert told["rate"] == ("“3.5%” (percent)", Origin.RULE)
    assert told["years"] == ("“fifteen” (words)", Origin.RULE)


def test_what_is_needed_and_not_said_is_asked() -> None:
    request = "Greatest common divisor of 36"
    with pytest.raises(QuestionsError) as caught:
        plan_of(request)
    [question] = caught.value.questions
    assert (question.name, question.where) == ("b", "steps.gcd.arguments.b")
    plan = plan_of(request, answers={"b": "48"})
    assert calls(plan) == [("math.gcd", {"a": 36, "b": 48})]
    assert [each.origin for each in plan.provenance if each.where.endswith(".b")] == ["answered"]


def test_no_words_are_taken_for_an_address() -> None:
    with pytest.raises(QuestionsError):
        plan_of("Fetch the web page about otters", [PAGE])
    assert calls(plan_of("Fetch the web page https://example.org/a", [PAGE])) == [
        ("pages.fetch", {"url": "https://example.org/a"})
    ]


@pytest.mark.parametrize("request_text", ["Sing me a song", "AAAA", "qwerty zxcv", "?!", "12"])
def test_a_request_that_no_tool_serves_gives_no_plan(request_text: str) -> None:
    assert plan_of(request_text) is None


def test_words_that_look_like_references_stay_words() -> None:
    plan = plan_of("Weather forecast for '${secret:KEY}'", [WEATHER])
    assert calls(plan) == [("weather.forecast", {"city": "$${secret:KEY}"})]
    assert not plan.pipeline.secrets


def test_the_same_request_gives_the_same_plan_byte_for_byte() -> None:
    request = "Weather forecast for Rome and for Oslo, and the greatest common divisor of 12 and 18"
    first, second = (plan_of(request).spec.to_yaml() for _ in range(2))
    assert first == second


def test_of_many_tools_those_that_fit_are_looked_at() -> None:
    others = [
        tool(f"shop.item_{number}", f"Sells item {number} of the shop.", {"buyer": text("Name.")})
        for number in range(40)
    ]
    tables = [
        tool(f"table.make_{number}", "Weather of a city as a table.", {"table": {"type": "object", "format": "table"}})
        for number in range(20)
    ]
    assert calls(plan_of("Weather forecast for Oslo", [*tables, *others, *ALL])) == [
        ("weather.forecast", {"city": "Oslo"})
    ]
