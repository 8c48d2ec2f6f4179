"""A process that listens to runs, by our tracker or by redis-py alone, and tells how late each event came to it.

Reads a line of JSON, {side, database, redis, runs, events}. Writes `ready`, and then a line of JSON: the seconds from
the moment that stands in each message to the moment at which it was handed over here. Both are of `CLOCK_MONOTONIC`,
which all processes of a machine share. The first two events of a run, for which connections are opened, do not count.
"""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any
from uuid import UUID

from redis.asyncio import Redis

from brain.database.engine import Database
from brain.progress_tracker.postgres import PostgresBackend
from brain.progress_tracker.redis import RedisBackend
from brain.progress_tracker.tracker import ProgressTracker

__all__ = ["UNCOUNTED", "channel_of", "tracker_of"]

UNCOUNTED = 2
"""Events of a run."""


def channel_of(run: str) -> str:
    """Where redis-py alone publishes what happens in a run."""
    return f"bench:{run}"


@asynccontextmanager
async def tracker_of(side: str, database: str, redis: str) -> AsyncIterator[ProgressTracker]:
    """Our tracker on one of the backends."""
    if side == "redis":
        async with ProgressTracker(RedisBackend(redis)) as tracker:
            yield tracker
    else:
        async with Database(database) as pool, ProgressTracker(PostgresBackend(pool)) as tracker:
            yield tracker


async def _main() -> None:
    asked = json.loads(sys.stdin.readline())
    late: list[float] = []
    listen = _raw if asked["side"] == "redis-py" else _ours
    await listen(asked, late)
    print(json.dumps(late))


async def _ours(asked: dict[str, Any], late: list[float]) -> None:
    async with tracker_of(asked["side"], asked["database"], asked["redis"]) as tracker:

        async def follow(run: str) -> None:
            async with aclosing(tracker.listen(UUID(run))) as events:
                for number in range(asked["events"]):
                    event = await anext(events)
                    _take(event.message, number, late)

        await _together([follow(run) for run in asked["runs"]])


async def _raw(asked: dict[str, Any], late: list[float]) -> None:
    client = Redis.from_url(asked["redis"])

    async def follow(run: str) -> None:
        async with client.pubsub(ignore_subscribe_messages=True) as pubsub, aclosing(pubsub.listen()) as messages:
            await pubsub.subscribe(channel_of(run))
            for number in range(asked["events"]):
                told = json.loads((await anext(messages))["data"])
                _take(told["message"], number, late)

    await _together([follow(run) for run in asked["runs"]])
    await client.aclose()


def _take(message: str, number: int, late: list[float]) -> None:
    if number >= UNCOUNTED:
        late.append(time.perf_counter() - float(message))


async def _together(followed: list[Any]) -> None:
    tasks = [asyncio.ensure_future(each) for each in followed]
    await asyncio.sleep(1.0)  # all of them have subscribed by then
    print("ready", flush=True)
    await asyncio.gather(*tasks)


if __name__ == "__main__":
    asyncio.run(_main())
