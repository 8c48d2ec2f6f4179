"""What every place for the rates of tools must do: memory, a real Redis and a real PostgreSQL."""

import asyncio
import logging
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from brain.database.engine import Database
from brain.database.upgrade import downgrade
from brain.errors import DatabaseError, ServiceError, SettingsError
from brain.rate_limits.limiter import RateLimiter
from brain.rate_limits.memory import MemoryRateLimiter
from brain.rate_limits.postgres import PostgresRateLimiter
from brain.rate_limits.redis import RedisRateLimiter
from brain.rate_limits.standby import REST_SECONDS, StandbyRateLimiter
from brain.rates import Rate, parse_rate

HALF_HOURLY, HOURLY, FOUR_A_SECOND = parse_rate("2/h"), parse_rate("1/h"), parse_rate("4/s")
ALL = 1e9
"""Seconds ahead: whatever is asked for is taken."""
SLOW = 300
"""Seconds that a test may take without its assertions being wrong."""


class FourAtOnce(Rate):
    """A burst whose window does not pass while a test runs."""

    burst, window, apart = 4, 3600.0, 900.0


@pytest.fixture
def tool() -> str:
    """A name that nobody else has used."""
    return f"shop.{uuid4().hex}"


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[RateLimiter]:
    limiter = RedisRateLimiter(redis_url)
    yield limiter
    await limiter.aclose()


@pytest.fixture
def postgresql(database: Database) -> RateLimiter:
    return PostgresRateLimiter(database)


@pytest.fixture
def memory() -> RateLimiter:
    return MemoryRateLimiter()


@pytest.fixture(params=["memory", "redis", "postgresql"])
def place(request: pytest.FixtureRequest) -> RateLimiter:
    return request.getfixturevalue(request.param)


def nearly(seconds: float) -> object:
    """So many seconds, less what passed meanwhile."""
    return pytest.approx(seconds - SLOW / 2, abs=SLOW / 2) if seconds else pytest.approx(0, abs=1e-6)


async def test_callers_are_served_in_order_one_window_after_another(place: RateLimiter, tool: str) -> None:
    waits = [await place.take(tool, HALF_HOURLY, ahead=ALL) for _ in range(4)]
    assert waits == [nearly(0), nearly(1800), nearly(3600), nearly(5400)]
    assert waits == sorted(waits)


async def test_a_burst_begins_at_once_and_those_that_have_to_wait_begin_evenly(place: RateLimiter, tool: str) -> None:
    waits = [await place.take(tool, FourAtOnce(4, "h"), ahead=ALL) for _ in range(9)]
    assert waits == [nearly(seconds) for seconds in (0, 0, 0, 0, 3600, 4500, 5400, 6300, 7200)]


async def test_of_callers_at_once_none_gets_the_time_of_another(place: RateLimiter, tool: str) -> None:
    waits = await asyncio.gather(*(place.take(tool, HOURLY, ahead=ALL) for _ in range(20)))
    assert sorted(waits) == [nearly(3600 * number) for number in range(20)]


async def test_what_is_due_too_late_is_not_taken_by_those_who_ask(place: RateLimiter, tool: str) -> None:
    assert await place.take(tool, HOURLY, ahead=10) == nearly(0)
    assert [await place.take(tool, HOURLY, ahead=10) for _ in range(3)] == [nearly(3600)] * 3


async def test_every_tool_and_every_rate_counts_by_itself(place: RateLimiter, tool: str) -> None:
    await place.take(tool, HOURLY, ahead=0)
    assert await place.take(f"{tool}.other", HOURLY, ahead=0) == nearly(0)
    assert await place.take(tool, HALF_HOURLY, ahead=0) == nearly(0)
    assert await place.take(tool, HOURLY, ahead=0) == nearly(3600)


async def test_time_that_passes_makes_room_again(tool: str) -> None:
    moments = [0, 0, 0, 0.5, 3, 3, 3, 3, 3, 3, 4.3, 9]
    limiter = MemoryRateLimiter(iter(moments).__next__)
    begun = [now + await limiter.take(tool, FOUR_A_SECOND, ahead=ALL) for now in moments]
    assert begun == [0, 0, 0, 0.5, 3, 3, 3, 3, 4, 4.25, 4.3, 9]


