"""Rates that hold over all processes which use one Redis, by its clock."""

from redis.exceptions import RedisError

from brain.errors import ServiceError
from brain.rates import Rate
from brain.redis_client import place_of, redis_client

__all__ = ["RedisRateLimiter"]

MICROSECONDS = 1_000_000
TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local burst, window, apart, ahead = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local last = redis.call('LINDEX', KEYS[1], -1) or now
local oldest = redis.call('LINDEX', KEYS[1], -burst) or now - window
local due = now
if math.max(last, oldest + window) > now then
    due = math.max(last + apart, oldest + window)
end
if due - now <= ahead then
    redis.call('RPUSH', KEYS[1], string.format('%.0f', due))
    redis.call('LTRIM', KEYS[1], -burst, -1)
    redis.call('PEXPIRE', KEYS[1], math.ceil((due - now + window) / 1000))
end
return due - now
"""
"""The list holds the moments of the last calls in microseconds; it goes once none of them holds up another call."""


class RedisRateLimiter:
    """Keeps, of each tool and rate, the moments of the last calls at `brain:limit:<tool>:<rate>`.

    Raises SettingsError where the URL cannot be read.
    """

    name = "Redis"

    def __init__(self, url: str) -> None:
        self._redis = redis_client(url)
        self._place = place_of(url)
        self._take = self._redis.register_script(TAKE)

    async def take(self, tool: str, rate: Rate, *, ahead: float) -> float:
        """The seconds until the next call is due, which is then taken if it is within `ahead` seconds.

        Raises ServiceError where Redis cannot be used.
        """
        lengths = (rate.window, rate.apart, ahead)
        arguments = [rate.burst, *(round(seconds * MICROSECONDS) for seconds in lengths)]
        try:
            wait = await self._take(keys=[f"brain:limit:{tool}:{rate}"], args=arguments)
        except (RedisError, OSError) as exc:
            reason = str(exc).strip().rstrip(".") or type(exc).__name__
            raise ServiceError(f"Redis at {self._place} does not keep the rates of tools ({reason}).") from exc
        return int(wait) / MICROSECONDS

    async def aclose(self) -> None:
        """Close every connection."""
        await self._redis.aclose()
