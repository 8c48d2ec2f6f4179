"""JSON Schema (draft 2020-12) as `build` uses it: values and schemas against a schema, and paths into one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import jsonschema_rs

from brain.nearest import did_you_mean
from brain.runs import Json
from brain.tool_registry.definitions import JsonSchema

__all__ = ["Misfit", "Validator", "about", "describe", "fits", "inlined", "step_into", "wrong_schema"]

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
        self._fits = _quick_check(schema)

    def misfits(self, value: Json) -> Iterator[Misfit]:
        """Everything about a value that the schema does not take."""
        if not self._fits(value):
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
            if (kind := schema.get("format")) in STORED:
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
    """The schema with each local `$ref` replaced by what it points to; what cannot be followed becomes unknown."""
    replaced = _inline(schema, schema, ())
    return replaced if isinstance(replaced, dict) else UNKNOWN


def fits(expected: JsonSchema, actual: JsonSchema) -> bool:
    """Whether some value of `actual` may be one that `expected` takes; what is unknown may fit."""
    return any(_may_fit(one, other) for one in _options(expected) for other in _options(actual))


def step_into(schema: JsonSchema, key: str | int, before: str) -> JsonSchema:
    """The schema of what stands under a key; raises ValueError where nothing can, calling the value `before`.

    A schema that lists properties is taken at its word: others are there only if it has `additionalProperties`.
    """
    found: list[JsonSchema] = []
    reasons: list[ValueError] = []
    for option in _options(schema):
        try:
            found.append(_index_into(option, before) if isinstance(key, int) else _field_of(option, key, before))
        except ValueError as exc:
            reasons.append(exc)
    if reasons and not found:
        raise reasons[0]
    return found[0] if len(found) == 1 else UNKNOWN


def describe(schema: JsonSchema) -> str:
    """What values of a schema are, in words: `a table`, `text or null`."""
    words = dict.fromkeys(word for option in _options(schema) for word in _words(option))
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


def _inline(part: Json, root: JsonSchema, seen: tuple[str, ...]) -> Json:
    if isinstance(part, list):
        return [_inline(item, root, seen) for item in part]
    if not isinstance(part, dict):
        return part
    own = {key: _inline(item, root, seen) for key, item in part.items() if key not in ("$ref", "$defs")}
    reference = part.get("$ref")
    if not isinstance(reference, str):
        return own
    target = _target(root, reference)
    if reference in seen or not isinstance(target, dict):
        return own
    return {**_inline(target, root, (*seen, reference)), **own}


def _target(root: JsonSchema, reference: str) -> Json:
    if not reference.startswith("#/"):
        return None
    target: Json = root
    for key in reference[2:].split("/"):
        target = target.get(key.replace("~1", "/").replace("~0", "~")) if isinstance(target, dict) else None
    return target


def _options(schema: Json) -> list[JsonSchema]:
    """The alternatives of `anyOf` or `oneOf`, else the schema itself."""
    if not isinstance(schema, dict):
        return [UNKNOWN]
    options = schema.get("anyOf") or schema.get("oneOf")
    return [deeper for option in options for deeper in _options(option)] if options else [schema]


def _types(schema: JsonSchema) -> frozenset[str]:
    declared = schema.get("type")
    if declared is None:
        values = schema.get("enum", [schema["const"]] if "const" in schema else None)
        return ALL_TYPES if values is None else frozenset(TYPE_NAMES.get(type(value), "null") for value in values)
    types = frozenset([declared] if isinstance(declared, str) else declared)
    return types | {"integer"} if "number" in types else types


def _may_fit(expected: JsonSchema, actual: JsonSchema) -> bool:
    common = _types(expected) & _types(actual)
    if common == {"object"}:
        return _stored_alike(expected.get("format"), actual)
    if common == {"array"}:
        return fits(expected.get("items", UNKNOWN), actual.get("items", UNKNOWN))
    if "enum" in expected and "enum" in actual:
        return any(value in expected["enum"] for value in actual["enum"])
    return bool(common)


def _stored_alike(wanted: Any, actual: JsonSchema) -> bool:
    given = actual.get("format")
    if wanted not in STORED or given == wanted:
        return True
    return given not in STORED and not actual.get("properties")


def _index_into(schema: JsonSchema, before: str) -> JsonSchema:
    if "array" not in _types(schema):
        raise ValueError(f"{before} is {describe(schema)}, not a list")
    items = schema.get("items", UNKNOWN)
    return items if isinstance(items, dict) and "prefixItems" not in schema else UNKNOWN


def _field_of(schema: JsonSchema, key: str, before: str) -> JsonSchema:
    if "object" not in _types(schema):
        hint = "; take an item with [0], or all with [*]" if _types(schema) == {"array"} else ""
        raise ValueError(f"{before} is {describe(schema)} and has no {key!r}{hint}")
    contents = STORED.get(str(schema.get("format")), schema)
    properties = contents.get("properties", {})
    if key in properties:
        return properties[key] if isinstance(properties[key], dict) else UNKNOWN
    others = contents.get("additionalProperties", not properties)
    if others is False and "patternProperties" not in contents:
        listed = ", ".join(properties) or "nothing"
        raise ValueError(f"{before} has no {key!r}, only {listed}.{did_you_mean(key, properties)}".rstrip("."))
    return others if isinstance(others, dict) else UNKNOWN


def _words(schema: JsonSchema) -> list[str]:
    if schema.get("format") in STORED:
        return [f"a {schema['format']}"]
    types = _types(schema)
    if types == ALL_TYPES:
        return []
    return [WORDS.get(kind, kind) for kind in sorted(types) if not (kind == "integer" and "number" in types)]
