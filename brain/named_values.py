"""`name=value`, as people write inputs and answers on a command line and behind a magic."""

import json
from collections.abc import Iterable
from typing import Any

from brain.errors import UsageError

__all__ = ["json_or_text", "named_values"]


def named_values(texts: Iterable[str] | None, option: str) -> dict[str, str]:
    """The texts as a mapping; raises UsageError, which names the option, where there is no equals sign."""
    values = {}
    for text in texts or ():
        name, separator, value = text.partition("=")
        if not separator or not name.strip():
            raise UsageError(f"{option} takes name=value and got {text!r}.")
        if name.strip() in values:
            raise UsageError(f"{option} is given {name.strip()} twice: which one is meant?")
        values[name.strip()] = value
    return values


def json_or_text(text: str) -> Any:
    """What a value means: JSON where it is that, else the text."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
