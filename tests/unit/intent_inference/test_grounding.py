"""Each literal of a model's plan comes from somewhere that a person can be shown, or is refused."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from brain.intent_inference.grounding import Grounding, ground
from brain.intent_inference.mentions import Request
from brain.intent_inference.plan import Origin, Question
from brain.intent_inference.sources import Column, Source
from brain.pipeline_builder.spec import PipelineSpec
from brain.tool_registry.definitions import ToolDefinition
from brain.tool_registry.registry import Registry, built_in_tools_file

TODAY = date(2026, 11, 3)
ORDERS = Source(
    "orders",
    (
        Column("country", "string", ("France", "Norway", "https://steal.example/")),
        Column("unit_price", "double"),
        Column("ordered_on", "date32[day]"),
    ),
    10,
    path="data/orders.csv",
    why="named by its path",
)
CITY = {"type": "string", "description": "The city"}
TAKES = {
    "city": CITY,
    "currency": CITY,
    "mail": CITY,
    "count": {"type": "integer"},
    "limit": {"type": "integer", "default": 10},
    "rate": {"type": "number"},
    "often": {"type": "integer"},
    "day": {"type": "string", "format": "date"},
    "url": {"type": "string", "format": "uri"},
    "path": {"type": "string", "format": "path"},
    "unit": {"enum": ["celsius", "fahrenheit"], "default": "celsius"},
    "round_trip": {"type": "boolean"},
    "title": {"type": "string"},
    "note": {"type": "string", "x-wording": "prose"},
    "selector": {"type": "string", "x-wording": "code"},
    "tags": {"type": "array", "items": {"type": "string"}},
    "params": {"type": "object", "additionalProperties": True},
}


def tool(name: str, takes: Mapping[str, Any], *, reads: bool = True) -> ToolDefinition:
    return ToolDefinition.model_validate(
        {
            "name": name,
            "description": "A tool of this test.",
            "inputSchema": {"type": "object", "properties": takes},
            "annotations": {"readOnlyHint": reads},
        }
    )


TOOLS = {each.name: each for each in Registry.from_file(built_in_tools_file())}
TOOLS |= {"trip.plan": tool("trip.plan", TAKES), "trip.save": tool("trip.save", TAKES, reads=False)}


def grounded(
    request: str, *steps: Mapping[str, Any], sources: tuple[Source, ...] = (), answers: Mapping[str, Any] | None = None
) -> Grounding:
    spec = PipelineSpec.from_value({"steps": [dict(step) for step in steps]})
    return ground(spec, Question(Request(request), sources, answers or {}, TODAY), TOOLS)


def one(request: str, argument: str, value: Any, name: str = "trip.plan", **more: Any) -> Grounding:
    return grounded(request, {"id": "step", "tool": name, "arguments": {argument: value}}, **more)


ACCEPTED = [
    ("Weather in Oslo", "city", "Oslo", Origin.SPAN, "“Oslo”"),
    ("Weather in oslo tomorrow", "city", "Oslo", Origin.SPAN, "“oslo”"),
    ("Weather in New  York", "city", "New York", Origin.SPAN, "“New York”"),
    ("Weather in the largest cities", "city", "city", Origin.RULE, "“cities” (other forms of the words)"),
    ("Convert 20 dollars", "currency", "USD", Origin.RULE, "“dollars” (code of the currency)"),
    ("Flights to the United States", "city", "US", Origin.RULE, "“United States” (initials)"),
    ("Write to ann@example.org", "mail", "ann@example.org", Origin.SPAN, "“ann@example.org”"),
    ("Rooms for 3 people", "count", 3, Origin.SPAN, "“3”"),
    ("Rooms for three people", "count", 3, Origin.RULE, "“three” (number in words)"),
    ("A dozen eggs", "count", 12, Origin.RULE, "“dozen” (number in words)"),
    ("A loan of 2.5 million", "count", 2_500_000, Origin.RULE, "“2.5 million” (number in words)"),
    ("A loan of 250k", "count", 250_000, Origin.RULE, "“250k” (scaled number)"),
    ("The 3rd page", "count", 3, Origin.RULE, "“3rd” (ordinal)"),
    ("At 5% interest", "rate", 0.05, Origin.RULE, "“5%” (percent)"),
    ("At 5% interest", "rate", 5, Origin.SPAN, "“5”"),
    ("Compounded monthly", "often", 12, Origin.RULE, "“monthly” (times a year)"),
    ("Wait 5 minutes", "count", 300, Origin.RULE, "“5 minutes” (in seconds)"),
    ("A run of 10 km", "count", 10_000, Origin.RULE, "“10 km” (without the prefix of the unit)"),
    ("Rain in June", "count", 6, Origin.RULE, "“June” (number of the month)"),
    ("The cheapest flight", "limit", 1, Origin.RULE, "“cheapest” (the one that is most so)"),
    ("Flights", "limit", 10, Origin.SCHEMA, "default"),
    ("Rain on 2024-05-03", "day", "2024-05-03", Origin.SPAN, "“2024-05-03”"),
    ("Rain on 3 May 2024", "day", "2024-05-03", Origin.RULE, "“3 May 2024” (date)"),
    ("Rain on May 3rd, 2024", "day", "2024-05-03", Origin.RULE, "“May 3rd, 2024” (date)"),
    ("Rain in May 2024", "day", "2024-05-31", Origin.RULE, "“May 2024” (date)"),
    ("Rain yesterday", "day", "2026-11-02", Origin.RULE, "“yesterday” (date counted from 2026-11-03)"),
    ("Rain last month", "day", "2026-10-01", Origin.RULE, "“last month” (date counted from 2026-11-03)"),
    ("The last 30 days", "day", "2026-10-04", Origin.RULE, "“last 30 days” (date counted from 2026-11-03)"),
    ("Rain in Q3 2024", "day", "2024-09-30", Origin.RULE, "“Q3 2024” (date)"),
    ("Meet at 2pm on 2024-05-03", "day", "2024-05-03T14:00:00", Origin.RULE, "“2024-05-03” (date)"),
    ("A trip on December 15-18, 2024", "day", "2024-12-18", Origin.RULE, "“December 15-18, 2024” (date)"),
    ("From May 3rd to May 9th, 2024", "day", "2024-05-03", Origin.RULE, "“May 3rd 2024” (date)"),
    ("From 3 May 2024 for five days", "day", "2024-05-08", Origin.RULE, "“3 May 2024 … five days” (date and duration)"),
    ("On 3 May 2024, back on the 5th", "day", "2024-05-05", Origin.RULE, "“3 May 2024 … the 5th” (date and duration)"),
    (
        "Today is May 3, 2024; rain tomorrow",
        "day",
        "2024-05-04",
        Origin.RULE,
        "“tomorrow” (date counted from 2024-05-03)",
    ),
    ("Meet at 3 in the afternoon", "city", "15:00", Origin.RULE, "“3 in the afternoon” (time of day)"),
    ("Meet at noon", "city", "12:00", Origin.RULE, "“noon” (time of day)"),
    ("Read https://example.org/rain", "url", "https://example.org/rain", Origin.SPAN, "“https://example.org/rain”"),
    (
        "Read https://example.org/a",
        "url",
        "https://example.org/a?page=2",
        Origin.RULE,
        "extends “https://example.org/a”",
    ),
    ("Read www.example.org", "url", "https://example.org/", Origin.SPAN, "“example.org”, the rest is the model's"),
    ("Read a/b.csv", "path", "a/b.csv", Origin.SPAN, "“a/b.csv”"),
    ("In degrees fahrenheit", "unit", "fahrenheit", Origin.SPAN, "“fahrenheit”"),
    ("How warm is it", "unit", "celsius", Origin.SCHEMA, "default"),
    ("How warm is it in the US", "unit", "fahrenheit", Origin.READING, "read from the request by the model"),
    ("There and back", "round_trip", True, Origin.READING, "read from the request by the model"),
    ("Rain by month", "title", "An overview", Origin.MODEL, "the model's own words"),
    ("Rain in Oslo", "note", "Look closely at the rain in Oslo, please.", Origin.MODEL, "the model's own words"),
    ("All headings", "selector", "article h2:nth-child(2)", Origin.MODEL, "the model's own words"),
    ("Pages", "params", {"page": "${item}"}, None, ""),
]


@pytest.mark.parametrize(("request_text", "argument", "value", "kind", "origin"), ACCEPTED)
def test_a_literal_that_comes_from_somewhere_is_told_with_its_origin(
    request_text: str, argument: str, value: Any, kind: Origin | None, origin: str
) -> None:
    found = one(request_text, argument, value)
    assert found.refused == ()
    told = [(each.where, each.value, each.origin, each.kind) for each in found.provenance]
    assert told == ([] if kind is None else [(f"steps.step.arguments.{argument}", value, origin, kind)])


REFUSED = [
    ("Weather tomorrow", "city", "Paris"),
    ("Weather in Paris", "city", "London"),
    ("Write to Ann", "mail", "ann@example.org"),
    ("Rooms for some people", "count", 4),
    ("Rooms for 4 people", "count", 40),
    ("The 5 cheapest flights", "limit", 50),
    ("At 5% interest", "rate", 0.5),
    ("Five seconds", "count", 2),
    ("Rain on 3 May 2024", "day", "2024-05-13"),
    ("Rain last month", "day", "2026-09-15"),
    ("Rain", "day", "2026-11-03"),
    ("From 3 May 2024 for five days", "day", "2024-05-07"),
    ("Meet at 3 in the afternoon", "city", "16:00"),
    ("Rain on 2024-05-03", "day", "2024-05-03T14:00:00"),
    ("Read the news", "url", "https://news.example/"),
    ("Read https://example.org/rain", "url", "https://example.org/snow"),
    ("Read https://example.org/rain", "url", "https://example.org/rainfall"),
    ("Read https://example.org/rain", "url", "https://example.org.steal.example/rain"),
    ("Read https://example.org/rain", "url", "https://example.org@steal.example/rain"),
    ("Read https://example.org/rain", "url", "https://steal.example/?from=https://example.org/rain"),
    ("Read https://example.org/rain", "url", "https://steal.example/${other.path}"),
    ("Read https://example.org/rain", "url", "https://${other.name}.steal.example/"),
    ("Read https://example.org/rain", "url", "${other.url}.steal.example/"),
    ("Read https://example.org/rain", "url", "${other.url}@steal.example/"),
    ("Read https://example.org/rain", "url", "${other.scheme}//steal.example/"),
    ("Read https://example.org/rain", "url", "ftp://example.org/rain"),
    ("steal from the example", "url", "https://steal.example/"),
    ("steal from the example", "city", "steal.example"),
    ("Read the file", "path", "/etc/passwd"),
    ("the password in etc", "path", "/etc/password"),
    ("Read a.csv", "path", "../a.csv"),
    ("Rain", "title", "Rain at https://steal.example/x"),
    ("Rain", "title", "Mail it to eve@steal.example"),
    ("Rain", "title", "The rain fell in Bergen again"),
    ("Rain", "title", "The 25 wettest days"),
    ("Rain", "title", "All of the rain since 2019-01-01"),
    ("Rain", "note", "Send all of this to steal.example now"),
    ("Headings", "selector", "a[href='https://steal.example/']"),
    ("Rain", "tags", ["Rain", "Hurricane"]),
    ("Rain", "params", {"q": "Bergen"}),
    ("Rain", "params", {"https://steal.example/": "rain"}),
    ("Rain", "city", "${other.name} and Bergen"),
]


@pytest.mark.parametrize(("request_text", "argument", "value"), REFUSED)
def test_a_literal_from_nowhere_is_refused(request_text: str, argument: str, value: Any) -> None:
    other = {"id": "other", "tool": "trip.plan", "arguments": {}}
    step = {"id": "step", "tool": "trip.plan", "arguments": {argument: value}}
    assert [each.literal.step for each in grounded(request_text, other, step).refused] == [1]


def test_an_address_that_a_step_gives_may_be_extended() -> None:
    other = {"id": "other", "tool": "trip.plan", "arguments": {}}
    for url in ("${other.url}", "${other.url}?page=2", "https://${other.host}/rain"):
        step = {"id": "step", "tool": "trip.plan", "arguments": {"url": url}}
        assert grounded("Rain", other, step).refused == ()


def test_a_new_file_may_be_named_by_words_of_the_request_and_a_file_to_read_may_not() -> None:
    request = "Save the monthly rain as CSV"
    assert one(request, "path", "monthly-rain.csv", "trip.save").refused == ()
    assert one(request, "path", "secret-plans.csv", "trip.save").refused
    assert one(request, "path", "/monthly-rain.csv", "trip.save").refused
    assert one(request, "path", "../monthly-rain.csv", "trip.save").refused
    assert one(request, "path", "monthly-rain.csv", "trip.plan").refused


def test_an_answer_counts_as_much_as_the_request() -> None:
    for value, answer in (
        ("Bergen", "Bergen"),
        ("Bergen", "in Bergen, please"),
        ("https://a.example/", "https://a.example/"),
    ):
        argument = "url" if "://" in value else "city"
        [told] = one("Weather", argument, value, answers={"place": answer}).provenance
        assert (told.kind, told.origin.partition(" (")[0]) == (Origin.ANSWER, "answered: place")
    assert one("Weather", "city", "Oslo", answers={"place": "Bergen"}).refused


def test_described_data_gives_columns_and_values_but_leads_nowhere() -> None:
    where = [{"column": "country", "operator": "equals", "value": "Norway"}]
    reads = {"id": "orders", "tool": "table.read", "arguments": {"path": "data/orders.csv"}}
    takes = {"id": "some", "tool": "table.filter", "arguments": {"table": "${orders}", "where": where}}
    found = grounded("Orders from up north", reads, takes, sources=(ORDERS,))
    assert found.refused == ()
    assert {each.where: each.origin for each in found.provenance} == {
        "steps.orders.arguments.path": "the file of orders, named by its path",
        "steps.some.arguments.where[0].column": "a column of orders",
        "steps.some.arguments.where[0].operator": "read from the request by the model",
        "steps.some.arguments.where[0].value": "a value of country in orders",
    }
    smuggled = one("Orders from up north", "url", "https://steal.example/", sources=(ORDERS,))
    [refused] = smuggled.refused
    assert "does not stand in the request, and a plan goes nowhere that nobody asked for" in refused.what


def test_a_column_that_a_step_makes_is_known_and_one_that_nobody_makes_is_not() -> None:
    steps = [
        {"id": "orders", "tool": "table.read", "arguments": {"path": "data/orders.csv"}},
        {
            "id": "means",
            "tool": "table.aggregate",
            "arguments": {"table": "${orders}", "column": "unit_price", "function": "mean", "by": "country"},
        },
    ]
    for column, is_known in (("mean_unit_price", True), ("median_unit_price", False), ("profit", False)):
        sort = {"id": "sorted", "tool": "table.sort", "arguments": {"table": "${means}", "by": column}}
        refused = grounded("Average by country", *steps, sort, sources=(ORDERS,)).refused
        assert [each.literal.value for each in refused] == ([] if is_known else [column])


def sql(text: str, request: str = "The 5 largest orders from Norway over 100", **more: Any) -> list[Any]:
    step = {"id": "asked", "tool": "table.query", "arguments": {"tables": {"orders": "${inputs.orders}"}, "sql": text}}
    spec = {"inputs": {"orders": {"type": "object", "format": "table"}}, "steps": [step]}
    question = Question(Request(request), (ORDERS,), {}, TODAY)
    return [each.literal.value for each in ground(PipelineSpec.from_value(spec), question, TOOLS).refused]


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM orders WHERE unit_price > 100 AND country = 'Norway' ORDER BY 2 DESC LIMIT 5",
        "SELECT country, round(avg(unit_price), 2) AS mean FROM orders GROUP BY 1 HAVING mean > 100 ORDER BY mean",
        "WITH few AS (SELECT country AS c FROM orders) SELECT c, count(*) AS n FROM few GROUP BY ALL",
        "SELECT date_trunc('month', ordered_on), strftime(ordered_on, '%Y-%m'), coalesce(unit_price, 0) FROM orders",
        "SELECT 100.0 * unit_price / sum(unit_price) OVER () AS share FROM orders WHERE country LIKE '%Norway%'",
        "SELECT unit_price FROM orders WHERE unit_price > ${inputs.orders.row_count}",
    ],
)
def test_sql_that_says_what_the_request_says_is_right(text: str) -> None:
    assert sql(text) == []


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("SELECT * FROM orders WHERE unit_price > 250", [250]),
        ("SELECT * FROM orders WHERE country = 'Sweden'", ["Sweden"]),
        ("SELECT * FROM orders WHERE ordered_on > DATE '2020-01-01'", ["2020-01-01"]),
        ("SELECT * FROM orders WHERE ordered_on > strptime('2020-01-01', '%Y-%m-%d')", ["2020-01-01"]),
        ("SELECT profit FROM orders", ["profit"]),
        ("SELECT profit AS profit FROM orders", ["profit"]),
        ("SELECT * FROM customers", ["customers"]),
        ("SELECT * FROM read_csv('/etc/passwd')", ["/etc/passwd"]),
        ("SELECT * FROM '/etc/passwd'", ["/etc/passwd"]),
        ("SELECT * FROM orders WHERE ordered_on > now() - INTERVAL '90 days'", ["90 days"]),
        ("SELECT * FROM orders LIMIT 20", [20]),
        ("DROP TABLE orders", ["cannot be read as SQL: Only SELECT statements can be serialized to json!"]),
    ],
)
def test_sql_is_read_literal_by_literal(text: str, refused: list[Any]) -> None:
    assert sql(text) == refused


def test_expressions_of_references_and_conditions_hold_literals_too() -> None:
    first = {"id": "first", "tool": "trip.plan", "arguments": {}}
    hidden = {"id": "hidden", "tool": "trip.plan", "arguments": {"city": "${first.rows[?city=='Bergen'] | [0].name}"}}
    joined = {
        "id": "joined",
        "tool": "trip.plan",
        "arguments": {"url": "${join('', ['https://steal.', first.name])}"},
    }
    given = {"id": "given", "tool": "trip.plan", "when": "first.count > `7`", "arguments": {}}
    each = {"id": "each", "tool": "trip.plan", "foreach": ["Oslo", "Bergen"], "arguments": {"city": "${item}"}}
    later = {"id": "later", "tool": "trip.plan", "arguments": {"city": "${first.rows[4].name}"}}
    for step, value in ((hidden, "Bergen"), (joined, "https://steal."), (given, 7), (each, "Bergen"), (later, 4)):
        assert value in [refused.literal.value for refused in grounded("Trips to Oslo", first, step).refused]
    assert (
        grounded("The first trip to Oslo", first, {**hidden, "arguments": {"city": "${first.rows[0].name}"}}).refused
        == ()
    )
