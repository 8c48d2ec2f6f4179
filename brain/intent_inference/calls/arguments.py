"""The arguments of a tool: what its JSON schema says about each, and what its description adds in prose."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from brain.identifiers import split_name, words_of
from brain.intent_inference.calls import prose
from brain.intent_inference.calls.date_formats import strftime_of
from brain.intent_inference.calls.tokens import FUNCTION_WORDS
from brain.intent_inference.inflection import root
from brain.runs import Json
from brain.tool_registry.definitions import JsonSchema

__all__ = ["Argument", "ArgumentPath", "Kind", "arguments_of", "nested"]

type ArgumentPath = tuple[str, ...]
"""Names from the outermost object to the innermost field."""

UNTELLING = frozenset(
    root(word)
    for word in re.findall(
        r"\w+",
        """name value the of a an to for string number list type parameter input given specific specify specified
        optional default which be used""",
    )
)
"""Roots of words that most descriptions hold."""
MOST_EXAMPLES = 12
"""More say nothing new about what the values look like."""
OBJECTS = ("object", "dict")
LISTS = ("array", "tuple", "list")
CLOCK = re.compile(r"hh:mm|24.hour|\bHH\b")
TRUE = ("true", "yes")


class Kind(StrEnum):
    """What values an argument takes."""

    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    OPTION = "option"
    DATE = "date"
    TIME = "time"
    TEXT = "text"
    OTHER = "other"
    """An object of no known fields, or a value of any type."""


NUMERIC = (Kind.INTEGER, Kind.NUMBER)
KINDS = {
    "integer": Kind.INTEGER, "int": Kind.INTEGER, "long": Kind.INTEGER, "number": Kind.NUMBER, "float": Kind.NUMBER,
    "double": Kind.NUMBER, "boolean": Kind.BOOLEAN, "bool": Kind.BOOLEAN, "object": Kind.OTHER, "dict": Kind.OTHER,
    "any": Kind.OTHER, "array": Kind.OTHER, "tuple": Kind.OTHER,
}  # fmt: skip
"""By the types of JSON schemas, and by those that schemas written by hand for Python or Java have."""


@dataclass(frozen=True)
class Argument:
    """One place for a value in a call; fields of an object are arguments of their own."""

    path: ArgumentPath
    kind: Kind
    is_list: bool
    is_required: bool
    description: str
    options: tuple[str | int | float, ...] = ()
    is_closed: bool = False
    """Whether nothing but the options is valid."""
    examples: tuple[str, ...] = ()
    default: Json = None
    has_default: bool = False
    unit: str = ""
    """The unit of time that the values are in."""
    takes_percent: bool = False
    takes_decimal: bool = False
    takes_currency: bool = False
    date_format: str | None = None
    schema: JsonSchema = field(default_factory=dict, hash=False, compare=False)

    @cached_property
    def name(self) -> str:
        """The name of the innermost field."""
        return self.path[-1]

    @cached_property
    def words(self) -> list[str]:
        """The words of its name."""
        return split_name(self.name)

    @cached_property
    def text(self) -> str:
        """Name and description, as they are compared with words of a request."""
        return f"{' '.join(self.words)}. {self.description}"

    @cached_property
    def roots(self) -> frozenset[str]:
        """Roots of the words that its name consists of."""
        return frozenset(root(word) for word in self.words)

    @cached_property
    def described(self) -> frozenset[str]:
        """Roots of the telling words of its description."""
        words = words_of(self.description)
        return frozenset(root(word) for word in words if word not in FUNCTION_WORDS) - UNTELLING

    @cached_property
    def known(self) -> frozenset[str]:
        """Roots of its name and of its description."""
        return self.roots | self.described

    @property
    def is_numeric(self) -> bool:
        """Whether its values, or the members of its lists, are numbers."""
        return self.kind in NUMERIC

    @property
    def need(self) -> str:
        """`required` or `optional`."""
        return "required" if self.is_required else "optional"

    @cached_property
    def group(self) -> str:
        """Arguments of one group share their weights: kinds, with whole and other numbers as one, and lists apart."""
        group = "number" if self.is_numeric else str(self.kind)
        return f"{group}s" if self.is_list else group


def arguments_of(schema: Mapping[str, Any], above: ArgumentPath = (), *, is_required: bool = True) -> list[Argument]:
    """Every argument of an object's schema, in its order; objects of known fields are taken apart."""
    required = set(schema.get("required", ()))
    found: list[Argument] = []
    for name, given in schema.get("properties", {}).items():
        path, is_needed = (*above, name), is_required and name in required
        if given.get("type") in OBJECTS and given.get("properties"):
            found += arguments_of(given, path, is_required=is_needed)
        else:
            found.append(_argument(path, given, is_required=is_needed))
    return found


