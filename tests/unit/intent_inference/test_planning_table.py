"""What the small planner makes of about a hundred requests about six differently shaped tables."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from scripted_openai import fails, says_json

from brain.errors import ModelError, PlanningError
from brain.intent_inference.plan import Origin, Plan
from brain.runs import Json

REQUESTS = yaml.safe_load((Path(__file__).parent / "requests.yaml").read_text(encoding="utf-8"))
PLANNED = [*REQUESTS["planned"], *REQUESTS["held_out"], *REQUESTS["mended"], *REQUESTS["fresh"]]
DECLINED = [*REQUESTS["declined"], *(case for case in REQUESTS["known_wrong"] if "says" in case)]
MISUNDERSTOOD = [case for case in REQUESTS["known_wrong"] if "gets" in case]


def named(case: Mapping[str, Any]) -> str:
    return f"{case['of']}: {case['ask']}"


def steps_of(plan: Plan) -> list[dict[str, dict[str, Json]]]:
    """The steps without the one that opens the file and without references to tables."""
    return [
        {
            step.tool.rpartition(".")[2]: {
                name: value for name, value in step.arguments.items() if not is_reference(value)
            }
        }
        for step in plan.spec.steps
        if step.tool != "table.read"
    ]


def is_reference(value: Json) -> bool:
    return isinstance(value, str) and value.startswith("${")


def in_any_order(steps: Json) -> Json:
    """Conditions must all hold, so that their order says nothing."""
    return [
        {
            tool: {**arguments, "where": sorted(arguments["where"], key=json.dumps)}
            if "where" in arguments
            else arguments
        }
        for step in steps
        for tool, arguments in step.items()
    ]


@pytest.mark.parametrize("case", PLANNED, ids=named)
async def test_a_request_gets_the_plan_that_a_careful_person_would_write(case, ask, model_server):
    plan = await ask(case["ask"], of=case["of"], asks=case.get("asks"))
    assert in_any_order(steps_of(plan)) == in_any_order(case["plan"])
    assert len(model_server.asked) == bool(case.get("asks")), "the model is asked about doubts, and about nothing else"


@pytest.mark.parametrize("case", DECLINED, ids=named)
async def test_a_request_that_cannot_be_served_is_declined_with_the_reason(case, ask):
    with pytest.raises(PlanningError) as caught:
        await ask(case["ask"], of=case["of"])
    assert case["says"] in str(caught.value)


@pytest.mark.parametrize("case", MISUNDERSTOOD, ids=named)
async def test_a_request_that_is_known_to_be_misunderstood_still_is(case, ask):
    plan = await ask(case["ask"], of=case["of"], asks=case.get("asks"))
    assert in_any_order(steps_of(plan)) == in_any_order(case["gets"]) != in_any_order(case["plan"])


@pytest.mark.parametrize("of", ["weather", "orders", "penguins", "staff", "readings", "films"])
async def test_every_table_is_asked_about_often_enough_to_say_something(of):
    assert sum(case["of"] == of for case in PLANNED) >= 8


async def test_what_is_declined_names_the_nearest_tools_and_the_way_to_a_stronger_planner(ask):
    with pytest.raises(PlanningError, match=r"OPENAI_API_KEY.*The tools that come nearest: .*table\.plot"):
        await ask("Plot the popularity of charts over time", of="nothing")


async def test_the_table_flows_from_step_to_step_and_the_outputs_show_the_last_one_and_the_chart(ask):
    plan = await ask("Total rainfall per year, as a bar chart", of="weather")
    read, total, chart = plan.spec.steps
    assert (read.tool, read.arguments) == ("table.read", {"path": "data/seattle-weather.csv"})
    assert total.arguments["table"] == f"${{{read.id}}}"
    assert chart.arguments["table"] == f"${{{total.id}}}"
    assert plan.spec.outputs == {"table": f"${{{total.id}}}", chart.id: f"${{{chart.id}}}"}


async def test_a_table_that_was_handed_over_is_an_input_of_the_plan(ask):
    plan = await ask("Average body mass by species", of="penguins")
    (step,) = plan.spec.steps
    assert step.arguments["table"] == "${inputs.penguins}"
    assert plan.spec.inputs == {"penguins": {"type": "object", "format": "table"}}


async def test_a_chart_is_saved_as_a_picture_and_its_figures_as_data(ask):
    chart = await ask("Bar chart of the average salary by department, saved as pay.png", of="staff")
    figures = await ask("Average salary by department with a bar chart, save the table as pay.csv", of="staff")
    assert chart.spec.steps[-1].arguments["content"] == "${plot}"
    assert figures.spec.steps[-1].arguments["content"] == "${aggregate}"


async def test_every_value_says_where_it_comes_from_and_words_without_effect_are_told(ask):
    plan = await ask("Average daily rainfall by month in Seattle, and a chart", of="weather")
    origins = {each.where: each.origin for each in plan.provenance}
    assert origins["steps.aggregate.arguments.column"] == "“rainfall”"
    assert origins["steps.aggregate.arguments.by"] == "“by month”"
    assert origins["steps.plot.arguments.kind"] == "default"
    kinds = {each.where: each.kind for each in plan.provenance}
    assert kinds["steps.seattle_weather.arguments.path"] is Origin.DATA
    assert kinds["steps.aggregate.arguments.column"] is Origin.RULE
    assert kinds["steps.plot.arguments.kind"] is Origin.SCHEMA
    assert kinds["steps.plot.arguments.y"] is Origin.STEP
    assert None not in kinds.values()
    assert "small offline planner" in plan.notes[0]
    assert plan.notes[1:] == (
        "The same month of different years is one row in seattle-weather; “by year and month” keeps them apart.",
        "These words changed nothing in the plan: “daily”.",
    )


async def test_another_meaning_of_a_word_is_told(ask):
    plan = await ask("How many rainy days were there in 2013?", of="weather")
    assert "Here weather is rain; precipitation could be meant as well." in plan.notes
    plan = await ask("What is the average temperature?", of="weather", asks={"“temperature”": "temp_min"})
    assert "“temperature” could mean temp_max or temp_min; here it is temp_min." in plan.notes


async def test_months_of_one_year_are_not_put_together(ask):
    plan = await ask("Total precipitation per month in 2013", of="weather")
    assert not any("different years" in note for note in plan.notes)
    plan = await ask("Total precipitation per month from 2013 to 2014", of="weather")
    assert any("different years" in note for note in plan.notes)


@pytest.mark.parametrize("case", PLANNED[::4], ids=named)
async def test_the_same_request_gives_the_same_plan_byte_for_byte(case, ask):
    first, second = [await ask(case["ask"], of=case["of"], asks=case.get("asks")) for _ in range(2)]
    assert first.spec.to_yaml() == second.spec.to_yaml()
    assert first.provenance == second.provenance


async def test_text_that_looks_like_a_reference_stays_text(ask):
    plan = await ask('Orders with status "${secret:OPENAI_API_KEY}"', of="orders")
    (condition,) = plan.spec.steps[-1].arguments["where"]
    assert condition["value"] == "$${secret:OPENAI_API_KEY}"
    step = plan.pipeline.steps["filter"]
    assert step.arguments.resolve({"orders": None})["where"][0]["value"] == "${secret:OPENAI_API_KEY}"
    assert not step.arguments.secrets


READ = ["http.get", "html.extract_text"]
PAGES = [
    ("Summarise https://example.org/a", [*READ, "text.summarize"], {}),
    ("A summary of https://example.org/a in two sentences", [*READ, "text.summarize"], {"sentences": 2}),
    ("What does https://example.org/a say?", READ, {}),
    ("Download https://example.org/a.json", ["http.get"], {"url": "https://example.org/a.json"}),
]


@pytest.mark.parametrize(("request_text", "tools", "last"), PAGES)
async def test_a_page_is_fetched_read_and_summarised_as_far_as_the_request_asks(request_text, tools, last, ask):
    plan = await ask(request_text, of="nothing")
    assert [step.tool for step in plan.spec.steps] == tools
    assert plan.spec.steps[0].arguments["url"].startswith("https://example.org/a")
    assert {name: value for name, value in plan.spec.steps[-1].arguments.items() if not is_reference(value)} == last


@pytest.mark.parametrize("said", [{}, {"“temperature”": "wind"}, {"temperature": "temp_max"}, ["temp_max"], "temp_max"])
async def test_a_model_that_does_not_choose_leaves_the_question_to_the_person(said, ask, model_server):
    model_server.script(says_json(said))
    with pytest.raises(PlanningError, match=r"“temperature” could mean temp_max or temp_min, and the model .* did not"):
        await ask("Average temperature by month", of="weather")


async def test_a_model_that_fails_is_told_as_it_is(ask, model_server):
    model_server.script(fails(401))
    with pytest.raises(ModelError, match="refused the key"):
        await ask("Average temperature by month", of="weather")


async def test_the_model_is_not_asked_about_a_request_that_is_declined_anyway(ask, model_server):
    with pytest.raises(PlanningError, match="tomorrow"):
        await ask("Average temperature tomorrow", of="weather")
    assert not model_server.asked
