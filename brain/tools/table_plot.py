"""Charts of tables as PNG files, drawn by matplotlib without pyplot, whose state threads would share."""

import io
import re
import textwrap
import threading
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from brain.artifacts import File
from brain.errors import ToolError
from brain.tools.columns import column_of, is_number, kind_name, numeric_columns, numeric_list

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot"]

INCHES = (8.0, 4.5)
DPI = 144
MOST_SERIES = 10
"""More lines or bars side by side cannot be told apart."""
MOST_BARS = 500
LABELS_SHOWN = 40
"""Of bars; with more of them only every n-th is labelled."""
LABEL_LENGTH = 30
"""Characters of one label; a longer one is cut."""
HEADING_LENGTH = 75
"""Characters of one line of the heading."""
DENSE = 300
"""Values, from which on a line is drawn thinner."""
LONG_LABELS = 60
"""Characters of all labels together, beyond which they are turned."""
COLOURS = ("#2a6fbb", "#e07b39", "#3a9d6e", "#b5446e", "#7a5cc2", "#c2a83e", "#3aa7b5", "#8c6d5a", "#6b7785", "#d1495b")
INK, GRID = "#2b2f36", "#e3e6ea"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
KINDS = ("line", "bar", "barh", "scatter", "histogram")

_drawing = threading.Lock()
"""Fonts and the text layout of matplotlib are shared and not made for threads."""


@dataclass(frozen=True, slots=True)
class _Series:
    """What is drawn: values along x (None for their distribution), and one or more columns of numbers."""

    x_name: str
    x: list[Any]
    ys: dict[str, list[float]]

    @property
    def labels(self) -> list[str]:
        """The values along x as text; numbers of months and weekdays by name."""
        names = {"month": MONTHS, "weekday": WEEKDAYS}.get(self.x_name, ())
        if names and all(isinstance(value, int) and 1 <= value <= len(names) for value in self.x):
            return [names[value - 1] for value in self.x]
        return ["(missing)" if value is None else _cut(str(value)) for value in self.x]


def plot(
    table: pa.Table, kind: str = "bar", x: str | None = None, y: str | list[str] | None = None, title: str | None = None
) -> File:
    """A chart as a PNG file named by its title; x is the first column and y the other ones with numbers."""
    if kind not in KINDS:
        raise ToolError(f"{kind!r} is no kind of chart; take one of {', '.join(KINDS)}.")
    if not table.num_rows:
        raise ToolError("The table has no rows, so there is nothing to draw; look at the steps that made it.")
    series = _distribution(table, x, y) if kind == "histogram" else _series(table, x, y)
    if kind in ("bar", "barh") and len(series.x) > MOST_BARS:
        raise ToolError(
            f"The table has {len(series.x):,} rows, too many for bars (at most {MOST_BARS}); "
            "aggregate it first, or draw a line."
        )
    heading = title or _heading(kind, series)
    return File(_draw(kind, series, heading), "image/png", f"{_slug(heading)}.png")


def _series(table: pa.Table, x: str | None, y: str | list[str] | None) -> _Series:
    x_name = x or table.column_names[0]
    names = [y] if isinstance(y, str) else y or [name for name in numeric_columns(table) if name != x_name]
    if not names and x is None and numeric_columns(table):
        return _Series("row", list(range(1, table.num_rows + 1)), _numbers(table, numeric_columns(table)))
    if not names:
        raise ToolError(f"There is nothing to draw over {x_name}: {numeric_list(table)}.")
    along = column_of(table, x_name)
    along = along.cast(pa.float64()) if pa.types.is_decimal(along.type) else along
    return _Series(x_name, along.to_pylist(), _numbers(table, names))


def _distribution(table: pa.Table, x: str | None, y: str | list[str] | None) -> _Series:
    chosen = [x] if x else [y] if isinstance(y, str) else y or numeric_columns(table)[:1]
    if not chosen:
        raise ToolError(f"A histogram needs a column with numbers: {numeric_list(table)}.")
    return _Series(chosen[0], [], _numbers(table, chosen))


def _numbers(table: pa.Table, names: list[str]) -> dict[str, list[float]]:
    if len(names) > MOST_SERIES:
        raise ToolError(f"{len(names)} columns are too many for one chart (at most {MOST_SERIES}); name them in y.")
    found = {}
    for name in names:
        values = column_of(table, name)
        if not is_number(values.type):
            held = kind_name(values.type)
            raise ToolError(f"The column {name} holds {held}, which cannot be drawn as numbers: {numeric_list(table)}.")
        found[name] = [float("nan") if value is None else value for value in values.cast(pa.float64()).to_pylist()]
    return found


def _draw(kind: str, series: _Series, heading: str) -> bytes:
    from matplotlib.figure import Figure

    with _drawing:
        figure = Figure(figsize=INCHES, dpi=DPI, layout="constrained", facecolor="white")
        axes = figure.add_subplot()
        _style(axes)
        _DRAWN_BY[kind](axes, series)
        _label(axes, kind, series, heading)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", metadata={"Software": None})
        return buffer.getvalue()


