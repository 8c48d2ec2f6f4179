"""Conditions on the rows of a table: a column, an operator, and a value brought to the column's type."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import reduce
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from brain.errors import ToolError
from brain.nearest import did_you_mean
from brain.tools.columns import ColumnChoice, is_number, is_text, kind_name

__all__ = ["OPERATORS", "matching"]

COMPARISONS: dict[str, Callable[..., pa.ChunkedArray]] = {
    "equals": pc.equal,
    "not_equals": pc.not_equal,
    "greater": pc.greater,
    "greater_or_equal": pc.greater_equal,
    "less": pc.less,
    "less_or_equal": pc.less_equal,
}
OPERATORS = (*COMPARISONS, "contains", "in", "between", "is_null", "is_not_null")
LONGEST_IN = 1000
"""Values that `in` compares with, one after the other."""


def matching(table: pa.Table, condition: dict[str, Any]) -> pa.ChunkedArray:
    """For each row whether the condition holds; null where a missing value leaves that open."""
    choice = ColumnChoice(condition.get("column", ""), condition.get("part"))
    operator, value = condition.get("operator", ""), condition.get("value")
    values = choice.values(table)
    if operator in ("is_null", "is_not_null"):
        is_missing = pc.is_null(values, nan_is_null=True)
        return is_missing if operator == "is_null" else pc.invert(is_missing)
    if operator not in OPERATORS:
        raise ToolError(
            f"{operator!r} is no operator of table.filter.{did_you_mean(operator, OPERATORS)} "
            f"It knows {', '.join(OPERATORS)}."
        )
    if value is None:
        raise ToolError(
            f"The condition on {choice.label} with {operator} has no value; for missing values take is_null."
        )
    return _compared(choice, operator, values, value)


def _compared(choice: ColumnChoice, operator: str, values: pa.ChunkedArray, value: Any) -> pa.ChunkedArray:
    if operator == "contains":
        if not is_text(values.type):
            raise ToolError(f"The column {choice.label} holds {kind_name(values.type)}; contains is for text.")
        return pc.match_substring(values, str(value), ignore_case=True)
    if pa.types.is_date(values.type):
        values = values.cast(pa.timestamp("us"))
    if operator == "in":
        return reduce(
            pc.or_kleene, [pc.equal(values, _scalar(choice, values, each)) for each in _several(choice, value)]
        )
    if operator == "between":
        low, high = (_scalar(choice, values, each) for each in _several(choice, value, exactly=2))
        return pc.and_kleene(pc.greater_equal(values, low), pc.less_equal(values, high))
    mask = COMPARISONS[operator](values, _scalar(choice, values, value))
    # A missing value is not equal to anything, which is what people mean by "not rain".
    return pc.fill_null(mask, True) if operator == "not_equals" else mask


def _several(choice: ColumnChoice, value: Any, exactly: int | None = None) -> list[Any]:
    wanted = "a list of two values, [low, high]" if exactly else f"a list of 1 to {LONGEST_IN} values"
    fits = isinstance(value, list) and (len(value) == exactly if exactly else 0 < len(value) <= LONGEST_IN)
    if not fits:
        raise ToolError(f"The condition on {choice.label} needs {wanted}, not {_brief(value)}.")
    return list(value)


def _scalar(choice: ColumnChoice, values: pa.ChunkedArray, value: Any) -> pa.Scalar:
    kind = values.type
    if is_text(kind) and isinstance(value, str | int | float) and not isinstance(value, bool):
        return pa.scalar(str(value), kind)
    if is_number(kind):
        return _number(choice, value)
    if pa.types.is_timestamp(kind) and isinstance(value, str):
        return _moment(choice, kind, value)
    if pa.types.is_boolean(kind) and isinstance(value, bool):
        return pa.scalar(value)
    if pa.types.is_boolean(kind) and value in ("true", "false"):
        return pa.scalar(value == "true")
    hint = " (with part, as in part: year, a number can be compared)" if pa.types.is_timestamp(kind) else ""
    raise ToolError(
        f"The column {choice.label} holds {kind_name(kind)}, which {_brief(value)} cannot be compared with{hint}."
    )


def _number(choice: ColumnChoice, value: Any) -> pa.Scalar:
    try:
        if not isinstance(value, bool):
            return pa.scalar(value if isinstance(value, int | float) else _read_number(value))
    except (TypeError, ValueError, OverflowError):
        pass
    raise ToolError(f"The column {choice.label} holds numbers, and {_brief(value)} is none that it could hold.")


def _read_number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        return float(text)


def _moment(choice: ColumnChoice, kind: pa.TimestampType, value: str) -> pa.Scalar:
    """A column without zone takes UTC for times that have one; a column with a zone takes its own for those without."""
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        raise ToolError(
            f"The column {choice.label} holds dates, and {_brief(value)} is none; write them as 2012-12-31."
        ) from None
    if kind.tz is None and moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    elif kind.tz is not None and moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(kind.tz))
    return pa.scalar(moment, pa.timestamp("us", kind.tz))


def _brief(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}…"  # noqa: PLR2004 - characters that fit a message
