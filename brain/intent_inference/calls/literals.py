"""Lists and objects that a request writes out as JSON or Python would."""

import ast
import re
import warnings
from collections.abc import Iterator
from typing import Any

from brain.intent_inference.calls.candidate import Candidate, Rule
from brain.intent_inference.calls.reading import Reading
from brain.runs import Json

__all__ = ["find_literals"]

LITERAL = re.compile(
    r"\[\s*\[[^\[\]]*\](?:\s*,\s*\[[^\[\]]*\])*\s*\]|\[[^\[\]]*\]|\{[^{}]*\}",
)
UNREADABLE = (ValueError, TypeError, SyntaxError, MemoryError, RecursionError)
"""What Python's parser raises on other text."""


def find_literals(reading: Reading) -> Iterator[Candidate]:
    """Every list, also of lists, and every object of plain values."""
    for match in LITERAL.finditer(reading.text):
        place = reading.tokens_between(match.start(), match.end())
        value = _value(match[0])
        if place is not None and value is not None:
            yield Candidate(value, *place, Rule.LITERAL)


def _value(text: str) -> Json:
    """The list or object; None where the text is none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd escapes and the like in what people write
        try:
            value: Any = ast.literal_eval(text)
        except UNREADABLE:
            return None
    return value if isinstance(value, list | dict) else None