def _line(axes: "Axes", series: _Series) -> None:
    along, labels = _positions(series)
    for number, (name, values) in enumerate(series.ys.items()):
        marker = "o" if len(values) <= LABELS_SHOWN else None
        width = 1.1 if len(values) > DENSE else 1.8
        axes.plot(along, values, color=COLOURS[number], linewidth=width, marker=marker, markersize=4, label=name)
    if labels:
        _ticks(axes, along, labels)


def _scatter(axes: "Axes", series: _Series) -> None:
    along, labels = _positions(series)
    for number, (name, values) in enumerate(series.ys.items()):
        axes.scatter(along, values, s=18, color=COLOURS[number], alpha=0.7, linewidths=0, label=name)
    if labels:
        _ticks(axes, along, labels)


def _bar(axes: "Axes", series: _Series) -> None:
    along = range(len(series.x))
    width = 0.8 / len(series.ys)
    for number, (name, values) in enumerate(series.ys.items()):
        places = [place - 0.4 + width * (number + 0.5) for place in along]
        axes.bar(places, values, width=width * 0.95, color=COLOURS[number], label=name)
    _ticks(axes, list(along), series.labels)


def _barh(axes: "Axes", series: _Series) -> None:
    along = range(len(series.x))
    height = 0.8 / len(series.ys)
    for number, (name, values) in enumerate(series.ys.items()):
        places = [place - 0.4 + height * (number + 0.5) for place in along]
        axes.barh(places, values, height=height * 0.95, color=COLOURS[number], label=name)
    step = -(-len(series.x) // LABELS_SHOWN)
    axes.set_yticks(list(along)[::step], series.labels[::step], parse_math=False)
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x", color=GRID, linewidth=0.8)


def _histogram(axes: "Axes", series: _Series) -> None:
    for number, (name, values) in enumerate(series.ys.items()):
        finite = [value for value in values if abs(value) < float("inf")]
        if not finite:
            raise ToolError(f"The column {name} holds no numbers, only missing values.")
        axes.hist(finite, bins="auto", color=COLOURS[number], alpha=0.75, label=name, edgecolor="white", linewidth=0.5)


_DRAWN_BY = {"line": _line, "bar": _bar, "barh": _barh, "scatter": _scatter, "histogram": _histogram}


def _positions(series: _Series) -> tuple[list[Any], list[str]]:
    """Numbers and dates as they are; anything else, months and weekdays too, one step apart with labels."""
    plain = all(isinstance(value, int | float | date) and not isinstance(value, bool) for value in series.x)
    if plain and series.x_name not in ("month", "weekday"):
        return series.x, []
    return list(range(len(series.x))), series.labels


def _ticks(axes: "Axes", along: list[Any], labels: list[str]) -> None:
    step = -(-len(along) // LABELS_SHOWN)
    shown = labels[::step]
    axes.set_xticks(along[::step], shown, parse_math=False)
    if sum(map(len, shown)) > LONG_LABELS:
        axes.tick_params(axis="x", rotation=45)
        for label in axes.get_xticklabels():
            label.set(ha="right", rotation_mode="anchor")


def _style(axes: "Axes") -> None:
    axes.set_facecolor("white")
    axes.set_axisbelow(True)
    axes.grid(visible=True, axis="y", color=GRID, linewidth=0.8)
    axes.tick_params(colors=INK, length=0, labelsize=9)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(GRID)


def _label(axes: "Axes", kind: str, series: _Series, heading: str) -> None:
    words: dict[str, Any] = {"color": INK, "fontsize": 10, "parse_math": False}
    along, up = _words(series.x_name), _words(next(iter(series.ys))) if len(series.ys) == 1 else ""
    if kind == "histogram":
        along, up = up or "value", "rows"
    if kind == "barh":
        along, up = up, along
    axes.set_xlabel(along, **words)
    axes.set_ylabel(up, **words)
    axes.set_title(
        textwrap.fill(heading, HEADING_LENGTH), loc="left", pad=12, **{**words, "fontsize": 13, "fontweight": "bold"}
    )
    if len(series.ys) > 1:
        for text in axes.legend(frameon=False, fontsize=9, labelcolor=INK).get_texts():
            text.set_parse_math(False)


def _heading(kind: str, series: _Series) -> str:
    names = [_words(name) for name in series.ys]
    drawn = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    heading = f"Distribution of {drawn}" if kind == "histogram" else f"{drawn} by {_words(series.x_name)}"
    return heading[:1].upper() + heading[1:]


def _words(name: str) -> str:
    return name.replace("_", " ")


def _cut(label: str) -> str:
    return label if len(label) <= LABEL_LENGTH else f"{label[: LABEL_LENGTH - 1]}…"


def _slug(heading: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", heading.lower()).strip("-")[:60] or "chart"
