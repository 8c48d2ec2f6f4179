"""What the schedule adds, with and without storing results, and whether 1,000 recorded call graphs come out the same.

Graphs: 200 steps that do nothing; 60 that sleep 5-100 ms; four real workflows (`workflows/`) whose tasks sleep as
long as they were measured, scaled to a critical path of 2 s, with workers for all. stored = PostgreSQL holds every
step (ours; events are in Redis as well) or every checkpoint (langgraph), in the same embedded server. bare = tasks on
the event loop, written by hand. dask = distributed in this process, nothing stored. Call graphs: see `replay.py`.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import chain

from benchmarks.executor_ours import Ours
from benchmarks.graphs import GRAPHS, Graph
from benchmarks.harness import Row, Sample, Side, compare, take_turns
from benchmarks.peers import bare_asyncio
from benchmarks.peers.dask_threads import DaskThreads
from benchmarks.peers.langgraph_process import LangGraph
from benchmarks.replay import replay
from benchmarks.services import Services
from benchmarks.workflows.load import workflow_graphs

__all__ = ["measure"]

ROUNDS = 15
WORKFLOW_ROUNDS = 5
"""Each takes two seconds a side."""
DASK_ROUNDS = 5
"""Afterwards: it is only shown beside, its chain takes a second, and its threads would disturb the others."""

type Limit = tuple[str, str, float | None]
"""Ours may take at most this part of that peer's time; None: only shown."""

LIMITS: dict[str, tuple[Limit, ...]] = {
    "chain": (("ours", "langgraph", 0.2), ("ours stored", "langgraph stored", 0.2), ("ours stored", "langgraph", 1.0)),
    "fan-out": (
        ("ours", "langgraph", 0.2),
        ("ours stored", "langgraph stored", 0.2),
        ("ours stored", "langgraph", 1.0),
    ),
    "uneven": (("ours", "critical path", 1.02), ("ours stored", "critical path", 1.02)),
}
WORKFLOW_LIMITS: tuple[Limit, ...] = (("ours", "critical path", 1.01), ("ours stored", "critical path", None))


def measure() -> list[Row]:
    """All graphs in one run against the same services, then the call graphs."""
    with _sides() as sides_of:
        made = [_measure(graph, sides_of(graph), LIMITS[name], ROUNDS) for name, graph in GRAPHS.items()]
        real = [
            _measure(graph, sides_of(graph), WORKFLOW_LIMITS, WORKFLOW_ROUNDS) for graph in workflow_graphs().values()
        ]
    return [*chain.from_iterable(made + real), *replay()]


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


def _measure(graph: Graph, sides: dict[str, Side], limits: Sequence[Limit], rounds: int) -> list[Row]:
    samples = take_turns(sides, rounds)
    with DaskThreads(graph) as dask:
        samples |= take_turns({"dask": lambda: dask.run(graph)}, DASK_ROUNDS)
    if graph.critical_path:
        samples["critical path"] = Sample((graph.critical_path,) * rounds)
    rows = [_row(graph, samples, limit) for limit in limits]
    return rows if graph.critical_path else [*rows, _throughput(graph, samples)]


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


def _throughput(graph: Graph, samples: dict[str, Sample]) -> Row:
    """The same in steps a second, where both store; of graphs that sleep it would tell how long they sleep."""
    ours, theirs = (round(len(graph.nodes) / samples[f"{side} stored"].median) for side in ("ours", "langgraph"))
    return Row(
        case=f"{graph.name} of {len(graph.nodes)}, stored",
        metric="throughput",
        unit="steps/s",
        ours=ours,
        peers={"langgraph stored": theirs},
        against="langgraph stored",
        limit=None,
        ratio=round(ours / theirs, 4),
        rounds=len(samples["ours stored"].seconds),
    )
