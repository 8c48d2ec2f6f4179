import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pytest

from brain.errors import ToolError
from brain.tools.table import aggregate
from brain.tools.table_groups import group

SALES = pa.table(
    {
        "city": ["Oslo", "Oslo", "Bergen", None, "Bergen"],
        "kind": ["a", "b", "a", "a", "a"],
        "price": [1.5, 2.5, None, 4.0, 6.0],
        "day": [
            dt.date(2020, 1, 1),
            dt.date(2020, 2, 1),
            dt.date(2021, 1, 5),
            dt.date(2021, 1, 6),
            dt.date(2020, 1, 2),
        ],
    }
)


def test_several_figures_at_once():
    aggregates = [
        {"column": "price", "function": "mean"},
        {"function": "count"},
        {"column": "price", "function": "count", "name": "prices"},
        {"column": "kind", "function": "max"},
    ]
    assert group(SALES, aggregates, "city").to_pylist() == [
        {"city": "Bergen", "mean_price": 6.0, "count_rows": 2, "prices": 1, "max_kind": "a"},
        {"city": "Oslo", "mean_price": 2.0, "count_rows": 2, "prices": 2, "max_kind": "b"},
        {"city": None, "mean_price": 4.0, "count_rows": 1, "prices": 1, "max_kind": "a"},
    ]


def test_by_several_columns_and_parts_of_dates():
    by = ["kind", {"column": "day", "part": "year"}]
    result = group(SALES, [{"column": "price", "function": "sum", "name": "total"}], by)
    assert result.to_pylist() == [
        {"kind": "a", "year": 2020, "total": 7.5},
        {"kind": "a", "year": 2021, "total": 4.0},
        {"kind": "b", "year": 2020, "total": 2.5},
    ]


def test_without_groups_the_whole_table_is_one():
    result = group(SALES, [{"function": "count"}, {"column": "day", "function": "min"}])
    assert result.to_pylist() == [{"count_rows": 5, "min_day": dt.date(2020, 1, 1)}]
    assert group(SALES.slice(0, 0), [{"function": "count"}], "city").num_rows == 0


def test_one_figure_is_the_same_from_both_tools():
    one = aggregate(SALES, "price", "std", ["city", {"column": "day", "part": "month"}])
    assert group(SALES, [{"column": "price", "function": "std"}], ["city", {"column": "day", "part": "month"}]).equals(
        one
    )


@pytest.mark.parametrize(
    "values",
    [
        pa.array([0, 1, None], pa.timestamp("us", "Europe/Oslo")),
        pa.array([Decimal("1.5"), Decimal("2.5"), None], pa.decimal128(12, 3)),
        pa.array([1, 2, None], pa.uint8()),
        pa.array([dt.timedelta(1), dt.timedelta(2), None], pa.duration("us")),
        pa.array([2**63, 2**64 - 1, None], pa.uint64()),
        pa.array([b"a", b"b", None], pa.binary()),
        pa.array([dt.time(1), dt.time(2), None], pa.time64("us")),
    ],
    ids=str,
)
def test_groups_and_extremes_keep_the_type_of_their_column(values):
    table = pa.table({"g": values, "v": values})
    result = group(table, [{"column": "v", "function": "min"}, {"column": "v", "function": "max"}], "g")
    assert [field.type for field in result.schema] == [values.type] * 3
    assert result.column("g").to_pylist() == values.to_pylist()
    assert aggregate(table, "v", "max").column("max_v").to_pylist() == values.to_pylist()[1:2]


def test_days_of_times_with_a_zone_stay_days_of_that_zone_when_grouped_twice():
    late = dt.datetime(2020, 12, 31, 23, 30, tzinfo=dt.UTC)
    table = pa.table({"t": pa.array([late, late], pa.timestamp("us", "Europe/Oslo")), "n": [1, 2]})
    once = aggregate(table, "n", "sum", "t")
    assert aggregate(once, "sum_n", "sum", {"column": "t", "part": "year"}).to_pylist() == [
        {"year": 2021, "sum_sum_n": 3}
    ]


@pytest.mark.parametrize(
    ("aggregates", "by", "complaint"),
    [
        (
            [{"column": "kind", "function": "mean"}],
            "city",
            "The column kind holds text, which have no mean: columns with",
        ),
        (
            [{"function": "sum"}],
            None,
            "The sum needs a column: columns with numbers are: price; only rows can be counted",
        ),
        ([{"column": "prise", "function": "sum"}], None, r"no column 'prise'\. Did you mean price\?"),
        ([{"column": "price", "function": "avg"}], None, "'avg' is no function to calculate with"),
        (
            [{"function": "count", "name": "city"}],
            "city",
            "are called city; give each figure a name of its own with name",
        ),
        ([{"function": "count"}, {"function": "count"}], None, "Two columns of the result are called count_rows"),
    ],
)
def test_what_cannot_be_calculated_is_refused(aggregates, by, complaint):
    with pytest.raises(ToolError, match=complaint):
        group(SALES, aggregates, by)
