"""What came of reading the texts of a column as values of one kind, and the words for true and false."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

__all__ = ["NotRead", "Read", "read_flags"]

FLAGS = (("true", "false"), ("yes", "no"), ("on", "off"), ("y", "n"), ("t", "f"))


@dataclass(frozen=True, slots=True)
class Read:
    """A value for each text, all of one type."""

    values: list[Any]
    kind: pa.DataType
    what: str
    """In words: `whole numbers`."""


@dataclass(frozen=True, slots=True)
class NotRead:
    """At least one text is no such value, or may be several."""

    reason: str
    share: float = 1.0
    """How many of the texts look like such values, from 0 to 1."""


def read_flags(texts: Sequence[str]) -> Read | NotRead:
    """Words for true and false, of one pair; single letters are read only where both occur."""
    lowered = [text.lower() for text in texts]
    words = set(lowered)
    for yes, no in FLAGS:
        if words <= {yes, no} and (len(words) > 1 or len(yes) > 1):
            return Read([text == yes for text in lowered], pa.bool_(), "true and false")
    return NotRead("these are no words for true and false", 0.0)
