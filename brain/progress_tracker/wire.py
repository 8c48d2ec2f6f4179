"""Events and snapshots as bytes that every backend can hold and gives back unchanged."""

import json
import math
import re
from collections.abc import Mapping

from brain.runs import Json

__all__ = ["decode", "encode"]

DEEPEST = 50
"""Levels of nesting that are kept of a value that is not plain JSON, which may contain itself."""
NUL_ESCAPED = "\\u0000"
LONE_SURROGATE = re.compile("[\ud800-\udfff]")

_to_text = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=str).encode


def encode(value: Json) -> bytes:
    """JSON in UTF-8; what PostgreSQL or UTF-8 cannot hold is replaced visibly.

    NUL becomes ␀, half a surrogate pair becomes �, NaN and infinity become text, and so does any other object.
    """
    try:
        text = _to_text(value)
        if NUL_ESCAPED not in text:
            return text.encode()
    except (TypeError, ValueError, RecursionError):
        pass
    return _to_text(_plain(value)).encode()


def decode(content: bytes | str) -> Json:
    """The value that `encode` wrote."""
    return json.loads(content)


def _plain(value: Json, depth: int = 0) -> Json:
    match value:
        case None | bool() | int():
            return value
        case float() if math.isfinite(value):
            return value
        case Mapping() if depth < DEEPEST:
            return {_plain_text(str(key)): _plain(item, depth + 1) for key, item in value.items()}
        case list() | tuple() if depth < DEEPEST:
            return [_plain(item, depth + 1) for item in value]
        case Mapping() | list() | tuple():
            return "…"
        case _:
            return _plain_text(str(value))


def _plain_text(text: str) -> str:
    return LONE_SURROGATE.sub("�", text.replace("\0", "␀"))
