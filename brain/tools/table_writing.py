"""Tables to files: CSV and TSV, Parquet, JSON and JSON lines; Excel is written in `workbook_writing`.

A spreadsheet that opens a CSV or TSV file takes text that begins with =, +, - or @ for a formula (CSV injection).
An apostrophe is put in front of it there, unless the caller wants it as it is.
"""

import io
import json
import math
from pathlib import PurePath
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from brain.errors import ToolError
from brain.tools.columns import is_text
from brain.tools.workbook_writing import workbook_bytes

__all__ = ["TABLE_SUFFIXES", "table_bytes", "without_formulas"]

DELIMITERS = {".csv": ",", ".tsv": "\t"}
TABLE_SUFFIXES = (*DELIMITERS, ".xlsx", ".parquet", ".json", ".jsonl")
FORMULA = r"^[=+\-@\t\r\n]"
NUMBER = r"^[+-]?[0-9][0-9.,]*([eE][+-]?[0-9]+)?%?$"
"""What begins with a sign and is only a number."""


def table_bytes(table: pa.Table, name: str) -> bytes:
    """The content of a file of that name; raises ToolError where the table does not go into such a file."""
    suffix = PurePath(name).suffix.lower()
    if suffix not in TABLE_SUFFIXES:
        raise ToolError(f"A table is written to a path that ends in {', '.join(TABLE_SUFFIXES)}, not {name}.")
    try:
        return _bytes(table, suffix)
    except pa.ArrowException as exc:
        raise ToolError(f"The table cannot be written to {name}: {exc}. Try a path that ends in .json.") from exc


def without_formulas(table: pa.Table) -> tuple[pa.Table, int]:
    """The table with an apostrophe before each text that a spreadsheet would calculate, and how many there are.

    Names of columns are text too.
    """
    changed = 0
    for position, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            table = table.set_column(position, field.name, table.column(position).cast(field.type.value_type))
        values = table.column(position)
        if is_text(values.type):
            marked = pc.fill_null(_is_formula(values), False)
            if count := pc.sum(marked).as_py():
                prefixed = pc.binary_join_element_wise("'", values.cast(pa.string()), "")
                table = table.set_column(position, field.name, pc.if_else(marked, prefixed, values.cast(pa.string())))
                changed += count
    names = [f"'{name}" if _is_formula(pa.scalar(name)).as_py() else name for name in table.column_names]
    changed += sum(name != old for name, old in zip(names, table.column_names, strict=True))
    return table.rename_columns(names), changed


def _is_formula(values: Any) -> Any:
    return pc.and_(pc.match_substring_regex(values, FORMULA), pc.invert(pc.match_substring_regex(values, NUMBER)))


def _bytes(table: pa.Table, suffix: str) -> bytes:
    buffer = io.BytesIO()
    match suffix:
        case ".csv" | ".tsv":
            pa_csv.write_csv(table, buffer, pa_csv.WriteOptions(delimiter=DELIMITERS[suffix]))
        case ".xlsx":
            return workbook_bytes({"Sheet1": table})
        case ".parquet":
            pq.write_table(table, buffer, compression="zstd")
        case ".json":
            return json.dumps(_rows(table), default=str, ensure_ascii=False, indent=2).encode() + b"\n"
        case _:
            return "".join(f"{json.dumps(row, default=str, ensure_ascii=False)}\n" for row in _rows(table)).encode()
    return buffer.getvalue()


def _rows(table: pa.Table) -> list[dict[str, Any]]:
    """Rows for JSON, which knows neither NaN nor infinity."""
    return [
        {name: None if isinstance(value, float) and not math.isfinite(value) else value for name, value in row.items()}
        for row in table.to_pylist()
    ]
