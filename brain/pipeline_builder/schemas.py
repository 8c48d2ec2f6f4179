"""JSON Schema (draft 2020-12) as `build` uses it: values and schemas against a schema, and paths into one."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import jsonschema_rs

from brain.nearest import did_you_mean
from brain.runs import Json
from brain.tool_registry.definitions import JsonSchema

__all__ = [
    "Misfit",
    "Validator",
    "about",
    "describe",
    "fits",
    "inlined",
    "members_of",
    "options_of",
    "step_into",
    "types_of",
    "wrong_schema",
]

UNKNOWN: JsonSchema = {}
"""The schema that takes everything: nothing is known."""
ALL_TYPES = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})
TABLE: JsonSchema = {
    "type": "object",
    "properties": {
        "columns": {"type": "array", "items": {"type": "string"}},
        "types": {"type": "object", "additionalProperties": {"type": "string"}},
        "row_count": {"type": "integer"},
        "head": {"type": "array", "items": {"type": "object", "additionalProperties": True}},
        "notes": {"type": "array", "items": {"type": "string"}},
        "format": {"type": "string"},
        "artifact": {"type": "string"},
    },
}
"""What a reference to a table holds beside its content (see `brain.artifacts`)."""
FILE: JsonSchema = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "media_type": {"type": "string"},
        "size": {"type": "integer"},
        "format": {"type": "string"},
        "artifact": {"type": "string"},
    },
}
STORED = {"table": TABLE, "file": FILE}
ANNOTATIONS = frozenset(
    {"default", "description", "title", "x-column", "x-column-for", "x-columns", "x-cues", "x-role", "x-wording"}
)
"""Keywords that may stand beside a `$ref` without meaning more than they say."""
VALUES = frozenset({"const", "default", "enum", "examples"})
"""Keywords that hold values, not schemas."""
RESOLVED = frozenset({"$anchor", "$defs", "$dynamicAnchor", "$dynamicRef", "$id", "$ref"})
"""Keywords that mean nothing once references are followed."""
NEGATING = frozenset({"contains", "if", "not"})
"""Keywords with schemas that may refuse more where those take more."""
UNEVALUATED = frozenset({"unevaluatedItems", "unevaluatedProperties"})
"""Keywords that refuse what no schema beside them has spoken of."""
TYPE_NAMES: dict[type, str] = {
    bool: "boolean",
    dict: "object",
    float: "number",
    int: "integer",
    list: "array",
    str: "string",
}
WORDS = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "an object",
    "string": "text",
}


@dataclass(frozen=True, slots=True)
class Misfit:
    """Where in a value, as it is written behind the value's own name (`.by[0]`), and what is wrong there."""

    path: str
    what: str


class Validator:
    """Checks values against one schema; knows tables and files and stays off the network.

    `jsonschema_rs` answers in under a microsecond whether a value fits. Only for one that does not, `jsonschema` is
    loaded (which takes a second) to say why, and has the last word.
    """

    def __init__(self, schema: JsonSchema) -> None:
        self.schema = schema
        self.fits = _quick_check(schema)
        """Whether a value certainly fits; of one that may not, `misfits` tells."""

    def misfits(self, value: Json) -> Iterator[Misfit]:
        """Everything about a value that the schema does not take."""
        if not self.fits(value):
            from brain.pipeline_builder.misfits import misfits

            yield from misfits(self.schema, value)


def _quick_check(schema: JsonSchema) -> Callable[[Json], bool]:
    """Whether a value certainly fits; False where it may not, or where the schema is one that cannot be compiled."""
    try:
        check = jsonschema_rs.Draft202012Validator(_with_stored(schema), validate_formats=True, offline=True).is_valid
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError):
        return lambda _value: False

    def fits(value: Json) -> bool:
        try:
            return check(value)
        except (ValueError, RecursionError):
            return False

    return fits


def _with_stored(schema: Any) -> Any:
    """The schema with `format: table` and `format: file`, which are ours, said in the standard's own words."""
    match schema:
        case dict():
            spelt = {name: _with_stored(value) for name, value in schema.items()}
            kind = schema.get("format")  # a schema itself, where a property is called so
            if isinstance(kind, str) and kind in STORED:
                spelt["allOf"] = [*spelt.get("allOf", []), _stored(kind)]
            return spelt
        case list():
            return [_with_stored(value) for value in schema]
        case _:
            return schema


