"""Dask's distributed scheduler with one worker of many threads in this process; nothing is stored."""

import time
from types import TracebackType
from typing import Any, Self

from distributed import Client, LocalCluster, wait

from benchmarks.graphs import Graph

__all__ = ["DaskThreads"]

THREADS = 64
"""Or one a step, where the steps of a graph sleep: nobody is to wait for a worker."""


class DaskThreads:
    """A cluster for a graph, which stays up between its runs."""

    def __init__(self, graph: Graph) -> None:
        self._threads = max(THREADS, len(graph.nodes)) if graph.critical_path else THREADS

    def __enter__(self) -> Self:
        self._cluster = LocalCluster(
            n_workers=1, threads_per_worker=self._threads, processes=False, dashboard_address=None
        )
        self._client = Client(self._cluster)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()
        self._cluster.close()

    def run(self, graph: Graph) -> float:
        """Seconds from the first `submit` until all futures are done."""
        begin = time.perf_counter()
        futures: dict[str, Any] = {}
        for node in graph.nodes:
            needs = [futures[need] for need in node.needs]
            futures[node.id] = self._client.submit(_step, node.seconds, needs, pure=False)
        wait(list(futures.values()))
        seconds = time.perf_counter() - begin
        assert all(future.status == "finished" for future in futures.values())
        return seconds


def _step(seconds: float, needs: list[int]) -> int:
    if seconds:
        time.sleep(seconds)
    return len(needs)
