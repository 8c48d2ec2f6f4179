"""Two tables to one, by keys that they share."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from brain.errors import ToolError
from brain.nearest import did_you_mean
from brain.tool_registry.context import ToolContext
from brain.tools.column_types import common_type, for_duckdb, widened
from brain.tools.columns import column_of, is_number, is_text, kind_name, named_once
from brain.tools.notes import rows_of, tell
from brain.tools.sql import MAX_RESULT_BYTES, run_sql

__all__ = ["join"]

PAIRS = "SELECT l.n AS l, r.n AS r FROM lefts AS l {} JOIN rights AS r ON {} ORDER BY "
HOW = {
    "inner": PAIRS.format("INNER", "{}") + "l, r",
    "left": PAIRS.format("LEFT", "{}") + "l, r",
    "right": PAIRS.format("RIGHT", "{}") + "r, l",
    "outer": PAIRS.format("FULL", "{}") + "l NULLS LAST, r",
    "semi": "SELECT l.n AS l FROM lefts AS l SEMI JOIN rights AS r ON {} ORDER BY l",
    "anti": "SELECT l.n AS l FROM lefts AS l ANTI JOIN rights AS r ON {} ORDER BY l",
}
"""By name, the numbers of the rows that belong together; the condition stands for the braces."""
COUNTED = """
WITH l AS (SELECT {lefts}, count(*) AS n FROM lefts AS l GROUP BY ALL),
    r AS (SELECT {rights}, count(*) AS n FROM rights AS r GROUP BY ALL)
SELECT CAST(coalesce(sum(l.n), 0) AS BIGINT) AS lefts, CAST(coalesce(sum(r.n), 0) AS BIGINT) AS rights,
    coalesce(sum(CAST(l.n AS DOUBLE) * r.n), 0) AS pairs
