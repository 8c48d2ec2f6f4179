"""Whether the rows of a table are as they should be: by a JSON schema for a row, by rules for columns, or by both."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import jsonschema_rs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from brain.errors import ToolError
from brain.nearest import did_you_mean
from brain.tool_registry.context import ToolContext
from brain.tools.column_types import for_duckdb
from brain.tools.columns import ColumnChoice, is_text, kind_name
from brain.tools.conditions import matching
from brain.tools.notes import rows_of, tell
from brain.tools.sql import run_sql

__all__ = ["validate"]

BATCH_ROWS = 10_000
LONGEST = 200
"""Characters of a message and of a value in it."""
TOLD = 3
"""Failures that the error names where failures are to fail the step."""
REPEATED = """
SELECT n FROM (SELECT n, row_number() OVER (PARTITION BY k ORDER BY n) AS seen FROM data WHERE k IS NOT NULL)
WHERE seen > 1 ORDER BY n
"""
SHOULD_BE = {
    "equals": "is not {}",
    "not_equals": "should not be {}",
    "greater": "is not greater than {}",
    "greater_or_equal": "is less than {}",
    "less": "is not less than {}",
    "less_or_equal": "is greater than {}",
    "contains": "does not contain {}",
    "in": "is none of {}",
    "between": "is not between {}",
    "is_null": "should be missing",
    "is_not_null": "is missing",
    "unique": "was there before",
    "matches": "does not match {}",
}
"""What is said of a value that breaks a rule."""
FAILURES = pa.schema([("row", pa.int64()), ("column", pa.string()), ("message", pa.string())])


@dataclass(frozen=True, slots=True, order=True)
class _Failure:
    row: int
    """Counted from 1."""
    column: str
    message: str

    def __str__(self) -> str:
        return f"row {self.row:,}, {self.column}: {self.message}"


@dataclass(frozen=True, slots=True)
class _Found:
    """The first failures, and how many there are in which rows."""

    first: list[_Failure]
    count: int
    rows: np.ndarray
    """Numbers of the rows, each once."""


def validate(
    table: pa.Table,
    schema: dict[str, Any] | None = None,
    rules: list[dict[str, Any]] | None = None,
    max_failures: int = 1000,
    *,
    fail: bool = False,
    context: ToolContext,
) -> dict[str, Any]:
    """Whether every row fits, and the failures with their rows, counted from 1; `fail` makes them an error."""
    if schema is None and not rules:
        raise ToolError("There is nothing to check the table against: give a schema for a row, or rules.")
    found = [_by_rule(table, rule, max_failures) for rule in rules or ()]
    if schema is not None:
        found.append(_by_schema(table, schema, max_failures, context))
    count, failed_rows = sum(each.count for each in found), np.unique(np.concatenate([each.rows for each in found]))
    first = sorted(failure for each in found for failure in each.first)[:max_failures]
    if fail and count:
        told = "; ".join(map(str, first[:TOLD])) + (f"; and {count - TOLD:,} more" if count > TOLD else "")
        raise ToolError(f"{rows_of(len(failed_rows), table.num_rows)} are not as they should be: {told}.")
    notes = [f"The first {len(first):,} of {count:,} failures are listed."] if count > len(first) else []
    listed = pa.Table.from_pylist([{"row": f.row, "column": f.column, "message": f.message} for f in first], FAILURES)
    return {
        "valid": not count,
        "row_count": table.num_rows,
        "failed_rows": len(failed_rows),
        "failure_count": count,
        "failures": tell(listed, [*notes, *_not_there(table, schema)], context),
    }


def _by_rule(table: pa.Table, rule: Mapping[str, Any], most: int) -> _Found:
    choice, operator = ColumnChoice(rule.get("column", ""), rule.get("part")), rule.get("operator", "")
    if operator not in SHOULD_BE:
        raise ToolError(
            f"{operator!r} is no operator of a rule.{did_you_mean(operator, SHOULD_BE)} "
            f"There are {', '.join(SHOULD_BE)}."
        )
    values, rows = choice.values(table), _broken(table, choice, rule)
    said = SHOULD_BE[operator].format(_expected(rule.get("value")))
    shown = ((row, values[row].as_py()) for row in rows[:most].tolist())
    first = [
        _Failure(row + 1, choice.label, said if _is_missing(value) else f"{_shown(value)} {said}")
        for row, value in shown
    ]
    return _Found(first, len(rows), rows)


def _broken(table: pa.Table, choice: ColumnChoice, rule: Mapping[str, Any]) -> np.ndarray:
    """The numbers of the rows that break a rule, from 0; missing values break only the rule that there be none."""
    operator, missing = rule["operator"], pc.is_null(choice.values(table), nan_is_null=True)
    if operator == "unique":
        keys = pa.table({"n": np.arange(table.num_rows), "k": for_duckdb(choice.values(table))})
        repeated: np.ndarray = run_sql(REPEATED, {"data": keys}).column("n").to_numpy()
        return repeated
    try:
        holds = _matches(choice, table, rule.get("value")) if operator == "matches" else matching(table, dict(rule))
    except pa.ArrowException as exc:
        raise ToolError(f"The rule for {choice.label} cannot be checked: {exc}.") from exc
    if operator not in ("is_null", "is_not_null"):
        holds = pc.or_kleene(holds, missing)
    return np.flatnonzero(~holds.to_numpy())


def _matches(choice: ColumnChoice, table: pa.Table, pattern: Any) -> pa.ChunkedArray:
    values = choice.values(table)
    if not is_text(values.type) or not isinstance(pattern, str):
        raise ToolError(f"matches is for text and takes a pattern; {choice.label} holds {kind_name(values.type)}.")
    return pc.match_substring_regex(values, f"^(?:{pattern})$")


def _by_schema(table: pa.Table, schema: dict[str, Any], most: int, context: ToolContext) -> _Found:
    try:
        check = jsonschema_rs.Draft202012Validator(schema, validate_formats=True, offline=True)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as exc:
        raise ToolError(f"The schema is no JSON Schema for a row: {_clipped(str(exc).splitlines()[0])}.") from exc
    first, count, rows = list[_Failure](), 0, list[int]()
    for row, written in _rows(table, context):
        if check.is_valid(written):
            continue
        failures = [_failure(error, row) for error in check.iter_errors(written)]
        first += failures[: most - len(first)]
        count += len(failures)
        rows.append(row)
    return _Found(first, count, np.array(rows, dtype=np.int64))


def _rows(table: pa.Table, context: ToolContext) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each row as JSON with its number from 0; what is missing is left out of it."""
    row = 0
    for batch in table.to_batches(max_chunksize=BATCH_ROWS):
        context.report(100 * row / table.num_rows, f"row {row + 1:,} of {table.num_rows:,}")
        for values in batch.to_pylist():
            yield row, {name: _as_json(value) for name, value in values.items() if not _is_missing(value)}
            row += 1


