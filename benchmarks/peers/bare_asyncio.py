"""What the event loop alone takes: a task a step, written by hand, that awaits the tasks that it needs."""

import asyncio
import time

from benchmarks.graphs import Graph, Node

__all__ = ["run"]


def run(graph: Graph) -> float:
    """Seconds for the graph."""
    return asyncio.run(_run(graph))


async def _run(graph: Graph) -> float:
    begin = time.perf_counter()
    tasks: dict[str, asyncio.Task[int]] = {}
    for node in graph.nodes:
        tasks[node.id] = asyncio.create_task(_step(node, [tasks[need] for need in node.needs]))
    counts = await asyncio.gather(*tasks.values())
    seconds = time.perf_counter() - begin
    assert sum(counts) == len(graph.nodes)
    return seconds


async def _step(node: Node, needs: list[asyncio.Task[int]]) -> int:
    for need in needs:
        await need
    if node.seconds:
        await asyncio.sleep(node.seconds)
    return 1
