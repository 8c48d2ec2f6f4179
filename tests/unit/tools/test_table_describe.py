import datetime as dt
import statistics
from decimal import Decimal

import pyarrow as pa
import pytest

from brain.tools.table_describe import describe


def described(values, kind=None):
    (row,) = describe(pa.table({"v": pa.array(values, kind)})).to_pylist()
    return row


def test_one_row_a_column_of_real_data(weather):
    rows = {row["column"]: row for row in describe(weather).to_pylist()}
    wind = weather.column("wind").to_pylist()
    assert list(rows) == weather.column_names
    assert rows["wind"] == {
        "column": "wind", "type": "double", "count": 1461, "missing": 0, "distinct": len(set(wind)),
        "min": "0.4", "max": "9.5", "mean": pytest.approx(statistics.fmean(wind)), "median": statistics.median(wind),
        "std": pytest.approx(statistics.stdev(wind)), "examples": "4.7, 4.5, 2.3",
    }  # fmt: skip
    assert (rows["date"]["min"], rows["date"]["max"], rows["date"]["mean"]) == ("2012-01-01", "2015-12-31", None)
    assert (rows["weather"]["distinct"], rows["weather"]["examples"]) == (5, "drizzle, rain, sun")


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([1, None, 1], None, {"count": 2, "missing": 1, "distinct": 1, "mean": 1.0, "std": 0.0, "min": "1"}),
        ([2**62] * 3, None, {"mean": float(2**62), "max": str(2**62)}),
        ([2**64 - 1], pa.uint64(), {"max": str(2**64 - 1), "std": None}),
        ([1.5, float("nan")], None, {"count": 1, "missing": 1, "distinct": 1, "mean": 1.5, "examples": "1.5"}),
        ([Decimal("1.50"), Decimal(2)], None, {"min": "1.50", "mean": 1.75, "median": 1.75}),
        ([True, False, True], None, {"min": "false", "max": "true", "mean": pytest.approx(2 / 3)}),
        (["b", "", "ž"], None, {"min": "", "max": "ž", "mean": None, "distinct": 3, "examples": "b, , ž"}),
        (["x" * 100], None, {"min": "x" * 59 + "…", "examples": "x" * 59 + "…"}),
        (
            [None, None],
            pa.float64(),
            {"count": 0, "missing": 2, "distinct": 0, "min": None, "mean": None, "examples": None},
        ),
        ([None, None], pa.null(), {"type": "null", "count": 0, "missing": 2, "min": None}),
        ([[1], [1], None], None, {"count": 2, "distinct": 1, "min": None, "examples": "[1]"}),
        ([{"a": 1}], None, {"distinct": 1, "min": None, "examples": "{'a': 1}"}),
        ([dt.timedelta(1), dt.timedelta(2)], None, {"min": "1 day, 0:00:00", "max": "2 days, 0:00:00", "distinct": 2}),
        ([0], pa.timestamp("us", "Europe/Oslo"), {"min": "1970-01-01 01:00:00+01:00"}),
        ([b"a", b"b"], None, {"min": "b'a'", "distinct": 2}),
        ([], pa.int64(), {"count": 0, "missing": 0, "distinct": 0, "min": None, "mean": None, "std": None}),
    ],
)
def test_every_type_is_described(values, kind, expected):
    row = described(values, kind)
    assert {name: row[name] for name in expected} == expected


def test_the_result_has_the_same_types_whatever_the_table_holds():
    empty = describe(pa.table({"a": pa.array([], pa.string())}))
    full = describe(pa.table({"a": [1], "Žluť": ["x"], "c": pa.array(["x"]).dictionary_encode()}))
    assert empty.schema.equals(full.schema)
    assert full.column("column").to_pylist() == ["a", "Žluť", "c"]
