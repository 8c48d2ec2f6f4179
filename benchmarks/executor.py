"""200 steps that do nothing, and 60 that sleep 5-100 ms: what the schedule adds, with and without storing results.

stored = PostgreSQL holds every step (ours; events are in Redis as well) or every checkpoint (langgraph), in the same
embedded server. bare = tasks on the event loop, written by hand. dask = distributed with 64 threads, nothing stored.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from benchmarks.executor_ours import Ours
from benchmarks.graphs import GRAPHS, Graph
from benchmarks.harness import Row, Sample, Side, compare, take_turns
from benchmarks.peers import bare_asyncio
from benchmarks.peers.dask_threads import DaskThreads
from benchmarks.peers.langgraph_process import LangGraph
from benchmarks.services import Services

__all__ = ["measure"]

ROUNDS = 15
DASK_ROUNDS = 5
"""Fewer and afterwards: it is only shown beside, its chain takes a second, and its threads would disturb the others."""

type Limit = tuple[str, str, float]
"""Ours may take at most this part of that peer's time."""

LIMITS: dict[str, tuple[Limit, ...]] = {
    "chain": (("ours", "langgraph", 0.2), ("ours stored", "langgraph stored", 0.2), ("ours stored", "langgraph", 1.0)),
    "fan-out": (
        ("ours", "langgraph", 0.2),
        ("ours stored", "langgraph stored", 0.5),
        ("ours stored", "langgraph", 1.0),
    ),
    "uneven": (("ours", "critical path", 1.02), ("ours stored", "critical path", 1.02)),
}


def measure() -> list[Row]:
    """All graphs in one run against the same services."""
    with _sides() as sides_of:
        return [row for graph in GRAPHS.values() for row in _measure(graph, sides_of(graph))]


@contextmanager
def _sides() -> Iterator[Callable[[Graph], dict[str, Side]]]:
    with ExitStack() as stack:
        services = stack.enter_context(Services())
        langgraph = stack.enter_context(LangGraph(services.peers_url))
        ours = stack.enter_context(Ours(services))
        yield lambda graph: {
            "bare": lambda: bare_asyncio.run(graph),
            "langgraph": lambda: langgraph.run(graph, persist=False),
            "langgraph stored": lambda: langgraph.run(graph, persist=True),
            **ours.sides(graph),
        }


def _measure(graph: Graph, sides: dict[str, Side]) -> list[Row]:
    samples = take_turns(sides, ROUNDS)
    with DaskThreads() as dask:
        samples |= take_turns({"dask": lambda: dask.run(graph)}, DASK_ROUNDS)
    if graph.critical_path:
        samples["critical path"] = Sample((graph.critical_path,) * ROUNDS)
    return [_row(graph, samples, limit) for limit in LIMITS[graph.name]]


def _row(graph: Graph, samples: dict[str, Sample], limit: Limit) -> Row:
    ours, against, most = limit
    others = {name: sample for name, sample in samples.items() if name == ours or not name.startswith("ours")}
    sleeps = graph.critical_path > 0
    return compare(
        others,
        case=f"{graph.name} of {len(graph.nodes)}, {'stored' if ours.endswith('stored') else 'nothing stored'}",
        metric="makespan" if sleeps else "time a step",
        unit="ms" if sleeps else "µs",
        scale=1e3 if sleeps else 1e6 / len(graph.nodes),
        ours=ours,
        against=against,
        limit=most,
    )
