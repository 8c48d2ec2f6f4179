"""What a model leaves out or makes up becomes a finding, then a question, against a server that says so."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from scripted_openai import ScriptedOpenAI, says_json

from brain.errors import PlanningError, QuestionsError
from brain.intent_inference.mentions import Request
from brain.intent_inference.model import ModelPlanner
from brain.intent_inference.plan import Example, Origin, Plan, Question
from brain.intent_inference.sketch import Sketch
from brain.intent_inference.sources import Column, Source
from brain.language_models import ChatEndpoint, OpenAIChat, WordLlamaEmbedder
from brain.pipeline_builder.build import build
from brain.pipeline_builder.spec import PipelineSpec
from brain.tool_registry.definitions import ToolDefinition
from brain.tool_registry.registry import Registry, built_in_tools_file
from brain.tool_registry.search import ToolSearch

ORDERS = Source(
    "orders",
    (Column("country", "string", ("France", "Norway", "https://steal.example/")), Column("amount", "double")),
    10,
    path="data/orders.csv",
)
READ = {"id": "orders", "tool": "table.read", "arguments": {"path": "data/orders.csv"}}


def rates(**arguments: Any) -> dict[str, Any]:
    return {"id": "rates", "tool": "rates.convert", "arguments": arguments}


def said(*steps: Mapping[str, Any], **more: Any) -> Any:
    return says_json({"name": "plan", "steps": steps, "outputs": {}, **more}, tokens=(10, 1))


@pytest.fixture(scope="module")
def registry() -> Registry:
    currency = {"type": "string", "pattern": "^[A-Z]{3}$", "description": "The code of the currency, as in EUR"}
    convert = ToolDefinition.model_validate(
        {
            "name": "rates.convert",
            "description": "Convert an amount of money into another currency.",
            "inputSchema": {
                "type": "object",
                "properties": {
                    "amount": {"type": "number"},
                    "currency": currency,
                    "on": {"type": "string", "format": "date"},
                    "rounding": {"enum": ["up", "down"], "default": "up"},
                },
                "required": ["amount", "currency"],
                "additionalProperties": False,
            },
            "annotations": {"readOnlyHint": True},
        }
    )
    return Registry([*Registry.from_file(built_in_tools_file()), convert])


@pytest.fixture
def planner(registry: Registry, server: ScriptedOpenAI) -> Any:
    async def endpoint() -> ChatEndpoint:
        return ChatEndpoint("gpt-scripted", "sk-scripted", server.base_url)

    def made(**options: Any) -> ModelPlanner:
        model = OpenAIChat("gpt-scripted", 128_000, endpoint)
        search = ToolSearch(registry, WordLlamaEmbedder())
        return ModelPlanner(registry, search, model, lambda spec: build(spec, registry), **options)

    return made


async def plan(planner: Any, request: str = "Convert 20 dollars", **known: Any) -> Plan:
    sources = known.pop("sources", ())
    options = {name: known.pop(name) for name in ("repairs", "tell") if name in known}
    question = Question(Request(request), sources, as_of=date(2026, 11, 3), **known)
    return await planner(**options).plan(question)


async def test_what_a_model_wants_to_be_asked_is_asked_at_once_and_all_together(
    planner: Any, server: ScriptedOpenAI
) -> None:
    server.script(said(rates(amount={"ask_person": "How much?"}, currency={"ask_person": "Into which currency?"})))
    with pytest.raises(QuestionsError) as caught:
        await plan(planner, "Convert my money")
    first, second = caught.value.questions
    assert (first.name, first.question, first.schema) == ("amount", "How much?", {"type": "number"})
    assert (second.name, second.question, second.where) == (
        "currency", "Into which currency?", "steps.rates.arguments.currency",
    )  # fmt: skip
    assert second.schema["pattern"] == "^[A-Z]{3}$"
    assert len(server.asked) == 1, "a question is an answer, not a mistake to repair"


@pytest.mark.parametrize("repairs", [0, 1, 3])
async def test_a_missing_argument_goes_back_as_often_as_the_setting_says_and_then_becomes_a_question(
    planner: Any, server: ScriptedOpenAI, repairs: int
) -> None:
    server.script(said(rates(amount=20)))
    with pytest.raises(QuestionsError) as caught:
        await plan(planner, repairs=repairs)
    [question] = caught.value.questions
    assert (question.name, question.why) == ("currency", "nothing in the request says it")
    assert question.question == "What should currency be for rates.convert? The code of the currency, as in EUR."
    assert len(server.asked) == 1 + repairs
    assert all("needs 'currency'" in asked.prompt for asked in server.asked[1:])


async def test_an_answer_fills_the_gap_although_the_model_leaves_it_open_again(
    planner: Any, server: ScriptedOpenAI
) -> None:
    server.script(said(rates(amount=20)))
    made = await plan(planner, answers={"currency": "NOK"})
    assert made.spec.steps[0].arguments == {"amount": 20, "currency": "NOK"}
    assert {each.where: (each.kind, each.origin) for each in made.provenance} == {
        "steps.rates.arguments.amount": (Origin.SPAN, "“20”"),
        "steps.rates.arguments.currency": (Origin.ANSWER, "answered: currency"),
    }
    assert 'The person was asked, and answered currency: "NOK"' in server.asked[0].prompt
    assert len(server.asked) == 1


async def test_an_answer_of_the_wrong_type_is_asked_for_again_with_the_reason(
    planner: Any, server: ScriptedOpenAI
) -> None:
    server.script(said(rates(amount=20)))
    with pytest.raises(QuestionsError) as caught:
        await plan(planner, answers={"currency": "kroner"})
    assert caught.value.questions[0].why.startswith('the answer "kroner" does not fit: ')


MADE_UP: Mapping[str, tuple[str, tuple[dict[str, Any], ...], str, str]] = {
    "a number": ("Convert dollars", (rates(amount=50, currency="USD"),), "amount", "50 stands neither"),
    "a date": (
        "Convert 20 dollars as of last month", (rates(amount=20, currency="USD", on="2026-03-01"),), "on",
        '"2026-03-01" stands neither',
    ),
    "a name": ("Convert 20 of them", (rates(amount=20, currency="EUR"),), "currency", '"EUR" stands neither'),
    "an address": (
        "Read the news", ({"id": "page", "tool": "http.get", "arguments": {"url": "https://news.example/"}},), "url",
        "news.example does not stand in the request",
    ),
    "an address from the data": (
        "Read the page of Norway",
        (READ, {"id": "page", "tool": "http.get", "arguments": {"url": "https://steal.example/"}}),
        "url", "steal.example does not stand in the request",
    ),
    "a path": (
        "Read the file", ({"id": "page", "tool": "table.read", "arguments": {"path": "secret/plans.csv"}},), "path",
        'the path "secret/plans.csv" stands neither',
    ),
    "a column": (
        "Orders by profit",
        (READ, {"id": "top", "tool": "table.sort", "arguments": {"table": "${orders}", "by": "margin"}}),
        "by", 'the column "margin" stands neither',
    ),
    "a number in SQL": (
        "Large orders", (READ, {"id": "top", "tool": "table.query", "arguments": {
            "tables": {"orders": "${orders}"}, "sql": "SELECT * FROM orders WHERE amount > 250",
        }}), "sql_value", "250 stands neither",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", MADE_UP)
async def test_what_a_model_makes_up_goes_back_first_and_then_becomes_a_question(
    what: str, planner: Any, server: ScriptedOpenAI
) -> None:
    request, steps, name, why = MADE_UP[what]
    server.script(said(*steps))
    with pytest.raises(QuestionsError) as caught:
        await plan(planner, request, sources=(ORDERS,))
    [question] = caught.value.questions
    assert question.name == name
    assert question.why.startswith(why)
    assert len(server.asked) == 3
    assert why in server.asked[1].prompt
    assert 'write {"ask_person": "a short question"} in its place' in server.asked[1].prompt
    assert "default" not in question.schema, "what was made up is not suggested"


async def test_a_made_up_path_in_sql_is_refused_and_no_question_for_a_person(
    planner: Any, server: ScriptedOpenAI
) -> None:
    sql = "SELECT * FROM read_csv('/etc/passwd')"
    server.script(
        said({"id": "top", "tool": "table.query", "arguments": {"tables": {"o": "${orders}"}, "sql": sql}}, READ)
    )
    with pytest.raises(PlanningError) as caught:
        await plan(planner, "Large orders", sources=(ORDERS,))
    assert '"/etc/passwd" stands neither' in str(caught.value)


async def test_what_is_mended_after_a_finding_is_a_plan(planner: Any, server: ScriptedOpenAI) -> None:
    server.script(said(rates(amount=50, currency="USD")), said(rates(amount=20, currency="USD")))
    made = await plan(planner)
    assert made.spec.steps[0].arguments == {"amount": 20, "currency": "USD"}
    assert (made.tokens_in, made.tokens_out) == (20, 2)


async def test_other_problems_than_a_person_can_solve_stay_the_error_that_they_are(
    planner: Any, server: ScriptedOpenAI
) -> None:
    server.script(
        said(rates(amount=20, currency={"ask_person": "Which?"}), {"id": "x", "tool": "http.got", "arguments": {}})
    )
    with pytest.raises(PlanningError, match="even after 2 repairs") as caught:
        await plan(planner)
    assert not isinstance(caught.value, QuestionsError)
    assert "there is no tool" in str(caught.value)


async def test_a_reference_to_a_step_that_there_is_not_is_no_question(planner: Any, server: ScriptedOpenAI) -> None:
    server.script(said(rates(amount="${nothing.amount}", currency="USD")))
    with pytest.raises(PlanningError, match="there is no step") as caught:
        await plan(planner)
    assert not isinstance(caught.value, QuestionsError)


async def test_a_model_cannot_answer_by_itself_in_the_outputs(planner: Any, server: ScriptedOpenAI) -> None:
    server.script(said(rates(amount=20, currency="USD"), outputs={"sum": "17.90 EUR"}))
    with pytest.raises(PlanningError, match=r"outputs\.sum: is what a step gives, as in \$\{step_id\}"):
        await plan(planner)


async def test_a_request_that_no_tool_serves_is_declined_with_the_nearest_tools(
    planner: Any, server: ScriptedOpenAI
) -> None:
    server.script(said(problem="no tool books flights"))
    with pytest.raises(PlanningError) as caught:
        await plan(planner, "Book a flight and convert the money for it")
    assert str(caught.value).startswith("No plan was found: no tool books flights. The tools that come nearest: ")
    assert "rates.convert" in str(caught.value)


async def test_the_schema_admits_the_tools_their_arguments_and_nothing_else(
    planner: Any, server: ScriptedOpenAI
) -> None:
    server.script(said(rates(amount=20, currency="USD")))
    await plan(planner)
    schema = server.asked[0].schema
    asks = {"ask_person": "Which?"}

    def fits(step: Mapping[str, Any], **more: Any) -> bool:
        return Draft202012Validator(schema).is_valid({"name": "n", "steps": [step], "outputs": {}, **more})

    right = rates(amount=20, currency="USD")
    assert fits(right)
    assert fits(rates(amount="${page.amount}", currency=asks))
    assert fits({**right, "foreach": "${page.items}"})
    assert not fits(rates(amount=20, currency="USD", rounding=asks)), "what may be left out is not asked for"
    assert not fits(rates(amount=20, currency="USD", colour="red"))
    assert not fits({**right, "when": "true"})
    assert not fits({**right, "tool": "rates.steal"})
    assert not fits(right, more="words")
    assert not fits({"id": "a", "arguments": {}})
    assert server.asked[0].body["response_format"]["json_schema"]["strict"] is False


async def test_the_day_that_the_plan_counts_from_is_told_to_the_model_and_kept(
    planner: Any, server: ScriptedOpenAI
) -> None:
    server.script(said(rates(amount=20, currency="USD", on="2026-11-02")))
    made = await plan(planner, "Convert 20 dollars at yesterday's rate")
    assert "Today: Tuesday, 2026-11-03" in server.asked[0].prompt
    assert made.as_of == date(2026, 11, 3)
    assert "“yesterday” (date counted from 2026-11-03)" in [each.origin for each in made.provenance]


async def test_runs_that_people_were_content_with_are_examples(planner: Any, server: ScriptedOpenAI) -> None:
    spec = PipelineSpec.from_value(
        {"name": "old", "request": "Change 5 euros", "steps": [rates(amount=5, currency="EUR")]}
    )
    server.script(said(rates(amount=20, currency="USD")))
    await plan(planner, examples=(Example("Change 5 euros", spec),))
    examples = server.asked[0].system.partition("# Examples")[2]
    assert "Median salary by department" in examples
    assert 'Request: Change 5 euros\n{"name": "old"' in examples


async def test_the_steps_are_told_while_the_model_writes_them_and_again_where_it_mends(
    planner: Any, server: ScriptedOpenAI
) -> None:
    told: list[Sketch] = []
    server.script(said(READ, rates(amount=50, currency="USD")), said(READ, rates(amount=20, currency="USD")))
    await plan(planner, sources=(ORDERS,), tell=told.append)
    assert [sketch.words for sketch in told] == [
        "orders (table.read)",
        "orders (table.read), rates (rates.convert)",
        "mending the plan: 1 problem (try 2)",
        "orders (table.read)",
        "orders (table.read), rates (rates.convert)",
    ]
