"""How this process connects to Redis."""

from urllib.parse import unquote, urlsplit

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ConstantBackoff

from brain.errors import SettingsError

__all__ = ["TIMEOUT_SECONDS", "place_of", "redis_client"]

TIMEOUT_SECONDS = 3
"""For connecting and for every answer."""
RETRY_PAUSE_SECONDS = 0.05
MOST_CONNECTIONS = 10_000
"""One a listener; only there to be no limit."""
RESP = 2
"""The protocol's version; the newer one brings nothing here and not every provider speaks it."""


def redis_client(url: str) -> Redis:
    """A client for `redis://`, `rediss://` or `unix://`, not connected yet; raises SettingsError."""
    try:
        place_of(url)
        return Redis.from_url(
            url,
            protocol=RESP,
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
            retry=Retry(ConstantBackoff(RETRY_PAUSE_SECONDS), retries=1),
            max_connections=MOST_CONNECTIONS,
        )
    except ValueError:
        raise SettingsError(
            "REDIS_URL cannot be read: it takes redis://user:password@host:6379/0, rediss:// or unix:///path."
        ) from None


def place_of(url: str) -> str:
    """Where the server is, without the password."""
    parts = urlsplit(url)
    return unquote(parts.path) if parts.scheme == "unix" else f"{parts.hostname or 'localhost'}:{parts.port or 6379}"
