"""Types of columns: the one that several columns fit into, and values brought to it without a loss."""

from collections.abc import Sequence
from functools import reduce

import pyarrow as pa

from brain.errors import ToolError
from brain.tools.columns import is_number, is_text

__all__ = ["common_type", "for_duckdb", "widened"]

UNITS = ("s", "ms", "us", "ns")
DECIMAL_DIGITS = 38
INT64_DIGITS = 19


def common_type(kinds: Sequence[pa.DataType]) -> pa.DataType | None:
    """The narrowest type that takes the values of all these types; None where they do not go together.

    Numbers become wider numbers, dates become timestamps, columns of missing values become anything.
    """
    known = list(dict.fromkeys(_decoded(kind) for kind in kinds))
    first, *others = [kind for kind in known if not pa.types.is_null(kind)] or [pa.null()]
    return reduce(lambda kind, other: kind if kind is None else _both(kind, other), others, first)


def widened(values: pa.ChunkedArray, kind: pa.DataType, what: str) -> pa.ChunkedArray:
    """The values in another type; raises ToolError where one of them does not survive that."""
    try:
        return values.cast(kind)
    except pa.ArrowException as exc:
        said = str(exc).splitlines()[0].rstrip(".")
        raise ToolError(f"{what} does not go into a column of {kind}: {said}.") from exc


def for_duckdb(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """The values in a type in which DuckDB can group, compare and order them as they are."""
    if pa.types.is_duration(values.type):
        return values.cast(pa.int64())
    return values.cast(pa.float32()) if pa.types.is_float16(values.type) else values


def _decoded(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _both(one: pa.DataType, other: pa.DataType) -> pa.DataType | None:
    if is_number(one) and is_number(other):
        return _number(one, other)
    if is_text(one) and is_text(other):
        return pa.large_string() if pa.large_string() in (one, other) else pa.string()
    if _is_moment(one) and _is_moment(other):
        return _moment(one, other)
    if pa.types.is_list(one) and pa.types.is_list(other):
        items = common_type([one.value_type, other.value_type])
        return items and pa.list_(items)
    return None


def _number(one: pa.DataType, other: pa.DataType) -> pa.DataType:
    pair = (one, other)
    if all(map(pa.types.is_integer, pair)):
        return pa.uint64() if all(map(pa.types.is_unsigned_integer, pair)) else pa.int64()
    if any(map(pa.types.is_floating, pair)):
        return pa.float64()
    whole = max(kind.precision - kind.scale if pa.types.is_decimal(kind) else INT64_DIGITS for kind in pair)
    scale = max(kind.scale if pa.types.is_decimal(kind) else 0 for kind in pair)
    return pa.decimal128(whole + scale, scale) if whole + scale <= DECIMAL_DIGITS else pa.float64()


def _is_moment(kind: pa.DataType) -> bool:
    return bool(pa.types.is_date(kind) or pa.types.is_timestamp(kind))


def _moment(one: pa.DataType, other: pa.DataType) -> pa.DataType | None:
    """Clocks with and without a zone do not go together: nobody knows by how much they differ."""
    clocks = [kind for kind in (one, other) if pa.types.is_timestamp(kind)]
    if not clocks:
        return pa.date32()
    zones = {kind.tz for kind in clocks}
    if None in zones and len(zones) > 1:
        return None
    if None not in zones and len(clocks) == 1:
        return None
    unit = max((kind.unit for kind in clocks), key=UNITS.index)
    return pa.timestamp(unit, zones.pop() if len(zones) == 1 else "UTC")
