"""Texts and values, short enough for a message."""

import json
from typing import Any

__all__ = ["shortened", "shown"]

LONGEST_VALUE = 60
"""Characters of a value in a message."""


def shortened(text: str, characters: int) -> str:
    """The text, or its beginning and an ellipsis, in at most so many characters."""
    return text if len(text) <= characters else f"{text[: characters - 1]}…"


def shown(value: Any, characters: int = LONGEST_VALUE) -> str:
    """A value as JSON, in at most so many characters; what JSON has no form for stands as its text."""
    return shortened(json.dumps(value, ensure_ascii=False, default=str), characters)
