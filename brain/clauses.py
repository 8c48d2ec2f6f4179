"""The parts of a request that may ask for something each."""

import re

__all__ = ["clauses_of"]

JOINTS = re.compile(
    r"(?<=[.?!;])\s+"
    r"|\s*[,;]?\s+\b(?:and then|then|after that|afterwards|also|plus|finally|next|as well as)\b\s*,?"
    r"|,?\s+\band\b\s+(?=[a-z]+\b)|,\s+",
    re.IGNORECASE,
)
LEAST_WORDS = 2
"""Telling words of a clause; what has fewer belongs to the clause before it."""
MOST_CLAUSES = 12
WORD = re.compile(r"[^\W_]+")


def clauses_of(request: str) -> list[str]:
    """The parts in order, without the words that join them; a request of one part is that part."""
    from bm25s.stopwords import STOPWORDS_EN

    found: list[str] = []
    for part in (each for each in JOINTS.split(request) if each.strip()):
        telling = [word for word in WORD.findall(part.lower()) if word not in STOPWORDS_EN]
        if len(telling) >= LEAST_WORDS or not found:
            found.append(part)
        else:
            found[-1] += f" {part}"
    return found[:MOST_CLAUSES]
