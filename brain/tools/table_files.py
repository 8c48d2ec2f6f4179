"""Files to tables: CSV, TSV, JSON and JSON lines by DuckDB, Parquet by Arrow, Excel by openpyxl."""

import codecs
import csv
import io
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from brain.artifacts import notes_of, with_notes
from brain.errors import ToolError
from brain.tool_registry.context import ToolContext
from brain.tools.columns import column_of
from brain.tools.date_columns import with_dates
from brain.tools.notes import tell
from brain.tools.project_files import path_to_read
from brain.tools.sql import CLOCK, MAX_RESULT_BYTES, collect, said_by_duckdb
from brain.tools.workbooks import WORKBOOK_SUFFIXES, read_sheet

__all__ = ["read"]

DELIMITERS = ",;\t|"
NULLS = ["", "NA", "N/A", "NaN", "nan", "NULL", "null"]
"""How CSV files write a missing value."""
LOOK_BYTES = 65_536
"""Of a file's beginning, to find its encoding and delimiter."""

CSV = """
FROM read_csv($path, header = true, delim = $delimiter, quote = '"', escape = '"', comment = '', nullstr = $nulls,
              encoding = $encoding, sample_size = -1, hive_partitioning = false{more})
"""
NO_DATES = ", auto_type_candidates = ['BOOLEAN', 'TIME', 'BIGINT', 'DOUBLE', 'VARCHAR']"
"""For a file whose dates DuckDB takes for dates of one kind, which they are not."""
JSON = "FROM read_json($path, sample_size = -1, hive_partitioning = false, maximum_object_size = 100000000)"
CSV_SUFFIXES = (".csv", ".tsv", ".tab", ".txt")
JSON_SUFFIXES = (".json", ".jsonl", ".ndjson")
PARQUET_SUFFIXES = (".parquet", ".pq")
KNOWN = (*CSV_SUFFIXES, *JSON_SUFFIXES, *PARQUET_SUFFIXES, *WORKBOOK_SUFFIXES)
OTHER_WORKBOOKS = (".xls", ".xlsb", ".ods", ".numbers")
CORRECT_IT = "Correct it in the file and try again."
BY_DUCKDB = frozenset({"utf-8", "utf-16", "iso8859-1"})
"""Encodings that DuckDB reads itself, as Python's codecs call them."""


@dataclass(frozen=True, slots=True)
class _Manner:
    """How the caller says that a file is written; None where that is to be found out."""

    sheet: str | None = None
    delimiter: str | None = None
    encoding: str | None = None

    def check(self, path: str, suffix: str) -> None:
        """Raise ToolError where something is said that means nothing for such a file."""
        if self.sheet is not None and suffix not in WORKBOOK_SUFFIXES:
            raise ToolError(f"{path} has no sheets; sheet is for files that end in {', '.join(WORKBOOK_SUFFIXES)}.")
        if (self.delimiter or self.encoding) and suffix not in CSV_SUFFIXES:
            raise ToolError(f"delimiter and encoding are for files that end in {', '.join(CSV_SUFFIXES)}, not {path}.")


class _NotUtf8(ToolError):
    """A text file in another encoding."""


class _Uneven(ToolError):
    """A CSV file whose lines are not all of one shape; DuckDB does not say which."""


class _NotOneKind(ToolError):
    """A column whose values are not all of the kind that DuckDB took them for."""


def read(
    path: str,
    columns: list[str] | None = None,
    sheet: str | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    *,
    context: ToolContext,
) -> pa.Table:
    """The table in a file of the project, or some of its columns.

    The first line of a CSV file holds the names of the columns, and so does the first row of a sheet.
    """
    file = path_to_read(context.project, path, KNOWN)
    suffix = file.suffix.lower()
    _check_suffix(path, suffix)
    if file.stat().st_size == 0:
        raise ToolError(f"{path} is empty.")
    manner = _Manner(sheet, delimiter, encoding)
    manner.check(path, suffix)
    table = _read_by_suffix(file, path, suffix, manner)
    if not table.num_columns:
        raise ToolError(f"{path} holds no columns.")
    if columns is not None:
        for name in columns:
            column_of(table, name)
        table = table.select(list(dict.fromkeys(columns)))
    return tell(table, [*notes_of(table), *_none(table, path, suffix)], context)


def _none(table: pa.Table, path: str, suffix: str) -> list[str]:
    head = "a header" if suffix in (*CSV_SUFFIXES, *WORKBOOK_SUFFIXES) else "columns"
    return [] if table.num_rows else [f"{path} has {head} and no rows."]


def _check_suffix(path: str, suffix: str) -> None:
    if suffix in OTHER_WORKBOOKS:
        raise ToolError(f"{path} is a workbook that cannot be read; open it and save it as .xlsx or .csv.")
    if suffix not in KNOWN:
        raise ToolError(f"{path} cannot be read as a table: it takes files that end in {', '.join(KNOWN)}.")


def _read_by_suffix(file: Path, path: str, suffix: str, manner: _Manner) -> pa.Table:
    if suffix in WORKBOOK_SUFFIXES:
        return read_sheet(file, path, manner.sheet, NULLS)
    if suffix in PARQUET_SUFFIXES:
        return with_notes(_read_parquet(file, path), ())  # its notes would be somebody else's
    if suffix in JSON_SUFFIXES:
        return _by_duckdb(JSON, {"path": _literally(file)}, path)
    return _read_csv(file, path, manner)


