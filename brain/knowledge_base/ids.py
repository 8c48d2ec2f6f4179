"""How rows are named: by their id, or by digits that only it begins or ends with."""

import re
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, func, or_

__all__ = ["LAST", "SHOWN_CANDIDATES", "digits_of", "spelled_with"]

LAST = "last"
"""Names the newest."""
SHOWN_CANDIDATES = 5
HEX_DIGITS = re.compile(r"[0-9a-f]{1,32}")


def digits_of(text: str) -> str | None:
    """The digits of an id, or of a part of one, as somebody wrote them; None where it is none."""
    digits = text.strip().lower().replace("-", "")
    return digits if HEX_DIGITS.fullmatch(digits) else None


def spelled_with(column: Any, digits: str) -> ColumnElement[bool]:
    """Whether the id in a column begins or ends with the digits."""
    spelled = func.replace(cast(column, Text), "-", "")
    return or_(spelled.startswith(digits), spelled.endswith(digits))