def _stored(kind: str) -> JsonSchema:
    return {"type": "object", "properties": {"format": {"const": kind}}, "required": ["format", "artifact"]}


def wrong_schema(schema: JsonSchema) -> str | None:
    """What makes this no JSON schema that stands alone, if anything does."""
    if reference := _reference_in(schema):
        return f"uses {reference}; the schema of an input stands alone"
    if _compiles(schema):
        return None
    from brain.pipeline_builder.misfits import why_no_schema

    return why_no_schema(schema)


def _compiles(schema: JsonSchema) -> bool:
    try:
        jsonschema_rs.Draft202012Validator(schema, offline=True)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError, RecursionError):
        return False
    return True


def inlined(schema: JsonSchema) -> JsonSchema:
    """The schema with each local `$ref` replaced by what it points to.

    What cannot be followed becomes unknown, so that the outcome takes whatever the schema takes, and perhaps more.
    """
    inlining = _Inlining(schema)
    replaced = inlining.of(schema, ())
    return replaced if isinstance(replaced, dict) else UNKNOWN


def fits(expected: JsonSchema, actual: JsonSchema) -> bool:
    """Whether some value of `actual` may be one that `expected` takes; what is unknown may fit."""
    return any(_may_fit(one, other) for one in options_of(expected) for other in options_of(actual))


def step_into(schema: JsonSchema, key: str | int, before: str) -> JsonSchema:
    """The schema of what stands under a key; raises ValueError where nothing can, calling the value `before`.

    A schema that lists properties is taken at its word: others are there only if it has `additionalProperties`.
    """
    found: list[JsonSchema] = []
    reasons: list[ValueError] = []
    for option in options_of(schema):
        try:
            found.append(_inside(option, key, before))
        except ValueError as exc:
            reasons.append(exc)
    if reasons and not found:
        raise reasons[0]
    return found[0] if len(found) == 1 else UNKNOWN


def describe(schema: JsonSchema) -> str:
    """What values of a schema are, in words: `a table`, `text or null`."""
    words = dict.fromkeys(word for option in options_of(schema) for word in _words(option))
    return " or ".join(words) or "any value"


def about(schema: Json) -> str:
    """What a schema says its values are for, to stand behind a name: ` (the file)`, or nothing."""
    description = schema.get("description") if isinstance(schema, dict) else None
    return f" ({description})" if description else ""


def _reference_in(schema: Json) -> str | None:
    if isinstance(schema, dict):
        named = next((key for key in schema if key.startswith("$") and key not in ("$schema", "$comment")), None)
        return named or next(filter(None, map(_reference_in, schema.values())), None)
    if isinstance(schema, list):
        return next(filter(None, map(_reference_in, schema)), None)
    return None


class _Inlining:
    """Follows the references of one schema."""

    def __init__(self, root: JsonSchema) -> None:
        self._root = root
        self._lost = 0
        """References that could not be followed so far."""

    def of(self, part: Json, seen: tuple[str, ...]) -> Json:
        if isinstance(part, list):
            return [self.of(item, seen) for item in part]
        if not isinstance(part, dict):
            return part
        lost = self._lost
        own = dict(self._keywords(part, seen))
        followed = self._followed(part, seen)
        if own.keys() <= ANNOTATIONS:
            whole = {**followed, **own}
        else:
            whole = {**own, "allOf": [followed, *own.get("allOf", ())]} if followed else own
        return {key: item for key, item in whole.items() if key not in UNEVALUATED} if self._lost > lost else whole

    def _followed(self, part: dict[str, Json], seen: tuple[str, ...]) -> dict[str, Json]:
        reference = part.get("$ref", part.get("$dynamicRef"))
        if not isinstance(reference, str):
            return {}
        target = _target(self._root, reference)
        if reference in seen or not isinstance(target, dict):
            self._lost += 1
            return {}
        followed: dict[str, Json] = self.of(target, (*seen, reference))
        return followed

    def _keywords(self, part: dict[str, Json], seen: tuple[str, ...]) -> Iterator[tuple[str, Json]]:
        for key, item in part.items():
            lost = self._lost
            inner = item if key in VALUES else self.of(item, seen)
            if key in NEGATING and self._lost > lost:
                continue  # taking more in there would be taking less here
            if key == "oneOf" and self._lost > lost:
                yield "anyOf", inner
            elif key not in RESOLVED:
                yield key, inner


