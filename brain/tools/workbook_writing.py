"""Tables to Excel workbooks, one sheet a table; text stays text, whatever it begins with."""

import io
import math
import zipfile
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from brain.errors import ToolError
from brain.tools.columns import column_of, is_text

__all__ = ["workbook_bytes"]

MOST_ROWS = 1_048_576
MOST_COLUMNS = 16_384
LONGEST_TEXT = 32_767
"""Characters of a cell; these three are Excel's own limits."""
LONGEST_TITLE = 31
NOT_IN_XML = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x{fffe}\x{ffff}]"
"""Characters that XML 1.0 does not have."""
DIGITS = 15
"""That Excel keeps of a number; a longer one, of which all digits count, is written as text."""
EXACT_BELOW = 10**DIGITS
FIRST_DAY = date(1900, 3, 1)
"""Before it, Excel's calendar is wrong (it has a 29 February 1900) or has not begun."""
NOT_IN_TITLES = frozenset("[]:*?/\\")
MADE = datetime(1980, 1, 1)  # noqa: DTZ001 - zip archives know no zone
"""The time that every workbook says it was made at, so that the same table is the same file."""


def workbook_bytes(sheets: Mapping[str, pa.Table]) -> bytes:
    """The workbook, the same bytes for the same tables; raises ToolError where a table does not fit into a sheet."""
    import openpyxl
    from openpyxl.writer.excel import ExcelWriter

    if len({title.lower() for title in sheets}) < len(sheets):
        raise ToolError("Two sheets of a workbook have one name, because capitals do not count.")
    workbook = openpyxl.Workbook(write_only=True)
    workbook.properties.created = workbook.properties.modified = MADE
    for title, table in sheets.items():
        _check(title, table)
    for title, table in sorted(sheets.items()):  # a step's arguments come back from the database in another order
        _fill(workbook.create_sheet(title), table)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        ExcelWriter(workbook, archive).write_data()
    return _with_one_time(buffer)


def _with_one_time(written: io.BytesIO) -> bytes:
    """The archive without the time of day in it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(written) as given, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in given.infolist():
            archive.writestr(
                zipfile.ZipInfo(part.filename, MADE.timetuple()[:6]), given.read(part), zipfile.ZIP_DEFLATED
            )
    return buffer.getvalue()


def _check(title: str, table: pa.Table) -> None:
    if not title or len(title) > LONGEST_TITLE or NOT_IN_TITLES.intersection(title) or title.strip("'") != title:
        raise ToolError(
            f"{title!r} cannot be the name of a sheet: it takes 1 to {LONGEST_TITLE} characters without []:*?/\\."
        )
    if table.num_rows >= MOST_ROWS or table.num_columns > MOST_COLUMNS:
        raise ToolError(
            f"A sheet holds {MOST_ROWS - 1:,} rows and {MOST_COLUMNS:,} columns, and the table has {table.num_rows:,} "
            f"and {table.num_columns:,}; write it to .csv or .parquet."
        )
    for field in table.schema:
        if pa.types.is_nested(field.type) or pa.types.is_binary(field.type) or pa.types.is_large_binary(field.type):
            raise ToolError(f"The column {field.name} holds {field.type}, which a sheet cannot; write it to .json.")
    _check_texts(pa.chunked_array([table.column_names]), "The name of a column")
    for name in table.column_names:
        values = column_of(table, name)
        if is_text(values.type):
            _check_texts(values.cast(pa.large_string()), f"A text in the column {name}")


def _check_texts(values: pa.ChunkedArray, what: str) -> None:
    """Before anything is written, because openpyxl cuts long text without a word and cannot stop half-way."""
    is_long = pc.greater(pc.utf8_length(values), LONGEST_TEXT)
    if pc.any(pc.or_(is_long, pc.match_substring_regex(values, NOT_IN_XML))).as_py():
        raise ToolError(
            f"{what} has more than {LONGEST_TEXT:,} characters, or one that a sheet cannot hold; write the table to "
            ".csv or .parquet."
        )


def _fill(sheet: Any, table: pa.Table) -> None:
    from openpyxl.cell import WriteOnlyCell

    def cell(value: Any) -> Any:
        fitting = _fitting(value)
        if not isinstance(fitting, str):
            return fitting
        made = WriteOnlyCell(sheet, fitting)
        made.data_type = "s"  # openpyxl would take what begins with = for a formula
        return made

    sheet.append([cell(name) for name in table.column_names])
    for batch in table.to_batches():
        for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            sheet.append([cell(value) for value in row])


def _fitting(value: Any) -> Any:
    """The value as a cell holds it: what Excel has no type for, or not enough digits, as text."""
    match value:
        case None | bool() | str():
            return value
        case int() | float() | Decimal():
            return _number(value)
        case datetime():
            return value.isoformat(" ") if value.tzinfo or value.date() < FIRST_DAY else value
        case date() if value < FIRST_DAY:
            return value.isoformat()
        case _:
            return value


def _number(value: float | Decimal) -> float | Decimal | str | None:
    if value != value:  # noqa: PLR0124 - NaN is not itself
        return None
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    is_exact = abs(value) < EXACT_BELOW and (isinstance(value, int) or len(value.as_tuple().digits) <= DIGITS)
    return value if is_exact else f"{value:f}" if isinstance(value, Decimal) else str(value)
