"""Tables that are handed over: which one a request is about, and names that are hard to write down."""

from pathlib import Path

import pyarrow as pa
import pytest

from brain.errors import PlanningError
from brain.intent_inference.mentions import Request
from brain.intent_inference.plan import Plan, Question
from brain.intent_inference.sources import find_sources

CITIES = pa.table({"city": ["Oslo", "Rome", "Bergen"], "population": [700_000, 2_800_000, 290_000]})
PEOPLE = pa.table({"name": ["Ada", "Bo", "Chen"], "age": [34, 51, 28], "city": ["Oslo", "Rome", "Oslo"]})


@pytest.fixture
def plan(planner):
    async def plan(request: str, **tables: pa.Table) -> Plan:
        async def no_files(_path: str) -> pa.Table:
            raise AssertionError

        taken = Request(request)
        return await planner.plan(Question(taken, await find_sources(taken, Path("/nonexistent"), tables, no_files)))

    return plan


@pytest.mark.parametrize(
    ("request_text", "column", "table"),
    [
        ("Average age of people", "age", "people"),
        ("Average age", "age", "people"),
        ("Average age by city", "age", "people"),
        ("Average population", "population", "cities"),
        ("Maximum population of the cities", "population", "cities"),
    ],
)
async def test_of_several_tables_the_one_is_taken_that_the_words_name(request_text, column, table, plan):
    (step,) = (await plan(request_text, cities=CITIES, people=PEOPLE)).spec.steps
    assert (step.arguments["column"], step.arguments["table"]) == (column, f"${{inputs.{table}}}")


@pytest.mark.parametrize("request_text", ["How many are in Oslo?", "How many?", "Count the rows"])
async def test_where_several_tables_could_be_meant_the_person_is_asked(request_text, plan):
    with pytest.raises(PlanningError, match="Which table is the request about, cities or people"):
        await plan(request_text, cities=CITIES, people=PEOPLE)


async def test_words_of_two_tables_are_not_answered_from_one(plan):
    with pytest.raises(PlanningError, match=r"Not one of the tables cities or people has all of .*“age”.*“population”"):
        await plan("Average population by age of the people", cities=CITIES, people=PEOPLE)


@pytest.mark.parametrize(
    "name", ["my-cities", "my cities", "2024", "sales.eu", "naïve", 'a"b', "a\\b", "a${x}", "inputs", ""]
)
async def test_a_table_may_have_any_name(name, plan):
    made = await plan("Average population", **{name: CITIES})
    template = made.pipeline.steps["aggregate"].arguments
    assert template.resolve({"inputs": {name: "the table"}})["table"] == "the table"


async def test_a_name_that_cannot_be_stored_is_told(plan):
    with pytest.raises(PlanningError, match="NUL"):
        await plan("Average population", **{"a\0b": CITIES})


async def test_cells_of_punctuation_are_no_values_that_a_request_could_mean(plan):
    table = pa.table({"city": ["", "?", "Oslo"], "area": [1.0, 2.0, 3.0]})
    (step,) = (await plan("What is the average area by city?", places=table)).spec.steps
    assert step.arguments["by"] == "city"
