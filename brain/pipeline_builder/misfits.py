"""Why a value does not fit its schema, or why something is no schema: only loaded once that is known."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker, SchemaError, ValidationError
from jsonschema.exceptions import best_match
from referencing import Registry
from referencing.exceptions import Unresolvable

from brain.artifacts import is_file, is_table
from brain.nearest import did_you_mean
from brain.pipeline_builder.schemas import STORED, Misfit, describe
from brain.runs import Json
from brain.shortened import shortened, shown
from brain.tool_registry.definitions import JsonSchema

__all__ = ["misfits", "why_no_schema"]

FORMATS = FormatChecker(["date", "regex", "uuid"])
FORMATS.checks("table")(is_table)
FORMATS.checks("file")(is_file)
LONGEST_MESSAGE = 120
"""Characters of what the library says."""
NO_NETWORK: Registry[Any] = Registry()
"""jsonschema's own default fetches a `$ref` from the web."""


def misfits(schema: JsonSchema, value: Json) -> Iterator[Misfit]:
    """Everything about a value that its schema does not take."""
    try:
        for error in Draft202012Validator(schema, registry=NO_NETWORK, format_checker=FORMATS).iter_errors(value):
            closest = best_match([error]) or error
            yield Misfit(_written(closest.absolute_path), _explain(closest))
    except (RecursionError, ArithmeticError):
        yield Misfit("", "is nested too deeply or too large to be checked")
    except re.error as exc:
        yield Misfit("", f"cannot be checked: its schema has a pattern that cannot be read ({exc})")
    except Unresolvable as exc:
        yield Misfit("", f"cannot be checked: its schema refers to {shown(str(exc.ref))}, which is not there")


def why_no_schema(schema: JsonSchema) -> str | None:
    """What makes this no JSON schema, if anything does."""
    try:
        Draft202012Validator.check_schema(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    except SchemaError as exc:
        return f"is no JSON schema: {_written(exc.absolute_path).lstrip('.')} {_explain(exc)}".replace(":  ", ": ")
    except RecursionError:
        return "is no JSON schema: it is nested too deeply"
    return None


def _written(path: Any) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)


def _explain(error: ValidationError | SchemaError) -> str:
    wanted: Any = error.validator_value
    match error.validator:
        case "type":
            return f"takes {describe({'type': wanted})}, not {shown(error.instance)}"
        case "enum" | "const":
            members = wanted if error.validator == "enum" else [wanted]
            hint = did_you_mean(str(error.instance), [member for member in members if isinstance(member, str)])
            return f"takes {' or '.join(map(shown, members))}, not {shown(error.instance)}.{hint}".rstrip(".")
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
            return shortened(error.message, LONGEST_MESSAGE)