def _failure(error: jsonschema_rs.ValidationError, row: int) -> _Failure:
    if isinstance(error.kind, jsonschema_rs.ValidationErrorKind.Required) and not error.instance_path:
        return _Failure(row + 1, error.kind.property, "is missing")
    column = str(error.instance_path[0]) if error.instance_path else ""
    return _Failure(row + 1, column, _clipped(error.message))


def _not_there(table: pa.Table, schema: dict[str, Any] | None) -> list[str]:
    described = (schema or {}).get("properties", {})
    strange = [name for name in described if name not in table.column_names]
    return [f"The table has no column {name}, which the schema describes." for name in strange[:TOLD]]


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and value != value)  # noqa: PLR0124 - NaN is not itself


def _as_json(value: Any) -> Any:
    """A value as JSON has it: dates in ISO 8601, spans of time in seconds, bytes as hexadecimal digits; no infinity."""
    match value:
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta() | bytes():
            return value.total_seconds() if isinstance(value, timedelta) else value.hex()
        case Mapping():
            return {str(name): _as_json(item) for name, item in value.items()}
        case list() | tuple():
            return [_as_json(item) for item in value]
        case float() if not math.isfinite(value):
            return None if _is_missing(value) else str(value)
        case _:
            return value


def _expected(value: Any) -> str:
    if isinstance(value, list):
        return _clipped(", ".join(map(_shown, value)))
    return _shown(value)


def _shown(value: Any) -> str:
    return _clipped(repr(value) if isinstance(value, str) else str(value))


def _clipped(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