FROM l JOIN r ON {condition}
"""
WHOLE = "CASE WHEN isfinite({0}) AND {0} = trunc({0}) AND abs({0}) < 1e37 THEN CAST({0} AS HUGEINT) END"
"""A fraction as a whole number, where it is one: as a fraction, a large whole number would equal its neighbours."""


@dataclass(frozen=True, slots=True)
class _Key:
    """A column of each table, whose values are to be equal."""

    left: str
    right: str
    lefts: pa.ChunkedArray
    rights: pa.ChunkedArray

    @classmethod
    def of(cls, value: Any, left: pa.Table, right: pa.Table) -> Self:
        """Read `"city"` or `{"left": "city", "right": "name"}`; raises ToolError where the two cannot be compared."""
        one, other = (value, value) if isinstance(value, str) else (value["left"], value["right"])
        lefts, rights = column_of(left, one), column_of(right, other)
        if pa.types.is_null(lefts.type):
            lefts = lefts.cast(rights.type)
        if pa.types.is_null(rights.type):
            rights = rights.cast(lefts.type)
        if _family(lefts.type) != _family(rights.type):
            raise ToolError(
                f"{one} of the left table holds {_held(lefts.type)} and {other} of the right one "
                f"{_held(rights.type)}, which are never equal; bring them to one type first, as with table.clean."
            )
        return cls(one, other, lefts, rights)

    def compared(self, side: str, name: str) -> str:
        """The key of one side in SQL."""
        own, other = (self.lefts, self.rights) if side == "l" else (self.rights, self.lefts)
        written = f"{side}.{name}"
        if pa.types.is_floating(own.type):
            return WHOLE.format(written) if pa.types.is_integer(other.type) else f"{written} + 0.0"
        mixed = pa.types.is_integer(own.type) and pa.types.is_floating(other.type)
        return f"CAST({written} AS HUGEINT)" if mixed else written


@dataclass(frozen=True, slots=True)
class _Counts:
    """Rows of each table, how many of them have a partner, and the pairs that they make."""

    left: int
    right: int
    lefts: int
    rights: int
    pairs: float

    def rows(self, how: str) -> float:
        """Of the result."""
        alone = {"left": self.left - self.lefts, "right": self.right - self.rights}
        match how:
            case "semi" | "anti":
                return self.lefts if how == "semi" else alone["left"]
            case "outer":
                return self.pairs + sum(alone.values())
            case _:
                return self.pairs + alone.get(how, 0)

    @property
    def notes(self) -> list[str]:
        """For people: what found no partner."""
        sides = [("left", self.lefts, self.left), ("right", self.rights, self.right)]
        return [
            f"{rows_of(total - found, total)} of the {side} table found no partner."
            for side, found, total in sides
            if found < total
        ]


def join(
    left: pa.Table, right: pa.Table, on: Any, how: str = "inner", suffix: str = "_right", *, context: ToolContext
) -> pa.Table:
    """The rows of both tables whose keys are equal, side by side; a missing key equals nothing.

    The rows come in the order of the left table (of the right one for `right`), those without a partner where they
    stand, those of the other table at the end.
    """
    if how not in HOW:
        raise ToolError(f"{how!r} is no way to join.{did_you_mean(how, HOW)} There are {', '.join(HOW)}.")
    keys = [_Key.of(each, left, right) for each in (on if isinstance(on, list) else [on])]
    counts = _counted(left, right, keys)
    _check_size(left, right, keys, counts.rows(how))
    pairs = run_sql(HOW[how].format(_condition(keys)), _numbered(left, right, keys))
    if how in ("semi", "anti"):
        return tell(left.take(pairs.column("l")), counts.notes[:1], context)
    return tell(_side_by_side(left, right, keys, pairs, suffix), counts.notes, context)


def _family(kind: pa.DataType) -> str:
    """Types of one family can be compared; clocks with and without a zone cannot."""
    if is_number(kind):
        return "numbers"
    if is_text(kind):
        return "text"
    if pa.types.is_timestamp(kind) and kind.tz:
        return "clock"
    return "dates" if pa.types.is_date(kind) or pa.types.is_timestamp(kind) else str(kind)


def _held(kind: pa.DataType) -> str:
    if not pa.types.is_timestamp(kind):
        return kind_name(kind)
    return "times with a zone" if kind.tz else "times without a zone"


def _numbered(left: pa.Table, right: pa.Table, keys: Sequence[_Key]) -> dict[str, pa.Table]:
    """The keys of both tables with the number of each row."""
    lefts = {f"k{number}": for_duckdb(key.lefts) for number, key in enumerate(keys)}
    rights = {f"k{number}": for_duckdb(key.rights) for number, key in enumerate(keys)}
    return {
        "lefts": pa.table({"n": np.arange(left.num_rows), **lefts}),
        "rights": pa.table({"n": np.arange(right.num_rows), **rights}),
    }


def _condition(keys: Sequence[_Key]) -> str:
    return " AND ".join(
        f"{key.compared('l', f'k{number}')} = {key.compared('r', f'k{number}')}" for number, key in enumerate(keys)
    )


def _counted(left: pa.Table, right: pa.Table, keys: Sequence[_Key]) -> _Counts:
    def grouped(side: str) -> str:
        return ", ".join(f"{key.compared(side, f'k{number}')} AS k{number}" for number, key in enumerate(keys))

    condition = " AND ".join(f"l.k{number} = r.k{number}" for number in range(len(keys)))
    sql = COUNTED.format(lefts=grouped("l"), rights=grouped("r"), condition=condition)
    (row,) = run_sql(sql, _numbered(left, right, keys)).to_pylist()
    return _Counts(left.num_rows, right.num_rows, row["lefts"], row["rights"], row["pairs"])


def _check_size(left: pa.Table, right: pa.Table, keys: Sequence[_Key], rows: float) -> None:
    width = left.nbytes / max(left.num_rows, 1) + right.nbytes / max(right.num_rows, 1) + 16
    if rows * width > MAX_RESULT_BYTES:
        raise ToolError(
            f"The join would give {rows:,.0f} rows, more than {MAX_RESULT_BYTES / 1e6:,.0f} MB in memory, because many "
            f"rows of both tables have the same {', '.join(key.left for key in keys)}: join by more columns, or make "
            "the key unique in one table with table.deduplicate or table.group."
        )


def _side_by_side(left: pa.Table, right: pa.Table, keys: Sequence[_Key], pairs: pa.Table, suffix: str) -> pa.Table:
    lefts, rights = pairs.column("l"), pairs.column("r")
    columns = {name: left.column(position).take(lefts) for position, name in enumerate(left.column_names)}
    if lefts.null_count:
        columns |= {key.left: _either(key, lefts, rights) for key in keys}
    own_keys = {key.right for key in keys}
    others = [name for name in right.column_names if name not in own_keys]
    names = [f"{name}{suffix}" if name in columns else name for name in others]
    named_once([*columns, *names], "choose another suffix")
    return pa.table(
        [*columns.values(), *(right.column(name).take(rights) for name in others)], names=[*columns, *names]
    )


def _either(key: _Key, lefts: pa.ChunkedArray, rights: pa.ChunkedArray) -> pa.ChunkedArray:
    """The key's value from whichever side has it."""
    kind = common_type([key.lefts.type, key.rights.type])
    if kind is None:
        raise ToolError(f"{key.left} and {key.right} do not go into one column; take how: left or inner.")
    sides = ((key.left, key.lefts, lefts), (key.right, key.rights, rights))
    both = [widened(values, kind, f"The key {name}").take(places) for name, values, places in sides]
    return pc.coalesce(*both)
