"""What a table holds, one row a column."""

from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from brain.tools.column_types import for_duckdb
from brain.tools.columns import column_of, is_number, is_text
from brain.tools.sql import run_sql

__all__ = ["describe"]

SCHEMA = pa.schema(
    [
        *[(name, pa.string()) for name in ("column", "type")],
        *[(name, pa.int64()) for name in ("count", "missing", "distinct")],
        *[(name, pa.string()) for name in ("min", "max")],
        *[(name, pa.float64()) for name in ("mean", "median", "std")],
        ("examples", pa.string()),
    ]
)
EXAMPLES = 3
EXAMPLE_CHARACTERS = 60
LOOKED_AT = 1000
"""Values among which examples are looked for."""


def describe(table: pa.Table) -> pa.Table:
    """One row a column: its type, how many values it has, lacks and tells apart, their range, figures and examples.

    NaN counts as missing. The range is text, so that dates and numbers have room in one column; true counts as 1.
    """
    columns = [_without_nan(column_of(table, name)) for name in table.column_names]
    distinct = _distinct(columns)
    rows = [
        {"column": field.name, "type": str(field.type), "distinct": count, **_described(values)}
        for field, values, count in zip(table.schema, columns, distinct, strict=True)
    ]
    return pa.Table.from_pylist(rows, SCHEMA)


def _without_nan(values: pa.ChunkedArray) -> pa.ChunkedArray:
    if not pa.types.is_floating(values.type):
        return values
    return pc.if_else(pc.is_nan(values), pa.scalar(None, values.type), values)


def _distinct(columns: list[pa.ChunkedArray]) -> list[int]:
    """How many different values each column has."""
    names = [f"c{number}" for number in range(len(columns))]
    counts = ", ".join(f"count(DISTINCT {name}) AS {name}" for name in names)
    data = pa.table([for_duckdb(values) for values in columns], names=names)
    (row,) = run_sql(f"SELECT {counts} FROM data", {"data": data}).to_pylist()  # noqa: S608 - names made here
    return [row[name] for name in names]


def _described(values: pa.ChunkedArray) -> dict[str, Any]:
    return {
        "count": len(values) - values.null_count,
        "missing": values.null_count,
        "examples": _examples(values),
        **_range(values),
        **_figures(values),
    }


def _range(values: pa.ChunkedArray) -> dict[str, Any]:
    ordered = values.cast(pa.string()) if is_text(values.type) else for_duckdb(values)
    try:
        span = pc.min_max(ordered)
    except pa.ArrowNotImplementedError:  # lists and the like, which have no order
        return {}
    ends = {end: span[end].cast(values.type).as_py() for end in ("min", "max")}
    return {end: None if value is None else _shown(value) for end, value in ends.items()}


def _figures(values: pa.ChunkedArray) -> dict[str, Any]:
    if pa.types.is_boolean(values.type):
        values = values.cast(pa.int8())
    if not is_number(values.type):
        return {}
    numbers = values.cast(pa.float64(), safe=False)
    return {
        "mean": pc.mean(numbers).as_py(),
        "median": pc.quantile(numbers, 0.5)[0].as_py(),
        "std": pc.stddev(numbers, ddof=1, min_count=2).as_py(),
    }


def _examples(values: pa.ChunkedArray) -> str | None:
    """The first different values."""
    some = values.drop_null().slice(0, LOOKED_AT).to_pylist()
    shown = list(dict.fromkeys(map(_shown, some)))[:EXAMPLES]
    return ", ".join(shown) or None


def _shown(value: Any) -> str:
    match value:
        case bool():
            text = str(value).lower()
        case float() if value.is_integer() and abs(value) < 1e15:  # noqa: PLR2004 - above it, an exponent is shorter
            text = str(int(value))
        case Decimal():
            text = f"{value:f}"
        case _:
            text = str(value)
    return text if len(text) <= EXAMPLE_CHARACTERS else f"{text[: EXAMPLE_CHARACTERS - 1]}…"
