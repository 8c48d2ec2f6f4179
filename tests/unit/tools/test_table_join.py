import datetime as dt
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brain.artifacts import notes_of
from brain.errors import ToolError
from brain.tool_registry.context import ToolContext
from brain.tools.table_join import join

LEFT = pa.table({"id": [3, 1, 2, None], "name": ["c", "a", "b", "d"], "x": [1, 2, 3, 4]})
RIGHT = pa.table({"id": [2, 3, 2, 4, None], "x": [1.5, 2.5, 3.5, 4.5, 5.5]})
PAIRS = [(3, "c", 1, 2.5), (2, "b", 3, 1.5), (2, "b", 3, 3.5)]
JOINED = {
    "inner": PAIRS,
    "left": [PAIRS[0], (1, "a", 2, None), *PAIRS[1:], (None, "d", 4, None)],
    "right": [PAIRS[1], PAIRS[0], PAIRS[2], (4, None, None, 4.5), (None, None, None, 5.5)],
    "outer": [
        PAIRS[0], (1, "a", 2, None), *PAIRS[1:], (None, "d", 4, None), (4, None, None, 4.5), (None, None, None, 5.5)
    ],
}  # fmt: skip


@pytest.mark.parametrize("how", JOINED)
def test_each_way_to_join_keeps_the_rows_it_says_in_their_order(context, how):
    joined = join(LEFT, RIGHT, "id", how, context=context)
    assert joined.column_names == ["id", "name", "x", "x_right"]
    assert list(zip(*joined.to_pydict().values(), strict=True)) == JOINED[how]
    assert [str(field.type) for field in joined.schema] == ["int64", "string", "int64", "double"]


def test_semi_and_anti_only_choose_rows_of_the_left_table(context):
    assert join(LEFT, RIGHT, "id", "semi", context=context).to_pylist() == LEFT.take([0, 2]).to_pylist()
    assert join(LEFT, RIGHT, "id", "anti", context=context).to_pylist() == LEFT.take([1, 3]).to_pylist()


def test_keys_may_have_other_names_and_come_once(context):
    right = RIGHT.rename_columns(["number", "x"])
    joined = join(LEFT, right, {"left": "id", "right": "number"}, "outer", context=context)
    assert joined.column_names == ["id", "name", "x", "x_right"]
    assert joined.column("id").to_pylist() == [3, 1, 2, 2, None, 4, None]


def test_several_keys_must_all_be_equal(context):
    left = pa.table({"a": [1, 1, 2], "b": ["x", "y", "x"], "n": [1, 2, 3]})
    right = pa.table({"a": [1, 2, 2], "c": ["y", "x", "z"], "m": [10, 20, 30]})
    joined = join(left, right, ["a", {"left": "b", "right": "c"}], context=context)
    assert joined.to_pylist() == [{"a": 1, "b": "y", "n": 2, "m": 10}, {"a": 2, "b": "x", "n": 3, "m": 20}]


def test_it_tells_how_many_rows_found_no_partner(context):
    told = []
    watched = ToolContext(
        context.project, context.egress, context.model, context.secret, lambda _, said: told.append(said)
    )
    joined = join(LEFT, RIGHT, "id", "left", context=watched)
    assert notes_of(joined) == [
        "2 of 4 rows of the left table found no partner.",
        "2 of 5 rows of the right table found no partner.",
    ]
    assert told == [" ".join(notes_of(joined))]
    complete = join(LEFT.slice(0, 1), LEFT.slice(0, 1).select(["id"]), "id", context=watched)
    assert notes_of(complete) == []
    assert len(told) == 1


def test_a_join_that_would_explode_is_refused_before_it_does(context):
    same = pa.table({"kind": ["a"] * 50_000})
    with pytest.raises(ToolError) as refusal:
        join(same, same, "kind", context=context)
    assert str(refusal.value) == (
        "The join would give 2,500,000,000 rows, more than 1,000 MB in memory, because many rows of both tables have "
        "the same kind: join by more columns, or make the key unique in one table with table.deduplicate or "
        "table.group."
    )
    assert join(same, same, "kind", "semi", context=context).num_rows == 50_000


@pytest.mark.parametrize(
    ("left", "right", "matches"),
    [
        ([1, 2], [2.0, 2.5], [2]),
        ([2**53 + 1, 2**53], [float(2**53), float("inf")], [2**53]),
        ([0.0, float("nan")], [-0.0, 1.0], [0.0]),
        ([Decimal("1.50"), Decimal(2)], [1.5, 7.0], [Decimal("1.50")]),
        ([Decimal("1.50"), Decimal(2)], [2, 3], [Decimal("2.00")]),
        ([dt.date(2020, 1, 1)], [dt.datetime(2020, 1, 1), dt.datetime(2020, 1, 1, 1)], [dt.date(2020, 1, 1)]),  # noqa: DTZ001
        (["ž", "Z"], ["ž", "z"], ["ž"]),
        ([True, False], [True, None], [True]),
        ([b"a"], [b"a"], [b"a"]),
        ([[1], [2]], [[2], [3]], [[2]]),
        ([dt.timedelta(1)], [dt.timedelta(1)], [dt.timedelta(1)]),
        ([None, None], ["a"], []),
        ([None], [None], []),
    ],
)
def test_keys_of_types_that_fit_are_compared_exactly(context, left, right, matches):
    joined = join(pa.table({"k": left}), pa.table({"k": right}), "k", context=context)
    assert joined.column("k").to_pylist() == matches


