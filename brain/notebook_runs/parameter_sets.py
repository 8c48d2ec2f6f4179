"""Sets of parameters as people write them: a table, a list, a file of one of these, or a grid of values."""

import csv
import json
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import product
from math import isnan, prod
from pathlib import Path
from typing import Any

from brain.errors import UsageError
from brain.notebook_runs.plain_values import plain
from brain.pipeline_builder import notation
from brain.runs import Json
from brain.text_files import read_text_file
from brain.tool_registry.definitions import JsonSchema

__all__ = ["ParameterSets", "SetsLike", "from_text", "sets_of"]

type SetsLike = Any
"""A DataFrame or Arrow table with a row a set, a list of mappings, a mapping (a grid), or a text or file of these."""
type ParameterSets = tuple[Mapping[str, Json], ...]

WHAT = "file of parameters"
MOST_SETS = 100_000
RANGE = re.compile(r"(-?\d+)\.\.(-?\d+)")
"""In a grid: all whole numbers from the first to the last."""
TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
"""What people write into tables."""


def sets_of(given: SetsLike, schemas: Mapping[str, JsonSchema]) -> ParameterSets:
    """The sets, in their order; of a table, a cell that is empty leaves its parameter to the notebook.

    `schemas`, by the names of the parameters, tell what the texts of a CSV file mean. A value that does not fit stays
    as it is written. Raises UsageError where there is no set, or too many, or a file cannot be read.
    """
    sets = tuple(_read(given, schemas))
    if not sets:
        raise UsageError("There is no set of parameters: give at least one, {} for the notebook's own values.")
    if len(sets) > MOST_SETS:
        raise UsageError(f"There are more than {MOST_SETS:,} sets of parameters: make several batches of them.")
    return sets


def from_text(text: str, schema: JsonSchema) -> Json:
    """What a text means for a parameter: by its type, where it has one; text that does not fit stays text."""
    kind = schema.get("type", "")
    if kind == "boolean":
        return TRUTH.get(text.strip().lower(), text)
    if kind == "string" or (not kind and not _is_number(text)):
        return text
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def _read(given: SetsLike, schemas: Mapping[str, JsonSchema]) -> Iterator[Mapping[str, Json]]:
    match given:
        case Path():
            yield from _from_file(given, schemas)
        case str():
            is_written = given.lstrip().startswith(("{", "[")) or "\n" in given
            yield from _written(given, "text of parameters") if is_written else _from_file(Path(given), schemas)
        case _ if getattr(given, "ndim", None) == 2:  # noqa: PLR2004 - of a DataFrame, whoever made it
            yield from map(_filled, _rows_of_frame(given))
        case _ if hasattr(given, "__arrow_c_stream__"):
            import pyarrow as pa

            yield from map(_filled, pa.table(given).to_pylist())
        case _:
            yield from _sets(list(given) if isinstance(given, Iterator) else given)


def _from_file(path: Path, schemas: Mapping[str, JsonSchema]) -> Iterator[Mapping[str, Json]]:
    readers: dict[str, Callable[[Path], Iterator[Mapping[str, Json]]]] = {
        ".csv": lambda path: _from_csv(path, schemas), ".parquet": _from_parquet, ".json": _from_notation,
        ".yaml": _from_notation, ".yml": _from_notation,
    }  # fmt: skip
    if path.suffix.lower() not in readers:
        raise UsageError(f"Parameters are read from {', '.join(readers)}, not from {path.name}.")
    yield from readers[path.suffix.lower()](path)


def _from_csv(path: Path, schemas: Mapping[str, JsonSchema]) -> Iterator[Mapping[str, Json]]:
    lines = csv.DictReader(read_text_file(path, WHAT).removeprefix("\ufeff").splitlines(keepends=True), strict=True)
    names = [name.strip() for name in lines.fieldnames or ()]
    if doubled := next((name for name in names if names.count(name) > 1), None):
        raise UsageError(f"The {WHAT} {path} has two columns {doubled!r}.")
    try:
        for row in lines:
            if None in row:
                raise UsageError(f"Line {lines.line_num} of the {WHAT} {path} has more values than there are columns.")
            yield {
                name: from_text(text, schemas.get(name, {}))
                for name, text in zip(names, row.values(), strict=True)
                if text
            }
    except csv.Error as exc:
        raise UsageError(f"The {WHAT} {path} is no CSV in line {lines.line_num + 1}: {exc}.") from None


def _from_parquet(path: Path) -> Iterator[Mapping[str, Json]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        rows = pq.read_table(path).to_pylist()
    except (OSError, pa.ArrowException) as exc:
        raise UsageError(f"The {WHAT} {path} cannot be read: {exc}.") from None
    yield from map(_filled, rows)


def _from_notation(path: Path) -> Iterator[Mapping[str, Json]]:
    yield from _written(read_text_file(path, WHAT), f"{WHAT} {path}")


def _written(text: str, what: str) -> Iterator[Mapping[str, Json]]:
    try:
        value = notation.from_text(text)
    except ValueError as exc:
        raise UsageError(f"The {what} {exc}.") from None
    yield from _sets(value)


def _rows_of_frame(frame: Any) -> list[Mapping[str, Any]]:
    """Of pandas, or of another library that has rows by name."""
    return list(frame.to_dict("records") if hasattr(frame, "iloc") else frame.to_dicts())


def _filled(row: Mapping[str, Any]) -> Mapping[str, Json]:
    """What a row of a table holds; an empty cell is none of it."""
    values = {str(name): plain(value, str(name)) for name, value in row.items()}
    return {name: value for name, value in values.items() if not _is_nothing(value)}


def _sets(value: Any) -> Iterator[Mapping[str, Json]]:
    """A list of sets, or a grid."""
    match value:
        case Mapping():
            yield from _grid({str(name): plain(each, str(name)) for name, each in value.items()})
        case list() | tuple() if all(isinstance(each, Mapping) for each in value):
            for number, each in enumerate(value, 1):
                yield {str(name): plain(item, f"set {number}, {name}") for name, item in each.items()}
        case _:
            raise UsageError(
                "Parameters are a list of mappings from names to values, or a grid: a mapping from names to lists "
                "of values, as in {city: [Oslo, Rome], month: [1..12]}."
            )


def _grid(axes: Mapping[str, Json]) -> Iterator[Mapping[str, Json]]:
    """All combinations, the last name changing first; what is no list is the same in all."""
    values = {name: list(_spread(name, each)) for name, each in axes.items()}
    if prod(map(len, values.values())) > MOST_SETS:
        raise UsageError(f"The grid has more than {MOST_SETS:,} sets of parameters: make several batches of it.")
    for combination in product(*values.values()):
        yield dict(zip(values, combination, strict=True))


def _spread(name: str, value: Json) -> Iterator[Json]:
    for item in value if isinstance(value, list) else [value]:
        if (ends := RANGE.fullmatch(item) if isinstance(item, str) else None) is None:
            yield item
            continue
        first, last = int(ends[1]), int(ends[2])
        if not 0 <= last - first < MOST_SETS:
            raise UsageError(f"{name}: {item} is no range: it goes from a number up to another, as in 1..12.")
        yield from range(first, last + 1)


def _is_nothing(value: Json) -> bool:
    return value is None or (isinstance(value, float) and isnan(value))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
