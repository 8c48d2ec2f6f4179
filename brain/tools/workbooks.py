"""Excel workbooks to tables: values only. Formulas give the results that were saved with them; no macro is run."""

import warnings
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from brain.artifacts import with_notes
from brain.errors import ToolError
from brain.nearest import did_you_mean

__all__ = ["WORKBOOK_SUFFIXES", "read_sheet"]

WORKBOOK_SUFFIXES = (".xlsx", ".xlsm")
MAX_UNPACKED = 500_000_000
"""Bytes of all parts of a workbook, unpacked."""
MAX_PARTS = 10_000
MAX_ROWS = 1_048_576
"""Of a sheet, by Excel's own specification."""
MAX_CELLS = 20_000_000
PIECE = 1_000_000
"""Bytes that are unpacked at once."""
OLD_OR_LOCKED = b"\xd0\xcf\x11\xe0"
"""How a compound file begins (MS-CFB): an .xls workbook, or one that is encrypted."""
ERRORS = frozenset({"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#GETTING_DATA"})
INT64 = range(-(2**63), 2**63)
KIND_NAMES = {
    bool: "true and false", int: "numbers", float: "numbers", str: "text",
    datetime: "dates", date: "dates", time: "times", timedelta: "spans of time",
}  # fmt: skip
WHOLE_BELOW = 1e15
"""Up to here a number of Excel's has all its digits, and is written without exponent."""
SHEETS_TOLD = 20


def read_sheet(file: Path, path: str, sheet: str | None, nulls: Sequence[str]) -> pa.Table:
    """The table on a sheet (the first where none is named), whose first row that is not empty holds the names.

    `nulls` are words for missing values; errors such as #N/A are missing too. Notes tell what people should know.
    """
    _check_archive(file, path)
    with _opened(file, path) as workbook:
        titles = [each.title for each in workbook.worksheets]
        title = _chosen(titles, path, sheet)
        grid = _grid(workbook[title], path)
    columns = list(_columns(grid, ERRORS.union(nulls)))
    if not columns:
        raise ToolError(f"The sheet {title} of {path} is empty.{_others(titles, title)}")
    notes = [f"This is the sheet {title}.{_others(titles, title)}"] if sheet is None and len(titles) > 1 else []
    notes += [note for column in columns for note in column.notes]
    if empty := {column.position: column.name for column in columns if column.is_empty and column.values}:
        notes += _uncalculated(file, path, title, empty)
    return with_notes(pa.table({column.name: column.array for column in columns}), notes)


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    position: int
    values: list[Any]
    errors: int
    """Cells that hold an error such as #N/A."""

    @property
    def kinds(self) -> frozenset[type]:
        return frozenset(type(value) for value in self.values if value is not None)

    @property
    def is_empty(self) -> bool:
        return not self.kinds

    @property
    def is_mixed(self) -> bool:
        return len(self.kinds) > 1 and not self.kinds <= {int, float} and not self.kinds <= {date, datetime}

    @property
    def array(self) -> pa.Array:
        """The values in the type of all of them; as text where they have several."""
        if self.is_empty or self.is_mixed or self.kinds == {str}:
            return pa.array([None if value is None else _as_text(value) for value in self.values], pa.string())
        if self.kinds == {int} and all(value is None or value in INT64 for value in self.values):
            return pa.array(self.values, pa.int64())
        if self.kinds <= {int, float}:
            return pa.array([None if value is None else float(value) for value in self.values], pa.float64())
        if self.kinds <= {date, datetime} and all(map(_is_midnight, self.values)):
            return pa.array(self.values, pa.date32())
        if self.kinds <= {date, datetime}:
            return pa.array(self.values, pa.timestamp("us"))
        return pa.array(self.values)

    @property
    def notes(self) -> Iterator[str]:
        if self.errors:
            cells = "1 cell holds an error and is" if self.errors == 1 else f"{self.errors:,} cells hold errors and are"
            yield f"{self.name}: {cells} missing."
        if self.is_mixed:
            held = " and ".join(sorted({KIND_NAMES.get(kind, kind.__name__) for kind in self.kinds}))
            yield f"{self.name} mixes {held} and was read as text."


def _check_archive(file: Path, path: str) -> None:
    """Unpack everything once, piece by piece, before openpyxl does it whole: sizes in an archive may lie."""
    try:
        with zipfile.ZipFile(file) as archive:
            parts = archive.infolist()
            if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
                raise ToolError(_too_large(path))
            for part in parts:
                with archive.open(part) as opened:
                    while opened.read(PIECE):
                        pass
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError) as exc:
        raise ToolError(_no_workbook(file, path)) from exc


