import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pytest

from brain.artifacts import notes_of
from brain.errors import ToolError
from brain.tools.column_types import common_type
from brain.tools.table_concat import concat


def test_tables_are_stacked_with_every_column(context):
    tables = [pa.table({"a": [1], "b": ["x"]}), pa.table({"b": ["y"], "a": [0.5]}), pa.table({"c": [True]})]
    stacked = concat(tables, context=context)
    assert stacked.to_pylist() == [
        {"a": 1.0, "b": "x", "c": None},
        {"a": 0.5, "b": "y", "c": None},
        {"a": None, "b": None, "c": True},
    ]
    assert notes_of(stacked) == [
        "The column a is missing in table 3.",
        "The column b is missing in table 3.",
        "The column c is missing in 2 of 3 tables.",
    ]


def test_many_missing_columns_are_told_in_short(context):
    stacked = concat([pa.table({f"c{n}": [n] for n in range(30)}), pa.table({"x": [1]})], context=context)
    assert len(notes_of(stacked)) == 11
    assert notes_of(stacked)[-1] == "So are 21 more columns."


def test_empty_tables_missing_values_and_one_table_are_fine(context):
    table = pa.table({"a": [1], "t": pa.array([0], pa.timestamp("us", "UTC"))})
    assert concat([table], context=context).equals(table)
    assert concat([table.slice(0, 0), table], context=context).equals(table)
    assert concat([pa.table({"a": pa.nulls(2), "t": pa.nulls(2)}), table], context=context).num_rows == 3


@pytest.mark.parametrize(
    ("first", "second", "complaint"),
    [
        ([1], ["x"], "The column v holds numbers in table 1, text in table 2, which do not go together: bring them"),
        ([dt.date(2020, 1, 1)], [1], "The column v holds dates in table 1, numbers in table 2"),
        (
            [2**53 + 1],
            [0.5],
            r"The column v of table 1 does not go into a column of double: Integer value 9007199254740993",
        ),
    ],
)
def test_columns_that_do_not_go_together_are_told(context, first, second, complaint):
    with pytest.raises(ToolError, match=complaint):
        concat([pa.table({"v": first}), pa.table({"v": second})], context=context)


@pytest.mark.parametrize(
    ("kinds", "common"),
    [
        ([pa.int8(), pa.int32()], pa.int64()),
        ([pa.uint8(), pa.uint32()], pa.uint64()),
        ([pa.int64(), pa.uint64()], pa.int64()),
        ([pa.int64(), pa.float32()], pa.float64()),
        ([pa.decimal128(5, 2), pa.decimal128(10, 4)], pa.decimal128(10, 4)),
        ([pa.decimal128(5, 2), pa.int64()], pa.decimal128(21, 2)),
        ([pa.decimal128(38, 20), pa.decimal128(38, 0)], pa.float64()),
        ([pa.decimal128(5, 2), pa.float64()], pa.float64()),
        ([pa.string(), pa.dictionary(pa.int8(), pa.string())], pa.string()),
        ([pa.string(), pa.large_string()], pa.large_string()),
        ([pa.date32(), pa.timestamp("ms")], pa.timestamp("ms")),
        ([pa.timestamp("ns", "UTC"), pa.timestamp("us", "Asia/Tokyo")], pa.timestamp("ns", "UTC")),
        ([pa.timestamp("us"), pa.timestamp("us", "UTC")], None),
        ([pa.date32(), pa.timestamp("us", "UTC")], None),
        ([pa.date32(), pa.date64()], pa.date32()),
        ([pa.list_(pa.null()), pa.list_(pa.int64())], pa.list_(pa.int64())),
        ([pa.list_(pa.string()), pa.list_(pa.int64())], None),
        ([pa.null(), pa.bool_()], pa.bool_()),
        ([pa.null()], pa.null()),
        ([pa.bool_(), pa.int64()], None),
        ([pa.struct([("a", pa.int8())]), pa.struct([("a", pa.int8())])], pa.struct([("a", pa.int8())])),
    ],
    ids=str,
)
def test_the_common_type_takes_the_values_of_all(kinds, common):
    assert common_type(kinds) == common
    assert common_type(kinds[::-1]) == common


def test_decimals_and_whole_numbers_stay_exact(context):
    stacked = concat([pa.table({"v": [Decimal("1.25")]}), pa.table({"v": [2**62]})], context=context)
    assert stacked.column("v").to_pylist() == [Decimal("1.25"), Decimal(2**62)]
