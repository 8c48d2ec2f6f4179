"""The pool on a real server: what it says when it cannot connect, and that it survives the server's hanging up."""

import asyncio

import psycopg
import pytest
from sqlalchemy import text

from brain.database.engine import CONNECTIONS, Database
from brain.embedded.postgres import PostgresUrls
from brain.errors import DatabaseError, DatabaseUnreachable, SchemaMismatch


def password_of(url: str) -> str:
    return url.partition("://")[2].partition("@")[0].partition(":")[2]


async def refusal(url: str) -> DatabaseError:
    async with Database(url) as database:
        with pytest.raises(DatabaseError) as caught:
            async with database.session() as session:
                await session.execute(text("SELECT 1"))
    assert password_of(url) not in str(caught.value)
    return caught.value


async def hang_up(admin_url: str, database: str) -> int:
    """End every connection to a database from outside; returns how many there were."""
    async with await psycopg.AsyncConnection.connect(admin_url.replace("+psycopg", ""), autocommit=True) as admin:
        ended = await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [database]
        )
        return ended.rowcount


async def test_a_wrong_password_is_named_and_not_shown(database_url: str) -> None:
    error = await refusal(database_url.replace(password_of(database_url), "not-the-password"))
    assert "refused the password of brain" in str(error)
    assert not isinstance(error, DatabaseUnreachable)


async def test_a_missing_database_is_named(database_url: str) -> None:
    name = Database(database_url).place.database
    error = await refusal(database_url.replace(name, "nowhere"))
    assert "There is no database nowhere on" in str(error)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://brain:hush-hush@127.0.0.1:1/brain",
        "postgresql+psycopg://brain:hush-hush@/brain?host=/nowhere",
        "postgresql+psycopg://brain:hush-hush@nowhere.invalid/brain",
    ],
)
async def test_a_host_that_does_not_answer_is_named_and_may_be_tried_again(url: str) -> None:
    error = await refusal(url)
    assert isinstance(error, DatabaseUnreachable)
    assert f"PostgreSQL on {Database(url).place.host} cannot be reached" in str(error)


async def test_a_database_without_our_tables_says_what_to_run(database_url: str) -> None:
    async with Database(database_url) as database:
        with pytest.raises(SchemaMismatch, match=r'relation "brain.runs" does not exist.*brain db upgrade'):
            async with database.session() as session:
                await session.execute(text("SELECT 1 FROM brain.runs"))


async def test_a_refused_statement_does_not_show_its_values(database: Database) -> None:
    with pytest.raises(DatabaseError, match="22P02") as caught:
        async with database.session() as session:
            await session.execute(text("SELECT CAST(:value AS uuid), :other"), {"value": "1", "other": "hush-hush"})
    assert "hush-hush" not in str(caught.value)


async def test_a_session_commits_at_its_end_and_rolls_back_on_an_error(database: Database) -> None:
    insert = text("INSERT INTO brain.batches (id, name) VALUES (gen_random_uuid(), :name)")
    async with database.session() as session:
        await session.execute(insert, {"name": "kept"})

    async def fail() -> None:
        async with database.session() as session:
            await session.execute(insert, {"name": "dropped"})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with database.connection() as connection:
        rows = await (await connection.execute("SELECT name FROM brain.batches")).fetchall()
    assert rows == [("kept",)]


async def test_a_connection_that_the_server_ended_is_replaced(database: Database, postgres: PostgresUrls) -> None:
    async with database.connection() as connection:
        await connection.execute("SELECT 1")
    assert await hang_up(postgres.admin_url, database.place.database) == 1
    async with database.connection() as connection:
        assert await (await connection.execute("SELECT 1")).fetchone() == (1,)


@pytest.mark.parametrize("kind", ["session", "connection"])
async def test_hanging_up_in_the_middle_is_an_error_and_the_next_call_works(
    database: Database, postgres: PostgresUrls, kind: str
) -> None:
    async def sleep() -> None:
        if kind == "session":
            async with database.session() as session:
                await session.execute(text("SELECT pg_sleep(60)"))
        else:
            async with database.connection() as connection:
                await connection.execute("SELECT pg_sleep(60)")

    sleeping = asyncio.create_task(sleep())
    await asyncio.sleep(0.3)
    assert await hang_up(postgres.admin_url, database.place.database) == 1
    with pytest.raises(DatabaseUnreachable, match="terminating connection"):
        await sleeping
    async with database.session() as session:
        assert await session.scalar(text("SELECT 1")) == 1


async def test_a_process_holds_three_connections_and_others_wait(database: Database, postgres: PostgresUrls) -> None:
    async def ask() -> None:
        async with database.connection() as connection:
            await connection.execute("SELECT pg_sleep(0.02)")

    await asyncio.gather(*(ask() for _ in range(12)))
    assert await hang_up(postgres.admin_url, database.place.database) == CONNECTIONS


async def test_times_come_in_utc_whatever_the_server_says(database_url: str) -> None:
    with psycopg.connect(database_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {Database(database_url).place.database} SET timezone = 'Asia/Tokyo'")
    async with Database(database_url) as database, database.session() as session:
        moment = await session.scalar(text("SELECT now()"))
    assert str(moment).endswith("+00:00")
