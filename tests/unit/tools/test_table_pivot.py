import datetime as dt
import math

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brain.errors import ToolError
from brain.tools.table_pivot import pivot, unpivot

LONG = pa.table(
    {
        "city": ["Oslo", "Oslo", "Bergen", "Bergen", "Oslo"],
        "year": [2021, 2020, 2020, 2020, 2021],
        "rain": [4, 1, 2, 3, None],
        "text": ["p", "q", "r", "s", None],
    }
)


def test_each_value_becomes_a_column_in_order():
    assert pivot(LONG, "city", "year", "rain", "sum").to_pylist() == [
        {"city": "Bergen", "2020": 5, "2021": None},
        {"city": "Oslo", "2020": 1, "2021": 4},
    ]


def test_counts_are_zero_where_there_is_nothing():
    assert pivot(LONG, "city", "year", function="count", prefix="in ").to_pylist() == [
        {"city": "Bergen", "in 2020": 2, "in 2021": 0},
        {"city": "Oslo", "in 2020": 1, "in 2021": 2},
    ]


def test_text_can_fill_the_cells_too():
    assert pivot(LONG, "city", "year", "text", "min").column("2020").to_pylist() == ["r", "q"]


def test_rain_by_month_and_year(weather):
    wide = pivot(
        weather, {"column": "date", "part": "month"}, {"column": "date", "part": "year"}, "precipitation", "sum"
    )
    assert wide.column_names == ["month", "2012", "2013", "2014", "2015"]
    rows = weather.to_pylist()
    for month in (1, 7):
        expected = sum(row["precipitation"] for row in rows if (row["date"].year, row["date"].month) == (2014, month))
        assert wide.column("2014").to_pylist()[month - 1] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ([2.0, 1.5, None], ["1.5", "2", "missing"]),
        ([True, False, None], ["false", "true", "missing"]),
        (["ž", "", "a"], ["empty", "a", "ž"]),
        ([dt.date(2020, 2, 1), dt.date(2020, 1, 1)], ["2020-01-01", "2020-02-01"]),
        ([dt.datetime(2020, 1, 1, 12), dt.datetime(2020, 1, 1)], ["2020-01-01", "2020-01-01 12:00:00"]),  # noqa: DTZ001
        ([None, None], ["missing"]),
        ([], []),
    ],
)
def test_new_columns_are_called_like_the_values_as_people_write_them(values, names):
    table = pa.table({"g": ["x"] * len(values), "c": values})
    assert pivot(table, "g", "c", function="count").column_names == ["g", *names]


def test_types_and_several_rows_are_kept():
    moments = pa.array([0, 1], pa.timestamp("us", "Europe/Oslo"))
    table = pa.table({"a": moments, "b": [[1], [2]], "c": ["x", "y"], "v": moments})
    wide = pivot(table, ["a", "b"], "c", "v", "max")
    assert wide.schema.field("a").type == moments.type == wide.schema.field("x").type
    assert wide.schema.field("b").type == pa.list_(pa.int64())


def test_too_many_columns_and_clashing_names_are_refused():
    many = pa.table({"g": [1] * 501, "c": range(501)})
    with pytest.raises(
        ToolError, match="c has 501 different values, more than the 500 columns that a pivot makes; filter"
    ):
        pivot(many, "g", "c", function="count")
    assert pivot(many.slice(1), "g", "c", function="count").num_columns == 501
    wide = pa.table({"g": range(300_000), "c": [number % 500 for number in range(300_000)]})
    with pytest.raises(
        ToolError, match=r"300,000 rows and 500 columns are larger than 1,000 MB in memory; use table\.group"
    ):
        pivot(wide, "g", "c", function="count")
    clash = pa.table({"g": [1, 1], "c": ["g", "h"]})
    with pytest.raises(ToolError, match="Two columns of the result are called g; set prefix"):
        pivot(clash, "g", "c", function="count")
    assert pivot(clash, "g", "c", function="count", prefix="c_").column_names == ["g", "c_g", "c_h"]


