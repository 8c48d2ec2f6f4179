import datetime as dt

import pyarrow as pa
import pytest

from brain.errors import ToolError
from brain.tools.table import filter_rows, sort_rows


def count(table, column, operator, value=None, part=None):
    condition = {"column": column, "operator": operator, "value": value} | ({"part": part} if part else {})
    return filter_rows(table, [condition]).num_rows


@pytest.mark.parametrize(
    ("condition", "rows"),
    [
        (("date", "equals", 2012, "year"), 366),
        (("date", "in", [6, 7, 8], "month"), 4 * 92),
        (("date", "equals", 1, "weekday"), 209),
        (("date", "equals", "2012-01-02"), 1),
        (("date", "greater_or_equal", "2015-01-01"), 365),
        (("date", "between", ["2012-01-01", "2012-01-31"]), 31),
        (("weather", "equals", "rain"), 259),
        (("weather", "not_equals", "rain"), 1461 - 259),
        (("weather", "contains", "RAI"), 259),
        (("weather", "in", ["rain", "snow"]), 282),
        (("precipitation", "greater", 0), 623),
        (("precipitation", "equals", "0"), 838),
        (("precipitation", "less_or_equal", 0.0), 838),
        (("wind", "is_null"), 0),
        (("wind", "is_not_null"), 1461),
    ],
)
def test_each_operator_keeps_the_rows_it_says(weather, condition, rows):
    assert count(weather, *condition) == rows


def test_all_conditions_must_hold(weather):
    found = filter_rows(
        weather,
        [
            {"column": "weather", "operator": "equals", "value": "rain"},
            {"column": "date", "part": "year", "operator": "equals", "value": 2012},
        ],
    )
    assert set(found.column("weather").to_pylist()) == {"rain"}
    assert {day.year for day in found.column("date").to_pylist()} == {2012}
    assert found.schema == weather.schema


def test_missing_values_are_not_equal_to_anything_and_match_nothing_else():
    table = pa.table({"n": [1, None, 3], "s": ["a", None, "b"]})
    assert filter_rows(table, [{"column": "n", "operator": "greater", "value": 0}]).num_rows == 2
    assert filter_rows(table, [{"column": "s", "operator": "not_equals", "value": "a"}]).num_rows == 2
    assert filter_rows(table, [{"column": "n", "operator": "is_null"}]).to_pylist() == [{"n": None, "s": None}]


def test_nan_is_missing():
    table = pa.table({"n": [1.5, float("nan"), None]})
    assert filter_rows(table, [{"column": "n", "operator": "is_not_null"}]).to_pylist() == [{"n": 1.5}]
    assert filter_rows(table, [{"column": "n", "operator": "is_null"}]).num_rows == 2


def test_whole_numbers_are_compared_with_fractions():
    table = pa.table({"n": [1, 2, 3]})
    assert filter_rows(table, [{"column": "n", "operator": "greater", "value": 2.5}]).to_pylist() == [{"n": 3}]


def test_times_with_and_without_a_zone_are_compared():
    noon = dt.datetime(2020, 1, 1, 12, tzinfo=dt.UTC)
    table = pa.table({"utc": pa.array([noon]), "plain": pa.array([noon.replace(tzinfo=None)])})
    for column in ("utc", "plain"):
        assert count(table, column, "equals", "2020-01-01T13:00:00+01:00") == 1
        assert count(table, column, "greater", "2020-01-01 11:59") == 1


def test_other_kinds_of_columns_can_be_filtered():
    table = pa.table(
        {
            "flag": [True, False],
            "kind": pa.array(["a", "b"]).dictionary_encode(),
            "year": ["2012", "2013"],
        }
    )
    assert count(table, "flag", "equals", value=True) == 1
    assert count(table, "kind", "equals", "a") == 1
    assert count(table, "year", "equals", 2012) == 1


@pytest.mark.parametrize(
    ("condition", "complaint"),
    [
        (
            {"column": "Wind", "operator": "equals", "value": 1},
            r"no column 'Wind'\. Did you mean wind\? Its columns are: date",
        ),
        (
            {"column": "wind", "operator": "like", "value": 1},
            "'like' is no operator of table.filter. .*It knows equals, ",
        ),
        ({"column": "wind", "operator": "greater", "value": "much"}, "wind holds numbers, and 'much' is none"),
        ({"column": "wind", "operator": "greater"}, "has no value; for missing values take is_null"),
        ({"column": "wind", "operator": "contains", "value": "1"}, "wind holds numbers; contains is for text"),
        (
            {"column": "wind", "operator": "between", "value": [1]},
            r"needs a list of two values, \[low, high\], not \[1\]",
        ),
        ({"column": "wind", "operator": "in", "value": 1}, "needs a list of 1 to 1000 values, not 1"),
        ({"column": "wind", "operator": "equals", "value": 10**30}, "wind holds numbers, and 1000"),
        ({"column": "wind", "operator": "equals", "value": True}, "wind holds numbers, and True is none"),
        (
            {"column": "date", "operator": "greater", "value": "soon"},
            "date holds dates, and 'soon' is none; write them as",
        ),
        ({"column": "date", "operator": "greater", "value": 2014}, "date holds dates, which 2014 cannot .*part: year"),
        ({"column": "date", "part": "decade", "operator": "equals", "value": 1}, "'decade' is no part of a date"),
        (
            {"column": "date", "part": "hour", "operator": "equals", "value": 1},
            "without a time of day, so it has no hour",
        ),
        ({"column": "wind", "part": "year", "operator": "equals", "value": 1}, "wind holds numbers, not dates"),
        (
            {"column": "weather", "part": "year", "operator": "equals", "value": 1},
            "weather holds text that is not all dates",
        ),
        (
            {"column": "weather", "operator": "equals", "value": [1]},
            r"weather holds text, which \[1\] cannot be compared",
        ),
    ],
)
def test_a_condition_that_makes_no_sense_is_refused(weather, condition, complaint):
    with pytest.raises(ToolError, match=complaint):
        filter_rows(weather, [condition])


def test_the_top_ten_come_highest_first(weather):
    top = sort_rows(weather, "temp_max", descending=True, limit=10).column("temp_max").to_pylist()
    assert top[0] == 35.6
    assert top == sorted(top, reverse=True)
    assert len(top) == 10


def test_several_columns_decide_in_turn_and_missing_values_come_last():
    table = pa.table({"a": [2, None, 1, 2], "b": ["y", "z", "x", "x"]})
    assert sort_rows(table, ["a", "b"]).to_pylist() == [
        {"a": 1, "b": "x"},
        {"a": 2, "b": "x"},
        {"a": 2, "b": "y"},
        {"a": None, "b": "z"},
    ]
    assert sort_rows(table, "a", descending=True).column("a").to_pylist() == [2, 2, 1, None]


def test_equal_rows_keep_their_order():
    table = pa.table({"a": [1] * 1000, "n": range(1000)})
    assert sort_rows(table, "a").column("n").to_pylist() == list(range(1000))


def test_a_column_that_has_no_order_is_refused():
    with pytest.raises(ToolError, match="cannot be sorted by s"):
        sort_rows(pa.table({"s": [[1], [2]]}), "s")
    with pytest.raises(ToolError, match=r"no column 'temp'"):
        sort_rows(pa.table({"a": [1]}), "temp")
