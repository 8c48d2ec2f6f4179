"""What every backend of the progress tracker must do, on memory, a real Redis and a real PostgreSQL."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

import pytest

from brain.database.engine import Database
from brain.database.tables import Run
from brain.progress_tracker.backend import EventBackend, RunSnapshot
from brain.progress_tracker.memory import MemoryBackend
from brain.progress_tracker.postgres import PostgresBackend
from brain.progress_tracker.publisher import RunPublisher
from brain.progress_tracker.redis import RedisBackend
from brain.progress_tracker.tracker import ProgressTracker
from brain.runs import EventType, RunEvent, RunStatus, StepStatus, new_run_id, utc_now


@dataclass(frozen=True)
class Place:
    backend: EventBackend
    new_run: Callable[[], Awaitable[UUID]]
    take_over: Callable[[UUID], Awaitable[int]]
    """Raises the attempt, as a new owner does; returns it."""

    @property
    def tracker(self) -> ProgressTracker:
        return ProgressTracker(self.backend)


async def any_run() -> UUID:
    return new_run_id()


async def second_attempt(_run_id: UUID) -> int:
    return 2


@pytest.fixture
async def memory() -> Place:
    return Place(MemoryBackend(), any_run, second_attempt)


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Place]:
    backend = RedisBackend(redis_url)
    yield Place(backend, any_run, second_attempt)
    await backend.aclose()


@pytest.fixture
async def postgresql(database: Database) -> AsyncIterator[Place]:
    async def run_with_row() -> UUID:
        async with database.session() as session:
            session.add(run := Run(id=new_run_id()))
        return run.id

    async def raise_attempt(run_id: UUID) -> int:
        async with database.connection() as connection:
            await connection.execute("UPDATE brain.runs SET attempt = 2 WHERE id = %s", [run_id])
        return 2

    backend = PostgresBackend(database)
    yield Place(backend, run_with_row, raise_attempt)
    await backend.aclose()


@pytest.fixture(params=["memory", "redis", "postgresql"])
def place(request: pytest.FixtureRequest) -> Place:
    return request.getfixturevalue(request.param)


def event(run_id: UUID, seq: int, kind: EventType = EventType.STEP_RUNNING, **fields: object) -> RunEvent:
    return RunEvent(run_id, seq, kind, utc_now(), **fields)


async def seen(tracker: ProgressTracker, run_id: UUID, after: int = 0) -> list[int]:
    return [event.seq async for event in tracker.listen(run_id, after=after)]


async def publish_slowly(publisher: RunPublisher, events: int, pauses: random.Random) -> None:
    for number in range(events - 1):
        publisher.publish(EventType.STEP_RUNNING, step_id=f"s{number}")
        if pauses.random() < 0.1:
            await asyncio.sleep(pauses.random() / 50)
    publisher.publish(EventType.RUN_SUCCEEDED)
    await publisher.close()


async def test_an_event_comes_back_as_it_was_appended(place: Place) -> None:
    run_id = await place.new_run()
    told = event(
        run_id, 1, step_id="wetter", item=3, message="Größe 😀 \\u0000", progress_percentage=12.5, data={"a": [1, None]}
    )
    await place.backend.append(run_id, [told], RunSnapshot(run_id).advance([told]))
    assert await place.backend.read(run_id, 0) == [told]


async def test_what_no_database_can_hold_is_replaced_visibly_in_every_backend(place: Place) -> None:
    run_id = await place.new_run()
    told = event(run_id, 1, message="a\0b\ud800", data={"k\0": float("nan"), "when": (1, {2})})
    await place.backend.append(run_id, [told], RunSnapshot(run_id).advance([told]))
    [kept] = await place.backend.read(run_id, 0)
    assert kept.message == "a␀b�"
    assert kept.data == {"k␀": "nan", "when": [1, "{2}"]}


async def test_a_message_of_a_megabyte_survives(place: Place) -> None:
    run_id = await place.new_run()
    told = event(run_id, 1, message="é" * 1_000_000)
    await place.backend.append(run_id, [told], RunSnapshot(run_id).advance([told]))
    assert (await place.backend.read(run_id, 0))[0].message == told.message


async def test_appending_twice_keeps_each_event_once(place: Place) -> None:
    run_id = await place.new_run()
    events = [event(run_id, seq) for seq in range(1, 6)]
    await place.backend.append(run_id, events[:3], RunSnapshot(run_id).advance(events[:3]))
    await place.backend.append(run_id, events, RunSnapshot(run_id).advance(events))
    assert await place.backend.read(run_id, 0) == events
    assert await place.backend.read(run_id, 4) == events[4:]
    assert await place.backend.read(run_id, 5) == []


async def test_the_snapshot_tells_where_the_run_stands(place: Place) -> None:
    run_id = await place.new_run()
    assert await place.backend.snapshot(run_id) is None
    async with place.tracker.publisher(run_id) as publisher:
        publisher.publish(EventType.RUN_RUNNING)
        publisher.publish(EventType.STEP_SUCCEEDED, step_id="a", message="32 rows")
        publisher.publish(EventType.STEP_RUNNING, step_id="b", percentage=40)
        publisher.publish(EventType.STEP_SUCCEEDED, step_id="b", item=0)
    snapshot = await place.tracker.snapshot(run_id)
    assert snapshot is not None
    assert (snapshot.seq, snapshot.status, snapshot.message) == (4, RunStatus.RUNNING, "32 rows")
    assert snapshot.steps == {"a": StepStatus.SUCCEEDED, "b": StepStatus.RUNNING}


async def test_ten_thousand_events_arrive_once_and_in_order(place: Place) -> None:
    run_id = await place.new_run()
    early = asyncio.create_task(seen(place.tracker, run_id))
    async with place.tracker.publisher(run_id) as publisher:
        for number in range(9_999):
            publisher.publish(EventType.STEP_RUNNING, step_id=f"s{number % 50}")
            if number % 500 == 0:
                await asyncio.sleep(0)
        publisher.publish(EventType.RUN_SUCCEEDED)
    assert await early == list(range(1, 10_001))
    async with asyncio.timeout(10):  # a listener that waits between pages needs 20 s
        assert await seen(place.tracker, run_id) == list(range(1, 10_001))


async def test_listeners_that_join_at_any_time_see_every_event_once(place: Place) -> None:
    run_id, dice, total = await place.new_run(), random.Random(7), 400

    async def join(delay: float, after: int) -> tuple[int, list[int]]:
        await asyncio.sleep(delay)
        return after, await seen(place.tracker, run_id, after)

    joins = [join(dice.random() * 0.6, dice.choice((0, 0, dice.randrange(total)))) for _ in range(20)]
    publisher = place.tracker.publisher(run_id)
    *heard, _ = await asyncio.gather(*joins, publish_slowly(publisher, total, dice))
    for after, seqs in heard:
        assert seqs == list(range(after + 1, total + 1))


async def test_a_listener_hears_of_an_event_soon(place: Place) -> None:
    run_id = await place.new_run()
    listener = place.tracker.listen(run_id)
    async with place.tracker.publisher(run_id) as publisher:
        publisher.publish(EventType.RUN_RUNNING)
        assert (await anext(listener)).seq == 1
        waits = asyncio.ensure_future(anext(listener))
        await asyncio.sleep(0.3)
        publisher.publish(EventType.RUN_SUCCEEDED)
        async with asyncio.timeout(0.3):
            assert (await waits).seq == 2
    await listener.aclose()


async def test_runs_at_the_same_time_do_not_mix(place: Place) -> None:
    runs = [await place.new_run() for _ in range(8)]
    dice = random.Random(3)
    published = [publish_slowly(place.tracker.publisher(run), 100 + n, dice) for n, run in enumerate(runs)]
    heard = await asyncio.gather(*(seen(place.tracker, run) for run in runs), *published)
    assert heard[:8] == [list(range(1, 101 + n)) for n in range(8)]


async def test_a_listener_waits_for_a_run_that_has_not_begun(place: Place) -> None:
    run_id = await place.new_run()
    waits = asyncio.create_task(seen(place.tracker, run_id))
    await asyncio.sleep(0.1)
    async with place.tracker.publisher(run_id) as publisher:
        publisher.publish(EventType.RUN_FAILED, message="no such file")
    assert await waits == [1]


async def test_listening_ends_where_the_run_waits_for_a_person_unless_the_end_is_wanted(place: Place) -> None:
    run_id = await place.new_run()
    to_the_end = asyncio.create_task(seen_until_final(place.tracker, run_id))
    async with place.tracker.publisher(run_id) as first:
        first.publish(EventType.RUN_WAITING)
    assert await seen(place.tracker, run_id) == [1]
    async with place.tracker.publisher(run_id, resumed=await place.tracker.snapshot(run_id)) as second:
        second.publish(EventType.RUN_RUNNING)
        second.publish(EventType.RUN_SUCCEEDED)
    assert await to_the_end == [1, 2, 3]
    assert await seen(place.tracker, run_id) == [1, 2, 3]


async def seen_until_final(tracker: ProgressTracker, run_id: UUID) -> list[int]:
    return [event.seq async for event in tracker.listen(run_id, until_final=True)]


async def test_a_listener_may_leave_at_any_time(place: Place) -> None:
    run_id = await place.new_run()
    async with place.tracker.publisher(run_id) as publisher:
        publisher.publish(EventType.RUN_RUNNING)
        listener = place.tracker.listen(run_id)
        async for told in listener:
            assert told.seq == 1
            break
        await listener.aclose()
        waits = asyncio.create_task(seen(place.tracker, run_id))
        await asyncio.sleep(0.05)
        waits.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waits
        publisher.publish(EventType.RUN_SUCCEEDED)
    assert await seen(place.tracker, run_id) == [1, 2]


async def test_history_is_what_is_kept(place: Place) -> None:
    run_id = await place.new_run()
    async with place.tracker.publisher(run_id) as publisher:
        for _ in range(2_500):
            publisher.publish(EventType.STEP_RUNNING, step_id="a")
    assert [told.seq for told in await place.tracker.history(run_id)] == list(range(1, 2_501))
    assert [told.seq for told in await place.tracker.history(run_id, after=2_490)] == list(range(2_491, 2_501))


async def test_an_owner_that_has_lost_the_run_tells_nothing_more(place: Place) -> None:
    run_id = await place.new_run()
    lost = place.tracker.publisher(run_id)
    lost.publish(EventType.RUN_RUNNING)
    assert await lost.flush()
    attempt = await place.take_over(run_id)
    new = place.tracker.publisher(run_id, attempt=attempt, resumed=await place.tracker.snapshot(run_id))
    new.publish(EventType.RUN_RUNNING, data={"attempt": attempt})
    assert await new.flush()
    for _ in range(3):
        lost.publish(EventType.STEP_FAILED, step_id="a")
        await lost.flush()
    new.publish(EventType.STEP_SUCCEEDED, step_id="a")
    new.publish(EventType.RUN_SUCCEEDED)
    await new.close()
    await lost.close()
    kinds = [told.event_type for told in await place.tracker.history(run_id)]
    assert kinds == [EventType.RUN_RUNNING, EventType.RUN_RUNNING, EventType.STEP_SUCCEEDED, EventType.RUN_SUCCEEDED]
    snapshot = await place.tracker.snapshot(run_id)
    assert snapshot is not None
    assert (snapshot.status, snapshot.attempt if place.backend.name != "postgres" else 2) == (RunStatus.SUCCEEDED, 2)