def _read_csv(file: Path, path: str, manner: _Manner) -> pa.Table:
    encoding = _known_encoding(manner.encoding) if manner.encoding else None
    if encoding is not None and encoding not in BY_DUCKDB:
        with _as_utf8(file, path, encoding) as copy:
            return _read_text(copy, path, manner.delimiter, "utf-8")
    return _read_text(file, path, manner.delimiter, encoding)


def _known_encoding(name: str) -> str:
    try:
        found = codecs.lookup(name).name
        io.TextIOWrapper(io.BytesIO(), name).close()  # refuses what is no encoding of text, such as base64
    except LookupError:
        raise ToolError(
            f"{name!r} is no encoding that is known; write it as utf-8, windows-1252 or shift_jis."
        ) from None
    return "utf-8" if found == "utf-8-sig" else found


@contextmanager
def _as_utf8(file: Path, path: str, encoding: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy.csv"
        try:
            with (
                file.open(encoding=encoding, newline="") as given,
                copy.open("w", encoding="utf-8", newline="") as made,
            ):
                shutil.copyfileobj(given, made)
        except UnicodeError as exc:
            raise ToolError(
                f"{path} is not written in {encoding}: {exc.reason if hasattr(exc, 'reason') else exc}."
            ) from exc
        yield copy


def _read_text(file: Path, path: str, delimiter: str | None, encoding: str | None) -> pa.Table:
    with file.open("rb") as opened:
        start = opened.read(LOOK_BYTES)
    has_mark = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    assumed = encoding or ("utf-16" if has_mark else "utf-8")
    if b"\0" in start and assumed in ("utf-8", "iso8859-1"):
        raise ToolError(f"{path} is not text: name its encoding, such as utf-16-le, or save it again as CSV in UTF-8.")
    parameters: dict[str, Any] = {
        "path": _literally(file),
        "delimiter": delimiter or _delimiter(start.decode(assumed, "replace")),
        "nulls": NULLS,
        "encoding": {"iso8859-1": "latin-1"}.get(assumed, assumed),
    }
    try:
        return _by_kinds(parameters, path)
    except _NotUtf8:
        if encoding is not None:
            raise
        return _by_kinds({**parameters, "encoding": "latin-1"}, path)
    except _Uneven:
        uneven = _first_uneven_line(file, parameters["delimiter"], assumed)
        raise ToolError(f"{path} cannot be read as a table: {uneven}. {CORRECT_IT}") from None


def _by_kinds(parameters: dict[str, Any], path: str) -> pa.Table:
    """The table with dates as dates; where some of a column are written otherwise, that column as text."""
    try:
        return _by_duckdb(CSV.format(more=""), parameters, path)
    except _NotOneKind:
        return with_dates(_by_duckdb(CSV.format(more=NO_DATES), parameters, path))


def _by_duckdb(sql: str, parameters: dict[str, Any], path: str) -> pa.Table:
    try:
        with duckdb.connect(":memory:", config={"temp_directory": ""}) as connection:
            connection.execute(CLOCK)
            return collect(connection.sql(sql, params=parameters), path)
    except duckdb.ConversionException as exc:
        raise _NotOneKind(f"{path} cannot be read as a table: {_reason(exc)}. {CORRECT_IT}") from exc
    except duckdb.Error as exc:
        kinds = {"not utf-8 encoded": _NotUtf8, "automatically detect the CSV parsing dialect": _Uneven}
        kind = next((kind for said, kind in kinds.items() if said in str(exc)), ToolError)
        raise kind(f"{path} cannot be read as a table: {_reason(exc)}. {CORRECT_IT}") from exc


def _read_parquet(file: Path, path: str) -> pa.Table:
    try:
        with pq.ParquetFile(file) as opened:
            groups = (opened.metadata.row_group(number) for number in range(opened.num_row_groups))
            if sum(group.total_byte_size for group in groups) > MAX_RESULT_BYTES:
                raise ToolError(f"{path} is larger than {MAX_RESULT_BYTES / 1e6:,.0f} MB in memory.")
            return opened.read()
    except (pa.ArrowException, OSError) as exc:
        raise ToolError(f"{path} cannot be read as Parquet: {str(exc).splitlines()[0].rstrip('.')}.") from exc


def _literally(file: Path) -> str:
    """The path with what DuckDB would take for a pattern put in brackets."""
    return re.sub(r"([*?\[])", r"[\1]", str(file))


def _delimiter(start: str) -> str:
    """The one that the first line holds most of, so that a line of another length is told, not swallowed."""
    first = start.lstrip("\ufeff").partition("\n")[0]
    return max(DELIMITERS, key=re.sub(r'"[^"]*"', "", first).count)


def _first_uneven_line(file: Path, delimiter: str, encoding: str) -> str:
    with file.open(encoding=encoding, errors="replace", newline="") as lines:
        rows = csv.reader(lines, delimiter=delimiter)
        columns = len(next(rows))
        for row in rows:
            if row and len(row) != columns:
                return f"line {rows.line_num} has another number of values ({len(row)}) than the first line ({columns})"
    return "a quotation mark in it is opened and never closed"


def _reason(exc: duckdb.Error) -> str:
    """The first two lines: the place, and what is wrong there."""
    text = re.split(r"\n\s*(?:Possible|Current|\n)", str(exc))[0]
    return said_by_duckdb(duckdb.Error(text))
