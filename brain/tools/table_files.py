"""Files to tables: CSV, TSV, JSON and JSON lines by DuckDB, Parquet by Arrow."""

import codecs
import csv
import re
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from brain.errors import ToolError
from brain.tool_registry.context import ToolContext
from brain.tools.project_files import path_to_read
from brain.tools.sql import MAX_RESULT_BYTES, collect, said_by_duckdb

__all__ = ["read"]

DELIMITERS = ",;\t|"
NULLS = ["", "NA", "N/A", "NaN", "nan", "NULL", "null"]
"""How CSV files write a missing value."""
LOOK_BYTES = 65_536
"""Of a file's beginning, to find its encoding and delimiter."""

CSV = """
FROM read_csv($path, header = true, delim = $delimiter, quote = '"', escape = '"', comment = '', nullstr = $nulls,
              encoding = $encoding, sample_size = -1, hive_partitioning = false)
"""
JSON = "FROM read_json($path, sample_size = -1, hive_partitioning = false, maximum_object_size = 100000000)"
CSV_SUFFIXES = (".csv", ".tsv", ".tab", ".txt")
JSON_SUFFIXES = (".json", ".jsonl", ".ndjson")
PARQUET_SUFFIXES = (".parquet", ".pq")
KNOWN = (*CSV_SUFFIXES, *JSON_SUFFIXES, *PARQUET_SUFFIXES)


class _NotUtf8(ToolError):
    """A text file in another encoding."""


class _Uneven(ToolError):
    """A CSV file whose lines are not all of one shape; DuckDB does not say which."""


def read(path: str, *, context: ToolContext) -> pa.Table:
    """The table in a file of the project; the first line of a CSV file holds the names of its columns."""
    file = path_to_read(context.project, path, KNOWN)
    suffix = file.suffix.lower()
    if suffix not in KNOWN:
        raise ToolError(f"{path} cannot be read as a table: it takes files that end in {', '.join(KNOWN)}.")
    if file.stat().st_size == 0:
        raise ToolError(f"{path} is empty.")
    table = _read_by_suffix(file, path, suffix)
    if not table.num_columns:
        raise ToolError(f"{path} holds no columns.")
    return table


def _read_by_suffix(file: Path, path: str, suffix: str) -> pa.Table:
    if suffix in PARQUET_SUFFIXES:
        return _read_parquet(file, path)
    if suffix in JSON_SUFFIXES:
        return _by_duckdb(JSON, {"path": _literally(file)}, path)
    return _read_csv(file, path)


def _read_csv(file: Path, path: str) -> pa.Table:
    with file.open("rb") as opened:
        start = opened.read(LOOK_BYTES)
    encoding = "utf-16" if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8"
    parameters: dict[str, Any] = {
        "path": _literally(file),
        "delimiter": _delimiter(start.decode(encoding, "replace")),
        "nulls": NULLS,
        "encoding": encoding,
    }
    try:
        return _by_duckdb(CSV, parameters, path)
    except _NotUtf8:
        return _by_duckdb(CSV, {**parameters, "encoding": "latin-1"}, path)
    except _Uneven:
        uneven = _first_uneven_line(file, parameters["delimiter"], encoding)
        raise ToolError(f"{path} cannot be read as a table: {uneven}.") from None


def _by_duckdb(sql: str, parameters: dict[str, Any], path: str) -> pa.Table:
    try:
        with duckdb.connect(":memory:", config={"temp_directory": ""}) as connection:
            return collect(connection.sql(sql, params=parameters), path)
    except duckdb.Error as exc:
        kinds = {"not utf-8 encoded": _NotUtf8, "automatically detect the CSV parsing dialect": _Uneven}
        kind = next((kind for said, kind in kinds.items() if said in str(exc)), ToolError)
        raise kind(f"{path} cannot be read as a table: {_reason(exc)}.") from exc


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
