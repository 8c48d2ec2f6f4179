"""How long a plan takes, and how that grows from 10 to 5,000 tools: offline, and with a server that answers at once.

Ten requests of BFCL v4 `simple_python`, whose tools are among all registries. Where the public sets have too few tools,
more are made of them under other names. The server is scripted, on loopback, through the real client: what is measured
is ours, not a model's. Registries take turns within a round. The first request of a registry embeds all its tools; it
is a row of its own. Without a database, so that no earlier runs are looked at.
"""

import asyncio
import itertools
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.harness import Row
from benchmarks.planning.sets import Case, bfcl, complexfuncbench
from brain.errors import BrainError
from brain.intent_inference.mentions import Request
from brain.intent_inference.model import ModelPlanner
from brain.intent_inference.offline import OfflinePlanner
from brain.intent_inference.plan import Planner, Question
from brain.intent_inference.similarity import Similarity
from brain.language_models import ChatEndpoint, OpenAIChat, WordLlamaEmbedder
from brain.pipeline_builder.build import build
from brain.runs import today
from brain.tool_registry.definitions import ToolDefinition
from brain.tool_registry.registry import Registry
from brain.tool_registry.search import ToolSearch

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))  # the tests' scripted server is this one too
from scripted_openai import Asked, ScriptedOpenAI, says_json

__all__ = ["measure"]

SIZES = (10, 100, 1_000, 5_000)
REQUESTS, ROUNDS = 10, 9
LIMIT = 3.0
"""Of the median with 5,000 tools beside that with 10."""
CATEGORIES = ("simple_python", "multiple", "parallel_multiple", "live_multiple", "live_simple", "irrelevance")

type Seconds = dict[tuple[str, int], list[float]]
"""By planner and number of tools; the first is that of the first request."""


def measure() -> list[Row]:
    """Medians and 95th percentiles by planner and number of tools."""
    cases = bfcl("simple_python")[:REQUESTS]
    taken = asyncio.run(_taken(cases, list(itertools.islice(_tools(cases), SIZES[-1]))))
    return [row for planner in ("offline", "scripted server") for row in _rows(planner, taken)]


def _rows(planner: str, taken: Seconds) -> Iterator[Row]:
    medians = {size: 1000 * statistics.median(taken[planner, size][1:]) for size in SIZES}
    for size in SIZES:
        case, (first, *rest) = f"{planner}, {size:,} tools", taken[planner, size]
        is_last = size == SIZES[-1]
        yield _row(case, "one request, median", medians[size], medians[SIZES[0]], LIMIT if is_last else None)
        yield _row(case, "one request, 95th percentile", 1000 * statistics.quantiles(rest, n=20)[-1])
        yield _row(case, "the first request", 1000 * first)


def _row(case: str, metric: str, ours: float, smallest: float | None = None, limit: float | None = None) -> Row:
    peers = {} if smallest is None else {f"{SIZES[0]} tools": round(smallest, 2)}
    ratio = None if smallest is None else round(ours / smallest, 3)
    rounds = 1 if "first" in metric else ROUNDS * REQUESTS
    return Row(case, metric, "ms", round(ours, 2), peers, f"{SIZES[0]} tools" if peers else "", limit, ratio, rounds)


def _tools(cases: Sequence[Case]) -> Iterator[ToolDefinition]:
    """Those of the cases, then others, each name once; at last the same again under other names."""
    others = [case for name in CATEGORIES for case in bfcl(name)]
    found: dict[str, dict[str, Any]] = {}
    for case in (*cases, *others, *complexfuncbench(1)):
        for tool in case.tools:
            found.setdefault(tool["name"], tool)
    for number in itertools.count(1):
        for name, tool in found.items():
            yield ToolDefinition.model_validate(tool if number == 1 else {**tool, "name": f"{name}.v{number}"})


async def _taken(cases: Sequence[Case], tools: Sequence[ToolDefinition]) -> Seconds:
    taken: Seconds = {}
    with ScriptedOpenAI(partial(_answer, {case.request: case for case in cases})) as server:

        async def endpoint() -> ChatEndpoint:
            return ChatEndpoint("scripted", "key", server.base_url)

        model = OpenAIChat("scripted", 128_000, endpoint)
        planners = {
            (name, size): make(Registry(tools[:size]), model)
            for name, make in (("offline", _offline), ("scripted server", _asking))
            for size in SIZES
        }
        questions = [Question(Request(case.request), as_of=today(), may_mean_data=False) for case in cases]
        for key, planner in planners.items():
            taken[key] = [await _seconds(planner, questions[0])]
        for _ in range(ROUNDS):
            for question in questions:
                for key, planner in planners.items():
                    taken[key].append(await _seconds(planner, question))
    return taken


async def _seconds(planner: Planner, question: Question) -> float:
    begun = time.perf_counter()
    with suppress(BrainError):  # questions and declining take their time as well
        await planner.plan(question)
    return time.perf_counter() - begun


def _offline(registry: Registry, model: OpenAIChat) -> Planner:
    embedder = WordLlamaEmbedder()
    search = ToolSearch(registry, embedder)
    return OfflinePlanner(registry, search, Similarity(embedder), model, partial(build, registry=registry))


def _asking(registry: Registry, model: OpenAIChat) -> Planner:
    return ModelPlanner(registry, ToolSearch(registry, WordLlamaEmbedder()), model, partial(build, registry=registry))


def _answer(cases: dict[str, Case], asked: Asked) -> Any:
    """The right call of the request, as the data has it."""
    case = next(case for request, case in cases.items() if request in asked.prompt)
    (name, arguments), *_ = case.calls[0].items()
    said = {argument: values[0] for argument, values in arguments.items() if values[0] != ""}
    return says_json({"name": "plan", "steps": [{"id": "call", "tool": name, "arguments": said}], "outputs": {}})
