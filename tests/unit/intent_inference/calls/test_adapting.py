"""Plans of earlier runs, adapted to requests that are nearly the same."""

from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import Any

import pytest
from strategies import registry_of, tool

from brain.intent_inference.calls.adapting import Adapted, Means, adapt
from brain.intent_inference.calls.contents import Contents
from brain.intent_inference.calls.planner import CallPlanner, weights
from brain.intent_inference.calls.reading import Reading
from brain.intent_inference.mentions import Request
from brain.intent_inference.plan import Example, Origin, Question
from brain.intent_inference.similarity import Similarity
from brain.language_models import WordLlamaEmbedder
from brain.pipeline_builder.build import build
from brain.pipeline_builder.spec import PipelineSpec
from brain.tool_registry.registry import Registry
from brain.tool_registry.search import ToolSearch

NOV_30, DEC_24 = date(2026, 11, 30), date(2026, 12, 24)
TEXT = {"type": "string"}
FLIGHTS = tool(
    "flights.search",
    {
        "origin": TEXT,
        "destination": TEXT,
        "day": {"type": "string", "format": "date"},
        "cabin": {"type": "string", "enum": ["economy", "business"]},
        "limit": {"type": "integer"},
    },
    description="Finds flights between two cities on a day.",
    required=["origin", "destination"],
)
BOOK = tool(
    "flights.book", {"flight": TEXT, "note": {**TEXT, "description": "A remark."}}, description="Books a flight.",
    required=["flight"],
)  # fmt: skip
QUOTES = tool("stocks.quote", {"symbol": TEXT}, description="The price of a share.", required=["symbol"])
TOOLS = {each.name: each for each in (FLIGHTS, BOOK, QUOTES)}
ASKED = "Flights from Oslo to Rome on 2026-12-03, please"
OSLO_ROME = {"origin": "Oslo", "destination": "Rome", "day": "2026-12-03"}


def spec(*steps: tuple[str, Mapping[str, Any]], **more: Any) -> PipelineSpec:
    written = [{"id": f"s{at}", "tool": name, "arguments": dict(given)} for at, (name, given) in enumerate(steps, 1)]
    return PipelineSpec.from_value({"name": "earlier", "steps": written, **more})


def example(request: str, plan: PipelineSpec, as_of: date = NOV_30) -> Example:
    return Example(request, plan, as_of, "cafe0123", 5)


def adapted(similarity: Similarity, earlier: Example, request: str, as_of: date = NOV_30) -> Adapted | None:
    now = Contents(Reading(request), as_of)
    return adapt(earlier, Question(Request(request), as_of=as_of), now, Means(TOOLS, weights(), similarity))


def arguments(made: Adapted | None) -> list[dict[str, Any]]:
    assert made is not None
    return [step.arguments for step in made.spec.steps]


def test_values_that_the_request_says_take_the_places_of_the_earlier_ones(similarity: Similarity) -> None:
    made = adapted(
        similarity, example(ASKED, spec(("flights.search", OSLO_ROME))), "flights from Lyon to Bergen on 2027-01-15"
    )
    assert arguments(made) == [{"origin": "Lyon", "destination": "Bergen", "day": "2027-01-15"}]


def test_each_value_says_from_which_words_it_comes(similarity: Similarity) -> None:
    made = adapted(
        similarity, example(ASKED, spec(("flights.search", OSLO_ROME))), "flights from Lyon to Bergen on 2027-01-15"
    )
    assert made is not None
    told = {each.where: (each.origin, each.kind) for each in made.provenance}
    assert told["steps.s1.arguments.origin"] == ("“Lyon”", Origin.SPAN)
    assert made.spec.request == "flights from Lyon to Bergen on 2027-01-15"


def test_what_flows_between_steps_stays(similarity: Similarity) -> None:
    plan = spec(("flights.search", OSLO_ROME), ("flights.book", {"flight": "${s1.cheapest}"}))
    made = adapted(
        similarity,
        example("Book a flight from Oslo to Rome on 2026-12-03", plan),
        "Book a flight from Lyon to Bergen on 2027-01-15",
    )
    assert arguments(made)[1] == {"flight": "${s1.cheapest}"}


def test_words_that_one_call_took_are_left_alone_by_the_next(similarity: Similarity) -> None:
    plan = spec(("stocks.quote", {"symbol": "AMD"}), ("stocks.quote", {"symbol": "INTC"}))
    made = adapted(similarity, example("Quotes for AMD and INTC", plan), "Quotes for TXN and MU")
    assert [each["symbol"] for each in arguments(made)] == ["TXN", "MU"]


def test_a_relative_day_counts_from_the_day_of_the_new_request(similarity: Similarity) -> None:
    plan = spec(("flights.search", {**OSLO_ROME, "day": "2026-12-01"}))
    request = "Flights from Oslo to Rome tomorrow"
    made = adapted(similarity, example(request, plan), request, as_of=DEC_24)
    assert arguments(made)[0]["day"] == "2026-12-25"