def _target(root: JsonSchema, reference: str) -> Json:
    if not reference.startswith("#/"):
        return None
    target: Json = root
    for key in reference[2:].split("/"):
        target = target.get(key.replace("~1", "/").replace("~0", "~")) if isinstance(target, dict) else None
    return target


def options_of(schema: Json) -> list[JsonSchema]:
    """The alternatives of `anyOf` or `oneOf`, else the schema itself."""
    if not isinstance(schema, dict):
        return [UNKNOWN]
    options = schema.get("anyOf") or schema.get("oneOf")
    return [deeper for option in options for deeper in options_of(option)] if options else [schema]


def types_of(schema: JsonSchema) -> frozenset[str]:
    """The JSON types that its values may have; what has a fraction may also be whole."""
    declared, members = schema.get("type"), members_of(schema)
    if declared is None and members is None:
        return ALL_TYPES
    if members is not None:
        types = frozenset(TYPE_NAMES.get(type(value), "null") for value in members)
    else:
        types = frozenset([declared] if isinstance(declared, str) else declared or ())
    return types | {"integer"} if "number" in types else types


def members_of(schema: JsonSchema) -> list[Json] | None:
    """The only values that it takes (`enum`, `const`), where they are listed."""
    if "const" in schema:
        return [schema["const"]]
    members: list[Json] | None = schema.get("enum")
    return members


def _may_fit(expected: JsonSchema, actual: JsonSchema) -> bool:
    common = types_of(expected) & types_of(actual)
    if common == {"object"}:
        return _stored_alike(expected.get("format"), actual)
    if common == {"array"}:
        return fits(expected.get("items", UNKNOWN), actual.get("items", UNKNOWN))
    wanted, given = members_of(expected), members_of(actual)
    if common and wanted is not None and given is not None:
        return any(value in wanted for value in given)
    return bool(common)


def _stored_alike(wanted: Any, actual: JsonSchema) -> bool:
    given = actual.get("format")
    if wanted not in STORED or given == wanted:
        return True
    return given not in STORED and not actual.get("properties")


def _inside(schema: JsonSchema, key: str | int, before: str) -> JsonSchema:
    inner = _index_into(schema, before) if isinstance(key, int) else _field_of(schema, key, before)
    if inner == UNKNOWN and (members := members_of(schema)) is not None:
        return _inside_members(members, key, before)
    return inner


def _inside_members(members: list[Json], key: str | int, before: str) -> JsonSchema:
    found: list[Json] = []
    for member in members:
        if isinstance(member, dict | list):
            with suppress(LookupError, TypeError):
                found.append(member[key])  # type: ignore[index] # a key that does not go with it is not there
    if not found:
        names = {name for member in members if isinstance(member, dict) for name in member}
        raise ValueError(f"{before} has no {key!r}.{did_you_mean(str(key), sorted(names))}".rstrip("."))
    return {"enum": found}


def _index_into(schema: JsonSchema, before: str) -> JsonSchema:
    if "array" not in types_of(schema):
        raise ValueError(f"{before} is {describe(schema)}, not a list")
    items = schema.get("items", UNKNOWN)
    return items if isinstance(items, dict) and "prefixItems" not in schema else UNKNOWN


def _field_of(schema: JsonSchema, key: str, before: str) -> JsonSchema:
    if "object" not in types_of(schema):
        hint = "; take an item with [0], or all with [*]" if types_of(schema) == {"array"} else ""
        raise ValueError(f"{before} is {describe(schema)} and has no {key!r}{hint}")
    contents = STORED.get(str(schema.get("format")), schema)
    properties = contents.get("properties", {})
    if key in properties:
        return properties[key] if isinstance(properties[key], dict) else UNKNOWN
    if "allOf" in contents:
        return UNKNOWN
    others = contents.get("additionalProperties", not properties)
    if others is False and "patternProperties" not in contents:
        listed = ", ".join(properties) or "nothing"
        raise ValueError(f"{before} has no {key!r}, only {listed}.{did_you_mean(key, properties)}".rstrip("."))
    return others if isinstance(others, dict) else UNKNOWN


def _words(schema: JsonSchema) -> list[str]:
    if schema.get("format") in STORED:
        return [f"a {schema['format']}"]
    types = types_of(schema)
    if types == ALL_TYPES:
        return []
    return [WORDS.get(kind, kind) for kind in sorted(types) if not (kind == "integer" and "number" in types)]