async def test_two_clients_share_a_rate(redis_url: str, database: Database, tool: str) -> None:
    first, second = RedisRateLimiter(redis_url), RedisRateLimiter(redis_url)
    for one, other in ((first, second), (PostgresRateLimiter(database), PostgresRateLimiter(database))):
        assert await one.take(tool, HOURLY, ahead=ALL) == nearly(0)
        assert await other.take(tool, HOURLY, ahead=ALL) == nearly(3600)
        assert await one.take(tool, HOURLY, ahead=ALL) == nearly(7200)
    await first.aclose()
    await second.aclose()


async def test_redis_keeps_a_tool_as_long_as_it_matters_and_no_longer(
    redis: RateLimiter, redis_url: str, tool: str
) -> None:
    for _ in range(3):
        await redis.take(tool, HALF_HOURLY, ahead=ALL)
    client = Redis.from_url(redis_url)
    assert await client.llen(f"brain:limit:{tool}:2/h") == 1, "of a rate that allows one at once one is remembered"
    assert await client.pttl(f"brain:limit:{tool}:2/h") / 1000 == nearly(5400)
    await client.aclose()


async def test_the_database_keeps_no_more_than_matters(postgresql: RateLimiter, database: Database, tool: str) -> None:
    for _ in range(10):
        await postgresql.take(tool, FOUR_A_SECOND, ahead=ALL)
    async with database.connection() as connection:
        query = "SELECT cardinality(begins), begins[1] <= begins[2] FROM brain.rate_limits WHERE tool = %s"
        assert await (await connection.execute(query, [tool])).fetchall() == [(4, True)]


async def test_what_a_service_refuses_is_told_as_an_error_of_ours(database: Database, database_url: str) -> None:
    nobody = RedisRateLimiter("redis://127.0.0.1:1/0")
    with pytest.raises(ServiceError, match=r"^Redis at 127.0.0.1:1 does not keep the rates of tools \(.*\)\.$"):
        await nobody.take("shop.buy", HOURLY, ahead=0)
    with pytest.raises(SettingsError, match="REDIS_URL cannot be read"):
        RedisRateLimiter("redis://127.0.0.1:port/0")
    await asyncio.to_thread(downgrade, database_url, "0007")
    with pytest.raises(DatabaseError, match=r"something is missing .*rate_limits"):
        await PostgresRateLimiter(database).take("shop.buy", HOURLY, ahead=0)


class Frail:
    """A place that can be broken."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.inner = MemoryRateLimiter()
        self.is_broken = False
        self.asked = 0

    async def take(self, tool: str, rate: object, *, ahead: float) -> float:
        self.asked += 1
        if self.is_broken:
            raise ServiceError("It is broken.")
        return await self.inner.take(tool, rate, ahead=ahead)

    async def aclose(self) -> None: ...


async def test_where_a_place_fails_the_next_one_counts_until_it_is_back(caplog: pytest.LogCaptureFixture) -> None:
    now = 0.0
    first, second = Frail("first"), Frail("second")
    both = StandbyRateLimiter(first, second, clock=lambda: now)

    async def is_free() -> bool:
        return await both.take("shop.buy", HOURLY, ahead=0) == 0

    assert [await is_free() for _ in range(2)] == [True, False]
    first.is_broken = True
    with caplog.at_level(logging.WARNING):
        assert [await is_free() for _ in range(3)] == [True, False, False], "the second knows nothing of the first's"
        assert first.asked == 3, "a place that failed is left alone for a while"
        now = REST_SECONDS + 1
        assert await is_free() is False
        second.is_broken = True
        assert [await is_free() for _ in range(2)] == [True, False], "in this process alone"
    assert [record.message for record in caplog.records] == [
        "The rates of tools are kept in second for now: It is broken.",
        "The rates of tools are kept in this process alone for now: It is broken.",
    ], "each is told once"
    first.is_broken = second.is_broken = False
    now = 3 * REST_SECONDS
    assert await is_free() is False, "the first one remembers"
