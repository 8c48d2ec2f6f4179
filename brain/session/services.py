"""From settings to addresses: what is set is used, what is not is started on this machine."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from brain.config_secrets import Redactor, Settings
from brain.egress import EgressPolicy
from brain.errors import SettingsError
from brain.language_models import (
    FREE,
    ChatEndpoint,
    ChatModel,
    Embedder,
    OpenAIChat,
    OpenAIEmbedder,
    Price,
    WordLlamaEmbedder,
)
from brain.progress_tracker.backend import EventBackend
from brain.session.redacted_models import RedactedChat, RedactedEmbedder
from brain.tool_registry.registry import built_in_tools_file

if TYPE_CHECKING:
    from brain.database.engine import Database
    from brain.embedded.postgres import PostgresUrls
    from brain.executor.cluster import Cluster
    from brain.progress_tracker.backend import EventBackend
    from brain.rate_limits.limiter import RateLimiter

__all__ = [
    "ServiceUrls",
    "chat_model",
    "cluster_of",
    "egress_policy",
    "embedder",
    "event_backends",
    "has_database",
    "is_hosted_chat",
    "open_schema",
    "open_services",
    "rate_limiter",
    "start_postgres",
    "tools_file_of",
]

DEFAULT_CHAT_MODEL = "gpt-5-mini"
EMBEDDED_CHAT_MODEL = "SmolLM2-135M-Instruct"
EMBEDDED_CONTEXT_TOKENS = 8192
"""What the embedded model was trained with."""
HOSTED_CONTEXT_TOKENS = 128_000


@dataclass(frozen=True, slots=True)
class ServiceUrls:
    """Where the stores are."""

    database: str = field(repr=False)
    reader: str | None = field(repr=False)
    redis: str | None = field(repr=False)
    """None: progress goes through PostgreSQL."""
    is_embedded: bool
    """Whether the database is this project's own, so that its schema may be upgraded at start."""


async def open_services(settings: Settings) -> ServiceUrls:
    """Use the stores that the settings name, start the embedded ones otherwise.

    Raises SettingsError where neither is allowed, ServiceError where one does not start.
    """
    redis = settings.redis_url.get_secret_value() if settings.redis_url else None
    if settings.database_url is not None:
        reader = settings.database_reader_url
        return ServiceUrls(
            settings.database_url.get_secret_value(),
            reader.get_secret_value() if reader else None,
            None if redis == "off" else redis,
            is_embedded=False,
        )
    if not settings.uses_embedded:
        raise SettingsError(
            "DATABASE_URL is not set and BRAIN_EMBEDDED=off forbids starting a database here: "
            "set DATABASE_URL, or BRAIN_EMBEDDED=on."
        )
    postgres, own_redis = await asyncio.gather(start_postgres(settings), _redis(settings, redis))
    return ServiceUrls(postgres.url, postgres.reader_url, own_redis, is_embedded=True)


def has_database(settings: Settings) -> bool:
    """Whether there may be runs: in a database that is named, or in one of the project's own that was made before."""
    if settings.database_url is not None:
        return True
    from brain.embedded.postgres import was_made

    return settings.uses_embedded and was_made(settings.state_folder)


async def open_schema(database: "Database", urls: ServiceUrls) -> None:
    """Bring a database of ours to the newest revision; of any other only look, and raise SchemaMismatch."""
    from brain.database.upgrade import check_schema, ensure_schema

    await (ensure_schema(database) if urls.is_embedded else check_schema(database))


async def start_postgres(settings: Settings) -> "PostgresUrls":
    """Start this project's own PostgreSQL, or join it where it runs; raises DatabaseError."""
    from brain.embedded import postgres

    return await asyncio.to_thread(postgres.ensure, settings.state_folder, idle_minutes=settings.brain_idle_minutes)


async def _redis(settings: Settings, url: str | None) -> str | None:
    if url is not None:
        return None if url == "off" else url
    from brain.embedded import redis

    return await asyncio.to_thread(redis.ensure, settings.state_folder, idle_minutes=settings.brain_idle_minutes)


def is_hosted_chat(settings: Settings) -> bool:
    """Whether the settings name a chat model, rather than leaving it to the embedded one."""
    return settings.openai_api_key is not None or settings.openai_base_url is not None


def chat_model(settings: Settings, redactor: Redactor | None = None) -> ChatModel:
    """The chat model that the settings name, told no secret; nothing is started or called before its first use."""
    return RedactedChat(_chat_model(settings), redactor or Redactor.of_environment(settings.project))


