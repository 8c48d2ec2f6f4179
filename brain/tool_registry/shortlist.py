"""The tools for a request of several parts: found for the whole of it and for each of its clauses, fused."""

import re
from collections.abc import Iterator

from brain.tool_registry.definitions import ToolDefinition
from brain.tool_registry.search import FUSION_CONSTANT, ToolSearch

__all__ = ["clauses", "shortlist"]

BREAK = re.compile(
    r"(?<=\w)[.!?](?=\s)|[;:\n]+|,|\s+-\s+|\b(?:and|or|then|also|plus|finally|afterwards|after that|as well as|before|"
    r"after|followed by|next|which|that|with)\b",
    re.IGNORECASE,
)
SHORTEST = 2
"""Words of a clause that says enough to search for."""
MOST_CLAUSES = 12
SURE = 2
"""The best tools of each clause are taken whatever the others say."""
DEPTH = 3
"""Of each search so many times the tools that are wanted take part in the fusion."""


def shortlist(search: ToolSearch, request: str, limit: int) -> list[ToolDefinition]:
    """The tools that fit the request or one of its clauses, best first; a request without words fits none.

    The best of each clause come first of all (a request for four things rarely finds all four tools as one query), the
    rest by reciprocal rank fusion over all searches.
    """
    queries = [request, *clauses(request)]
    rankings = [[found.definition for found in search.search(query, limit * DEPTH)] for query in queries]
    scores: dict[str, float] = {}
    tools = {tool.name: tool for ranking in rankings for tool in ranking}
    for ranking in rankings:
        for rank, tool in enumerate(ranking, start=1):
            scores[tool.name] = scores.get(tool.name, 0.0) + 1 / (FUSION_CONSTANT + rank)
    sure = dict.fromkeys(
        tool.name for place in range(SURE) for ranking in rankings for tool in ranking[place : place + 1]
    )
    fused = sorted(scores, key=lambda name: -scores[name])
    return [tools[name] for name in dict.fromkeys([*sure, *fused])][:limit]


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
