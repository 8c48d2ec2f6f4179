"""What is stored holds no secret and nothing that PostgreSQL refuses; what had to be replaced is seen."""

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from brain.config_secrets import Redactor
from brain.runs import Json

__all__ = ["Cleaner", "as_json"]

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""NUL, and halves of surrogate pairs: PostgreSQL takes neither in text or jsonb."""
NUL_ESCAPED = "\\u0000"
NUL_PICTURE = "\u2400"
REPLACEMENT = "\ufffd"


class Cleaner:
    """Makes texts and JSON values fit to be stored."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor

    def text(self, text: str) -> str:
        """The text redacted, with U+2400 for NUL and U+FFFD for half a surrogate pair."""
        return UNSTORABLE.sub(_replacement, self._redactor.text(text))

    def optional(self, text: str | None) -> str | None:
        """The same for a text that may be missing."""
        return None if text is None else self.text(text)

    def value(self, value: Any) -> Json:
        """The same for every text in a JSON value; NaN becomes None and an infinity `"Infinity"`: JSON has neither."""
        match value:
            case str():
                return self.text(value)
            case None | bool() | int():
                return value
            case float():
                return value if math.isfinite(value) else _not_finite(value)
            case Mapping():
                return {self.text(str(key)): self.value(item) for key, item in value.items()}
            case list() | tuple():
                return [self.value(item) for item in value]
            case _:
                return self.text(str(value))

    def json(self, value: Any) -> str:
        """The cleaned value as JSON text.

        Most values are clean: their text is searched once, which is many times faster than taking them apart.
        """
        try:
            text = as_json(value)
        except (TypeError, ValueError):
            return as_json(self.value(value))
        is_clean = NUL_ESCAPED not in text and not UNSTORABLE.search(text) and not self._redactor.is_in_json(text)
        return text if is_clean else as_json(self.value(value))


def as_json(value: Json, *, sort_keys: bool = False) -> str:
    """Compact JSON text of a clean value."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=sort_keys)


def _replacement(match: re.Match[str]) -> str:
    return NUL_PICTURE if match[0] == "\x00" else REPLACEMENT


def _not_finite(value: float) -> str | None:
    if math.isnan(value):
        return None
    return "Infinity" if value > 0 else "-Infinity"
