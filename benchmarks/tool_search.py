"""How many of the right tools are found: the search of the registry beside BM25 alone and vectors alone.

Sets: the tools of BFCL v4 categories put together, and the 40 tools of ComplexFuncBench. All sides have the same texts
(name, description, arguments), stop words and embedder. Metrics are what is missed, in percent, so that less is better.
"""

from collections.abc import Callable, Sequence

import bm25s
import numpy as np

from benchmarks.harness import Row
from benchmarks.planning.sets import Case, bfcl, complexfuncbench
from brain.identifiers import split_name
from brain.language_models import WordLlamaEmbedder
from brain.tool_registry.definitions import ToolDefinition
from brain.tool_registry.search import ToolSearch

__all__ = ["measure"]

CATEGORIES = ("simple_python", "multiple", "parallel_multiple", "live_multiple")

type Search = Callable[[str], list[str]]
"""The names of the ten tools that fit a request best."""


def measure() -> list[Row]:
    """Three rows a set."""
    rows = [row for name in CATEGORIES for row in _measured(f"BFCL {name}", bfcl(name))]
    return [*rows, *_measured("ComplexFuncBench", complexfuncbench())]


def _measured(name: str, cases: Sequence[Case]) -> list[Row]:
    tools = {tool["name"]: ToolDefinition.model_validate(tool) for case in cases for tool in case.tools}
    sides = _sides(list(tools.values()))
    missed = {side: _missed(search, cases) for side, search in sides.items()}
    return [
        _row(
            f"{name} ({len(cases)} requests, {len(tools)} tools)",
            metric,
            {side: each[at] for side, each in missed.items()},
        )
        for at, metric in enumerate(
            ("missed among the first 5", "missed among the first 10", "not all among the first 10")
        )
    ]


def _row(case: str, metric: str, values: dict[str, float]) -> Row:
    ours = values.pop("ours")
    against = min(values, key=lambda side: values[side])
    ratio = ours / values[against] if values[against] else None
    return Row(
        case,
        metric,
        "%",
        round(ours, 2),
        {side: round(value, 2) for side, value in values.items()},
        against,
        1.0,
        ratio and round(ratio, 4),
        1,
    )


def _missed(search: Search, cases: Sequence[Case]) -> tuple[float, float, float]:
    """Shares of the right tools that are not among the first 5 and 10, and of requests that miss any of them."""
    five = ten = some = 0.0
    for case in cases:
        right, found = _right(case), search(case.request)
        five += len(right - set(found[:5])) / len(right)
        ten += len(right - set(found)) / len(right)
        some += not right <= set(found)
    return tuple(100 * each / len(cases) for each in (five, ten, some))  # type: ignore[return-value]


def _right(case: Case) -> set[str]:
    return {name for call in case.calls for name in call} | {step["name"] for step in case.steps}


def _sides(tools: Sequence[ToolDefinition]) -> dict[str, Search]:
    embedder, names = WordLlamaEmbedder(), [tool.name for tool in tools]
    texts = [_text(tool) for tool in tools]
    index, vectors, ours = bm25s.BM25(), embedder.embed(texts), ToolSearch(tools, embedder)
    index.index([_words(text) for text in texts], show_progress=False)

    def by_words(request: str) -> list[str]:
        known = [word for word in _words(request) if word in index.vocab_dict]
        scores = index.get_scores(known) if known else np.zeros(len(names))
        return [names[at] for at in np.argsort(-scores, kind="stable")[:10]]

    def by_meaning(request: str) -> list[str]:
        return [names[at] for at in np.argsort(-(vectors @ embedder.embed([request])[0]), kind="stable")[:10]]

    return {
        "ours": lambda request: [found.definition.name for found in ours.search(request, 10)],
        "BM25": by_words,
        "vectors": by_meaning,
    }


def _text(tool: ToolDefinition) -> str:
    arguments = (
        f"{' '.join(split_name(name))} {schema.get('description', '')}" for name, schema in tool.parameters.items()
    )
    return ". ".join((" ".join(split_name(tool.name)), tool.description, *arguments))


def _words(text: str) -> list[str]:
    from bm25s.stopwords import STOPWORDS_EN

    return [word.removesuffix("s") for word in split_name(text) if word not in STOPWORDS_EN]
