"""The services of a project as a whole: start them, stop them, say how they are and what to do about it."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Iterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from importlib import metadata
from typing import TYPE_CHECKING

from brain.artifacts import FsspecStore
from brain.config_secrets import Settings
from brain.embedded import ServiceStatus, in_use, status, stop_all
from brain.errors import BrainError
from brain.figures import dollars
from brain.language_models import Price
from brain.session.services import (
    ServiceUrls,
    chat_model,
    cluster_of,
    embedder,
    is_hosted_chat,
    open_schema,
    open_services,
    tools_file_of,
)
from brain.tool_registry.registry import Registry

if TYPE_CHECKING:
    from brain.executor.cluster import Cluster

__all__ = ["Finding", "doctor", "down", "service_status", "up"]

OLDEST_PYTHON = (3, 13)
PACKAGES = (
    "pandas",
    "pyarrow",
    "duckdb",
    "sqlmodel",
    "alembic",
    "psycopg",
    "redis",
    "langchain-openai",
    "httpx",
    "typer",
)
"""The ones that a person is asked about when something does not work."""
ONE_BYTE = b"1"
VERSIONS = "SELECT current_setting('server_version'), (SELECT extversion FROM pg_extension WHERE extname = 'vector')"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: str
    ok: bool
    detail: str
    """Version and place, or what is wrong."""
    remedy: str = ""
    """What to do where it is not ok."""


def service_status(settings: Settings) -> list[ServiceStatus]:
    """The embedded services of the project, and what makes some of them unnecessary; starts none."""
    unused = _unused(settings)
    return [
        replace(service, detail=f"not used: {unused[service.name]}") if service.name in unused else service
        for service in status(settings.state_folder)
    ]


def _unused(settings: Settings) -> dict[str, str]:
    """Why a service is not used, for those that are not."""
    reasons = {} if settings.uses_embedded else dict.fromkeys(("postgres", "redis", "chat"), "BRAIN_EMBEDDED=off")
    if settings.database_url:
        reasons["postgres"] = reasons["redis"] = "DATABASE_URL is set"
    if settings.redis_url:
        reasons["redis"] = "REDIS_URL is set"
    if is_hosted_chat(settings):
        reasons["chat"] = "OPENAI_API_KEY or OPENAI_BASE_URL is set"
    return reasons


def up(settings: Settings) -> list[ServiceStatus]:
    """Start every service that the settings leave to this machine, with the schema in place."""
    with in_use(settings.state_folder):
        asyncio.run(_open(settings, model=not is_hosted_chat(settings)))
        return service_status(settings)


def down(settings: Settings) -> list[str]:
    """Stop the embedded services for everybody; returns the names of those that ran."""
    return stop_all(settings.state_folder)


def doctor(settings: Settings) -> list[Finding]:
    """Look at everything that the Brain needs, by using it once."""
    with in_use(settings.state_folder):
        return [*_machine(settings), *asyncio.run(_running(settings))]


def _machine(settings: Settings) -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    is_new = sys.version_info >= OLDEST_PYTHON
    yield Finding("python", is_new, version, "" if is_new else "Install Python 3.13 or newer.")
    is_writable = os.access(settings.project, os.W_OK)
    remedy = "" if is_writable else "Make the folder writable, or name another with --project or BRAIN_HOME."
    yield Finding("project", is_writable, str(settings.project), remedy)
    for name in PACKAGES:
        yield _package(name)
    yield _registry(settings)
    yield _network(settings)
    yield _artifacts(settings)


def _package(name: str) -> Finding:
    try:
        return Finding(name, True, metadata.version(name))
    except metadata.PackageNotFoundError:
        return Finding(
            name, False, "not installed", f"Install it: pip install {name} (or make test, which installs all)."
        )


def _registry(settings: Settings) -> Finding:
    try:
        path = tools_file_of(settings)
        return Finding("tools", True, f"{len(Registry.from_file(path))} tools in {path}")
    except BrainError as exc:
        return Finding("tools", False, str(exc), "Mend the file, or name another with --tools.")


def _network(settings: Settings) -> Finding:
    from brain.egress import Egress, EgressPolicy

    allowed = settings.brain_allow_hosts
    try:
        Egress(EgressPolicy(allow=allowed))
    except BrainError as exc:
        return Finding("network", False, str(exc), "Correct BRAIN_ALLOW_HOSTS, or leave it empty.")
    return Finding("network", True, f"tools reach public addresses{' and ' if allowed else ''}{', '.join(allowed)}")


def _artifacts(settings: Settings) -> Finding:
    """A place where one byte can be kept can keep more."""
    place = settings.artifacts_url
    try:
        store = FsspecStore(place)
        with store.fetch(store.put("bin", lambda file: file.write(ONE_BYTE))):
            pass
    except BrainError as exc:
        return Finding("artifacts", False, str(exc), "Correct BRAIN_ARTIFACTS_URL, or leave it empty.")
    return Finding("artifacts", True, f"tables and files are kept in {place}")


async def _running(settings: Settings) -> list[Finding]:
    from brain.egress.chromium import inspected

    browser = await _try("browser", inspected(settings.brain_chromium), "Without one the browser tools do not work.")
    return [browser, *await _services(settings)]


async def _services(settings: Settings) -> list[Finding]:
    try:
        urls = await open_services(settings)
    except BrainError as exc:
        return [Finding("services", False, str(exc), "Set DATABASE_URL, or read the log files in .brain/.")]
    return [
        await _try("postgresql", _postgres(urls), "Check DATABASE_URL; brain up starts the embedded one."),
        await _try("redis server", _redis(urls), "Check REDIS_URL; without Redis progress goes through PostgreSQL."),
        await _try("chat model", _chat(settings), "Check OPENAI_API_KEY, OPENAI_BASE_URL and BRAIN_CHAT_MODEL."),
        await _try("embedder", _embedder(settings), "Check BRAIN_EMBEDDING_MODEL, or leave it empty."),
        *[await _try("dask", _dask(cluster), "Check DASK_SCHEDULER_ADDRESS.") for cluster in _cluster(settings)],
    ]


async def _try(name: str, work: Awaitable[str], remedy: str) -> Finding:
    try:
        return Finding(name, True, await work)
    except BrainError as exc:
        return Finding(name, False, str(exc), remedy)


async def _postgres(urls: ServiceUrls) -> str:
    from brain.database.engine import Database
    from brain.database.upgrade import HEAD, current_revision

    async with Database(urls.database) as database:
        async with database.connection() as connection:
            row = await (await connection.execute(VERSIONS)).fetchone()
        await open_schema(database, urls)
        server, vector = row or ("", None)
        revision = await current_revision(database)
    kind = "embedded" if urls.is_embedded else "hosted"
    return f"{server}, pgvector {vector or 'missing'}, schema {revision} of {HEAD}, {kind}"


async def _redis(urls: ServiceUrls) -> str:
    if urls.redis is None:
        return "none: progress goes through PostgreSQL"
    from brain.progress_tracker.redis import RedisBackend

    async with aclosing(RedisBackend(urls.redis)) as backend:
        return f"{await backend.version()}, progress goes through it"


async def _chat(settings: Settings) -> str:
    model = chat_model(settings)
    reply = await model.complete("Say yes.", max_tokens=5)
    where = f"hosted, {_price(model.price)}" if is_hosted_chat(settings) else "embedded"
    return f"{model.name} answers ({reply.tokens_out} tokens), {where}"


def _price(price: Price) -> str:
    million_in, million_out = price.cost(1_000_000, 0), price.cost(0, 1_000_000)
    if million_in is None or million_out is None:
        return "at a price that is not known"
    return f"{dollars(million_in)} for a million tokens in, {dollars(million_out)} for a million out"


async def _embedder(settings: Settings) -> str:
    made = embedder(settings)
    vectors = await asyncio.to_thread(made.embed, ["yes"])
    return f"{made.name}, {vectors.shape[1]} dimensions"


def _cluster(settings: Settings) -> "Iterator[Cluster]":
    """The cluster that is set, or that `brain cluster` holds."""
    from brain.executor.dask.local_cluster import address_of_local

    if settings.brain_executor == "auto" and address_of_local(settings.state_folder) is not None:
        settings = settings.model_copy(update={"brain_executor": "dask"})
    if (cluster := cluster_of(settings)) is not None:
        yield cluster


async def _dask(cluster: "Cluster") -> str:
    async with aclosing(cluster):
        return str(await cluster.open())


async def _open(settings: Settings, *, model: bool) -> None:
    from brain.database.engine import Database

    urls = await open_services(settings)
    async with Database(urls.database) as database:
        await open_schema(database, urls)
    if model:
        await chat_model(settings).complete("Say yes.", max_tokens=1)
