"""What a model found in the parts of a text: held against the text value by value, merged, and as rows."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from brain.pipeline_builder.schemas import Validator
from brain.runs import Json
from brain.tools.text_grounding import Original
from brain.tools.text_shapes import Leaf, Listing, Record, Shape
from brain.tools.text_values import read_number

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Findings", "merge", "missing", "rows"]

LARGEST_INTEGER = 2**63


@dataclass(slots=True)
class Findings:
    """What holds of the answer about one part of a text."""

    original: Original
    most: int
    """Items that a list of an answer may have."""
    data: Json = None
    refused: int = 0
    """Values that the model gave and the text does not hold."""
    full: list[str] = field(default_factory=list)
    """Lists that are as long as they may be, so that there may be more."""

    def read(self, shape: Shape, said: Json, where: str = "") -> Json:
        """The answer in its shape, with null for what does not stand in the text, and without items that are empty."""
        match shape:
            case Leaf():
                value = None if said is None else _standing(shape, said, self.original)
                self.refused += value is None and said not in (None, "")
                return value
            case Record(fields):
                given = said if isinstance(said, Mapping) else {}
                return {name: self.read(inner, given.get(name), _under(where, name)) for name, inner in fields.items()}
            case Listing(items, wanted):
                listed = said if isinstance(said, list) else []
                self.full += [where] if self.most <= len(listed) < (wanted or math.inf) else []
                read = (self.read(items, item, where) for item in listed)
                return [item for item in read if not _is_empty(item)]


def _standing(leaf: Leaf, said: Json, original: Original) -> Json:
    """The value as the text has it; None where it does not stand there or is not what the schema allows."""
    value = _text(leaf, said, original) if leaf.kind == "string" else _number(leaf, said, original)
    if value is None or (leaf.choices and value not in leaf.choices):
        return None
    return None if any(Validator(leaf.schema).misfits(value)) else value


def _text(leaf: Leaf, said: Json, original: Original) -> str | None:
    if not isinstance(said, str):
        return None
    if leaf.is_day:
        return said if original.has_day(said) else None
    if not leaf.choices:
        return original.value(said)
    same = (choice for choice in leaf.choices if isinstance(choice, str) and choice.casefold() == said.casefold())
    return next((choice for choice in same if original.value(choice) is not None), None)


def _number(leaf: Leaf, said: Json, original: Original) -> int | float | None:
    if isinstance(said, str) and (read := read_number(said)) is not None:
        said = int(read) if read.denominator == 1 else float(read)
    if not isinstance(said, int | float) or isinstance(said, bool) or not math.isfinite(said):
        return None
    if not original.has_number(said) or (leaf.kind == "integer" and said != int(said)):
        return None
    return (int(said) if leaf.kind == "integer" else said) if abs(said) < LARGEST_INTEGER else None


def _is_empty(value: Json) -> bool:
    match value:
        case Mapping():
            return all(map(_is_empty, value.values()))
        case list():
            return not value
        case _:
            return value is None


def merge(shape: Shape, found: Sequence[Json], differing: list[str], where: str = "") -> Json:
    """What several parts gave, as one: of a value the first, of a list every item once.

    Places whose values differ from part to part are added to `differing`.
    """
    match shape:
        case Record(fields):
            return {
                name: merge(inner, [data[name] for data in found], differing, _under(where, name))
                for name, inner in fields.items()
            }
        case Listing(_, wanted):
            return _distinct(item for items in found for item in items)[:wanted]
        case Leaf():
            values = _distinct(value for value in found if value is not None)
            differing += [where] if len(values) > 1 else []
            return values[0] if values else None


def _distinct(values: Iterable[Json]) -> list[Json]:
    known: dict[str, Json] = {}
    for value in values:
        known.setdefault(json.dumps(value, sort_keys=True).casefold(), value)
    return list(known.values())


def missing(shape: Shape, data: Json, where: str = "") -> Iterator[str]:
    """The places that have no value."""
    match shape:
        case Record(fields):
            for name, inner in fields.items():
                yield from missing(inner, data[name], _under(where, name))
        case Listing(items) if data:
            for index, item in enumerate(data):
                yield from missing(items, item, f"{where}[{index}]")
        case _ if _is_empty(data):
            yield where


def rows(shape: Shape, data: Json) -> "pa.Table | None":
    """The list of flat records as a table, where there is just one; else None."""
    found = list(_flat_lists(shape, data))
    if len(found) != 1:
        return None
    import pyarrow as pa

    ((leaves, records),) = found
    return pa.table({name: _column(leaf, [record[name] for record in records]) for name, leaf in leaves.items()})


def _flat_lists(shape: Shape, data: Json) -> Iterator[tuple[dict[str, Leaf], list[dict[str, Json]]]]:
    """The lists of records without lists and records in them, at any depth of records."""
    match shape:
        case Record(fields):
            for name, inner in fields.items():
                yield from _flat_lists(inner, data[name])
        case Listing(Record(fields)):
            leaves = {name: leaf for name, leaf in fields.items() if isinstance(leaf, Leaf)}
            if len(leaves) == len(fields):
                yield leaves, data


def _column(leaf: Leaf, values: Sequence[Json]) -> "pa.Array":
    import pyarrow as pa

    if leaf.is_day:
        return pa.array([value and date.fromisoformat(value) for value in values], pa.date32())
    kinds = {"string": pa.string(), "number": pa.float64(), "integer": pa.int64()}
    return pa.array(values, kinds[leaf.kind])


def _under(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name
