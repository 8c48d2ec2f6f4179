import asyncio
import logging
from collections.abc import Sequence
from uuid import UUID

import pytest

from brain.errors import ProgressUnavailable
from brain.progress_tracker import publisher as publishing
from brain.progress_tracker.backend import RunSnapshot
from brain.progress_tracker.memory import MemoryBackend
from brain.progress_tracker.publisher import RunPublisher
from brain.runs import EventType, RunEvent, RunStatus, new_run_id

RUN = new_run_id()
ALWAYS = 10**9


class Failing(MemoryBackend):
    """Takes nothing between two of its calls."""

    def __init__(self, name: str, first: int = 0, last: int = ALWAYS, error: Exception | None = None) -> None:
        super().__init__()
        self.name = name
        self.calls = 0
        self._first, self._last = first, last
        self._error = error or ProgressUnavailable(f"{name} is down.")

    async def append(self, run_id: UUID, events: Sequence[RunEvent], snapshot: RunSnapshot) -> None:
        self.calls += 1
        if self._first <= self.calls <= self._last:
            raise self._error
        await super().append(run_id, events, snapshot)


async def told(backend: MemoryBackend) -> list[tuple[int, str, float | None]]:
    return [(event.seq, event.event_type, event.progress_percentage) for event in await backend.read(RUN, 0)]


async def test_events_are_numbered_from_one_or_after_the_last() -> None:
    backend = MemoryBackend()
    async with RunPublisher(RUN, [backend]) as publisher:
        publisher.publish(EventType.RUN_RUNNING)
        publisher.publish(EventType.RUN_INTERRUPTED)
        assert publisher.seq == 2
    async with RunPublisher(RUN, [backend], after_seq=1, resumed=await backend.snapshot(RUN)) as publisher:
        publisher.publish(EventType.RUN_RUNNING)
    async with RunPublisher(RUN, [backend], after_seq=10) as publisher:
        publisher.publish(EventType.RUN_RUNNING)
    assert [event.seq for event in await backend.read(RUN, 0)] == [1, 2, 3, 11]


async def test_what_is_published_in_one_go_is_one_batch_and_the_next_comes_20_ms_later() -> None:
    backend = Failing("counting", first=ALWAYS)
    async with RunPublisher(RUN, [backend]) as publisher:
        for _ in range(300):
            publisher.publish(EventType.STEP_RUNNING, step_id="a")
        await asyncio.sleep(0.005)
        assert backend.calls == 1
        publisher.publish(EventType.STEP_SUCCEEDED, step_id="a")
        await asyncio.sleep(0.005)
        assert backend.calls == 1, "not before 20 ms are over"
        await asyncio.sleep(0.04)
        assert backend.calls == 2
    assert len(await told(backend)) == 301


async def test_progress_goes_out_ten_times_a_second_a_step_and_the_last_value_is_never_lost() -> None:
    backend = MemoryBackend()
    async with RunPublisher(RUN, [backend]) as publisher:
        for percentage in range(101):
            publisher.publish(EventType.STEP_PROGRESS, step_id="a", percentage=percentage)
            publisher.publish(EventType.STEP_PROGRESS, step_id="b", percentage=percentage)
            await asyncio.sleep(0.002)
        await asyncio.sleep(0.15)
        events = await backend.read(RUN, 0)
        of_a = [event.progress_percentage for event in events if event.step_id == "a"]
        assert of_a[0] == 0
        assert of_a[-1] == 100
        assert 3 <= len(of_a) <= 15


async def test_the_last_progress_of_a_step_comes_before_its_end() -> None:
    backend = MemoryBackend()
    async with RunPublisher(RUN, [backend]) as publisher:
        for percentage in (1, 2, 3):
            publisher.publish(EventType.STEP_PROGRESS, step_id="a", percentage=percentage)
        publisher.publish(EventType.STEP_SUCCEEDED, step_id="a")
        publisher.publish(EventType.STEP_PROGRESS, step_id="a", percentage=4)
        publisher.publish(EventType.STEP_RUNNING, step_id="a")
        publisher.publish(EventType.STEP_PROGRESS, step_id="a", percentage=5)
    assert await told(backend) == [
        (1, "step.progress", 1),
        (2, "step.progress", 3),
        (3, "step.succeeded", None),
        (4, "step.running", None),
        (5, "step.progress", 5),
    ], "what a step reports after its end is dropped"


async def test_percentages_stay_within_their_bounds() -> None:
    backend = MemoryBackend()
    async with RunPublisher(RUN, [backend]) as publisher:
        for percentage in (-5, 250.0, float("nan"), float("inf")):
            publisher.publish(EventType.RUN_RUNNING, percentage=percentage)
    assert [percentage for *_, percentage in await told(backend)] == [0, 100, None, 100]


