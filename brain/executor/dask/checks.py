"""Whether the workers of a cluster can do a project's work, found out before any of it begins."""

import asyncio
import logging
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from brain.errors import ClusterUnavailable
from brain.executor.dask.travelling import Site

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["look", "quieten"]

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

    Raises ClusterUnavailable where one lacks the Brain, has another version of it, or cannot read what others stored.
    """
    probe = f"probe-{uuid4().hex}"
    with _left(site, probe):
        await _first_worker(client)
        seen = await client.run(sight, site, probe, on_error="return")
    for address, found in seen.items():
        if (trouble := _trouble(found, site)) is not None:
            raise ClusterUnavailable(f"The Dask worker {address} {trouble}")
    return all(found.sees_project for found in seen.values())


def sight(site: Site, probe: str) -> Sight:
    """What the worker that this runs on has."""
    import fsspec

    trouble = None
    try:
        files, root = fsspec.core.url_to_fs(site.artifacts_url)
        files.cat_file(f"{root}/{probe}")
    except Exception as exc:  # noqa: BLE001 - a filesystem may raise whatever it likes
        trouble = f"{type(exc).__name__}: {exc}"
    seen = (_state_folder(site) / probe).is_file()
    return Sight(version(PACKAGE), platform.python_version(), seen, trouble)


def quieten() -> None:
    """Let the libraries tell of what breaks in DEBUG only; the run says it in a sentence."""
    if not logging.getLogger().isEnabledFor(logging.DEBUG):
        for name in CHATTY:
            logging.getLogger(name).setLevel(logging.CRITICAL)


@contextmanager
def _left(site: Site, probe: str) -> Iterator[None]:
    """Files for the workers to find: one among the artifacts, one in the project."""
    import fsspec

    files, root = fsspec.core.url_to_fs(site.artifacts_url, auto_mkdir=True)
    mark = _state_folder(site) / probe
    try:
        files.pipe_file(f"{root}/{probe}", b"")
        mark.parent.mkdir(exist_ok=True)
        mark.touch()
        yield
    except OSError as exc:
        raise ClusterUnavailable(f"Nothing can be written to {site.artifacts_url}: {exc}.") from None
    finally:
        with suppress(OSError):
            files.rm_file(f"{root}/{probe}")
        mark.unlink(missing_ok=True)


async def _first_worker(client: "Client") -> None:
    """Wait for one; a task in the queue lets an adaptive cluster start one."""
    if await client.nthreads():
        return
    task = client.submit(_nothing, key=f"brain-wake-{uuid4().hex}")
    try:
        async with asyncio.timeout(FIRST_WORKER_SECONDS):
            await task
    except TimeoutError:
        raise ClusterUnavailable(
            f"The Dask scheduler has no workers, and none came within {FIRST_WORKER_SECONDS:g} s: start some with "
            "`dask worker ADDRESS`."
        ) from None


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
            f"cannot read what this machine stores under {site.artifacts_url} ({found.trouble}): set "
            "BRAIN_ARTIFACTS_URL to a place that all machines share, such as s3://bucket/artifacts."
        )
    return None


def _told(versions: Mapping[str, str]) -> str:
    return f"{PACKAGE} {versions['brain']} on Python {versions['python']}"


def _state_folder(site: Site) -> Path:
    return Path(site.project) / ".brain"
