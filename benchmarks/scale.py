"""A `foreach` of a tool that waits a millisecond: items a second, what an item costs beside raw Dask, and memory.

Ours is `brain.run` as a whole, from the call to the results: every item is a row in PostgreSQL, progress goes through
Redis. threads = a pool of 16 threads, as many as our items have here; client.map = Dask's own on the same two
worker processes of one thread, item by item and in batches of 100; nothing is stored by either. Memory is what the
process holds above what it held before, at the most.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from benchmarks.harness import Row, Sample, compare, take_turns
from benchmarks.scale_program import MILLISECOND
from benchmarks.services import remove_services
from brain.config_secrets import load_settings
from brain.executor.dask.local_cluster import address_of_local
from brain.session import health

__all__ = ["measure"]

ITEMS = 10_000
FEW, MANY = 1_000, 100_000
ROUNDS = 3
WORKERS = 2
ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
TOOL = {
    "name": "bench.one",
    "description": "Waits a millisecond and returns what it was given.",
    "inputSchema": {"type": "object", "properties": {"value": {"type": "integer"}}, "required": ["value"]},
    "outputSchema": {"type": "integer"},
    "annotations": {"readOnlyHint": True},
    "run": {"python": "benchmarks.scale_program:one"},
}


def measure() -> list[Row]:
    """All sides in one run."""
    with _project() as project:
        here = _take_turns(project, ("local", "threads"))
        with _cluster(project) as address:
            there = _take_turns(project, ("dask", "client.map", "map in batches"), address)
        return [*_local_rows(here), *_dask_rows(there), *_memory_rows(project)]


def _take_turns(project: "_Project", sides: tuple[str, ...], address: str = "") -> dict[str, Sample]:
    return take_turns({side: partial(project.seconds, side, address) for side in sides}, ROUNDS)


def _local_rows(samples: Mapping[str, Sample]) -> list[Row]:
    case = f"foreach of {ITEMS:,} here, stored"
    return [
        compare(
            samples,
            case=case,
            metric="time an item",
            unit="µs",
            scale=1e6 / ITEMS,
            ours="local",
            against="threads",
            limit=None,
        ),
        _rates(samples, case, "local", "threads"),
    ]


def _dask_rows(samples: Mapping[str, Sample]) -> list[Row]:
    case = f"foreach of {ITEMS:,} on {WORKERS} Dask workers, stored"
    ideal = MILLISECOND / WORKERS * ITEMS
    over = {name: Sample(tuple(taken - ideal for taken in sample.seconds)) for name, sample in samples.items()}
    return [
        _rates(samples, case, "dask", "client.map"),
        compare(
            over,
            case=case,
            metric="overhead an item",
            unit="µs",
            scale=1e6 / ITEMS,
            ours="dask",
            against="client.map",
            limit=1.0,
        ),
    ]


def _rates(samples: Mapping[str, Sample], case: str, ours: str, against: str) -> Row:
    rates = {name: round(ITEMS / sample.median) for name, sample in samples.items()}
    return Row(
        case=case, metric="items a second", unit="1/s", ours=rates[ours],
        peers={name: rate for name, rate in rates.items() if name != ours}, against=against, limit=None,
        ratio=round(rates[ours] / rates[against], 3), rounds=ROUNDS,
    )  # fmt: skip


def _memory_rows(project: "_Project") -> Iterator[Row]:
    """What the process of the run holds with few, with ten and with a hundred times as many items."""
    held = {items: project.run("local", items)["megabytes"] for items in (FEW, ITEMS, MANY)}
    each = (held[MANY] - held[FEW]) * 2**20 / (MANY - FEW)
    yield Row(
        case=f"foreach of {ITEMS:,} here, stored", metric="memory", unit="MiB", ours=round(held[ITEMS], 1),
        peers={f"with {FEW:,}": round(held[FEW], 1), f"with {MANY:,}": round(held[MANY], 1)}, against=f"with {FEW:,}",
        limit=None, ratio=round(held[ITEMS] / held[FEW], 2), rounds=1,
    )  # fmt: skip
    yield Row(
        case=f"foreach of {FEW:,} to {MANY:,} here", metric="memory an item", unit="bytes", ours=round(each),
        peers={}, against="", limit=None, ratio=None, rounds=1,
    )  # fmt: skip


class _Project:
    """A folder with the tool, whose PostgreSQL and Redis are up."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._environment = {**os.environ, "BRAIN_HOME": str(folder), "PYTHONPATH": str(ROOT)}

    def run(self, side: str, items: int, address: str = "") -> dict[str, float]:
        """What `scale_program` measured."""
        command = [sys.executable, "-m", "benchmarks.scale_program", side, str(items), address]
        ended = subprocess.run(command, cwd=ROOT, env=self._environment, stdout=subprocess.PIPE, check=True, text=True)
        told: dict[str, float] = json.loads(ended.stdout)
        return told

    def seconds(self, side: str, address: str) -> float:
        """For ITEMS."""
        return self.run(side, ITEMS, address)["seconds"]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """A command of `brain` that goes on."""
        return subprocess.Popen(
            [str(BIN / "brain"), *arguments], cwd=ROOT, env=self._environment, stdout=subprocess.PIPE, text=True
        )


@contextmanager
def _project() -> Iterator[_Project]:
    with tempfile.TemporaryDirectory(prefix="brain-scale-") as name:
        folder = Path(name)
        (folder / "tools.json").write_text(json.dumps({"tools": [TOOL]}))
        settings = load_settings(folder)
        try:
            health.up(settings)
            yield _Project(folder)
        finally:
            remove_services(settings.state_folder)


@contextmanager
def _cluster(project: _Project) -> Iterator[str]:
    process = project.start("cluster", "--workers", str(WORKERS))
    try:
        while (address := address_of_local(project.folder / ".brain")) is None:
            assert process.poll() is None, "the cluster did not start"
            time.sleep(0.1)
        yield address
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
