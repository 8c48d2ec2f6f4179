import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brain.errors import DatabaseError, ProgressUnavailable
from brain.progress_tracker import listener as listening
from brain.progress_tracker.backend import News, RunSnapshot
from brain.progress_tracker.listener import RunListener, RunPosition
from brain.progress_tracker.memory import MemoryBackend
from brain.runs import EventType, RunEvent, RunStatus, new_run_id, short_id, utc_now

RUN = new_run_id()


class Backend(MemoryBackend):
    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.down = False

    async def put(self, *events: tuple[int, EventType]) -> None:
        made = [RunEvent(RUN, seq, kind, utc_now()) for seq, kind in events]
        await self.append(RUN, made, RunSnapshot(RUN).advance(made))

    async def read(self, run_id: UUID, after: int) -> list[RunEvent]:
        if self.down:
            raise ProgressUnavailable(f"{self.name} is down.")
        return await super().read(run_id, after)

    @asynccontextmanager
    async def follow(self, run_id: UUID) -> AsyncIterator[News]:
        if self.down:
            raise ProgressUnavailable(f"{self.name} is down.")
        async with super().follow(run_id) as news:
            yield news


class Row:
    """A run's row, as the tracker is told of it."""

    def __init__(
        self, status: RunStatus, backend: str | None = "redis", last_seq: int = 0, *, alive: bool = True
    ) -> None:
        self.position: RunPosition | None = RunPosition(status, backend, last_seq, alive)
        self.asked = 0

    async def __call__(self, _run_id: UUID) -> RunPosition | None:
        self.asked += 1
        return self.position


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = {"SILENCE": 0.1, "GRACE": 0.05, "GAP_POLL": 0.02, "RETRY": 0.02, "PATIENCE": 0.2}
    for name, seconds in waits.items():
        monkeypatch.setattr(listening, f"{name}_SECONDS", seconds)


@pytest.fixture
def redis() -> Backend:
    return Backend("redis")


@pytest.fixture
def postgres() -> Backend:
    return Backend("postgres")


async def heard(listener: RunListener) -> list[tuple[int, str]]:
    async with asyncio.timeout(5):
        return [(event.seq, event.event_type) async for event in listener]


async def seqs(listener: RunListener) -> list[int]:
    return [seq for seq, _ in await heard(listener)]


def steps(*numbers: int) -> list[tuple[int, EventType]]:
    return [(seq, EventType.STEP_RUNNING) for seq in numbers]


@given(batches=st.lists(st.integers(1, 7), min_size=1, max_size=8), after=st.integers(0, 20), joined=st.integers(0, 8))
@settings(max_examples=60)
def test_whoever_joins_whenever_sees_each_event_once(batches: list[int], after: int, joined: int) -> None:
    total = sum(batches) + 1
    after = min(after, total - 1)

    async def scenario() -> list[int]:
        backend, seq, listening_task = Backend("redis"), 0, None
        for number, size in enumerate(batches):
            if number == joined:
                listening_task = asyncio.create_task(seqs(RunListener(RUN, [backend], None, after=after)))
            await asyncio.sleep(0)
            await backend.put(*steps(*range(seq + 1, seq + size + 1)))
            seq += size
        await backend.put((total, EventType.RUN_SUCCEEDED))
        return await (listening_task or seqs(RunListener(RUN, [backend], None, after=after)))

    assert asyncio.run(scenario()) == list(range(after + 1, total + 1))


async def test_a_listener_follows_the_run_to_where_its_row_says_it_is(redis: Backend, postgres: Backend) -> None:
    row = Row(RunStatus.RUNNING, "redis")
    await redis.put(*steps(1, 2, 3))
    listener = RunListener(RUN, [redis, postgres], row)
    task = asyncio.create_task(seqs(listener))
    await asyncio.sleep(0.05)
    await postgres.put(*steps(1, 2, 3, 4, 5))
    row.position = RunPosition(RunStatus.RUNNING, "postgres", 5)
    await asyncio.sleep(0.15)
    row.position = RunPosition(RunStatus.SUCCEEDED, "postgres", 6)
    await postgres.put((6, EventType.RUN_SUCCEEDED))
    assert await task == [1, 2, 3, 4, 5, 6]


async def test_a_listener_goes_on_elsewhere_when_its_backend_dies(redis: Backend, postgres: Backend) -> None:
    await redis.put(*steps(1, 2, 3))
    task = asyncio.create_task(seqs(RunListener(RUN, [redis, postgres], None)))
    await asyncio.sleep(0.05)
    redis.down = True
    await postgres.put(*steps(1, 2, 3, 4), (5, EventType.RUN_FAILED))
    assert await task == [1, 2, 3, 4, 5]


async def test_a_backend_that_is_down_from_the_start_is_no_matter(redis: Backend, postgres: Backend) -> None:
    redis.down = True
    task = asyncio.create_task(seqs(RunListener(RUN, [redis, postgres], None)))
    await asyncio.sleep(0.05)
    await postgres.put((1, EventType.RUN_SUCCEEDED))
    assert await task == [1]


async def test_with_every_backend_down_the_listener_says_so_at_once(redis: Backend, postgres: Backend) -> None:
    redis.down = postgres.down = True
    with pytest.raises(ProgressUnavailable, match=r"^redis is down\.$"):
        await seqs(RunListener(RUN, [redis, postgres], None))


async def test_a_short_outage_under_way_is_waited_out_and_a_long_one_is_told(redis: Backend) -> None:
    await redis.put(*steps(1))
    listener = RunListener(RUN, [redis], None)
    assert (await anext(listener)).seq == 1
    redis.down = True
    task = asyncio.ensure_future(anext(listener))
    await asyncio.sleep(0.15)
    redis.down = False
    await redis.put(*steps(2))
    assert (await task).seq == 2
    redis.down = True
    with pytest.raises(ProgressUnavailable):
        await anext(listener)


