import datetime as dt
import statistics

import pyarrow as pa
import pytest

from brain.errors import ToolError
from brain.tools.table import aggregate


def test_the_average_by_month_is_right_and_in_order(weather):
    result = aggregate(weather, "precipitation", "mean", {"column": "date", "part": "month"})
    assert result.column_names == ["month", "mean_precipitation"]
    assert result.column("month").to_pylist() == list(range(1, 13))
    rows = weather.to_pylist()
    for month, mean in zip(*result.to_pydict().values(), strict=True):
        expected = statistics.fmean(row["precipitation"] for row in rows if row["date"].month == month)
        assert mean == pytest.approx(expected)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("count", 3),
        ("sum", 9),
        ("mean", 3.0),
        ("median", 2.0),
        ("min", 2),
        ("max", 5),
        ("std", pytest.approx(3**0.5)),
        ("count_distinct", 2),
    ],
)
def test_each_function_leaves_missing_values_out(function, expected):
    table = pa.table({"n": [2, 5, None, 2]})
    assert aggregate(table, "n", function).to_pylist() == [{f"{function}_n": expected}]


def test_sums_of_whole_numbers_stay_whole_numbers():
    result = aggregate(pa.table({"n": [2**40, 1]}), "n", "sum")
    assert result.schema.field("sum_n").type == pa.int64()


def test_several_groups_at_once(weather):
    result = aggregate(weather, "date", "count", ["weather", {"column": "date", "part": "year"}])
    assert result.column_names == ["weather", "year", "count_date"]
    assert sum(result.column("count_date").to_pylist()) == 1461
    assert result.to_pylist()[0]["weather"] == "drizzle"
    assert result.to_pylist()[0]["year"] == 2012


def test_the_same_part_of_two_columns_is_told_apart():
    day = dt.date(2020, 1, 2)
    table = pa.table({"start": [day], "end": [day], "n": [1]})
    by = [{"column": "start", "part": "month"}, {"column": "end", "part": "month"}]
    assert aggregate(table, "n", "sum", by).column_names == ["start_month", "end_month", "sum_n"]


def test_every_part_of_a_date():
    moment = dt.datetime(2021, 1, 3, 17, 30)  # noqa: DTZ001 - a Sunday, in no zone
    table = pa.table({"t": [moment], "n": [1]})
    expected = {"year": 2021, "quarter": 1, "month": 1, "week": 53, "weekday": 7, "day": 3, "hour": 17}
    for part, value in expected.items():
        assert aggregate(table, "n", "sum", {"column": "t", "part": part}).to_pylist() == [{part: value, "sum_n": 1}]


def test_dates_with_a_zone_count_by_their_own_clock():
    late = dt.datetime(2020, 12, 31, 23, 30, tzinfo=dt.UTC)
    table = pa.table({"t": pa.array([late], pa.timestamp("us", "Europe/Oslo")), "n": [1]})
    assert aggregate(table, "n", "sum", {"column": "t", "part": "year"}).to_pylist() == [{"year": 2021, "sum_n": 1}]


def test_dates_written_as_text_are_understood():
    table = pa.table({"t": ["2020-05-01", "2020-06-01 10:00"], "n": [1, 2]})
    result = aggregate(table, "n", "sum", {"column": "t", "part": "month"})
    assert result.to_pylist() == [{"month": 5, "sum_n": 1}, {"month": 6, "sum_n": 2}]


def test_rows_without_a_group_come_last():
    table = pa.table({"g": ["b", None, "a"], "n": [1, 2, 3]})
    assert aggregate(table, "n", "sum", "g").column("g").to_pylist() == ["a", "b", None]


def test_columns_with_odd_names_and_types_work():
    table = pa.table({'a "b" c': pa.array(["x", "x"]).dictionary_encode(), "v": [1, 2], "select": [True, False]})
    assert aggregate(table, "v", "max", 'a "b" c').to_pylist() == [{'a "b" c': "x", "max_v": 2}]
    assert aggregate(table, "select", "mean").to_pylist() == [{"mean_select": 0.5}]


def test_an_empty_table_gives_an_empty_answer():
    empty = pa.table({"g": pa.array([], pa.string()), "n": pa.array([], pa.int64())})
    assert aggregate(empty, "n", "sum", "g").num_rows == 0
    assert aggregate(empty, "n", "count").to_pylist() == [{"count_n": 0}]


def test_floats_add_up_the_same_each_time(weather):
    assert len({aggregate(weather, "wind", "sum").to_pylist()[0]["sum_wind"] for _ in range(5)}) == 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (
            ("weather", "mean"),
            r"weather holds text, which .* no mean: columns with numbers are: precipitation, temp_max",
        ),
        (("date", "sum"), "date holds dates, which have no sum"),
        (("precip", "mean"), r"no column 'precip'\. Did you mean precipitation\? Its columns are: date, precipitation"),
        (("wind", "average"), r"'average' is no function to calculate with\. There are count, sum, mean"),
        (("wind", "mean", "mouth"), r"no column 'mouth'\."),
        (("wind", "mean", {"column": "date", "part": "minute"}), "'minute' is no part of a date: take one of year, "),
        (("wind", "mean", {"part": "month"}), 'names no column: write "date", or '),
    ],
)
def test_what_cannot_be_calculated_is_refused(weather, arguments, complaint):
    with pytest.raises(ToolError, match=complaint):
        aggregate(weather, *arguments)
