"""Whether the workers of a cluster can do a project's work, found out before any of it begins."""

import asyncio
import logging
import platform
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from brain.artifacts import FsspecStore
from brain.errors import BrainError, ClusterUnavailable
from brain.executor.dask.travelling import Site

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["look", "quieten"]

log = logging.getLogger(__name__)

FIRST_WORKER_SECONDS = 120.0
"""How long a cluster without workers, which may start some when there is work, has to bring one."""
PACKAGE = "the-brain"
CHATTY = ("distributed.client", "distributed.core", "distributed.comm", "distributed.utils", "tornado.application")
"""Loggers that tell at length of a scheduler that went away, which the run says in a sentence."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What one worker found."""

    brain: str
    python: str
    sees_project: bool
    trouble: str | None
    """Why it cannot read artifacts."""


async def look(client: "Client", site: Site) -> bool:
    """Whether every worker sees the files of the project.

    Raises ClusterUnavailable where one lacks the Brain, has another version of it, or cannot read what others stored,
    ArtifactError where this machine cannot store.
    """
    with _mark(site) as mark:
        key = await asyncio.to_thread(_stored, site)
        seen = await _sights(client, site, mark, key)
    for address, found in seen.items():
        if (trouble := _trouble(found, site)) is not None:
            raise ClusterUnavailable(f"The Dask worker {address} {trouble}")
    return all(found.sees_project for found in seen.values())


async def _sights(client: "Client", site: Site, mark: Path, key: str) -> dict[str, Any]:
    """What each worker found, or raised; those that go away meanwhile are left out."""
    try:
        async with asyncio.timeout(FIRST_WORKER_SECONDS):
            while True:
                await _first_worker(client)
                seen = await client.run(sight, site, mark, key, on_error="return")
                if here := {address: found for address, found in seen.items() if not isinstance(found, OSError)}:
                    return here
    except TimeoutError:
        raise ClusterUnavailable(
            f"The Dask scheduler has no workers that answer, and none came within {FIRST_WORKER_SECONDS:g} s: start "
            "some with `dask worker ADDRESS`."
        ) from None


def sight(site: Site, mark: Path, key: str) -> Sight:
    """What the worker that this runs on has."""
    trouble = None
    try:
        with FsspecStore(site.artifacts_url).fetch(key):
            pass
    except BrainError as exc:
        trouble = str(exc)
    return Sight(version(PACKAGE), platform.python_version(), mark.is_file(), trouble)


def quieten() -> None:
    """Let the libraries tell of what breaks in DEBUG only; the run says it in a sentence."""
    if not logging.getLogger().isEnabledFor(logging.DEBUG):
        for name in CHATTY:
            logging.getLogger(name).setLevel(logging.CRITICAL)


@contextmanager
def _mark(site: Site) -> Iterator[Path]:
    """A file in the project that workers find there or do not."""
    mark = Path(site.project) / ".brain" / f"seen-{uuid4().hex}"
    mark.parent.mkdir(exist_ok=True)
    mark.touch()
    try:
        yield mark
    finally:
        mark.unlink(missing_ok=True)


def _stored(site: Site) -> str:
    """An artifact that only this machine's runs of the project can have left."""
    content = f"{socket.gethostname()} {site.project}".encode()
    return FsspecStore(site.artifacts_url).put("bin", lambda file: file.write(content))


async def _first_worker(client: "Client") -> None:
    """Wait for one; a task in the queue lets an adaptive cluster start one."""
    if not await client.nthreads():
        log.warning("The Dask cluster has no workers; waiting up to %g s for one.", FIRST_WORKER_SECONDS)
        await client.submit(_nothing, key=f"brain-wake-{uuid4().hex}")


def _nothing() -> None:
    pass


def _trouble(found: Sight | Exception, site: Site) -> str | None:
    if isinstance(found, ModuleNotFoundError):
        return f"cannot import {found.name}: install {PACKAGE} {version(PACKAGE)} there, with the extra `dask`."
    if isinstance(found, Exception):
        return f"failed at its first task with {type(found).__name__}: {found}"
    ours = {"brain": version(PACKAGE), "python": platform.python_version().rpartition(".")[0]}
    theirs = {"brain": found.brain, "python": found.python.rpartition(".")[0]}
    if theirs != ours:
        return f"has {_told(theirs)}, and this machine has {_told(ours)}: install the same there."
    if found.trouble is not None:
        return (
            f"cannot read what this machine stores under {site.artifacts_url}: set BRAIN_ARTIFACTS_URL to a place that "
            f"all machines share, such as s3://bucket/artifacts. ({found.trouble})"
        )
    return None


def _told(versions: Mapping[str, str]) -> str:
    return f"{PACKAGE} {versions['brain']} on Python {versions['python']}"
