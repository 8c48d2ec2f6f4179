"""A database with our tables in it, for tests with real services."""

from collections.abc import AsyncIterator

import pytest

from brain.database.engine import Database
from brain.database.upgrade import upgrade
from brain.embedded.postgres import PostgresUrls


@pytest.fixture
def reader_url(postgres: PostgresUrls, database_url: str) -> str:
    """The same database as `database_url`, as the role that can only read."""
    name = database_url.partition("@/")[2].partition("?")[0]
    return postgres.reader_url.replace("@/brain?", f"@/{name}?")


@pytest.fixture
async def database(database_url: str, reader_url: str) -> AsyncIterator[Database]:
    """A pool on a database at the newest revision."""
    upgrade(database_url)
    async with Database(database_url, reader_url) as pool:
        yield pool
