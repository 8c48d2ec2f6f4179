"""Whether what a model says follows the schema that it was asked to follow."""

import json
from typing import Any

from brain.runs import Json
from brain.shortened import shortened

__all__ = ["misfit"]

LENGTHS = frozenset({"maxLength", "maxItems"})
"""They keep a small model from going on; what a large one says beyond them is as good, and models do not count."""
MASK = "what is there"
"""Stands for what the model said, which may be long."""
LONGEST_FINDING = 160
"""Characters of what is wrong."""


def misfit(value: Json, schema: dict[str, Any]) -> str:
    """What is wrong with the value, and where; empty where it follows the schema, or nobody can tell."""
    import jsonschema_rs

    try:
        found = jsonschema_rs.Draft202012Validator(_without_lengths(schema), offline=True, mask=MASK).iter_errors(value)
        error = next(iter(found), None)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError, RecursionError):
        return ""
    if error is None:
        return ""
    where = "".join(f"[{json.dumps(part)}]" for part in error.instance_path)
    return shortened(f"{where} {error.message}".strip(), LONGEST_FINDING)


def _without_lengths(schema: Any) -> Any:
    match schema:
        case dict():
            return {key: _without_lengths(part) for key, part in schema.items() if not _is_length(key, part)}
        case list():
            return [_without_lengths(part) for part in schema]
        case _:
            return schema


def _is_length(key: str, part: Any) -> bool:
    """Whether it is the keyword, rather than a property of that name."""
    return key in LENGTHS and isinstance(part, int)