def nested(values: Mapping[ArgumentPath, Json]) -> dict[str, Json]:
    """Values by path as one object."""
    made: dict[str, Any] = {}
    for path, value in values.items():
        inner = made
        for part in path[:-1]:
            inner = inner.setdefault(part, {})
        inner[path[-1]] = value
    return made


def _argument(path: ArgumentPath, schema: JsonSchema, *, is_required: bool) -> Argument:
    schema = _first_way(schema)
    is_list = _type(schema) in LISTS
    inner: JsonSchema = (schema.get("items") or {}) if is_list else schema
    told = [schema.get("description", ""), inner.get("description", "") if is_list else ""]
    description = " ".join(part for part in told if part)
    named = " ".join([*split_name(path[-1]), description])
    options = _enum(inner) or _options_in_prose(inner, description)
    kind = _kind(inner, path[-1], description, has_options=bool(options))
    default, has_default = _default(schema, description, kind)
    return Argument(
        path,
        kind,
        is_list,
        is_required,
        description,
        options,
        is_closed=bool(_enum(inner)),
        examples=_examples(schema, description),
        default=default,
        has_default=has_default,
        unit=prose.unit_in(path[-1], description),
        takes_percent=prose.is_percentage(named, description),
        takes_decimal=prose.is_decimal(description),
        takes_currency=prose.is_currency(named) and kind is Kind.TEXT,
        date_format=strftime_of(description),
        schema=schema,
    )


def _first_way(schema: JsonSchema) -> JsonSchema:
    """The schema with the first of its alternatives that is not null, in which a request will most likely put it."""
    ways = schema.get("anyOf") or schema.get("oneOf")
    if "type" in schema or not ways:
        return schema
    return {**schema, **next((way for way in ways if way.get("type") != "null"), {})}


def _type(schema: JsonSchema) -> str:
    """The type in lower case; of several the first that is not null."""
    given = schema.get("type", "string" if "enum" in schema else "")
    if isinstance(given, list):
        given = next((each for each in given if each != "null"), "string")
    return str(given).lower()


def _enum(schema: JsonSchema) -> tuple[str | int | float, ...]:
    """Its values without null and booleans, of a type of numbers the numbers."""
    allowed = int | float if KINDS.get(_type(schema)) in NUMERIC else str | int | float
    values = schema.get("enum") or ()
    return tuple(each for each in values if isinstance(each, allowed) and not isinstance(each, bool))


def _options_in_prose(schema: JsonSchema, description: str) -> tuple[str, ...]:
    return prose.options_in(description) if _type(schema) in ("string", "") else ()


def _kind(schema: JsonSchema, name: str, description: str, *, has_options: bool) -> Kind:
    """The kind by the schema's type; texts may be dates, times or options."""
    if (kind := KINDS.get(_type(schema))) is not None:
        return kind
    if _enum(schema):
        return Kind.OPTION
    words = split_name(name)
    if schema.get("format") in ("date", "date-time") or strftime_of(description) or {"date", "birthdate"} & set(words):
        return Kind.DATE
    if "time" in words and CLOCK.search(description):
        return Kind.TIME
    return Kind.OPTION if has_options else Kind.TEXT


def _examples(schema: JsonSchema, description: str) -> tuple[str, ...]:
    given = [str(each) for each in schema.get("examples", ())]
    return tuple(dict.fromkeys([*given, *prose.examples_in(description)]))[:MOST_EXAMPLES]


def _default(schema: JsonSchema, description: str, kind: Kind) -> tuple[Json, bool]:
    """The default, and whether there is one: None may be it."""
    if "default" in schema:
        return schema["default"], True
    text = prose.default_in(description)
    return (None, False) if text is None else (_typed(text, kind), True)


def _typed(text: str, kind: Kind) -> Json:
    """The text as a value of this kind; None where it is no number."""
    try:
        match kind:
            case Kind.INTEGER:
                return int(text)
            case Kind.NUMBER:
                return float(text.rstrip("%")) / (100 if text.endswith("%") else 1)
            case Kind.BOOLEAN:
                return text.lower() in TRUE
    except ValueError:
        return None
    return text