def test_what_cannot_be_pivoted_is_refused():
    with pytest.raises(ToolError, match="A pivot needs rows"):
        pivot(LONG, [], "year", "rain")
    with pytest.raises(ToolError, match=r"no column 'yaer'\. Did you mean year\?"):
        pivot(LONG, "city", "yaer", "rain")
    with pytest.raises(ToolError, match="The column text holds text, which have no mean"):
        pivot(LONG, "city", "year", "text")


def test_every_cell_becomes_a_row():
    wide = pa.table({"id": ["x", "y"], "a": [1, None], "b": [0.5, 2.0], "z": ["no", "no"]})
    assert unpivot(wide, ["a", "b"], "id", "kind", "figure").to_pylist() == [
        {"id": "x", "kind": "a", "figure": 1.0},
        {"id": "y", "kind": "a", "figure": None},
        {"id": "x", "kind": "b", "figure": 0.5},
        {"id": "y", "kind": "b", "figure": 2.0},
    ]
    assert unpivot(wide, "a").column_names == ["id", "b", "z", "name", "value"]
    assert unpivot(wide.drop_columns("z"), keep="id").num_rows == 4
    assert unpivot(wide.select(["a", "b"]), keep=[]).column_names == ["name", "value"]
    assert unpivot(wide.slice(0, 0), "a", "id").num_rows == 0


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (
            {"keep": "id"},
            "The columns do not go into one: a holds numbers; b holds numbers; z holds text. Name in columns",
        ),
        ({"columns": "q"}, "no column 'q'"),
        ({"keep": ["id", "a", "b", "z"]}, "No column is left to be stacked"),
        ({"columns": "a", "names_to": "id"}, "Two columns of the result are called id; choose others in names_to"),
        ({"columns": ["a", "b"], "keep": [], "values_to": "name"}, "are called name"),
    ],
)
def test_what_cannot_be_stacked_is_refused(arguments, complaint):
    wide = pa.table({"id": ["x"], "a": [1], "b": [0.5], "z": ["no"]})
    with pytest.raises(ToolError, match=complaint):
        unpivot(wide, **arguments)


ROWS = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(["x", "y", "z"]), st.integers(-100, 100) | st.none()), max_size=15
)


def as_table(rows):
    types = {"g": pa.int64(), "c": pa.string(), "v": pa.int64()}
    return pa.table({name: pa.array([row[n] for row in rows], types[name]) for n, name in enumerate(types)})


@settings(max_examples=15, deadline=None)
@given(rows=ROWS, function=st.sampled_from(["sum", "mean", "max", "count"]))
def test_it_pivots_as_pandas_does(rows, function):
    wide = pivot(as_table(rows), "g", "c", "v", function)
    frame = pd.DataFrame(rows, columns=["g", "c", "v"]).astype({"v": "Float64"})
    grouped = frame.groupby(["g", "c"])["v"]
    figures = grouped.sum(min_count=1) if function == "sum" else grouped.agg(function)
    expected = {key: None if pd.isna(value) else float(value) for key, value in figures.items()}
    found = {(row["g"], name): value for row in wide.to_pylist() for name, value in row.items() if name != "g"}
    nothing = 0 if function == "count" else None
    assert found.keys() == {(g, c) for g in frame["g"] for c in frame["c"]}
    for key, value in found.items():
        wanted = expected.get(key, nothing)
        assert value == wanted if wanted is None or value is None else math.isclose(value, wanted)


@settings(max_examples=10, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.integers(0, 9), *[st.integers().filter(lambda n: abs(n) < 2**63)] * 2),
        max_size=8,
        unique_by=lambda row: row[0],
    )
)
def test_unpivot_is_the_inverse_of_pivot(rows):
    wide = pa.table(
        {name: pa.array([row[n] for row in sorted(rows)], pa.int64()) for n, name in enumerate(("g", "a", "b"))}
    )
    long = unpivot(wide, ["a", "b"], "g", "c", "v")
    melted = wide.to_pandas().melt("g", ["a", "b"], "c", "v")
    assert long.to_pydict() == {name: melted[name].tolist() for name in ("g", "c", "v")}
    if rows:
        assert pivot(long, "g", "c", "v", "min").equals(wide)
