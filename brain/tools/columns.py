"""Columns of a table as people name them: the whole column, or a part of the dates in it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from brain.errors import ToolError
from brain.nearest import did_you_mean

__all__ = [
    "DATE_PARTS",
    "ColumnChoice",
    "column_of",
    "is_number",
    "is_text",
    "kind_name",
    "named_once",
    "numeric_columns",
    "numeric_list",
]

DATE_PARTS = {
    "year": pc.year,
    "quarter": pc.quarter,
    "month": pc.month,
    "week": pc.iso_week,
    "weekday": lambda dates: pc.day_of_week(dates, count_from_zero=False),
    "day": pc.day,
    "hour": pc.hour,
}
"""Whole numbers: month and quarter from 1, week and weekday as in ISO 8601 (Monday is 1), day of the month."""
NAMES_SHOWN = 20


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """A column, or a part of its dates."""

    column: str
    part: str | None = None

    @classmethod
    def of(cls, value: Any) -> "ColumnChoice":
        """Read `"date"` or `{"column": "date", "part": "month"}`."""
        if isinstance(value, str):
            return cls(value)
        if isinstance(value, dict) and isinstance(value.get("column"), str):
            return cls(value["column"], value.get("part"))
        raise ToolError(f'{value!r} names no column: write "date", or {{"column": "date", "part": "month"}}.')

    @classmethod
    def several(cls, value: Any) -> "list[ColumnChoice]":
        """Read one choice, a list of them, or nothing."""
        return [cls.of(each) for each in (value if isinstance(value, list) else [value] if value else [])]

    @property
    def label(self) -> str:
        """What the column is called in a result."""
        return self.part or self.column

    def values(self, table: pa.Table) -> pa.ChunkedArray:
        """What the table holds for the choice; raises ToolError where it has no such column or no dates in it."""
        values = column_of(table, self.column)
        if self.part is None:
            return values
        if self.part not in DATE_PARTS:
            raise ToolError(f"{self.part!r} is no part of a date: take one of {', '.join(DATE_PARTS)}.")
        if self.part == "hour" and pa.types.is_date(values.type):
            raise ToolError(f"The column {self.column} holds dates without a time of day, so it has no hour.")
        return DATE_PARTS[self.part](_as_dates(values, self.column))


def column_of(table: pa.Table, name: str) -> pa.ChunkedArray:
    """The values of a column, dictionaries decoded; raises ToolError with the nearest names where there is none."""
    if name not in table.column_names:
        guess = did_you_mean(name, table.column_names)
        raise ToolError(f"The table has no column {name!r}.{guess} Its columns are: {_listed(table)}.")
    values = table.column(table.column_names.index(name))
    return values.cast(values.type.value_type) if pa.types.is_dictionary(values.type) else values


def numeric_columns(table: pa.Table) -> list[str]:
    """The names of the columns that hold numbers."""
    return [field.name for field in table.schema if is_number(field.type)]


def numeric_list(table: pa.Table) -> str:
    """The columns that hold numbers, for a message."""
    names = numeric_columns(table)
    return f"columns with numbers are: {', '.join(names[:NAMES_SHOWN])}" if names else "no column holds numbers"


def is_number(kind: pa.DataType) -> bool:
    """Whether a column of this type can be added up and drawn."""
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def is_text(kind: pa.DataType) -> bool:
    """Whether a column of this type holds text."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def kind_name(kind: pa.DataType) -> str:
    """What a column of this type holds, in words for a message."""
    if is_text(kind):
        return "text"
    if is_number(kind):
        return "numbers"
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        return "dates"
    if pa.types.is_null(kind):
        return "nothing but missing values"
    return "true and false" if pa.types.is_boolean(kind) else f"{kind} values"


def named_once(names: Sequence[str], advice: str) -> None:
    """Raise ToolError with the advice where two columns of a result would have one name."""
    if twins := [name for name, times in Counter(names).items() if times > 1]:
        raise ToolError(f"Two columns of the result are called {twins[0]}; {advice}.")


def _listed(table: pa.Table) -> str:
    names = table.column_names
    more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
    return ", ".join(names[:NAMES_SHOWN]) + more


def _as_dates(values: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    kind = values.type
    if pa.types.is_date(kind):
        return values
    if pa.types.is_timestamp(kind):
        # The clock that the column was written by, not UTC's: 23:30 in Oslo is still the same day there.
        return pc.local_timestamp(values) if kind.tz else values
    if not is_text(kind):
        raise ToolError(
            f"The column {name} holds {kind_name(kind)}, not dates, so no part of a date can be taken from it."
        )
    try:
        return values.cast(pa.timestamp("us"))
    except pa.ArrowInvalid:
        raise ToolError(
            f"The column {name} holds text that is not all dates; they are understood as 2012-12-31, "
            "or 2012-12-31 18:30 with a time."
        ) from None