def _too_large(path: str) -> str:
    return (
        f"{path} is larger than {MAX_UNPACKED / 1e6:,.0f} MB when it is unpacked; save the sheet as .csv or .parquet."
    )


def _no_workbook(file: Path, path: str) -> str:
    with file.open("rb") as opened:
        if opened.read(len(OLD_OR_LOCKED)) == OLD_OR_LOCKED:
            return f"{path} is protected by a password, or an .xls workbook: save it as .xlsx without one."
    return f"{path} cannot be read as an Excel workbook: the file is damaged or something else."


@contextmanager
def _opened(file: Path, path: str, *, formulas: bool = False) -> Iterator[Any]:
    """The workbook; whatever a broken one makes openpyxl raise becomes one sentence."""
    import openpyxl

    # Styles, validations and the like that it does not know, none of which are values.
    warnings.filterwarnings("ignore", module="openpyxl")
    with file.open("rb") as opened:
        try:
            workbook = openpyxl.load_workbook(opened, read_only=True, data_only=not formulas, keep_links=False)
            yield workbook
        except ToolError:
            raise
        except Exception as exc:
            raise ToolError(_no_workbook(file, path)) from exc


def _chosen(titles: Sequence[str], path: str, sheet: str | None) -> str:
    if not titles:
        raise ToolError(f"{path} holds no sheet with cells.")
    if sheet is not None and sheet not in titles:
        raise ToolError(f"{path} has no sheet {sheet!r}.{did_you_mean(sheet, titles)} Its sheets are: {_told(titles)}.")
    return sheet or titles[0]


def _others(titles: Sequence[str], title: str) -> str:
    others = [each for each in titles if each != title]
    return f" The workbook has others: {_told(others)}." if others else ""


def _told(titles: Sequence[str]) -> str:
    more = f" and {len(titles) - SHEETS_TOLD} more" if len(titles) > SHEETS_TOLD else ""
    return ", ".join(titles[:SHEETS_TOLD]) + more


def _grid(sheet: Any, path: str) -> list[tuple[Any, ...]]:
    """The rows from the first that is not empty to the last; what the sheet says of its own size is not believed."""
    sheet.reset_dimensions()
    rows: list[tuple[Any, ...]] = []
    filled = width = 0
    for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
        is_filled = any(value is not None for value in row)
        if is_filled or rows:
            rows.append(row if is_filled else ())
        if is_filled:
            filled, width = len(rows), max(width, len(row))
        if number > MAX_ROWS or filled * width > MAX_CELLS:
            raise ToolError(f"{path} has more cells than can be read; save the sheet as .csv or .parquet.")
    return rows[:filled]


def _columns(grid: Sequence[tuple[Any, ...]], missing: frozenset[str]) -> Iterator[_Column]:
    """The columns that have a name or a value; one without a name is called by its number, a second one numbered."""
    taken: set[str] = set()
    for position in range(max(map(len, grid), default=0)):
        title, *values = (row[position] if position < len(row) else None for row in grid)
        if title is None and all(value is None for value in values):
            continue
        name = _as_text(title).strip() if title is not None else ""
        name = name or f"column_{position + 1}"
        name = next(each for each in (name, *(f"{name}_{n}" for n in range(1, position + 2))) if each not in taken)
        taken.add(name)
        kept = [None if isinstance(value, str) and value.strip() in missing else value for value in values]
        yield _Column(name, position, kept, sum(isinstance(value, str) and value in ERRORS for value in values))


def _uncalculated(file: Path, path: str, title: str, empty: Mapping[int, str]) -> Iterator[str]:
    """Programs that write workbooks often leave formulas without results, which look like missing values."""
    with _opened(file, path, formulas=True) as workbook:
        grid = _grid(workbook[title], path)
    for position, name in empty.items():
        if any(len(row) > position and str(row[position]).startswith("=") for row in grid):
            yield f"{name} holds formulas whose results were never saved: open the workbook in Excel and save it."


def _is_midnight(value: Any) -> bool:
    return not isinstance(value, datetime) or value.time() == time()


def _as_text(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case float() if value.is_integer() and abs(value) < WHOLE_BELOW:
            return str(int(value))
        case datetime():
            return value.isoformat(" ").removesuffix(" 00:00:00")
        case _:
            return str(value)
