"""PostgreSQL and Redis for the benchmarks: the embedded ones, of a project folder that is thrown away."""

import asyncio
import json
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg

from brain import embedded
from brain.database.engine import Database
from brain.database.upgrade import ensure_schema
from brain.embedded import postgres, redis

__all__ = ["Services", "remove_services"]

IDLE_MINUTES = 5
PEERS_DATABASE = "peers"


class Services:
    """They run from `with` to its end; `database_url` has our tables, `peers_url` is an empty database there."""

    database_url: str
    peers_url: str
    redis_url: str

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp(prefix="brain-benchmark-"))
        self._state = self._folder / ".brain"
        urls = postgres.ensure(self._state, idle_minutes=IDLE_MINUTES)
        redis_url = redis.ensure(self._state, idle_minutes=IDLE_MINUTES)
        assert redis_url is not None, "this platform has no embedded Redis"
        self.database_url, self.redis_url = urls.url, redis_url
        asyncio.run(_upgrade(urls.url))
        with psycopg.connect(_plain(urls.admin_url), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {PEERS_DATABASE} OWNER brain")
        self.peers_url = _plain(urls.url).replace("@/brain?", f"@/{PEERS_DATABASE}?")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        remove_services(self._state)
        shutil.rmtree(self._folder)


def remove_services(state_folder: Path) -> None:
    """Stop the services of a project, and remove what root keeps elsewhere for them."""
    embedded.stop_all(state_folder)
    embedded.release(state_folder)
    home = json.loads((state_folder / "postgres.json").read_text())["home"]
    if home:
        shutil.rmtree(home)


async def _upgrade(url: str) -> None:
    async with Database(url) as database:
        await ensure_schema(database)


def _plain(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://")
