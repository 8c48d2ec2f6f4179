"""What text.extract can be asked for: the part of JSON Schema that describes records, lists and plain values."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from brain.errors import ToolError
from brain.pipeline_builder.schemas import wrong_schema
from brain.runs import Json
from brain.tool_registry.definitions import JsonSchema

__all__ = ["Leaf", "Listing", "Record", "Shape", "model_schema", "most_items", "read_shape"]

LONGEST_SCHEMA = 8000
"""Characters of a schema as JSON."""
DEEPEST = 5
"""Lists and records inside of each other."""
MOST_FIELDS = 60
FEWEST_ITEMS = 3
TOKENS_OF_VALUE = 30
"""With its name, of a list's items; so many items are asked for at once as the answer has room for."""
LONGEST_VALUE = 300
"""Characters of a value that is asked for."""
CHECKS = frozenset(
    {"minLength", "maxLength", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}
)
"""Keywords that a value found is held to."""
SAYINGS = frozenset({"type", "title", "description", "default", "examples", "$schema", "$comment"})
KNOWN = {
    "object": SAYINGS | {"properties", "required", "additionalProperties"},
    "array": SAYINGS | {"items", "maxItems", "minItems", "uniqueItems"},
    "string": SAYINGS | CHECKS | {"enum", "format"},
    "number": SAYINGS | CHECKS | {"enum"},
    "integer": SAYINGS | CHECKS | {"enum"},
}
"""Keywords by type."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value that stands in the text: `string`, `number` or `integer`."""

    kind: str
    schema: JsonSchema
    """What it is held to once it was found."""
    choices: tuple[Json, ...] = ()

    @property
    def is_day(self) -> bool:
        """Whether it is a date, written as ISO 8601 does."""
        return self.schema.get("format") == "date"


@dataclass(frozen=True, slots=True)
class Listing:
    """Any number of the same."""

    items: "Shape"
    most: int | None = None
    """How many are wanted; None: all."""


@dataclass(frozen=True, slots=True)
class Record:
    """Fields by name."""

    fields: Mapping[str, "Shape"]


type Shape = Leaf | Listing | Record


def read_shape(schema: JsonSchema) -> Record | Listing:
    """The shape that a schema describes; raises ToolError where it describes anything else, saying what."""
    if len(json.dumps(schema, ensure_ascii=False)) > LONGEST_SCHEMA:
        raise _refused("", f"takes more than {LONGEST_SCHEMA:,} characters; ask for less at once")
    if what := wrong_schema(schema):
        raise _refused("", what)
    shape = _shape(schema, "", DEEPEST)
    if isinstance(shape, Leaf):
        raise _refused("", 'describes one value; name it: {"type": "object", "properties": {"name": ...}}')
    if (count := sum(1 for _ in _leaves(shape))) > MOST_FIELDS:
        raise _refused("", f"has {count} fields, more than {MOST_FIELDS}; ask for less at once")
    return shape


def model_schema(shape: Shape, most: int) -> JsonSchema:
    """The schema that a model's answer follows: all of it required, null where there is nothing, lists of `most` items.

    Without a bound small models list things for ever.
    """
    match shape:
        case Record(fields):
            properties = {name: model_schema(field, most) for name, field in fields.items()}
            required = list(properties)
            return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
        case Listing(items, wanted):
            return {"type": "array", "items": model_schema(items, most), "maxItems": min(wanted or most, most)}
        case Leaf(kind, _, choices) if choices:
            return {"type": [kind, "null"], "enum": [*choices, None]}
        case Leaf("string") if shape.is_day:
            return {"type": ["string", "null"], "format": "date"}
        case Leaf("string", schema):
            return {"type": ["string", "null"], "maxLength": min(schema.get("maxLength", LONGEST_VALUE), LONGEST_VALUE)}
        case Leaf(kind):
            return {"type": [kind, "null"]}


def most_items(shape: Shape, tokens: int) -> int:
    """How many items of a list an answer of so many tokens has room for."""
    return max(FEWEST_ITEMS, tokens // (TOKENS_OF_VALUE * sum(1 for _ in _leaves(shape))))


def _shape(schema: Json, where: str, depth: int) -> Shape:
    schema = _without_null(schema)
    if not isinstance(schema, dict):
        raise _refused(where, "says nothing about what to look for")
    kind = _kind(schema, where)
    if unknown := sorted(schema.keys() - KNOWN[kind]):
        raise _refused(where, f"uses {unknown[0]}; of {kind} text.extract knows {_listed(KNOWN[kind] - SAYINGS)}")
    if depth == 0:
        raise _refused(where, f"goes more than {DEEPEST} levels deep; ask for something flatter")
    match kind:
        case "object":
            return _record(schema, where, depth)
        case "array":
            return Listing(_shape(schema.get("items"), f"{where}.items", depth - 1), schema.get("maxItems"))
        case _:
            checks = {name: schema[name] for name in ("type", "format", *sorted(CHECKS)) if name in schema}
            return Leaf(
                kind, {**checks, "type": kind}, tuple(each for each in schema.get("enum", ()) if each is not None)
            )


def _without_null(schema: Json) -> Json:
    """The other of two alternatives, of which one is null, as Pydantic writes what may be missing."""
    options = schema.get("anyOf") if isinstance(schema, dict) else None
    rest = [option for option in options or () if option != {"type": "null"}]
    return rest[0] if len(rest) == 1 else schema


def _record(schema: JsonSchema, where: str, depth: int) -> Record:
    properties = schema.get("properties") or {}
    if not properties:
        raise _refused(where, "names no properties to look for")
    if schema.get("additionalProperties"):
        raise _refused(where, "allows additionalProperties; name every property to look for")
    return Record({name: _shape(each, f"{where}.properties.{name}", depth - 1) for name, each in properties.items()})


def _kind(schema: JsonSchema, where: str) -> str:
    """The one type beside null."""
    declared = schema.get("type")
    kinds = [kind for kind in ([declared] if isinstance(declared, str) else declared or ()) if kind != "null"]
    if kinds == ["boolean"]:
        raise _refused(
            where, "is a boolean, and true or false does not stand in a text: take text.classify with labels"
        )
    if len(kinds) != 1 or kinds[0] not in KNOWN:
        raise _refused(where, f"needs one type: {_listed(KNOWN)}")
    kind: str = kinds[0]
    return kind


def _leaves(shape: Shape) -> Iterator[Leaf]:
    match shape:
        case Leaf():
            yield shape
        case Listing(items):
            yield from _leaves(items)
        case Record(fields):
            for field in fields.values():
                yield from _leaves(field)


def _refused(where: str, what: str) -> ToolError:
    return ToolError(f"schema{where} {what}.")


def _listed(names: Any) -> str:
    *most, last = sorted(names)
    return f"{', '.join(most)} and {last}" if most else last
