"""The tools for a request of several parts: found for the whole of it, and for each of its clauses."""

import re
from collections.abc import Iterator
from itertools import zip_longest

from brain.tool_registry.definitions import ToolDefinition
from brain.tool_registry.search import ToolSearch

__all__ = ["clauses", "shortlist"]

BREAK = re.compile(
    r"(?<=\w)[.!?](?=\s)|[;:\n]+|,|\s+-\s+|\b(?:and|or|then|also|plus|finally|afterwards|after that|as well as|before|"
    r"after|followed by|next|which|that|with)\b",
    re.IGNORECASE,
)
SHORTEST = 2
"""Words of a clause that says enough to search for."""
MOST_CLAUSES = 12
DEPTH = 3
"""Of each clause so many tools may come in."""


def shortlist(search: ToolSearch, request: str, limit: int, more: int = 0) -> list[ToolDefinition]:
    """The tools that fit the whole request, best first, then up to `more` others that fit its clauses best.

    The whole finds what a story is about, the clauses find each of four unlike things that one request asks for. A
    request without words fits none.
    """
    whole = [found.definition for found in search.search(request, limit)]
    if not more or not whole:
        return whole
    known = {tool.name for tool in whole}
    rankings = [[found.definition for found in search.search(clause, DEPTH)] for clause in clauses(request)]
    bests = {tool.name: tool for rank in zip_longest(*rankings) for tool in rank if tool is not None}
    return [*whole, *[tool for name, tool in bests.items() if name not in known][:more]]


def clauses(request: str) -> list[str]:
    """The parts of a request between its stops and joining words; none where it has only one."""
    parts = [part.strip() for part in _parts(request)]
    telling = [part for part in parts if len(part.split()) >= SHORTEST]
    return telling[:MOST_CLAUSES] if len(parts) > 1 else []


def _parts(request: str) -> Iterator[str]:
    start = 0
    for match in BREAK.finditer(request):
        yield request[start : match.start()]
        start = match.end()
    yield request[start:]
