"""Progress through PostgreSQL where its connections break, and how few of them it holds."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import psycopg
import pytest

from brain.database.engine import Database
from brain.database.tables import Run
from brain.embedded.postgres import PostgresUrls
from brain.errors import StaleAttempt
from brain.progress_tracker import listener as listening
from brain.progress_tracker import postgres as storing
from brain.progress_tracker import publisher as publishing
from brain.progress_tracker.backend import RunSnapshot
from brain.progress_tracker.postgres import PostgresBackend
from brain.progress_tracker.tracker import ProgressTracker
from brain.runs import EventType, RunEvent, new_run_id, utc_now

LISTENING = "query LIKE 'LISTEN%%'"


@pytest.fixture
async def run_id(database: Database) -> UUID:
    async with database.session() as session:
        session.add(run := Run(id=new_run_id()))
    return run.id


@pytest.fixture
async def tracker(database: Database) -> AsyncIterator[ProgressTracker]:
    async with ProgressTracker(PostgresBackend(database)) as opened:
        yield opened


@pytest.fixture
async def admin(postgres: PostgresUrls) -> AsyncIterator[psycopg.AsyncConnection[tuple[int]]]:
    async with await psycopg.AsyncConnection.connect(
        postgres.admin_url.replace("+psycopg", ""), autocommit=True
    ) as opened:
        yield opened


async def count(admin: psycopg.AsyncConnection[tuple[int]], database: Database, what: str = "true") -> int:
    query = f"SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND {what}"
    row = await (await admin.execute(query, [database.place.database])).fetchone()
    assert row is not None
    return row[0]


async def hang_up(admin: psycopg.AsyncConnection[tuple[int]], database: Database, what: str = "true") -> None:
    query = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND {what}"
    await admin.execute(query, [database.place.database])


async def seen(tracker: ProgressTracker, run_id: UUID) -> list[int]:
    return [event.seq async for event in tracker.listen(run_id)]


async def test_many_listeners_share_one_connection_that_goes_with_the_last(
    admin: psycopg.AsyncConnection[tuple[int]], database: Database, tracker: ProgressTracker, run_id: UUID
) -> None:
    listeners = [asyncio.create_task(seen(tracker, run_id)) for _ in range(20)]
    async with tracker.publisher(run_id) as publisher:
        publisher.publish(EventType.RUN_RUNNING)
        await asyncio.sleep(0.7)
        assert await count(admin, database, LISTENING) == 1
        assert await count(admin, database) <= 4
        publisher.publish(EventType.RUN_SUCCEEDED)
    assert await asyncio.gather(*listeners) == [[1, 2]] * 20
    await asyncio.sleep(0.2)
    assert await count(admin, database, LISTENING) == 0


async def test_events_arrive_although_every_connection_is_cut_again_and_again(
    admin: psycopg.AsyncConnection[tuple[int]],
    database: Database,
    tracker: ProgressTracker,
    run_id: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(publishing, "RETRY_SECONDS", 0.05)
    watcher = asyncio.create_task(seen(tracker, run_id))
    publisher = tracker.publisher(run_id)
    for number in range(60):
        publisher.publish(EventType.STEP_RUNNING, step_id=f"s{number}")
        await asyncio.sleep(0.01)
        if number % 15 == 7:
            await hang_up(admin, database)
    publisher.publish(EventType.RUN_SUCCEEDED)
    await asyncio.sleep(0.2)
    await publisher.close()
    assert await watcher == list(range(1, 62))


async def test_notifications_wake_a_listener_long_before_it_would_look(
    tracker: ProgressTracker, run_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storing, "POLL_SECONDS", 60)
    monkeypatch.setattr(listening, "SILENCE_SECONDS", 60)
    watcher = asyncio.create_task(seen(tracker, run_id))
    await asyncio.sleep(0.3)
    async with asyncio.timeout(5), tracker.publisher(run_id) as publisher:
        publisher.publish(EventType.RUN_RUNNING)
        await asyncio.sleep(0.1)
        publisher.publish(EventType.RUN_SUCCEEDED)
        assert await watcher == [1, 2]


async def test_without_notifications_polling_finds_the_events(
    admin: psycopg.AsyncConnection[tuple[int]], database: Database, tracker: ProgressTracker, run_id: UUID
) -> None:
    watcher = asyncio.create_task(seen(tracker, run_id))
    await asyncio.sleep(0.2)
    await hang_up(admin, database, LISTENING)
    async with tracker.publisher(run_id) as publisher:
        publisher.publish(EventType.RUN_SUCCEEDED)
    async with asyncio.timeout(0.8):
        assert await watcher == [1]


async def test_events_of_a_run_without_a_row_belong_to_nobody(database: Database) -> None:
    run_id = new_run_id()
    event = RunEvent(run_id, 1, EventType.RUN_RUNNING, utc_now())
    with pytest.raises(StaleAttempt):
        await PostgresBackend(database).append(run_id, [event], RunSnapshot(run_id))
