"""Tables of a web page as tables with typed columns."""

import io
import re
from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import Any

import lxml.html
import pyarrow as pa

from brain.errors import ToolError
from brain.tools.html_document import parse_html, text_of

__all__ = ["extract_tables"]

OWN_ROWS = "./tr|./thead/tr|./tbody/tr|./tfoot/tr"
WIDEST_CELL = 1000
"""Columns of one cell; the HTML standard's limit."""
MOST_CELLS = 500_000
TABLES_SHOWN = 10
COLUMNS_SHOWN = 6
MISSING = frozenset({"", "-", "–", "—", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null"})
WHOLE = re.compile(r"[+-]?(0|[1-9]\d{0,2}(,\d{3})+|[1-9]\d*)")
"""Without leading zeros: 007 is a name and no number."""
NUMBER = re.compile(r"[+-]?(0|[1-9]\d{0,2}(,\d{3})+|[1-9]\d*)?(\.\d+)?([eE][+-]?\d{1,3})?(?<=\d)")
DATE = re.compile(r"\d{4}-\d\d-\d\d")
TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?")
UNNAMED = re.compile(r"Unnamed: \d+(_level_\d+)?")
"""How pandas calls a column that has no heading."""


def extract_tables(
    html: str, number: int | None = None, containing: str | None = None, *, header_in_first_row: bool = False
) -> pa.Table:
    """One table of a page, without rows that say nothing: by its number, by a text in it, else the largest."""
    found = [_Found.of(position, element) for position, element in enumerate(parse_html(html).iter("table"), start=1)]
    tables = [table for table in found if table.rows]
    if not tables:
        raise ToolError("There is no table in the page; it may be filled in by scripts, which are not run here.")
    chosen = _chosen(tables, number, containing)
    if chosen.cells > MOST_CELLS:
        raise ToolError(f"Table {chosen} has more than {MOST_CELLS:,} cells.")
    return _as_arrow(_read(chosen, header_in_first_row=header_in_first_row), chosen)


@dataclass(frozen=True, slots=True)
class _Found:
    number: int
    """From 1, in the order of the page; a table inside another counts too."""
    element: lxml.html.HtmlElement
    rows: int
    columns: int

    @classmethod
    def of(cls, number: int, element: lxml.html.HtmlElement) -> "_Found":
        """Measure a table; the spans of its cells are made what a browser takes them for."""
        rows = element.xpath(OWN_ROWS)
        widths = [
            sum(
                _span(cell, "colspan", WIDEST_CELL) for cell in _cells(row) if _span(cell, "rowspan", len(rows) - index)
            )
            for index, row in enumerate(rows)
        ]
        return cls(number, element, sum(width > 0 for width in widths), max(widths, default=0))

    def __str__(self) -> str:
        rows = self.element.xpath(OWN_ROWS)
        heading = next(([text_of(cell) for cell in _cells(row)] for row in rows if _cells(row)), [])
        shown = ", ".join(text[:30] for text in heading[:COLUMNS_SHOWN]) + ("…" if heading[COLUMNS_SHOWN:] else "")
        return f"{self.number} ({self.rows} rows, {self.columns} columns: {shown})"

    @property
    def cells(self) -> int:
        return self.rows * self.columns

    @property
    def text(self) -> str:
        return text_of(self.element)


def _chosen(tables: list[_Found], number: int | None, containing: str | None) -> _Found:
    fitting = [table for table in tables if number is None or table.number == number]
    if containing is not None:
        wanted = " ".join(containing.split()).casefold()
        fitting = [table for table in fitting if wanted in table.text.casefold()]
    if not fitting:
        wanted = " and ".join(
            [*([f"number {number}"] if number else []), *([f"the text {containing!r} in it"] if containing else [])]
        )
        listed = "; ".join(map(str, tables[:TABLES_SHOWN])) + ("; …" if tables[TABLES_SHOWN:] else "")
        raise ToolError(f"The page has no table with {wanted}. Its tables are: {listed}.")
    return max(fitting, key=lambda table: table.cells)  # the first of several that are as large


def _cells(row: lxml.html.HtmlElement) -> list[lxml.html.HtmlElement]:
    return [child for child in row if child.tag in ("td", "th")]


def _span(cell: lxml.html.HtmlElement, name: str, most: int) -> int:
    """How many columns or rows a cell takes up; written back, so that pandas finds no other figure."""
    written = (cell.get(name) or "1").strip()
    span = min(int(written[:9]) if written.isdecimal() else 1, most) or 1
    cell.set(name, str(span))
    return span


def _read(table: _Found, *, header_in_first_row: bool) -> Any:
    """All cells as text, with those that span several columns or rows repeated in each."""
    import pandas as pd

    _flatten(table.element)
    source = lxml.html.tostring(table.element, encoding="unicode", with_tail=False)
    read = partial(
        pd.read_html,
        flavor="lxml",
        header=0 if header_in_first_row else None,
        keep_default_na=False,
        thousands=None,  # type: ignore[arg-type] # the stubs leave it out
    )
    try:
        columns = read(io.StringIO(source))[0].shape[1]
        # pandas would make 7 of 007, and lets nobody say "all columns as text" before it has counted them
        return read(io.StringIO(source), converters=dict.fromkeys(range(columns), str))[0]
    except ValueError as exc:  # what pandas raises where it finds nothing to read
        raise ToolError(f"Table {table} cannot be read: {str(exc).rstrip('.')}.") from None


def _flatten(table: lxml.html.HtmlElement) -> None:
    """Leave of the tables inside a table what they say."""
    for inside in list(table.iter("table"))[:0:-1]:
        said = " ".join(text_of(cell) for cell in inside.iter("td", "th"))
        for child in list(inside):
            inside.remove(child)
        inside.tag, inside.text = "span", f" {said} "


def _as_arrow(frame: Any, table: _Found) -> pa.Table:
    names = _distinct([_heading(label, position) for position, label in enumerate(frame.columns, start=1)])
    if not len(frame):
        raise ToolError(f"Table {table} has headings but no rows.")
    return pa.table([_typed([str(value) for value in frame.iloc[:, place]]) for place in range(len(names))], names)


def _heading(label: Any, position: int) -> str:
    parts = label if isinstance(label, tuple) else (label,)
    said = dict.fromkeys(str(part).strip() for part in parts if isinstance(part, str) and not UNNAMED.fullmatch(part))
    return " ".join(filter(None, said)) or f"column_{position}"


def _distinct(names: list[str]) -> list[str]:
    seen: Counter[str] = Counter()
    distinct = []
    for name in names:
        seen[name] += 1
        distinct.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return distinct if len(set(distinct)) == len(names) else [f"{name}_{n}" for n, name in enumerate(names, start=1)]


def _typed(texts: list[str]) -> pa.Array:
    """The column as whole numbers, numbers, dates or times where every value is one, else as text."""
    values = [None if text.strip() in MISSING else text.strip() for text in texts]
    present = [value.replace("−", "-") for value in values if value is not None]
    for pattern, kind in ((WHOLE, pa.int64()), (NUMBER, pa.float64()), (DATE, pa.date32()), (TIME, pa.timestamp("us"))):
        if present and all(pattern.fullmatch(value) for value in present):
            plain = [None if value is None else _plain(value) for value in values]
            try:
                return pa.array(plain, pa.string()).cast(kind)
            except pa.ArrowInvalid:  # 2012-13-45, or a number with more digits than are kept
                break
    return pa.array(values, pa.string())


def _plain(value: str) -> str:
    """As Arrow reads numbers and times."""
    return value.replace("−", "-").replace(",", "").removeprefix("+").replace("T", " ")