@pytest.mark.parametrize("status", [RunStatus.RUNNING, RunStatus.INTERRUPTED])
async def test_a_run_whose_owner_is_gone_ends_with_one_word(redis: Backend, status: RunStatus) -> None:
    await redis.put(*steps(1, 2))
    row = Row(status, last_seq=2, alive=False)
    *_, last = [event async for event in RunListener(RUN, [redis], row)]
    assert (last.seq, last.event_type, dict(last.data)) == (3, "run.interrupted", {"synthetic": True})
    assert f"`brain show {short_id(RUN)}` tells what it had done" in last.message


async def test_a_run_whose_events_are_gone_ends_as_its_row_says(redis: Backend) -> None:
    row = Row(RunStatus.SUCCEEDED, last_seq=40)
    [last] = [event async for event in RunListener(RUN, [redis], row)]
    assert (last.seq, last.event_type, dict(last.data)) == (41, "run.succeeded", {"synthetic": True})


async def test_the_last_event_may_come_a_little_after_the_row(redis: Backend) -> None:
    await redis.put(*steps(1))
    listener = RunListener(RUN, [redis], Row(RunStatus.SUCCEEDED))
    assert (await anext(listener)).seq == 1
    last = asyncio.ensure_future(anext(listener))
    await asyncio.sleep(0.12)
    await redis.put((2, EventType.RUN_SUCCEEDED))
    event = await last
    assert (event.seq, event.event_type, dict(event.data)) == (2, "run.succeeded", {})


@pytest.mark.parametrize("status", [RunStatus.QUEUED, RunStatus.RUNNING])
async def test_silence_alone_ends_nothing(redis: Backend, status: RunStatus) -> None:
    row = Row(status, alive=status is RunStatus.RUNNING)
    task = asyncio.create_task(seqs(RunListener(RUN, [redis], row)))
    await asyncio.sleep(0.5)
    assert not task.done()
    assert row.asked >= 3
    row.position = RunPosition(RunStatus.SUCCEEDED)
    await redis.put((1, EventType.RUN_SUCCEEDED))
    assert await task == [1]


async def test_the_end_of_an_earlier_attempt_is_not_the_end_of_a_run_that_was_resumed(redis: Backend) -> None:
    await redis.put(*steps(1), (2, EventType.RUN_FAILED))
    row = Row(RunStatus.RUNNING)
    task = asyncio.create_task(seqs(RunListener(RUN, [redis], row)))
    await asyncio.sleep(0.15)
    await redis.put((3, EventType.RUN_RUNNING))
    row.position = RunPosition(RunStatus.SUCCEEDED)
    await redis.put((4, EventType.RUN_SUCCEEDED))
    assert await task == [1, 2, 3, 4]


async def test_history_before_and_after_a_resumption_is_joined_from_two_backends(
    redis: Backend, postgres: Backend
) -> None:
    await redis.put(*steps(1, 2), *steps(6, 7), (8, EventType.RUN_SUCCEEDED))
    await postgres.put(*steps(1, 2, 3, 4), (5, EventType.RUN_INTERRUPTED))
    listener = RunListener(RUN, [redis, postgres], Row(RunStatus.SUCCEEDED))
    assert await seqs(listener) == list(range(1, 9))
    assert listener.missing == 0


async def test_what_is_no_longer_kept_is_passed_over_and_counted(redis: Backend) -> None:
    await redis.put(*steps(31, 32), (40, EventType.RUN_SUCCEEDED))
    listener = RunListener(RUN, [redis], Row(RunStatus.SUCCEEDED, last_seq=40))
    assert await seqs(listener) == [31, 32, 40]
    assert listener.missing == 37


async def test_a_gap_that_closes_is_no_loss(redis: Backend) -> None:
    await redis.put(*steps(1), (3, EventType.RUN_SUCCEEDED))
    listener = RunListener(RUN, [redis], None)
    task = asyncio.create_task(seqs(listener))
    await asyncio.sleep(0.05)
    await redis.put(*steps(2))
    assert await task == [1, 2, 3]
    assert listener.missing == 0


async def test_who_has_seen_the_end_is_told_nothing_more(redis: Backend) -> None:
    await redis.put(*steps(1), (2, EventType.RUN_SUCCEEDED))
    assert await seqs(RunListener(RUN, [redis], Row(RunStatus.SUCCEEDED, last_seq=2), after=2)) == []


async def test_a_run_that_waits_has_come_to_rest_unless_its_end_is_wanted(redis: Backend) -> None:
    row = Row(RunStatus.WAITING)
    await redis.put((1, EventType.RUN_WAITING))
    assert await seqs(RunListener(RUN, [redis], row)) == [1]
    task = asyncio.create_task(seqs(RunListener(RUN, [redis], row, until_final=True)))
    await asyncio.sleep(0.4)
    assert not task.done()
    row.position = RunPosition(RunStatus.CANCELLED)
    await redis.put((2, EventType.RUN_CANCELLED))
    assert await task == [1, 2]


async def test_a_database_that_cannot_be_asked_is_no_reason_to_stop(redis: Backend) -> None:
    async def unreachable(run_id: UUID) -> RunPosition | None:
        raise DatabaseError

    await redis.put(*steps(1))
    task = asyncio.create_task(seqs(RunListener(RUN, [redis], unreachable)))
    await asyncio.sleep(0.25)
    await redis.put((2, EventType.RUN_SUCCEEDED))
    assert await task == [1, 2]
