"""Events in Redis: a stream for the history, a channel for the news, one key for where the run stands."""

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any
from uuid import UUID

from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from brain.errors import ProgressUnavailable, StaleAttempt
from brain.progress_tracker.backend import PAGE_SIZE, News, RunSnapshot
from brain.progress_tracker.wire import decode, encode
from brain.redis_client import TIMEOUT_SECONDS, place_of, redis_client
from brain.runs import RunEvent

__all__ = ["RedisBackend"]

TIME_TO_LIVE = timedelta(days=7)
FIELD = b"event"
STALE = -1
APPEND = f"""
if tonumber(redis.call('GET', KEYS[3]) or '0') > tonumber(ARGV[6]) then
    return {STALE}
end
for i = 7, #ARGV, 2 do
    local added = redis.pcall('XADD', KEYS[1], ARGV[i] .. '-0', ARGV[5], ARGV[i + 1])
    if type(added) == 'table' and added.err and not added.err:find('equal or smaller', 1, true) then
        return added
    end
end
redis.call('EXPIRE', KEYS[1], ARGV[1])
redis.call('SET', KEYS[2], ARGV[4], 'EX', ARGV[1])
redis.call('SET', KEYS[3], ARGV[6], 'EX', ARGV[1])
redis.call('PUBLISH', ARGV[2], ARGV[3])
return redis.call('XLEN', KEYS[1])
"""
"""What one flush does, as atomic as in MULTI but one command with one answer: half the work for whoever sends it.

An id that the stream has passed came with an earlier try, of which only the answer was lost; Redis refuses it so
(https://redis.io/docs/latest/commands/xadd/).
"""


class RedisBackend:
    """Events at `redis://`, `rediss://` or `unix://`; they and the snapshot vanish `keep` after the last change.

    Raises SettingsError where the URL cannot be read.
    """

    name = "redis"

    def __init__(self, url: str, keep: timedelta = TIME_TO_LIVE) -> None:
        self._keep_seconds = max(1, int(keep.total_seconds()))
        self._first: dict[UUID, int] = {}
        """The first `seq` that this process has appended, of runs under way."""
        self._redis = redis_client(url)
        self._place = place_of(url)
        self._append = self._redis.register_script(APPEND)

    async def append(self, run_id: UUID, events: Sequence[RunEvent], snapshot: RunSnapshot) -> None:
        """Add to the stream, tell the channel and set the snapshot, all or none."""
        entries = (part for event in events for part in (event.seq, encode(event.to_json())))
        with self._translated():
            kept = await self._append(
                keys=[_stream(run_id), f"{_key(run_id)}:status", f"{_key(run_id)}:attempt"],
                args=[
                    self._keep_seconds, _key(run_id), snapshot.seq, encode(snapshot.to_json()), FIELD, snapshot.attempt,
                    *entries,
                ],
            )  # fmt: skip
        if kept == STALE:
            raise StaleAttempt
        if events:
            self._check_history(run_id, events, kept)
        if snapshot.status and snapshot.status.is_settled:
            self._first.pop(run_id, None)

    async def read(self, run_id: UUID, after: int) -> list[RunEvent]:
        """The next events of the stream."""
        with self._translated():
            entries: Any = await self._redis.xrange(_stream(run_id), min=f"{after + 1}-0", count=PAGE_SIZE)
        return [RunEvent.from_json(decode(fields[FIELD])) for _, fields in entries]

    async def snapshot(self, run_id: UUID) -> RunSnapshot | None:
        """Where the run stands, in one look-up."""
        with self._translated():
            content = await self._redis.get(f"{_key(run_id)}:status")
        return None if content is None else RunSnapshot.from_json(decode(content))

    @contextlib.asynccontextmanager
    async def follow(self, run_id: UUID) -> AsyncIterator[News]:
        """A subscription to the run's channel, which is confirmed when the block is entered."""
        channel = self._redis.pubsub()
        try:
            with self._translated():
                await channel.subscribe(_key(run_id))
                await channel.get_message(timeout=TIMEOUT_SECONDS)
            yield _Subscription(channel, self._translated)
        finally:
            await channel.aclose()  # type: ignore[no-untyped-call] # redis-py gives it no types

    async def version(self) -> str:
        """What the server calls itself, asked of it now."""
        with self._translated():
            facts = await self._redis.info("server")
        return str(facts["redis_version"])

    async def aclose(self) -> None:
        """Close every connection."""
        await self._redis.aclose()

    def _check_history(self, run_id: UUID, events: Sequence[RunEvent], kept: int) -> None:
        first = self._first.setdefault(run_id, events[0].seq)
        if kept < events[-1].seq - first + 1:
            del self._first[run_id]
            raise ProgressUnavailable(
                f"Redis at {self._place} has lost earlier events of the run {run_id} (it was emptied or restarted "
                "without its data): let it keep data with appendonly and without eviction."
            )

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (RedisError, OSError) as exc:
            reason = str(exc).strip().rstrip(".") or type(exc).__name__
            raise ProgressUnavailable(
                f"Redis at {self._place} does not take or give events ({reason}): "
                "check that it runs and that REDIS_URL is right, or set REDIS_URL=off."
            ) from exc


class _Subscription:
    def __init__(self, channel: PubSub, translated: Callable[[], AbstractContextManager[None]]) -> None:
        self._channel = channel
        self._translated = translated

    async def wait(self, seconds: float) -> None:
        """Any message is news, also that the subscription was made again after the connection broke."""
        with self._translated():
            await self._channel.get_message(timeout=seconds)


def _key(run_id: UUID) -> str:
    return f"brain:run:{run_id}"


def _stream(run_id: UUID) -> str:
    return f"{_key(run_id)}:events"
