"""JSON Schema (draft 2020-12) as `build` uses it: values and schemas against a schema, and paths into one."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker, SchemaError, ValidationError
from jsonschema.exceptions import best_match
from referencing import Registry
from referencing.exceptions import Unresolvable

from brain.artifacts import is_file, is_table
from brain.nearest import did_you_mean
from brain.runs import Json
from brain.tool_registry.definitions import JsonSchema

__all__ = ["Misfit", "describe", "fits", "inlined", "misfits", "shown", "step_into", "validator_of", "wrong_schema"]

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
LONGEST_SHOWN = 60
"""Characters of a value in a message."""

_FORMATS = FormatChecker(["date", "regex", "uuid"])
_FORMATS.checks("table")(is_table)
_FORMATS.checks("file")(is_file)
_NO_NETWORK: Registry[Any] = Registry()
"""jsonschema's own default fetches a `$ref` from the web."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """Where in a value, as it is written behind the value's own name (`.by[0]`), and what is wrong there."""

    path: str
    what: str


def validator_of(schema: JsonSchema) -> Draft202012Validator:
    """A validator that knows tables and files and stays off the network."""
    return Draft202012Validator(schema, registry=_NO_NETWORK, format_checker=_FORMATS)


def misfits(validator: Draft202012Validator, value: Json) -> Iterator[Misfit]:
    """Everything about a value that its schema does not take."""
    try:
        for error in validator.iter_errors(value):
            closest = best_match([error]) or error
            yield Misfit(_written(closest.absolute_path), _explain(closest))
    except (RecursionError, ArithmeticError):
        yield Misfit("", "is nested too deeply or too large to be checked")
    except Unresolvable as exc:
        yield Misfit("", f"cannot be checked: its schema refers to {shown(str(exc.ref))}, which is not there")


def wrong_schema(schema: JsonSchema) -> str | None:
    """What makes this no JSON schema that stands alone, if anything does."""
    if reference := _reference_in(schema):
        return f"uses {reference}; the schema of an input stands alone"
    try:
        Draft202012Validator.check_schema(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    except SchemaError as exc:
        return f"is no JSON schema: {_written(exc.absolute_path).lstrip('.')} {_explain(exc)}".replace(":  ", ": ")
    except RecursionError:
        return "is no JSON schema: it is nested too deeply"
    return None


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


def shown(value: Json) -> str:
    """A value as JSON, short enough for a message."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 1]}…"


def _written(path: Any) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)


def _explain(error: ValidationError | SchemaError) -> str:
    wanted: Any = error.validator_value
    match error.validator:
        case "type":
            return f"takes {describe({'type': wanted})}, not {shown(error.instance)}"
        case "enum":
            hint = did_you_mean(str(error.instance), [option for option in wanted if isinstance(option, str)])
            return (
                f"takes {' or '.join(shown(option) for option in wanted)}, not {shown(error.instance)}.{hint}".rstrip(
                    "."
                )
            )
        case "required":
            return f"needs {error.message.removesuffix(' is a required property')}"
        case "format" if wanted in STORED:
            return f"takes a {wanted}, not {shown(error.instance)}; refer to a step that gives one"
        case "additionalProperties" if isinstance(error.instance, Mapping) and isinstance(error.schema, Mapping):
            known = error.schema.get("properties", {})
            extra = sorted(name for name in error.instance if name not in known)
            hint = did_you_mean(extra[0], known) if extra else ""
            return f"does not take {', '.join(extra)}.{hint}".rstrip(".")
        case _:
            text = error.message
            return text if len(text) <= 2 * LONGEST_SHOWN else f"{text[: 2 * LONGEST_SHOWN - 1]}…"


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