def test_the_very_same_request_keeps_all_that_it_does_not_say(similarity: Similarity) -> None:
    plan = spec(
        ("flights.search", {**OSLO_ROME, "limit": 7}),
        ("flights.book", {"flight": "${s1.best}", "note": "as we agreed"}),
    )
    made = adapted(similarity, example(ASKED, plan), ASKED)
    assert arguments(made) == [{**OSLO_ROME, "limit": 7}, {"flight": "${s1.best}", "note": "as we agreed"}]
    assert made is not None
    kept = next(each for each in made.provenance if each.where == "steps.s1.arguments.limit")
    assert (kept.kind, kept.origin) == (Origin.MEMORY, "as in the run cafe0123")


def test_a_day_that_no_rule_finds_is_kept_only_on_the_same_day(similarity: Similarity) -> None:
    request = "Flights from Oslo to Rome on the Tuesday after Easter"
    earlier = example(request, spec(("flights.search", {**OSLO_ROME, "day": "2026-04-07"})))
    assert arguments(adapted(similarity, earlier, request))[0]["day"] == "2026-04-07"
    assert adapted(similarity, earlier, request, as_of=DEC_24) is None


def test_words_of_the_earlier_plan_that_may_be_about_what_has_changed_are_left_out(similarity: Similarity) -> None:
    plan = spec(
        ("flights.search", OSLO_ROME), ("flights.book", {"flight": "${s1.best}", "note": "window seat to the capital"})
    )
    made = adapted(similarity, example(ASKED, plan), "Flights from Lyon to Bergen on 2027-01-15, please")
    assert arguments(made)[1] == {"flight": "${s1.best}"}


def test_a_code_that_neither_request_says_is_not_carried_over(similarity: Similarity) -> None:
    plan = spec(("flights.search", OSLO_ROME), ("flights.book", {"flight": "LH-2231"}))
    assert adapted(similarity, example(ASKED, plan), "Flights to Bergen from Lyon, 2027-01-15") is None


def test_a_value_that_the_tool_needs_and_only_the_earlier_request_says_is_not_carried_over(
    similarity: Similarity,
) -> None:
    assert adapted(similarity, example("Quote for AMD", spec(("stocks.quote", {"symbol": "AMD"}))), "and then?") is None


def test_a_literal_inside_a_reference_must_still_be_said(similarity: Similarity) -> None:
    plan = spec(("flights.search", OSLO_ROME), ("flights.book", {"flight": "${s1.flights[?carrier=='Norse'].id}"}))
    earlier = example("Book the Norse flight from Oslo to Rome on 2026-12-03", plan)
    assert adapted(similarity, earlier, "Book the Wizz flight from Oslo to Rome on 2026-12-03") is None
    assert adapted(similarity, earlier, "Book the Norse flight from Lyon to Rome on 2026-12-03") is not None


def test_plans_with_tools_or_inputs_that_are_not_there_are_not_adapted(similarity: Similarity) -> None:
    assert adapted(similarity, example(ASKED, spec(("trains.search", OSLO_ROME))), ASKED) is None
    given = spec(("flights.search", OSLO_ROME), inputs={"city": {"type": "string"}})
    assert adapted(similarity, example(ASKED, given), ASKED) is None


@pytest.fixture
def planner(similarity: Similarity) -> CallPlanner:
    registry: Registry = registry_of(*TOOLS.values())
    return CallPlanner(
        registry, ToolSearch(registry, WordLlamaEmbedder()), similarity, partial(build, registry=registry)
    )


def recalled(planner: CallPlanner, request: str, *examples: Example) -> list[Any] | None:
    made = planner.recalled(Question(Request(request), as_of=NOV_30, examples=examples))
    return None if made is None else [step.arguments for step in made.spec.steps]


def test_a_rewording_gets_the_earlier_plan_and_says_so(planner: CallPlanner) -> None:
    earlier = example(ASKED, spec(("flights.search", OSLO_ROME)))
    question = Question(Request("could you find flights from Oslo to Rome on 2026-12-03"), examples=(earlier,))
    made = planner.recalled(question)
    assert made is not None
    assert [step.arguments for step in made.spec.steps] == [OSLO_ROME]
    assert made.notes == (f"Adapted from the run cafe0123 (“{ASKED}”), which was rated 5 of 5.",)


def test_a_request_for_something_else_does_not(planner: CallPlanner) -> None:
    earlier = example(ASKED, spec(("flights.search", OSLO_ROME)))
    assert recalled(planner, "What is the price of AMD shares?", earlier) is None
    assert recalled(planner, ASKED) is None


def test_the_likeliest_of_several_examples_is_taken(planner: CallPlanner) -> None:
    quote = example("Price of INTC?", spec(("stocks.quote", {"symbol": "INTC"})))
    flights = example(ASKED, spec(("flights.search", OSLO_ROME)))
    assert recalled(planner, "Price of AMD?", flights, quote) == [{"symbol": "AMD"}]


def test_a_plan_that_no_longer_builds_is_not_taken(planner: CallPlanner) -> None:
    broken = spec(("flights.search", {**OSLO_ROME, "class": "first"}))
    assert recalled(planner, ASKED, example(ASKED, broken)) is None


def test_the_same_question_gives_the_same_plan(planner: CallPlanner) -> None:
    examples = (example(ASKED, spec(("flights.search", OSLO_ROME))),)
    asked = Question(Request("Flights from Lyon to Bergen on 2027-01-15, please"), as_of=NOV_30, examples=examples)
    first, second = planner.recalled(asked), planner.recalled(asked)
    assert first is not None
    assert second is not None
    assert first.to_json() == second.to_json()
