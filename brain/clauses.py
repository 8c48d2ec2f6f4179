"""The parts of a request that may ask for something each."""

import re
from collections.abc import Iterator

__all__ = ["clause_starts", "clauses_of"]

type Place = tuple[int, int]

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
    return [" ".join(request[start:end] for start, end in parts) for parts in _clauses(request)]


def clause_starts(request: str) -> list[int]:
    """Where each of them begins, in characters."""
    return [parts[0][0] for parts in _clauses(request)]


def _clauses(request: str) -> list[list[Place]]:
    """Of each clause the places of its parts."""
    from bm25s.stopwords import STOPWORDS_EN

    found: list[list[Place]] = []
    for start, end in _parts(request):
        telling = [word for word in WORD.findall(request[start:end].lower()) if word not in STOPWORDS_EN]
        if len(telling) >= LEAST_WORDS or not found:
            found.append([(start, end)])
        else:
            found[-1].append((start, end))
    return found[:MOST_CLAUSES]


def _parts(request: str) -> Iterator[Place]:
    """What stands between the words that join."""
    start = 0
    for joint in (*JOINTS.finditer(request), None):
        end = len(request) if joint is None else joint.start()
        if request[start:end].strip():
            yield start, end
        start = end if joint is None else joint.end()
