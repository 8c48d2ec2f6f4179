"""Pipelines of earlier runs about a table, for requests that the small planner cannot read by itself."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from brain.errors import PlanningError
from brain.intent_inference.mentions import Request
from brain.intent_inference.offline import OfflinePlanner
from brain.intent_inference.plan import Example, Origin, Plan, Question
from brain.intent_inference.sources import Column, Source
from brain.pipeline_builder.spec import PipelineSpec

CITIES = ("Oslo", "Bergen")
STAFF = Source(
    "staff",
    (
        Column("name", "string"),
        Column("department", "string", ("Sales", "Research", "Support")),
        Column("salary", "double"),
        Column("age", "int64"),
        Column("city", "string", CITIES),
        Column("hired_on", "date32[day]"),
    ),
    5,
    path="data/staff.csv",
)
LAST_YEAR = Source("staff_2025", STAFF.columns, 5, path="data/staff_2025.csv")
NOV_30 = date(2026, 11, 30)
READ = {"id": "read", "tool": "table.read", "arguments": {"path": "data/staff.csv"}}
RICH = "People in Oslo with a salary above 50000 in data/staff.csv"
WHERE = [
    {"column": "city", "operator": "equals", "value": "Oslo"},
    {"column": "salary", "operator": "greater", "value": 50000},
]
FILTER = {"id": "rich", "tool": "table.filter", "arguments": {"table": "${read}", "where": WHERE}}
MEANS = "Average salary by department in data/staff.csv"
MEAN = {"table": "${read}", "column": "salary", "function": "mean", "by": "department"}
AGGREGATE = {"id": "means", "tool": "table.aggregate", "arguments": MEAN}
TOP = {"table": "${means}", "by": "mean_salary", "descending": True, "limit": 3}
SORT = {"id": "top", "tool": "table.sort", "arguments": TOP}


def example(request: str, *steps: Mapping[str, Any], as_of: date = NOV_30) -> Example:
    spec = PipelineSpec.from_value({"name": "earlier", "steps": [READ, *steps]})
    return Example(request, spec, as_of, "cafe0123", 5)


async def planned(
    planner: OfflinePlanner, request: str, *examples: Example, source: Source = STAFF, as_of: date = NOV_30
) -> Plan:
    return await planner.plan(Question(Request(request), (source,), as_of=as_of, examples=examples))


def last(plan: Plan) -> dict[str, Any]:
    return plan.spec.steps[-1].arguments


async def outcome(planner: OfflinePlanner, request: str, *examples: Example) -> dict[str, Any] | str:
    """The last step's arguments, or why there is no plan."""
    try:
        return last(await planned(planner, request, *examples))
    except PlanningError as exc:
        return str(exc)


async def test_what_cannot_be_read_by_itself_gets_the_earlier_pipeline(planner: OfflinePlanner) -> None:
    request = "which salary do folks in this or that department typically get? data/staff.csv"
    with pytest.raises(PlanningError):
        await planned(planner, request)
    plan = await planned(planner, request, example(MEANS, AGGREGATE))
    assert last(plan) == MEAN
    assert plan.spec.request == request
    assert f"Adapted from the run cafe0123 (“{MEANS}”), which was rated 5 of 5." in plan.notes


async def test_a_number_and_a_value_are_swapped_for_those_of_the_request(planner: OfflinePlanner) -> None:
    request = "pull the people from Bergen whose salary lies above 60000, data/staff.csv"
    plan = await planned(planner, request, example(RICH, FILTER))
    assert [each["value"] for each in last(plan)["where"]] == ["Bergen", 60000]
    kinds = {each.value: each.kind for each in plan.provenance}
    assert (kinds["Bergen"], kinds[60000]) == (Origin.SPAN, Origin.SPAN)


