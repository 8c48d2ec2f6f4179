"""Tables of values at a terminal, with the figures of an answer; as JSON for programs."""

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from brain import figures
from brain.artifacts import cells_of, is_set_aside
from brain.cli.screen import note, print_json, screen

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["GAP", "arrow", "frame", "moment", "one_line", "rows"]

CELL_WIDTH = 60
SHORT = 20
"""A column of a table with cells up to so long keeps its width where the screen is narrow."""
LEAST_TEXT = 16
"""What every other column needs at least."""
GAP = 2
"""Blanks between two columns."""
PANDAS_MISSING = frozenset({"NAType", "NaTType"})
"""The types of `pandas.NA` and `pandas.NaT`, by name: who looks at one result should not wait for pandas."""


def frame(found: "pd.DataFrame", *, as_json: bool, columns: Sequence[str] | None = None) -> None:
    """A DataFrame as a table; every row and column of it as JSON."""
    if cut := found.attrs.get("cut"):
        note(f"These are {cut.partition(';')[0]}; --limit takes more.")
    names = _distinct(map(str, found.columns))
    if as_json:
        rows = found.itertuples(index=False, name=None)
        print_json([dict(zip(names, map(_plain, row), strict=True)) for row in rows])
        return
    texts = {name: _texts(name, found.iloc[:, number]) for number, name in enumerate(names)}
    _draw(screen(), [texts[name] for name in columns or names if name in texts])
    if found.empty:
        note("Nothing was found.")


def rows(titles: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    """Lines of text as a table."""
    columns = zip(*lines, strict=True) if lines else [()] * len(titles)
    _draw(screen(), [[title, *map(one_line, column)] for title, column in zip(titles, columns, strict=True)])


def arrow(rows: "pa.Table") -> None:
    """An Arrow table as a table."""
    names = _distinct(rows.column_names)
    _draw(screen(), [_texts(name, cells_of(column)) for name, column in zip(names, rows.columns, strict=True)])


def _distinct(names: Iterable[str]) -> list[str]:
    """The names, with a number behind one that has been there: SQL may give two columns the same."""
    seen: Counter[str] = Counter()
    distinct = []
    for name in names:
        seen[name] += 1
        distinct.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return distinct


def _texts(name: str, values: Iterable[Any]) -> list[str]:
    """A column as it is drawn: its name, then its cells."""
    return [name, *(_cell(value, name) for value in values)]


def _draw(console: Console, columns: list[list[str]]) -> None:
    """Columns of text, each beginning with its name; what the screen has no room for is named below."""
    widths = [max(map(len, column)) for column in columns]
    shown = len(columns)
    while shown > 1 and sum(_least(width) + GAP for width in widths[:shown]) - GAP > console.width:
        shown -= 1
    drawn = Table(box=None, header_style="bold", pad_edge=False, padding=(0, GAP, 0, 0))
    for width, column in zip(widths, columns[:shown], strict=False):
        drawn.add_column(escape(column[0]), overflow="fold", no_wrap=width <= SHORT)
    for row in zip(*(column[1:] for column in columns[:shown]), strict=True):
        drawn.add_row(*map(escape, row))
    console.print(drawn)
    if hidden := ", ".join(column[0] for column in columns[shown:]):
        console.print(f"[dim]No room for {escape(hidden)}: --json has all.[/]", highlight=False)


def _least(width: int) -> int:
    return width if width <= SHORT else LEAST_TEXT


def _cell(value: Any, name: str) -> str:
    plain = value if isinstance(value, Decimal) else _plain(value)
    if plain is None:
        return ""
    if hasattr(value, "strftime"):
        return moment(value)
    if isinstance(plain, int | float | Decimal) and not isinstance(plain, bool):
        return figures.plain(plain, name)
    return one_line(plain)


def _plain(value: Any) -> Any:
    """A cell of a DataFrame as JSON: times in ISO 8601, bytes as PostgreSQL writes them, null for what is missing."""
    match value:
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case _ if hasattr(value, "tolist"):  # NumPy's own
            return _plain(value.tolist())
        case _:
            return _plain_scalar(value)


def _plain_scalar(value: Any) -> Any:
    if type(value).__name__ in PANDAS_MISSING or (isinstance(value, float | Decimal) and not math.isfinite(value)):
        return None
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    if getattr(value, "unit", "") == "ms":  # of Arrow's days; a moment of PostgreSQL's has microseconds
        return value.isoformat().removesuffix("T00:00:00")
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def moment(value: Any) -> str:
    """A date or time for people, in local time where it has a zone."""
    if not isinstance(value, datetime):
        return str(value)
    try:
        exact = datetime.fromisoformat(value.isoformat())  # pandas' own cannot be moved to local time
    except ValueError:  # beyond the years that Python knows
        return str(value)
    local = exact.astimezone().replace(tzinfo=None) if exact.tzinfo is not None else exact
    return local.isoformat(" ", "seconds").removesuffix(" 00:00:00")


def one_line(value: Any, width: int = CELL_WIDTH) -> str:
    """A text, or any other value as JSON, on one line, cut where it is longer."""
    if is_set_aside(value):
        size = f"… ({value['size']:,} bytes)"
        return one_line(value["head"], width - len(size)).removesuffix("…") + size
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 1] + "…"
