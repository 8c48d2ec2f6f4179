"""One side of the scale benchmark in a process of its own: a `foreach`, or a peer on the same calls; prints JSON."""

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psutil

MILLISECOND = 0.001
SAMPLE_SECONDS = 0.01
WARM_UP = 200
"""Items before, so that nothing is imported, connected or compiled while the clock runs."""
WIDTH = 16
"""Items at the same time, where the executor is not told."""
BATCH = 100
MEGABYTE = 2**20


def one(value: int) -> int:
    """The tool: waits a millisecond."""
    time.sleep(MILLISECOND)
    return value


SPEC: dict[str, Any] = {
    "name": "scale",
    "inputs": {"items": {"type": "array"}},
    "steps": [{"id": "all", "tool": "bench.one", "foreach": "${inputs.items}", "arguments": {"value": "${item}"}}],
    "outputs": {"count": "${length(all)}", "sum": "${sum(all)}"},
}


def main(side: str, items: int, address: str) -> None:
    with _side(side, address) as work:
        work(WARM_UP)
        with _peak() as peak:
            begin = time.perf_counter()
            work(items)
            seconds = time.perf_counter() - begin
    print(json.dumps({"seconds": seconds, "megabytes": peak[0]}))


@contextmanager
def _side(side: str, address: str) -> Iterator[Callable[[int], None]]:
    if side in ("local", "dask"):
        from brain import Brain

        with Brain(executor=side) as brain:
            yield lambda items: _check(brain.run(SPEC, items=list(range(items))).outputs, items)
    elif side == "threads":
        with ThreadPoolExecutor(WIDTH) as pool:
            yield lambda items: _is_sum(sum(pool.map(one, range(items))), items)
    else:
        from distributed import Client

        batch = {"batch_size": BATCH} if side == "map in batches" else {}
        with Client(address) as client:
            yield lambda items: _is_sum(sum(client.gather(client.map(one, range(items), pure=False, **batch))), items)


def _check(outputs: Any, items: int) -> None:
    assert outputs["count"] == items
    _is_sum(outputs["sum"], items)


def _is_sum(total: int, items: int) -> None:
    assert total == items * (items - 1) // 2


@contextmanager
def _peak() -> Iterator[list[float]]:
    """The most memory that this process held above what it held at the begin, in MiB; looked at all the time."""
    process, over, found = psutil.Process(), threading.Event(), [0.0]
    base = process.memory_info().rss

    def look() -> None:
        while not over.wait(SAMPLE_SECONDS):
            found[0] = max(found[0], (process.memory_info().rss - base) / MEGABYTE)

    watcher = threading.Thread(target=look)
    watcher.start()
    yield found
    over.set()
    watcher.join()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
