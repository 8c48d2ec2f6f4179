"""What the JSON schema of a tool says about each argument: its kind, options, examples, default, formats and unit."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from brain.intent_inference.calls.dates import strftime_of
from brain.intent_inference.calls.figures import time_unit
from brain.intent_inference.calls.reading import FUNCTION_WORDS, split_name
from brain.intent_inference.inflection import root
from brain.runs import Json
from brain.tool_registry.definitions import JsonSchema

__all__ = ["Argument", "Kind", "arguments_of"]

QUOTED = re.compile(r"['\"`“‘]([^'\"`”’\n]{1,60})['\"`”’]")
EXAMPLES = re.compile(r"(?:e\.g\.|eg\.|for example|for instance|such as|like|example:|examples?:|i\.e\.)[,:]?\s*(?P<list>[^.;)]+)", re.IGNORECASE)
DEFAULT = re.compile(
    r"\bdefaults?(?:\s+value)?(?:\s+is(?:\s+set)?(?:\s+to)?|\s+to|\s*[:=]|\s+set\s+to)?\s+(?P<value>'[^']*'|\"[^\"]*\"|\[[^\]]*\]|[^\s,;)]+)", re.IGNORECASE
)
OPTIONS = re.compile(
    r"(?:options?|one of|can be(?: either)?|either|must be|values?|allowed|possible values|choices?|valid)\b[^:'\"(]{0,40}[:(]?\s*(?P<list>(?:['\"][^'\"]+['\"](?:\s*(?:,|or|and|/|\||\([^)]*\))\s*)*){2,})",
    re.IGNORECASE,
)
GLOSSED = re.compile(r"['\"](\w[\w -]*)['\"]\s+(?:for|means?|to|=|\()[^'\"]{2,40}['\"](\w[\w -]*)['\"](?:\s+(?:for|means?|to|=|\()[^'\"]{2,40}['\"](\w[\w -]*)['\"])*|(?<!such as )(?<!e\.g\. )(?<!example, )(?<!like )['\"]\w[\w -]*['\"](?:,\s*['\"]\w[\w -]*['\"])*,?\s+or\s+['\"]\w[\w -]*['\"]")
"""`'asc' for ascending, 'desc' for descending`; `'low', 'medium' or 'high'`."""
PERCENTAGE = re.compile(r"\b(?:in|as|as an?)\s+(?:a\s+)?percent(?:age)?\b|\bpercent(?:age)?\b|%", re.IGNORECASE)
DECIMAL = re.compile(r"\bdecimal\b|\bfraction\b|0\.\d|\bbetween 0 and 1\b", re.IGNORECASE)
CURRENCY = re.compile(r"\bcurrency\b|\biso 4217\b", re.IGNORECASE)
GENERIC = frozenset(root(word) for word in "name value the of a an to for string number list type parameter input given specific specify specified optional default which be used".split())
TRUE, FALSE = ("true", "yes"), ("false", "no")


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


@dataclass(frozen=True, slots=True)
class Argument:
    """One place for a value in a call; fields of an object are arguments of their own."""

    path: tuple[str, ...]
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

    @property
    def name(self) -> str:
        """The name of the innermost field."""
        return self.path[-1]

    @property
    def words(self) -> list[str]:
        """The words of its name."""
        return split_name(self.name)

    @property
    def text(self) -> str:
        """Name and description, as they are compared with words of a request."""
        return f"{' '.join(self.words)}. {self.description}"

    @property
    def roots(self) -> frozenset[str]:
        """Roots of the words that its name consists of."""
        return frozenset(root(word) for word in self.words)

    @property
    def described(self) -> frozenset[str]:
        """Roots of the telling words of its description."""
        words = re.findall(r"[^\W\d_]+", self.description.lower())
        return frozenset(root(word) for word in words if word not in FUNCTION_WORDS) - GENERIC


def arguments_of(schema: Mapping[str, Any], above: tuple[str, ...] = (), *, is_required: bool = True) -> list[Argument]:
    """Every argument of an object's schema, in its order; objects of known fields are taken apart."""
    required = set(schema.get("required", ()))
    found: list[Argument] = []
    for name, given in schema.get("properties", {}).items():
        needed = is_required and name in required
        fields = given.get("properties") if given.get("type") in ("object", "dict") else None
        found += arguments_of(given, (*above, name), is_required=needed) if fields else [_argument((*above, name), given, needed)]
    return found


def _argument(path: tuple[str, ...], schema: JsonSchema, is_required: bool) -> Argument:
    is_list = _type(schema) in ("array", "tuple", "list")
    inner: JsonSchema = (schema.get("items") or {}) if is_list else schema
    description = " ".join(part for part in (schema.get("description", ""), inner.get("description", "") if is_list else "") if part)
    named = " ".join([*split_name(path[-1]), description])
    options, is_closed = _options(inner, description)
    kind = _kind(inner, path[-1], description, bool(options) and is_closed)
    if options and kind is Kind.TEXT:
        kind = Kind.OPTION
    default, has_default = _default(schema, description, kind)
    return Argument(
        path, kind, is_list, is_required, description, options, is_closed, _examples(description, schema), default, has_default,
        unit=_unit(path[-1], description), takes_percent=bool(PERCENTAGE.search(named)) and not DECIMAL.search(description),
        takes_decimal=bool(DECIMAL.search(description)), takes_currency=bool(CURRENCY.search(named)) and kind is Kind.TEXT,
        date_format=strftime_of(description), schema=schema,
    )  # fmt: skip


