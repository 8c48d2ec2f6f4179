"""Results of steps in words, whatever their shape: for the person, and for a model that is to write about them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from brain.aggregator.tables import ROWS_TO_LIST, figures_of, in_cell, rows_as_csv, sum_up, tell_table
from brain.artifacts import is_file, is_table, notes_of
from brain.figures import plain, shorten
from brain.runs import Json

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ROWS_FOR_MODEL", "Found", "OpenTable", "put_into_words", "results_in_words"]

ROWS_FOR_MODEL = 50
"""Rows of a table that a model is shown."""
TEXT_FOR_MODEL = 600_000
"""Characters of a result that a model may read, in parts where its context is smaller."""
TEXT_FOR_JUDGE = 6000
"""Characters of a result that an answer is judged by."""
TEXT_FOR_PEOPLE = 1200
LONG_TEXT = 200
"""Characters from which one text is what a result says, such as a page, and its other fields only describe it."""

type OpenTable = Callable[[str], pa.Table]
"""The table that is kept under an artifact's key; raises ArtifactError where it is gone."""


@dataclass(frozen=True, slots=True)
class Found:
    """A result in words for the person and for the model, and the numbers in it."""

    told: str
    shown: str
    numbers: tuple[float, ...] = ()
    left_out: str = ""
    """What the model is shown where that is not all, as in `the first 50 of 5,000 rows`."""

    def under(self, name: str) -> "Found":
        """The same as one of several."""
        return Found(f"{name}: {self.told}", f"{name}: {self.shown}", self.numbers, self.left_out)


def put_into_words(value: Json, open_table: OpenTable) -> Found:
    """What a result says; tables and files may stand in lists and mappings. Raises ArtifactError."""
    match value:
        case _ if is_table(value):
            return _of_table(open_table(value["artifact"]))
        case _ if is_file(value):
            kind = "Chart" if value["media_type"].startswith("image/") else "File"
            return Found(f"{kind}: {value['name']}", f"a file {value['name']}")
        case list():
            return _of_list([put_into_words(item, open_table) for item in value])
        case Mapping() if any(isinstance(item, Mapping | list) for item in value.values()):
            return _of_list([put_into_words(item, open_table).under(str(key)) for key, item in value.items()])
        case Mapping():
            return _of_mapping(value)
        case _:
            return _found(plain(value), plain(value), _number(value))


def results_in_words(outputs: Mapping[str, Json], open_table: OpenTable) -> list[tuple[str, str]]:
    """Label and text of each output, for a model that is to judge an answer by them; raises ArtifactError."""
    return [
        (f"result {name}", shorten(put_into_words(value, open_table).shown, TEXT_FOR_JUDGE))
        for name, value in outputs.items()
        if value is not None
    ]


def _of_mapping(value: Mapping[str, Any]) -> Found:
    """The text where it is all, or so long that the rest only describes it; else every field."""
    fields = ", ".join(f"{key}: {plain(item, key)}" for key, item in value.items())
    texts = [item for item in value.values() if isinstance(item, str) and (len(item) > LONG_TEXT or len(value) == 1)]
    told = max(texts, key=len) if texts else fields
    numbers = tuple(number for item in value.values() for number in _number(item))
    return _found(told, fields, numbers)


def _found(told: str, shown: str, numbers: tuple[float, ...]) -> Found:
    return Found(shorten(told, TEXT_FOR_PEOPLE), *_for_model(shown, numbers))


def _for_model(shown: str, numbers: tuple[float, ...], left_out: str = "") -> tuple[str, tuple[float, ...], str]:
    if len(shown) > TEXT_FOR_MODEL:
        left_out = f"the first {TEXT_FOR_MODEL:,} of {len(shown):,} characters"
    return shorten(shown, TEXT_FOR_MODEL), numbers, left_out


def _number(value: Json) -> tuple[float, ...]:
    return (float(value),) if isinstance(value, int | float) and not isinstance(value, bool) else ()


def _of_list(found: Sequence[Found]) -> Found:
    more = f"\n- and {len(found) - ROWS_TO_LIST:,} more" if len(found) > ROWS_TO_LIST else ""
    told = "\n".join(f"- {each.told.strip()}" for each in found[:ROWS_TO_LIST]) + more
    shown = "\n".join(each.shown for each in found)
    left_out = next((each.left_out for each in found if each.left_out), "")
    numbers = (float(len(found)), *(number for each in found for number in each.numbers))
    return Found(f"{told}\n\n" if found else "Nothing.", *_for_model(shown, numbers, left_out))


def _of_table(table: "pa.Table") -> Found:
    figures = figures_of(table.slice(0, ROWS_FOR_MODEL))
    told = " ".join([tell_table(table), *map(in_cell, notes_of(table))])
    rows = f"the first {ROWS_FOR_MODEL} of {table.num_rows:,} rows" if table.num_rows > ROWS_FOR_MODEL else ""
    return Found(told, *_for_model("\n".join(_shown(table)), (float(table.num_rows), *figures), rows))


def _shown(table: "pa.Table") -> Iterator[str]:
    """What a model reads of a table."""
    head = table.slice(0, ROWS_FOR_MODEL)
    if summary := sum_up(table):
        yield summary
    if table.num_rows > head.num_rows:
        yield f"The first {head.num_rows} of {table.num_rows} rows:"
    yield rows_as_csv(head)