def _chat_model(settings: Settings) -> ChatModel:
    if is_hosted_chat(settings):
        key = settings.openai_api_key
        endpoint = ChatEndpoint(
            settings.brain_chat_model or DEFAULT_CHAT_MODEL,
            key.get_secret_value() if key else "none",
            settings.openai_base_url,
        )

        async def hosted() -> ChatEndpoint:
            return endpoint

        price = Price(endpoint.model, endpoint.base_url)
        return OpenAIChat(endpoint.model, HOSTED_CONTEXT_TOKENS, hosted, price=price)
    own = partial(_embedded_chat, settings)
    return OpenAIChat(EMBEDDED_CHAT_MODEL, EMBEDDED_CONTEXT_TOKENS, own, at_once=1, price=FREE)


async def _embedded_chat(settings: Settings) -> ChatEndpoint:
    if not settings.uses_embedded:
        raise SettingsError(
            "No chat model is set and BRAIN_EMBEDDED=off forbids starting one here: set OPENAI_API_KEY "
            "(and OPENAI_BASE_URL for another server)."
        )
    from brain.embedded import chat

    return await asyncio.to_thread(chat.ensure, settings.state_folder, idle_minutes=settings.brain_idle_minutes)


def embedder(settings: Settings, redactor: Redactor | None = None) -> Embedder:
    """The embedder that the settings name, told no secret, else the local one."""
    if settings.brain_embedding_model is None:
        return WordLlamaEmbedder()
    key = settings.openai_api_key
    hosted = OpenAIEmbedder(
        settings.brain_embedding_model, key.get_secret_value() if key else "none", settings.openai_base_url
    )
    return RedactedEmbedder(hosted, redactor or Redactor.of_environment(settings.project))


def tools_file_of(settings: Settings) -> Path:
    """The project's own registry, else the one that comes with the Brain; one that was named must be there."""
    is_own = settings.brain_tools is not None or settings.tools_file.is_file()
    return settings.tools_file if is_own else built_in_tools_file()


def egress_policy(settings: Settings) -> EgressPolicy:
    """What tools may reach, and how politely."""
    return EgressPolicy(
        allow=settings.brain_allow_hosts,
        only=settings.brain_only_hosts,
        robots=settings.heeds_robots,
        host_interval=settings.brain_host_interval,
    )


def cluster_of(settings: Settings) -> "Cluster | None":
    """The cluster whose workers call tools; None: this process calls them. Nothing is connected to yet.

    Raises SettingsError where one is wanted and none is known.
    """
    address = settings.dask_scheduler_address
    if settings.brain_executor == "local" or (settings.brain_executor == "auto" and address is None):
        return None
    try:
        from brain.executor.dask.cluster import DaskCluster
        from brain.executor.dask.local_cluster import address_of_local
        from brain.executor.dask.travelling import Site
    except ModuleNotFoundError as exc:
        raise SettingsError(f"Dask needs {exc.name}, which is not installed: pip install 'the-brain[dask]'.") from None
    if (found := address or address_of_local(settings.state_folder)) is None:
        raise SettingsError(
            "No Dask cluster is known: set DASK_SCHEDULER_ADDRESS, as in tcp://scheduler:8786, or start one here with "
            "`brain cluster`."
        )
    chromium = str(settings.brain_chromium) if settings.brain_chromium else None
    is_warm = settings.brain_warm_kernels == "on"
    policy = egress_policy(settings)
    return DaskCluster(found, Site(str(settings.project), settings.artifacts_url, policy, chromium, is_warm))


def event_backends(
    urls: ServiceUrls, database: "Database", keep: timedelta
) -> "tuple[EventBackend, EventBackend | None]":
    """Where events go, and where they go should that fail; Redis keeps them for so long."""
    from brain.progress_tracker.postgres import PostgresBackend

    in_postgres = PostgresBackend(database)
    if urls.redis is None:
        return in_postgres, None
    from brain.progress_tracker.redis import RedisBackend

    return RedisBackend(urls.redis, keep), in_postgres


def rate_limiter(urls: ServiceUrls, database: "Database") -> "RateLimiter":
    """Where the rates of tools are kept: in Redis, else, and should that fail, in PostgreSQL."""
    from brain.rate_limits.postgres import PostgresRateLimiter
    from brain.rate_limits.standby import StandbyRateLimiter

    in_postgres = PostgresRateLimiter(database)
    if urls.redis is None:
        return StandbyRateLimiter(in_postgres)
    from brain.rate_limits.redis import RedisRateLimiter

    return StandbyRateLimiter(RedisRateLimiter(urls.redis), in_postgres)
