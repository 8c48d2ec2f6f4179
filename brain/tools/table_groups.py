"""Figures of a table by group, several at once; `table.aggregate` and `table.pivot` calculate with them too."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pyarrow as pa

from brain.errors import ToolError
from brain.nearest import did_you_mean
from brain.tools.column_types import for_duckdb
from brain.tools.columns import ColumnChoice, column_of, is_number, kind_name, named_once, numeric_list
from brain.tools.sql import run_sql

__all__ = ["Figure", "Grouped", "by_group", "calculate", "group"]

FUNCTIONS = {
    "count": "count({})",
    "sum": "sum({})",
    "mean": "avg({})",
    "median": "median({})",
    "min": "min({})",
    "max": "max({})",
    "std": "stddev_samp({})",
    "count_distinct": "count(DISTINCT {})",
}
"""By name; `std` is the one of a sample (divided by n - 1)."""
NEED_NUMBERS = frozenset({"sum", "mean", "median", "std"})
GIVE_A_VALUE = frozenset({"min", "max"})
"""Functions whose result is one of the column's values, so that it keeps the column's type."""


@dataclass(frozen=True, slots=True)
class Figure:
    """What is calculated: a function of a column, or the count of rows."""

    function: str
    column: str | None = None
    name: str | None = None

    @classmethod
    def of(cls, value: dict[str, Any]) -> Self:
        """Read `{"column": "price", "function": "mean", "name": "average price"}`."""
        return cls(value["function"], value.get("column"), value.get("name"))

    @property
    def label(self) -> str:
        """What the figure is called in a result."""
        return self.name or f"{self.function}_{self.column or 'rows'}"

    def values(self, table: pa.Table) -> pa.ChunkedArray:
        """What the function is applied to; raises ToolError where that makes no sense."""
        if self.function not in FUNCTIONS:
            raise ToolError(
                f"{self.function!r} is no function to calculate with.{did_you_mean(self.function, FUNCTIONS)} "
                f"There are {', '.join(FUNCTIONS)}."
            )
        return self._column(table, self.column) if self.column else self._rows(table)

    def _rows(self, table: pa.Table) -> pa.ChunkedArray:
        if self.function == "count":
            return pa.chunked_array([pa.repeat(1, table.num_rows)])
        raise ToolError(
            f"The {self.function} needs a column: {numeric_list(table)}; only rows can be counted without one."
        )

    def _column(self, table: pa.Table, name: str) -> pa.ChunkedArray:
        values = column_of(table, name)
        if self.function not in NEED_NUMBERS or is_number(values.type):
            return values
        if pa.types.is_boolean(values.type):
            return values.cast(pa.int8())
        held = kind_name(values.type)
        raise ToolError(f"The column {name} holds {held}, which have no {self.function}: {numeric_list(table)}.")


@dataclass(frozen=True, slots=True)
class Grouped:
    """Figures by group, ordered by group with missing values last."""

    groups: tuple[pa.ChunkedArray, ...]
    figures: tuple[pa.ChunkedArray, ...]
    ranks: tuple[pa.ChunkedArray, ...] = ()
    """For each set of groups that was to be ranked: the place of each row's values among theirs, from 0."""


def group(table: pa.Table, aggregates: list[dict[str, Any]], by: Any = None) -> pa.Table:
    """Several figures for each group of rows, ordered by group, or for all rows."""
    return by_group(table, ColumnChoice.several(by), [Figure.of(each) for each in aggregates])


def calculate(
    table: pa.Table, choices: Sequence[ColumnChoice], figures: Sequence[Figure], ranked: Sequence[Sequence[int]] = ()
) -> Grouped:
    """The figures for each group; `ranked` are sets of the groups, by their numbers, whose values are to be ranked."""
    groups = {f"g{number}": choice.values(table) for number, choice in enumerate(choices)}
    values = {f"v{number}": figure.values(table) for number, figure in enumerate(figures)}
    result = run_sql(_sql(list(groups), figures, ranked), {"data": _data({**groups, **values}, table.num_rows)})
    return Grouped(
        # DuckDB gives times back in another zone, and other values in wider types: the first row of a group has them
        tuple(each.take(result.column("n")) for each in groups.values()),
        tuple(_figure(result.column(name), figure, values[name]) for name, figure in zip(values, figures, strict=True)),
        tuple(result.column(f"r{number}") for number in range(len(ranked))),
    )


def by_group(table: pa.Table, choices: Sequence[ColumnChoice], figures: Sequence[Figure]) -> pa.Table:
    """One row a group: what it is grouped by, and its figures."""
    found = calculate(table, choices, figures)
    names = [*_group_names(choices), *(figure.label for figure in figures)]
    named_once(names, "give each figure a name of its own with name")
    return pa.table([*found.groups, *found.figures], names=names)


def _data(columns: dict[str, pa.ChunkedArray], rows: int) -> pa.Table:
    return pa.table({"n": np.arange(rows), **{name: for_duckdb(values) for name, values in columns.items()}})


def _sql(groups: Sequence[str], figures: Sequence[Figure], ranked: Sequence[Sequence[int]]) -> str:
    selected = [f"{FUNCTIONS[figure.function].format(f'v{n}')} AS v{n}" for n, figure in enumerate(figures)]
    for number, among in enumerate(ranked):
        selected.append(f"dense_rank() OVER (ORDER BY {_order([f'g{each}' for each in among])}) - 1 AS r{number}")
    if not groups:
        return f"SELECT {', '.join(selected)} FROM data"  # noqa: S608 - made of names that are given here
    return (
        f"SELECT min(n) AS n, {', '.join(selected)} FROM data "  # noqa: S608 - as above
        f"GROUP BY {', '.join(groups)} ORDER BY {_order(groups)}"
    )


def _order(names: Sequence[str]) -> str:
    return ", ".join(f"{name} NULLS LAST" for name in names)


def _figure(result: pa.ChunkedArray, figure: Figure, values: pa.ChunkedArray) -> pa.ChunkedArray:
    return result.cast(values.type) if figure.function in GIVE_A_VALUE else result


def _group_names(choices: Sequence[ColumnChoice]) -> list[str]:
    """A part's name alone where that is clear, else with its column."""
    labels = [choice.label for choice in choices]
    return [
        f"{choice.column}_{choice.part}" if choice.part and labels.count(choice.label) > 1 else choice.label
        for choice in choices
    ]
