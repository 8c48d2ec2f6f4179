"""A Dask cluster of one's own on this machine, to try things out with; the file that says where it is."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brain.errors import ClusterUnavailable
from brain.owners import Owner

__all__ = ["LocalCluster", "address_of_local", "local_cluster"]

FILE = "cluster.json"
TEND_SECONDS = 2.0
ENDED = frozenset({"closed", "failed"})
LOST = {"distributed.deploy.lost-worker-timeout": "3s"}
"""After which a worker that does not come back is given up and may be replaced."""
DEAF_TO_INTERRUPTS = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"
"""A terminal's Ctrl-C reaches the workers too; the process that holds them ends them."""


@dataclass(frozen=True, slots=True)
class LocalCluster:
    """A scheduler with workers, each a process, for as long as somebody holds it open."""

    address: str
    workers: int
    threads: int
    """Of each worker."""
    dashboard: str | None
    """The page on which Dask shows what they do; None where its library is not installed."""


@contextmanager
def local_cluster(state_folder: Path, *, workers: int, threads: int, port: int = 0) -> Iterator[LocalCluster]:
    """Start one on the loopback address and write down where it is; raises ClusterUnavailable."""
    import dask as settings
    from distributed import LocalCluster as Dask

    if (address := address_of_local(state_folder)) is not None:
        raise ClusterUnavailable(f"A cluster of this project runs already at {address}: end that one first.")
    settings.config.set(LOST)
    try:
        dask = Dask(
            n_workers=workers, threads_per_worker=threads, processes=True, scheduler_port=port, host="127.0.0.1",
            dashboard_address="127.0.0.1:0", preload=[DEAF_TO_INTERRUPTS],
        )  # fmt: skip
    except (OSError, RuntimeError) as exc:
        raise ClusterUnavailable(f"No cluster could be started on port {port}: {exc}") from None
    file = state_folder / FILE
    try:
        _write(file, dask.scheduler_address)
        with _tended(dask, workers):
            yield LocalCluster(dask.scheduler_address, workers, threads, dask.dashboard_link or None)
    finally:
        file.unlink(missing_ok=True)
        dask.close()


@contextmanager
def _tended(dask: Any, workers: int) -> Iterator[None]:
    """Start workers in place of those that were lost while they started: Dask gives these up."""
    over = threading.Event()

    def forget_lost() -> None:
        for name, nanny in tuple(dask.workers.items()):
            if nanny.status.name in ENDED:
                del dask.workers[name]

    def tend() -> None:
        while not over.wait(TEND_SECONDS):
            dask.loop.add_callback(forget_lost)
            dask.scale(workers)

    tender = threading.Thread(target=tend, name="brain-tends-workers", daemon=True)
    tender.start()
    try:
        yield
    finally:
        over.set()
        tender.join()


def address_of_local(state_folder: Path) -> str | None:
    """Where the cluster of a project is that `brain cluster` started and that still runs."""
    try:
        told = json.loads((state_folder / FILE).read_text(encoding="utf-8"))
        return None if Owner.parse(told["owner"]).is_gone() else str(told["address"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _write(file: Path, address: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"address": address, "owner": str(Owner.this_process())}), encoding="utf-8")
