"""Rates that hold over all processes which use one PostgreSQL, by its clock."""

from datetime import timedelta

from brain.database.engine import Database
from brain.rates import Rate

__all__ = ["PostgresRateLimiter"]

FIRST = "INSERT INTO brain.rate_limits (tool, rate) VALUES (%(tool)s, %(rate)s) ON CONFLICT DO NOTHING"
TAKE = """
WITH held AS MATERIALIZED (
    SELECT begins FROM brain.rate_limits WHERE tool = %(tool)s AND rate = %(rate)s FOR UPDATE
), asked AS MATERIALIZED (
    SELECT begins, cardinality(begins) AS count, clock_timestamp() AS now FROM held
), known AS (
    SELECT *, begins[count] AS last, begins[count + 1 - %(burst)s] + %(window)s::interval AS free FROM asked
), following AS MATERIALIZED (
    SELECT begins, count, now,
        CASE WHEN greatest(last, free) > now THEN greatest(last + %(apart)s::interval, free) ELSE now END AS due
    FROM known
)
UPDATE brain.rate_limits AS kept
SET begins = CASE
    WHEN due - now <= %(ahead)s::interval THEN (following.begins || due)[greatest(1, count + 2 - %(burst)s):]
    ELSE following.begins
END
FROM following WHERE kept.tool = %(tool)s AND kept.rate = %(rate)s
RETURNING extract(epoch FROM due - now)::float8
"""
"""The clock is asked once the row is locked; what an array does not have is null, which `greatest` passes over."""


class PostgresRateLimiter:
    """Keeps, of each tool and rate, the moments of the last calls in a row of `brain.rate_limits`."""

    name = "PostgreSQL"

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(self, tool: str, rate: Rate, *, ahead: float) -> float:
        """The seconds until the next call is due, which is then taken if it is within `ahead` seconds.

        Raises DatabaseError where the database cannot be used.
        """
        values = {
            "tool": tool, "rate": str(rate), "burst": rate.burst, "window": timedelta(seconds=rate.window),
            "apart": timedelta(seconds=rate.apart), "ahead": timedelta(seconds=ahead),
        }  # fmt: skip
        async with self._database.connection() as connection:
            while (row := await (await connection.execute(TAKE, values)).fetchone()) is None:
                await connection.execute(FIRST, values)
        wait: float = row[0]
        return wait

    async def aclose(self) -> None:
        """The connections belong to the database."""
