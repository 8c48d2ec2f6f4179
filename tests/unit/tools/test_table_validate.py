import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pytest

from brain.artifacts import notes_of
from brain.errors import ToolError
from brain.tools.table_validate import validate

TABLE = pa.table(
    {
        "id": [1, 2, 2, None],
        "price": [1.5, -1.0, float("nan"), 3.0],
        "name": ["Ann", "bo", None, "Čeněk"],
        "day": [dt.date(2020, 1, 1), dt.date(2021, 5, 5), None, dt.date(2020, 2, 2)],
    }
)


def failures(result):
    return [tuple(row.values()) for row in result["failures"].to_pylist()]


def test_a_table_that_fits_is_valid(context, weather):
    schema = {
        "type": "object",
        "properties": {
            "date": {"type": "string", "format": "date"},
            "precipitation": {"type": "number", "minimum": 0},
            "weather": {"enum": ["drizzle", "fog", "rain", "snow", "sun"]},
        },
        "required": ["date", "precipitation", "weather"],
    }
    rules = [
        {"column": "date", "operator": "unique"},
        {"column": "date", "part": "year", "operator": "between", "value": [2012, 2015]},
    ]
    result = validate(weather, schema, rules, context=context)
    assert {**result, "failures": result["failures"].num_rows} == {
        "valid": True,
        "row_count": 1461,
        "failed_rows": 0,
        "failure_count": 0,
        "failures": 0,
    }


def test_each_failure_of_a_schema_names_row_column_and_reason(context):
    schema = {
        "properties": {"id": {"type": "integer"}, "price": {"minimum": 0}, "name": {"pattern": "^[A-ZČ]"}},
        "required": ["id", "name"],
    }
    result = validate(TABLE, schema, context=context)
    assert failures(result) == [
        (2, "name", '"bo" does not match "^[A-ZČ]"'),
        (2, "price", "-1.0 is less than the minimum of 0"),
        (3, "name", "is missing"),
        (4, "id", "is missing"),
    ]
    assert (result["valid"], result["failed_rows"], result["failure_count"]) == (False, 3, 4)


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ({"column": "id", "operator": "unique"}, [(3, "id", "2 was there before")]),
        ({"column": "id", "operator": "is_not_null"}, [(4, "id", "is missing")]),
        ({"column": "price", "operator": "is_not_null"}, [(3, "price", "is missing")]),
        ({"column": "price", "operator": "greater", "value": 0}, [(2, "price", "-1.0 is not greater than 0")]),
        ({"column": "name", "operator": "matches", "value": "[AČ].*"}, [(2, "name", "'bo' does not match '[AČ].*'")]),
        ({"column": "name", "operator": "not_equals", "value": "bo"}, [(2, "name", "'bo' should not be 'bo'")]),
        ({"column": "price", "operator": "in", "value": [1.5, 3]}, [(2, "price", "-1.0 is none of 1.5, 3")]),
        ({"column": "day", "part": "year", "operator": "equals", "value": 2020}, [(2, "year", "2021 is not 2020")]),
        (
            {"column": "day", "operator": "less", "value": "2021-01-01"},
            [(2, "day", "2021-05-05 is not less than '2021-01-01'")],
        ),
        (
            {"column": "id", "operator": "is_null"},
            [(row, "id", f"{n} should be missing") for row, n in enumerate("122", 1)],
        ),
    ],
)
def test_each_rule_finds_the_rows_that_break_it_and_missing_values_only_break_one(context, rule, found):
    assert failures(validate(TABLE, rules=[rule], context=context)) == found


def test_failures_come_by_row_and_only_the_first_are_listed(context):
    rules = [
        {"column": "price", "operator": "greater", "value": 100},
        {"column": "id", "operator": "greater", "value": 100},
    ]
    result = validate(TABLE, rules=rules, max_failures=3, context=context)
    assert [(row, column) for row, column, _ in failures(result)] == [(1, "id"), (1, "price"), (2, "id")]
    assert (result["failure_count"], result["failed_rows"]) == (6, 4)
    assert notes_of(result["failures"]) == ["The first 3 of 6 failures are listed."]


