"""Tables in words: row by row where they are small, else the highest and the lowest figure, else the first rows."""

import csv
import io
import math
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from brain.artifacts import cells_of, notes_of
from brain.figures import plain, shorten

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ROWS_TO_LIST", "figures_of", "rows_as_csv", "sum_up", "tell_table"]

ROWS_TO_LIST = 10
"""So many rows are told one by one."""
COLUMNS_TO_LIST = 10
"""A table with more columns is not told row by row."""
COLUMNS_TO_NAME = 20
MOST_LABELS = 4
"""Columns that may stand before a figure to say of what it is."""
CELL = 120
"""Characters of a cell."""


def tell_table(table: "pa.Table") -> str:
    """What a person has to know of a table, in Markdown."""
    names = [in_cell(name) for name in table.column_names[:COLUMNS_TO_NAME]]
    more = f" and {table.num_columns - COLUMNS_TO_NAME} more" if table.num_columns > COLUMNS_TO_NAME else ""
    if table.num_rows == 0:
        return f"No rows{'' if notes_of(table) else ' match'} ({', '.join(names)}{more})."  # a note says why
    if table.num_columns > COLUMNS_TO_LIST:
        return f"{table.num_rows:,} rows with the columns {', '.join(names)}{more}."
    if table.num_rows == 1:
        ((cells),) = _cells(table)
        return ", ".join(f"{name}: **{cell}**" for name, cell in zip(names, cells, strict=True))
    if table.num_rows <= ROWS_TO_LIST:
        return _first_rows(table, names)
    return _extremes(table) or f"{table.num_rows:,} rows; the first {ROWS_TO_LIST}:\n\n{_first_rows(table, names)}"


def sum_up(table: "pa.Table") -> str:
    """One sentence about a table whose rows are shown besides."""
    return _extremes(table) if table.num_rows > ROWS_TO_LIST else ""


def rows_as_csv(table: "pa.Table") -> str:
    """All rows, for a model to read."""
    text = io.StringIO()
    rows = [[plain(value, separator="") for value in row] for row in _rows(table)]
    csv.writer(text, lineterminator="\n").writerows([table.column_names, *rows])
    return text.getvalue().strip()


def figures_of(table: "pa.Table") -> Iterator[float]:
    """Every number in the cells."""
    for row in _rows(table):
        yield from (
            float(value)
            for value in row
            if isinstance(value, int | float | Decimal) and not isinstance(value, bool) and math.isfinite(value)
        )


def in_cell(text: str) -> str:
    """Text that neither ends a cell or a line of a Markdown table nor runs on for ever."""
    return shorten(" ".join(text.split()), CELL).replace("|", "\\|")


def _first_rows(table: "pa.Table", names: Sequence[str]) -> str:
    lines = [names, ["---"] * len(names), *_cells(table.slice(0, ROWS_TO_LIST))]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n\n"


def _extremes(table: "pa.Table") -> str:
    """Of a table of figures by group: how many groups, and which has the most and the least."""
    import pyarrow as pa
    import pyarrow.compute as pc

    labels, name, figures = table.column_names[:-1], table.column_names[-1], table.column(table.num_columns - 1)
    is_figure = any(
        is_kind(figures.type) for is_kind in (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal)
    )
    if not is_figure or not 0 < len(labels) <= MOST_LABELS or not _tell_rows_apart(table.select(range(len(labels)))):
        return ""
    span = pc.min_max(figures).as_py()
    if span["max"] is None or not math.isfinite(span["max"]) or not math.isfinite(span["min"]):
        return ""
    most, least = (f"**{plain(span[end], name)}** ({_where(table, span[end])})" for end in ("max", "min"))
    by = f"{name} by {', '.join(labels)}"
    return f"{in_cell(by)} ({table.num_rows:,} rows): highest {most}, lowest {least}."


def _tell_rows_apart(labels: "pa.Table") -> bool:
    """Whether the columns name each row once, and none of them could be left out: else one is a figure itself."""
    import pyarrow as pa

    every = [str(number) for number in range(labels.num_columns)]
    numbered = labels.rename_columns(every)

    def is_key(columns: Sequence[str]) -> bool:
        return bool(columns) and numbered.group_by(list(columns)).aggregate([]).num_rows == labels.num_rows

    try:
        return is_key(every) and not any(is_key([column for column in every if column != left]) for left in every)
    except pa.ArrowNotImplementedError:  # lists and structures are no labels
        return False


def _where(table: "pa.Table", figure: Any) -> str:
    """The label of the row that has the figure, or how many rows have it."""
    import pyarrow.compute as pc

    having = table.filter(pc.equal(table.column(table.num_columns - 1), figure))
    if having.num_rows != 1:
        return f"{having.num_rows:,} rows"
    ((cells),) = _cells(having)
    return ", ".join(f"{in_cell(name)} {cell}" for name, cell in zip(table.column_names[:-1], cells, strict=False))


def _cells(table: "pa.Table") -> list[list[str]]:
    names = table.column_names
    return [[in_cell(plain(value, name)) for name, value in zip(names, row, strict=True)] for row in _rows(table)]


def _rows(table: "pa.Table") -> Iterator[tuple[Any, ...]]:
    """By position: two columns of a table may have one name."""
    return zip(*(cells_of(column) for column in table.columns), strict=True)
