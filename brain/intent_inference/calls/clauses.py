"""The parts of a request that may ask for something each."""

import re

from brain.intent_inference.calls.tokens import FUNCTION_WORDS

__all__ = ["clauses_of"]

JOINTS = re.compile(
    r"(?<=[.?!;])\s+"
    r"|\s*[,;]?\s+\b(?:and then|then|after that|afterwards|also|plus|finally|next|as well as)\b\s*,?"
    r"|,?\s+\band\b\s+(?=[a-z]+\b)|,\s+",
    re.IGNORECASE,
)
LEAST_WORDS = 2
"""Telling words of a clause."""
WORD = re.compile(r"[^\W_]+")


def clauses_of(text: str) -> list[str]:
    """The parts in order; those without telling words go with the one before."""
    found: list[str] = []
    for part in JOINTS.split(text):
        telling = [word for word in WORD.findall(part.lower()) if word not in FUNCTION_WORDS]
        if len(telling) >= LEAST_WORDS or not found:
            found.append(part)
        else:
            found[-1] = f"{found[-1]} {part}"
    return [part for part in found if part.strip()]