def _type(schema: JsonSchema) -> str:
    given = schema.get("type", "string" if "enum" in schema else "")
    if isinstance(given, list):
        given = next((each for each in given if each != "null"), "string")
    return str(given).lower()


def _kind(schema: JsonSchema, name: str, description: str, has_options: bool) -> Kind:
    match _type(schema):
        case "integer" | "int" | "long":
            return Kind.INTEGER
        case "number" | "float" | "double":
            return Kind.NUMBER
        case "boolean" | "bool":
            return Kind.BOOLEAN
        case "object" | "dict" | "any" | "array" | "tuple":
            return Kind.OTHER
    if has_options:
        return Kind.OPTION
    words = split_name(name)
    if schema.get("format") in ("date", "date-time") or strftime_of(description) or {"date", "birthdate"} & set(words):
        return Kind.DATE
    if "time" in words and re.search(r"hh:mm|24.hour|\bHH\b", description):
        return Kind.TIME
    return Kind.TEXT


def _options(schema: JsonSchema, description: str) -> tuple[tuple[str | int | float, ...], bool]:
    """The values of an enum; else those that the description lists in quotation marks as the ones there are."""
    if enum := [each for each in schema.get("enum") or () if isinstance(each, str | int | float) and not isinstance(each, bool)]:
        return tuple(enum), True
    if _type(schema) not in ("string", ""):
        return (), False
    if match := OPTIONS.search(description):
        return tuple(dict.fromkeys(QUOTED.findall(match["list"]))), False
    if match := GLOSSED.search(description):
        return tuple(dict.fromkeys(QUOTED.findall(match[0]))), False
    return (), False


def _examples(description: str, schema: JsonSchema) -> tuple[str, ...]:
    given = [str(each) for each in schema.get("examples", ())]
    quoted = QUOTED.findall(description)
    listed = [
        part.strip()
        for match in EXAMPLES.finditer(description)
        if not QUOTED.search(match["list"])
        for part in re.split(r",|\bor\b|\band\b", match["list"])
        if part.strip() and part.strip() != "etc"
    ]
    return tuple(dict.fromkeys([*given, *quoted, *listed]))[:12]


def _default(schema: JsonSchema, description: str, kind: Kind) -> tuple[Json, bool]:
    if "default" in schema:
        return schema["default"], True
    if match := DEFAULT.search(description):
        return _typed(match["value"].strip("'\"").rstrip(".").strip("'\""), kind), True
    return None, False


def _typed(text: str, kind: Kind) -> Json:
    """The text as a value of this kind; the text itself where it is none."""
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


def _unit(name: str, description: str) -> str:
    """The unit of time in the name (`duration_minutes`), or behind `in` in the description."""
    for word in split_name(name):
        if (unit := time_unit(word)) is not None and word != unit:
            return unit
    for match in re.finditer(r"\b(?:in|of|number of)\s+\(?(\w+)", description.lower()):
        if (unit := time_unit(match[1])) is not None and (match[1] != unit):
            return unit
    return next((unit for word in split_name(name) if (unit := time_unit(word))), "")


def nested(values: Mapping[tuple[str, ...], Json]) -> dict[str, Json]:
    """Values by path as one object."""
    made: dict[str, Any] = {}
    for path, value in values.items():
        inner = made
        for part in path[:-1]:
            inner = inner.setdefault(part, {})
        inner[path[-1]] = value
    return made


def series(arguments: Sequence[Argument]) -> Iterator[tuple[int, int]]:
    """Pairs of arguments, by position, of which one comes before the other: `a` and `b`, `x1` and `x2`, `first` and `second`."""
    for at, one in enumerate(arguments):
        for behind in range(at + 1, len(arguments)):
            other = arguments[behind]
            if one.kind is other.kind and one.is_list == other.is_list and _is_before(one.words, other.words):
                yield at, behind


ORDER = [
    set(pair.split())
    for pair in ("first second", "start end", "from to", "initial final", "source target", "lower upper", "min max", "minimum maximum", "begin end", "origin destination", "departure arrival", "low high", "source destination", "one two", "base exponent", "home away")
]
BEFORE = {"first", "start", "from", "initial", "source", "lower", "min", "minimum", "begin", "origin", "departure", "low", "one", "base", "home"}


def _is_before(one: Sequence[str], other: Sequence[str]) -> bool:
    if one[:-1] == other[:-1] or one[1:] == other[1:]:
        for left, right in ((one[-1], other[-1]), (one[0], other[0])):
            if left == right:
                continue
            if {left, right} in ORDER:
                return left in BEFORE
            first, second = re.fullmatch(r"([a-z]*?)(\d+|[a-z])", left), re.fullmatch(r"([a-z]*?)(\d+|[a-z])", right)
            if first and second and first[1] == second[1]:
                return first[2] < second[2]
    return False