async def test_threads_may_publish() -> None:
    backend = MemoryBackend()

    def work() -> None:
        for number in range(200):
            publisher.publish(EventType.STEP_RUNNING, step_id="a", message=str(number))

    asyncio.get_running_loop().set_debug(True)  # the loop complains about what is not thread-safe
    async with RunPublisher(RUN, [backend]) as publisher:
        await asyncio.gather(*(asyncio.to_thread(work) for _ in range(4)))
    assert [seq for seq, *_ in await told(backend)] == list(range(1, 801))


async def test_nothing_is_taken_after_close_and_closing_twice_is_harmless() -> None:
    backend = MemoryBackend()
    publisher = RunPublisher(RUN, [backend])
    publisher.publish(EventType.RUN_SUCCEEDED)
    await publisher.close()
    publisher.publish(EventType.RUN_FAILED)
    await asyncio.to_thread(publisher.publish, EventType.RUN_FAILED)
    await publisher.close()
    assert await told(backend) == [(1, "run.succeeded", None)]


@pytest.mark.parametrize("error", [ProgressUnavailable("Redis is down."), RuntimeError("nobody thought of this")])
async def test_a_backend_that_fails_hands_everything_over_to_the_next_for_good(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = Failing("redis", first=2, last=2, error=error), Failing("postgres", first=ALWAYS)
    async with RunPublisher(RUN, [first, second]) as publisher:
        publisher.publish(EventType.RUN_RUNNING)
        assert await publisher.flush()
        assert publisher.backend == "redis"
        publisher.publish(EventType.STEP_RUNNING, step_id="a")
        assert await publisher.flush()
        assert publisher.backend == "postgres"
        publisher.publish(EventType.RUN_SUCCEEDED)
    assert [seq for seq, *_ in await told(first)] == [1]
    assert [seq for seq, *_ in await told(second)] == [1, 2, 3]
    assert first.calls == 2
    [warning] = [record.getMessage() for record in caplog.records]
    assert "moves from redis to postgres" in warning


async def test_events_wait_in_memory_while_nothing_takes_them(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(publishing, "RETRY_SECONDS", 0.02)
    first, second = Failing("redis", first=1), Failing("postgres", last=5)
    async with RunPublisher(RUN, [first, second]) as publisher:
        for _ in range(10):
            publisher.publish(EventType.STEP_RUNNING, step_id="a")
        await asyncio.sleep(0.3)
        assert [seq for seq, *_ in await told(second)] == list(range(1, 11))
    assert len([record for record in caplog.records if record.levelno == logging.WARNING]) == 2, "said once, not always"


async def test_a_run_that_nobody_takes_events_from_still_ends(caplog: pytest.LogCaptureFixture) -> None:
    publisher = RunPublisher(RUN, [Failing("postgres")])
    publisher.publish(EventType.RUN_SUCCEEDED)
    assert not await publisher.flush()
    await publisher.close()
    assert "The last 1 progress events of the run" in caplog.text


async def test_the_end_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stuck(MemoryBackend):
        async def append(self, *_: object) -> None:
            await asyncio.Event().wait()

    monkeypatch.setattr(publishing, "LONGEST_FLUSH_SECONDS", 0.05)
    publisher = RunPublisher(RUN, [Stuck()])
    publisher.publish(EventType.RUN_SUCCEEDED)
    async with asyncio.timeout(1):
        await publisher.close()


async def test_the_snapshot_belongs_to_the_batch() -> None:
    backend = MemoryBackend()
    async with RunPublisher(RUN, [backend]) as publisher:
        publisher.publish(EventType.RUN_RUNNING)
        await publisher.flush()
        publisher.publish(EventType.RUN_FAILED, message="no")
    snapshot = await backend.snapshot(RUN)
    assert snapshot is not None
    assert (snapshot.seq, snapshot.status, snapshot.message) == (2, RunStatus.FAILED, "no")


async def test_chatty_items_do_not_swallow_how_many_are_done() -> None:
    backend = MemoryBackend()
    run_id = new_run_id()
    async with RunPublisher(run_id, (backend,)) as publisher:
        for done in range(1, 6):
            publisher.publish(EventType.STEP_PROGRESS, step_id="all", item=done, percentage=50, message="half way")
            publisher.publish(EventType.STEP_PROGRESS, step_id="all", percentage=20 * done, message=f"{done} of 5")
            publisher.publish(EventType.STEP_PROGRESS, step_id="all", item=done, percentage=90, message="nearly")
        publisher.publish(EventType.STEP_SUCCEEDED, step_id="all")
    told = [event.message for event in await backend.read(run_id, 0)]
    assert told[-2:] == ["5 of 5", ""]