def test_failures_can_fail_the_step(context):
    with pytest.raises(ToolError) as refusal:
        validate(TABLE, {"required": ["id", "name"]}, [rule("greater", 2, "price")], fail=True, context=context)
    assert str(refusal.value) == (
        "4 of 4 rows are not as they should be: row 1, price: 1.5 is not greater than 2; "
        "row 2, price: -1.0 is not greater than 2; row 3, name: is missing; and 1 more."
    )
    assert validate(TABLE, {"required": ["day"]}, max_failures=1, context=context)["failure_count"] == 1


@pytest.mark.parametrize(
    ("value", "kind", "schema"),
    [
        (dt.date(2020, 1, 1), None, {"type": "string", "format": "date"}),
        (dt.datetime(2020, 1, 1, tzinfo=dt.UTC), None, {"type": "string", "format": "date-time"}),
        (Decimal("1.5"), None, {"type": "number", "multipleOf": 0.5}),
        (2**64 - 1, pa.uint64(), {"type": "integer", "minimum": 2**63}),
        ([{"a": [1, None]}], None, {"type": "array", "items": {"properties": {"a": {"contains": {"type": "null"}}}}}),
        (b"\x00\xff", None, {"const": "00ff"}),
        (dt.timedelta(minutes=1), None, {"const": 60}),
        (True, None, {"const": True}),
        (float("inf"), None, {"const": "inf"}),
    ],
)
def test_values_of_every_type_are_checked_as_json(context, value, kind, schema):
    table = pa.table({"v": pa.array([value], kind)})
    assert validate(table, {"properties": {"v": schema}, "required": ["v"]}, context=context)["valid"]
    assert not validate(table, {"properties": {"v": {"not": schema}}}, context=context)["valid"]


def test_a_column_that_the_schema_describes_and_the_table_lacks_is_told(context):
    result = validate(TABLE, {"properties": {"prise": {"minimum": 0}}}, context=context)
    assert result["valid"]
    assert notes_of(result["failures"]) == ["The table has no column prise, which the schema describes."]


def test_an_empty_table_fits(context):
    result = validate(TABLE.slice(0, 0), {"required": ["x"]}, [{"column": "id", "operator": "unique"}], context=context)
    assert (result["valid"], result["row_count"], result["failures"].column_names) == (
        True,
        0,
        ["row", "column", "message"],
    )


def rule(operator, value=None, column="id"):
    return {"column": column, "operator": operator, "value": value}


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({}, "There is nothing to check the table against: give a schema for a row, or rules"),
        ({"schema": {"type": "strin"}}, "The schema is no JSON Schema for a row: "),
        ({"schema": {"$ref": "http://127.0.0.1:1/a.json"}}, "The schema is no JSON Schema for a row: .*cannot fetch"),
        ({"schema": {"properties": {"id": {"pattern": "("}}}}, "The schema is no JSON Schema for a row"),
        ({"rules": [rule("uniqe")]}, r"'uniqe' is no operator of a rule\. Did you mean unique\?"),
        ({"rules": [rule("unique", column="ID")]}, r"no column 'ID'\. Did you mean id\?"),
        ({"rules": [rule("matches", "(", column="name")]}, "The rule for name cannot be checked: Invalid"),
        ({"rules": [rule("matches", "1")]}, "matches is for text and takes a pattern; id holds numbers"),
        ({"rules": [rule("greater")]}, "has no value"),
    ],
)
def test_what_cannot_be_checked_is_refused(context, arguments, complaint):
    with pytest.raises(ToolError, match=complaint) as refusal:
        validate(TABLE, **arguments, context=context)
    assert "\n" not in str(refusal.value)


def test_progress_is_told_on_large_tables(context):
    told = []
    table = pa.table({"n": range(25_000)})
    watched = type(context)(
        context.project, context.egress, context.model, context.secret, lambda *said: told.append(said)
    )
    validate(table, {"properties": {"n": {"maximum": 24_000}}}, context=watched)
    assert told[:2] == [(0.0, "row 1 of 25,000"), (40.0, "row 10,001 of 25,000")]