async def test_a_title_and_sql_have_the_new_values_too(planner: OfflinePlanner) -> None:
    sql = "SELECT avg(salary) AS mean FROM people WHERE city = 'Oslo' AND salary > 50000"
    query = {"id": "rich", "tool": "table.query", "arguments": {"tables": {"people": "${read}"}, "sql": sql}}
    title = {"table": "${rich}", "kind": "bar", "y": "mean", "title": "Salaries in Oslo"}
    chart = {"id": "chart", "tool": "table.plot", "arguments": title}
    request = "draw the people from Bergen whose salary lies above 60000 as a chart, data/staff.csv"
    earlier = example("Draw a chart of people in Oslo with a salary above 50000 in data/staff.csv", query, chart)
    plan = await planned(planner, request, earlier)
    assert plan.spec.steps[1].arguments["sql"] == sql.replace("Oslo", "Bergen").replace("50000", "60000")
    assert last(plan)["title"] == "Salaries in Bergen"


async def test_another_file_with_the_same_columns_takes_the_place_of_the_first(planner: OfflinePlanner) -> None:
    request = "which salary do folks in this or that department typically get? data/staff_2025.csv"
    plan = await planned(planner, request, example(MEANS, AGGREGATE), source=LAST_YEAR)
    assert plan.spec.steps[0].arguments == {"path": "data/staff_2025.csv"}
    assert last(plan) == MEAN


async def test_a_column_is_swapped_with_all_that_is_called_after_it(planner: OfflinePlanner) -> None:
    earlier = example("Top 3 departments by average salary in data/staff.csv", AGGREGATE, SORT)
    request = "the top 3 of all departments as far as average age goes, data/staff.csv"
    plan = await planned(planner, request, earlier)
    assert plan.spec.steps[1].arguments["column"] == "age"
    assert last(plan)["by"] == "mean_age"


@pytest.mark.parametrize(
    "request_",
    [
        "which salary do folks in this or that department typically get, as a pretty chart? data/staff.csv",
        "which salary do folks in this or that department typically get, but not in Oslo? data/staff.csv",
        "which salary do folks in this or that department typically get at 30 and at 40? data/staff.csv",
        "which salary do folks in this or that department get at most, the highest? data/staff.csv",
        "the weather on the moon, data/staff.csv",
    ],
)
async def test_what_asks_for_something_else_ends_as_without_memory(planner: OfflinePlanner, request_: str) -> None:
    own = await outcome(planner, request_)
    assert await outcome(planner, request_, example(MEANS, AGGREGATE)) == own


async def test_what_can_be_read_by_itself_is(planner: OfflinePlanner) -> None:
    plan = await planned(planner, "Maximum age by city in data/staff.csv", example(MEANS, AGGREGATE))
    assert last(plan) == {"table": "${staff}", "column": "age", "function": "max", "by": "city"}


async def test_a_request_that_was_asked_word_for_word_gets_what_people_were_content_with(
    planner: OfflinePlanner,
) -> None:
    plan = await planned(planner, MEANS, example(MEANS, AGGREGATE, SORT))
    assert [step.id for step in plan.spec.steps] == ["read", "means", "top"]
    limit = next(each for each in plan.provenance if each.where == "steps.top.arguments.limit")
    assert (limit.origin, limit.kind) == ("as in the run cafe0123", Origin.MEMORY)


async def test_a_day_that_counted_from_another_today_is_not_kept(planner: OfflinePlanner) -> None:
    where = [{"column": "hired_on", "operator": "equals", "value": "2026-11-29"}]
    step = {"id": "new", "tool": "table.filter", "arguments": {"table": "${read}", "where": where}}
    request = "whoever joined us yesterday, data/staff.csv"
    plan = await planned(planner, request, example(request, step))
    assert last(plan)["where"] == where
    with pytest.raises(PlanningError):
        await planned(planner, request, example(request, step), as_of=date(2026, 12, 24))


async def test_a_pipeline_whose_columns_are_not_there_is_not_taken(planner: OfflinePlanner) -> None:
    other = Source("shops", (Column("shop", "string"), Column("price", "double")), 5, path="data/shops.csv")
    with pytest.raises(PlanningError):
        await planned(
            planner,
            "which salary do folks in this or that department typically get? data/shops.csv",
            example(MEANS, AGGREGATE),
            source=other,
        )
