"""The services of a project as a whole: start them, stop them, say how they are and what to do about it."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Iterator
from dataclasses import dataclass, replace
from importlib import metadata

from brain.config_secrets import Settings
from brain.database.engine import Database
from brain.database.upgrade import HEAD, check_schema, current_revision, ensure_schema
from brain.egress.chromium import inspected
from brain.embedded import ServiceStatus, status, stop_all
from brain.errors import BrainError, ServiceError
from brain.session.services import (
    ServiceUrls,
    chat_model,
    embedder,
    is_hosted_chat,
    open_services,
    tools_file_of,
)
from brain.tool_registry.registry import Registry

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
    """The embedded services of the project, and which of them a setting makes unnecessary; starts none."""
    replaced = {
        "postgres": "DATABASE_URL" if settings.database_url else None,
        "redis": "REDIS_URL" if settings.redis_url else "DATABASE_URL" if settings.database_url else None,
        "chat": "OPENAI_API_KEY or OPENAI_BASE_URL" if is_hosted_chat(settings) else None,
    }
    return [
        replace(service, detail=f"not used: {replaced[service.name]} is set") if replaced.get(service.name) else service
        for service in status(settings.state_folder)
    ]


def up(settings: Settings) -> list[ServiceStatus]:
    """Start every service that the settings leave to this machine, with the schema in place."""
    asyncio.run(_open(settings, model=not is_hosted_chat(settings)))
    return service_status(settings)


def down(settings: Settings) -> list[str]:
    """Stop the embedded services for everybody; returns the names of those that ran."""
    return stop_all(settings.state_folder)


def doctor(settings: Settings) -> list[Finding]:
    """Look at everything that the Brain needs, by using it once."""
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


async def _running(settings: Settings) -> list[Finding]:
    browser = await _try("browser", inspected(settings.brain_chromium), "Without one the browser tools do not work.")
    return [browser, *await _services(settings)]


async def _services(settings: Settings) -> list[Finding]:
    try:
        urls = await open_services(settings)
    except BrainError as exc:
        return [Finding("services", False, str(exc), "Set DATABASE_URL, or read the log files in .brain/.")]
    return [
        await _try("postgresql", _postgres(urls), "Check DATABASE_URL; brain up starts the embedded one."),
        await _try("redis", _redis(urls), "Check REDIS_URL; without Redis progress goes through PostgreSQL."),
        await _try("chat model", _chat(settings), "Check OPENAI_API_KEY, OPENAI_BASE_URL and BRAIN_CHAT_MODEL."),
        await _try("embedder", _embedder(settings), "Check BRAIN_EMBEDDING_MODEL, or leave it empty."),
    ]


async def _try(name: str, work: Awaitable[str], remedy: str) -> Finding:
    try:
        return Finding(name, True, await work)
    except BrainError as exc:
        return Finding(name, False, str(exc), remedy)


async def _postgres(urls: ServiceUrls) -> str:
    async with Database(urls.database) as database:
        async with database.connection() as connection:
            row = await (await connection.execute(VERSIONS)).fetchone()
        await (ensure_schema(database) if urls.is_embedded else check_schema(database))
        server, vector = row or ("", None)
        revision = await current_revision(database)
    kind = "embedded" if urls.is_embedded else "hosted"
    return f"{server}, pgvector {vector or 'missing'}, schema {revision} of {HEAD}, {kind}"


VERSIONS = "SELECT current_setting('server_version'), (SELECT extversion FROM pg_extension WHERE extname = 'vector')"


async def _redis(urls: ServiceUrls) -> str:
    if urls.redis is None:
        return "none: progress goes through PostgreSQL"
    from redis import RedisError
    from redis.asyncio import Redis

    try:
        async with Redis.from_url(urls.redis, socket_connect_timeout=5, socket_timeout=5) as client:
            version: str = (await client.info("server"))["redis_version"]
    except RedisError as exc:
        raise ServiceError(f"Redis does not answer: {exc}.") from exc
    return f"{version}, progress goes through it"


async def _chat(settings: Settings) -> str:
    model = chat_model(settings)
    reply = await model.complete("Say yes.", max_tokens=5)
    return f"{model.name} answers ({reply.tokens_out} tokens), {'hosted' if is_hosted_chat(settings) else 'embedded'}"


async def _embedder(settings: Settings) -> str:
    made = embedder(settings)
    vectors = await asyncio.to_thread(made.embed, ["yes"])
    return f"{made.name}, {vectors.shape[1]} dimensions"


async def _open(settings: Settings, *, model: bool) -> None:
    urls = await open_services(settings)
    async with Database(urls.database) as database:
        await (ensure_schema(database) if urls.is_embedded else check_schema(database))
    if model:
        await chat_model(settings).complete("Say yes.", max_tokens=1)