def test_times_are_compared_as_moments_and_keep_their_zone(context):
    noon = dt.datetime(2020, 1, 1, 12, tzinfo=dt.UTC)
    left = pa.table({"t": pa.array([noon], pa.timestamp("us", "Europe/Oslo"))})
    right = pa.table({"t": pa.array([noon], pa.timestamp("ms", "Asia/Tokyo")), "n": [1]})
    joined = join(left, right, "t", context=context)
    assert joined.column("n").to_pylist() == [1]
    assert joined.schema.field("t").type == pa.timestamp("us", "Europe/Oslo")


def test_every_other_column_comes_over_as_it_is(context):
    left = pa.table({"k": pa.array(["a", "b"]).dictionary_encode()})
    others = {
        "l": [[{"x": 1}]],
        "z": pa.array([1], pa.timestamp("ns", "Asia/Tokyo")),
        "u": pa.array([2**64 - 1], pa.uint64()),
        "d": [dt.timedelta(1)],
        "e": pa.array([Decimal("1e40")], pa.decimal256(50, 2)),
    }
    right = pa.table({"k": ["b"], **others})
    joined = join(left, right, "k", "left", context=context)
    assert joined.schema.field("k").type == left.schema.field("k").type
    assert joined.drop_columns("k").schema.equals(right.drop_columns("k").schema)
    assert joined.slice(1).drop_columns("k").to_pylist() == right.drop_columns("k").to_pylist()
    assert joined.column("l").to_pylist()[0] is None


def test_empty_tables_and_odd_names_join(context):
    empty = LEFT.slice(0, 0)
    assert join(empty, RIGHT, "id", context=context).num_rows == 0
    assert join(empty, RIGHT, "id", "right", context=context).num_rows == 5
    assert join(LEFT, RIGHT.slice(0, 0), "id", "anti", context=context).equals(LEFT)
    odd = pa.table({'a "b"; --': [1], "Žluť": ["x"]})
    assert join(odd, odd, 'a "b"; --', context=context).column_names == ['a "b"; --', "Žluť", "Žluť_right"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"on": "name"}, r"The table has no column 'name'\. Its columns are: id, x"),
        ({"on": {"left": "name", "right": "id"}}, "name of the left table holds text and id of the right one numbers"),
        ({"on": "id", "how": "cross"}, "'cross' is no way to join. There are inner, left, right, outer, semi, anti"),
        ({"on": "id", "suffix": ""}, "Two columns of the result are called x; choose another suffix"),
    ],
)
def test_what_cannot_be_joined_is_refused(context, arguments, complaint):
    with pytest.raises(ToolError, match=complaint):
        join(LEFT, RIGHT, **arguments, context=context)


def test_clocks_with_and_without_a_zone_are_not_compared(context):
    zoned = pa.table({"t": pa.array([0], pa.timestamp("us", "UTC"))})
    plain = pa.table({"t": pa.array([0], pa.timestamp("us"))})
    with pytest.raises(
        ToolError, match="t of the left table holds times with a zone and t of the right one times without"
    ):
        join(zoned, plain, "t", context=context)


def test_keys_that_do_not_go_into_one_column_are_told(context):
    left, right = pa.table({"k": [2**53 + 1]}), pa.table({"k": [0.5]})
    with pytest.raises(
        ToolError, match=r"The key k does not go into a column of double: Integer value 9007199254740993"
    ):
        join(left, right, "k", "outer", context=context)
    assert join(left, right, "k", "left", context=context).column("k").to_pylist() == [2**53 + 1]


KEYS = st.lists(st.tuples(st.integers(0, 4) | st.none(), st.sampled_from("ab")), max_size=12)


def numbered(keys, name, missing):
    """A table, and what pandas gets of it: there each side's missing keys are another number, or they would match."""
    numbers, texts = [key for key, _ in keys], [text for _, text in keys]
    frame = pd.DataFrame(
        {"k": [missing if key is None else key for key in numbers], "a": texts, name: range(len(keys))}
    )
    table = pa.table({"k": pa.array(numbers, pa.int64()), "a": pa.array(texts, pa.string()), name: range(len(keys))})
    return table, frame.astype({"k": "int64", "a": "object"})


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lefts=KEYS, rights=KEYS, how=st.sampled_from(["inner", "left", "right", "outer"]))
def test_it_joins_as_pandas_does(context, lefts, rights, how):
    left, left_frame = numbered(lefts, "n", -1)
    right, right_frame = numbered(rights, "m", -2)
    joined = join(left, right, ["k", "a"], how, context=context).select(["k", "a", "n", "m"]).to_pydict()
    merged = pd.merge(left_frame, right_frame, on=["k", "a"], how=how)
    merged["k"] = merged["k"].where(merged["k"] >= 0)
    merged = merged[["k", "a", "n", "m"]].astype(object)
    expected = merged.where(merged.notna(), None).itertuples(index=False, name=None)
    assert sorted(zip(*joined.values(), strict=True), key=repr) == sorted(expected, key=repr)
