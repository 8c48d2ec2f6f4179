import datetime as dt

import pyarrow as pa
import pytest

from brain.artifacts import notes_of
from brain.errors import ToolError
from brain.tools.table import deduplicate, sample

TABLE = pa.table({"a": [1, 2, 1, None, None, 2], "b": ["x", "y", "x", "z", "z", "w"], "n": range(6)})


def test_rows_that_repeat_others_go_and_the_order_stays(context):
    assert deduplicate(TABLE, "a", context=context).column("n").to_pylist() == [0, 1, 3]
    assert deduplicate(TABLE, ["a", "b"], "last", context=context).column("n").to_pylist() == [1, 2, 4, 5]
    assert deduplicate(TABLE.drop_columns("n"), context=context).num_rows == 4


def test_it_tells_how_many_rows_went(context):
    assert notes_of(deduplicate(TABLE, "a", context=context)) == ["3 of 6 rows repeated others and were left out."]
    assert notes_of(deduplicate(TABLE, context=context)) == []


@pytest.mark.parametrize(
    "values",
    [
        [float("nan"), float("nan"), 1.0],
        [[1], [1], [2]],
        [{"a": [1]}, {"a": [1]}, None],
        [dt.timedelta(1), dt.timedelta(1), None],
        pa.array([2**63, 2**63, 1], pa.uint64()),
        [b"\x00", b"\x00", b""],
        pa.array(["ž", "ž", "z"]).dictionary_encode(),
        pa.nulls(3),
    ],
    ids=str,
)
def test_values_of_every_type_can_be_alike(context, values):
    table = pa.table({"v": values})
    kept = deduplicate(table, context=context)
    assert kept.num_rows == len(set(map(str, table.column("v").to_pylist())))
    assert kept.schema.equals(table.schema)


def test_what_cannot_be_deduplicated_is_refused(context):
    with pytest.raises(ToolError, match=r"no column 'c'\. Its columns are: a, b, n"):
        deduplicate(TABLE, "c", context=context)
    with pytest.raises(ToolError, match="keep takes first or last, not 'any'"):
        deduplicate(TABLE, "a", "any", context=context)
    assert deduplicate(TABLE.slice(0, 0), context=context).num_rows == 0


def test_a_sample_is_the_same_each_time_and_in_order(weather):
    first, again, other = sample(weather, 100), sample(weather, 100), sample(weather, 100, seed=1)
    assert first.equals(again)
    assert not first.equals(other)
    days = first.column("date").to_pylist()
    assert days == sorted(set(days))
    assert len(days) == 100


@pytest.mark.parametrize(
    ("rows", "wanted", "found"),
    [
        (10, {"n": 3}, 3),
        (10, {"n": 99}, 10),
        (10, {"fraction": 0.25}, 2),
        (10, {"fraction": 1}, 10),
        (10, {"fraction": 0.001}, 1),
        (0, {"fraction": 0.5}, 0),
        (0, {"n": 1}, 0),
    ],
)
def test_a_sample_is_as_large_as_asked_for(rows, wanted, found):
    assert sample(pa.table({"n": range(rows)}), **wanted).num_rows == found


@pytest.mark.parametrize("wanted", [{}, {"n": 1, "fraction": 0.5}])
def test_a_sample_takes_a_number_or_a_share(wanted):
    with pytest.raises(ToolError, match="either n, a number of rows, or fraction, a share of them"):
        sample(TABLE, **wanted)
