"""Whatever is asked, a plan passes `build` and says nothing that neither the request, the data nor a schema says."""

import random
from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml
from planning_tables import vocabulary
from scripted_openai import Answer, Asked, says_json

from brain.errors import PlanningError
from brain.intent_inference.mentions import Kind, Request
from brain.intent_inference.months import MONTHS
from brain.intent_inference.plan import Plan
from brain.pipeline_builder.build import build
from brain.runs import Json

REQUESTS = yaml.safe_load((Path(__file__).parent / "requests.yaml").read_text(encoding="utf-8"))
CASES = [
    *REQUESTS["planned"],
    *REQUESTS["held_out"],
    *REQUESTS["mended"],
    *REQUESTS["fresh"],
    *(case for case in REQUESTS["known_wrong"] if "gets" in case),
]
FRAGMENTS = """
average|total|how many|number of|which|the highest|the 3 lowest|lowest|most|by|per|for each|in|on|with|without|not
more than 10|below zero|at least 2.5|between 5 and 10|since 2013|in June|from May to July|before 2014-02-30|2024-01-05
sorted by|first|chart of|line|against|save as x.csv|into y.png|and|or|of|days|orders|penguins|wind|rain|temperature
amount|status|"refunded"|Norway|lamps|snowy|Fjord Cafe|species|body mass|bill|Gentoo|salary|Oslo|hired|remote|CO2
month|year|weekday|hour|day|customer|than|percent|${secret:KEY}|5k|-3|.|,|?|é|日|humidity|https://example.org/a
"""
WORDS = FRAGMENTS.strip().replace("\n", "|").split("|")
ODD = """
?|...|1|-|by|by by by|most most most|average|“|'''|per 2013 per|sort by|the|not|$${x}|${}|[0]|SELECT * FROM x; --
${weather}|top|top 0|2013 to|to 2013|between|between 1|“”|than than|http://|a.csv b.csv
"""
HEAPS = 60


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["ask"])
async def test_every_literal_of_a_plan_has_a_ground(case, ask):
    plan = await ask(case["ask"], of=case["of"], asks=case.get("asks"))
    assert not set(literals(plan)) - grounds(plan, case)


@pytest.mark.parametrize("of", ["weather", "orders", "penguins", "staff", "readings", "films"])
async def test_a_heap_of_words_makes_a_valid_grounded_plan_or_is_refused(of, ask, registry, model_server):
    shuffled = random.Random(of)
    heaps = [" ".join(shuffled.choices(WORDS, k=shuffled.randint(1, 8))) for _ in range(HEAPS)]
    planned = 0
    for heap in (*ODD.strip().replace("\n", "|").split("|"), "A" * 3000, "wind " * 200, "10 " * 200, *heaps):
        model_server.script(takes_the_first)
        try:
            plan = await ask(heap, of=of)
        except PlanningError:
            continue
        planned += 1
        assert build(plan.spec, registry).spec == plan.spec
        assert not plan.pipeline.secrets
        assert not set(literals(plan)) - grounds(plan, {"ask": heap, "of": of}), heap
    assert planned >= 2, "some heaps make sense"


def takes_the_first(asked: Asked) -> Answer:
    return says_json({words: options["enum"][0] for words, options in asked.schema["properties"].items()})


def literals(plan: Plan) -> Iterator[Json]:
    """Every value in the arguments that is no reference."""
    for step in plan.spec.steps:
        yield from _literals(list(step.arguments.values()))


def _literals(value: Json) -> Iterator[Json]:
    match value:
        case dict():
            yield from _literals(list(value.values()))
        case list():
            for item in value:
                yield from _literals(item)
        case str() if value.startswith("${"):
            return
        case str():
            yield value.replace("$${", "${")
        case _:
            yield value


def grounds(plan: Plan, case) -> set[Json]:
    """Everything that an argument may say: from the request, from the data, or from the tools' schemas."""
    request, data = Request(case["ask"]), vocabulary(case["of"])
    values = {mention.value for mention in request.mentions}
    words = {word.text for word in request.words}
    months = set(range(1, 13)) if words & {*MONTHS, *(month[:3] for month in MONTHS)} else set()
    days = {str(mention.value) for mention in request.of(Kind.DATE)} | set(_ends_of_months(request, months))
    next_days = {_next(day) for day in days}
    functions = ("count", "sum", "mean", "median", "min", "max", "std", "count_distinct")
    figures = {f"{function}_{column}" for function in functions for column in (*data, "rows")}
    schemas = [set(_members(step.definition.input_schema)) for step in plan.pipeline.steps.values()]
    one_row_of_a_singular = {1}
    return set().union(values, months, days, next_days, data, figures, one_row_of_a_singular, *schemas)


def _ends_of_months(request: Request, months: set[int]) -> Iterator[str]:
    """The first and last days of any month in the years of the request."""
    dated = ((int(str(day.value)[:4]), int(str(day.value)[5:7])) for day in request.of(Kind.DATE))
    named = ((int(year.value), month) for year in request.of(Kind.NUMBER) if year.may_be_year for month in months)
    for year, month in (*dated, *named):
        if month in range(1, 13):
            yield from (f"{year}-{month:02}-01", f"{year}-{month:02}-{monthrange(year, month)[1]}")


def _next(day: str) -> str:
    try:
        return (date.fromisoformat(day) + timedelta(days=1)).isoformat()
    except ValueError:
        return day


def _members(schema: Json) -> Iterator[Json]:
    """Members of enums, and true and false."""
    match schema:
        case dict():
            yield from schema.get("enum", ())
            yield from (True, False) if schema.get("type") == "boolean" else ()
            for value in schema.values():
                yield from _members(value)
        case list():
            for value in schema:
                yield from _members(value)
