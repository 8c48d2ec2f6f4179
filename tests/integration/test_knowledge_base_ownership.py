"""Who may write to a run: attempts, heartbeats, cancelling, taking over, and owners that are gone."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import psutil
import psycopg
import pytest

from brain.config_secrets import Redactor
from brain.database.engine import Database
from brain.database.tables import Run
from brain.embedded.postgres import PostgresUrls
from brain.errors import StaleAttempt, UsageError
from brain.knowledge_base.records import Claim, Outcome, Plan
from brain.knowledge_base.store import CANCEL_CHANNEL, RunStore
from brain.owners import Owner
from brain.pipeline_builder.spec import PipelineSpec
from brain.runs import NOTHING_SPENT, RunStatus, Spending, StepResult, StepStatus, new_run_id, utc_now

ELSEWHERE = Owner("another-machine.invalid", 4711, 1.0)
RUNNING = StepResult("weather", "table.read", StepStatus.RUNNING, started_at=utc_now())
DONE = replace(RUNNING, status=StepStatus.SUCCEEDED, finished_at=utc_now())


@pytest.fixture
def store(database: Database) -> RunStore:
    return RunStore(database, Redactor({}))


@pytest.fixture
def killed() -> Iterator[Owner]:
    """An owner on this machine that was killed in the middle."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        owner = replace(Owner.this_process(), pid=process.pid, started=psutil.Process(process.pid).create_time())
        process.send_signal(signal.SIGKILL)
        process.wait()
        yield owner


async def begun(store: RunStore, owner: Owner | None = None, status: RunStatus = RunStatus.RUNNING) -> UUID:
    run = Run(id=new_run_id(), status=status, owner=str(owner or Owner.this_process()))
    if status is not RunStatus.RUNNING:
        run.owner = None
    await store.create(run)
    return run.id


async def silence(database: Database, run_id: UUID, seconds: int) -> None:
    async with database.connection() as connection:
        await connection.execute(
            "UPDATE brain.runs SET heartbeat_at = now() - make_interval(secs => %s) WHERE id = %s", [seconds, run_id]
        )


async def test_every_write_of_a_stale_attempt_is_refused(store: RunStore) -> None:
    run_id = await begun(store)
    await store.settle(run_id, 1, Outcome(RunStatus.FAILED, error="no network"))
    assert (await store.claim(run_id, owner=Owner.this_process())).attempt == 2
    spec = PipelineSpec.from_value({"steps": [{"id": "a", "tool": "b.c"}]})
    writes = (
        store.record(run_id, 1, [DONE], {}),
        store.record(run_id, 1, [replace(DONE, item=0)], {}),
        store.beat(run_id, 1, last_seq=99, backend="redis", spending=NOTHING_SPENT),
        store.set_plan(run_id, 1, Plan(spec)),
        store.settle(run_id, 1, Outcome(RunStatus.SUCCEEDED)),
    )
    for write in writes:
        with pytest.raises(StaleAttempt):
            await write
    run = await store.get(run_id)
    assert (run.status, run.attempt, run.last_seq, run.spec, run.error) == ("running", 2, 0, None, None)
    assert await store.step_results(run_id) == []
    await store.record(run_id, 2, [DONE], {})
    assert await store.step_results(run_id) == [DONE]


async def test_results_on_their_way_are_refused_when_the_run_is_taken_over_meanwhile(
    store: RunStore, database_url: str
) -> None:
    run_id = await begun(store)
    async with await psycopg.AsyncConnection.connect(database_url.replace("+psycopg", "")) as other:
        await other.execute("UPDATE brain.runs SET attempt = attempt + 1 WHERE id = %s", [run_id])
        writing = asyncio.create_task(store.record(run_id, 1, [DONE], {}))
        await asyncio.sleep(0.2)
        assert not writing.done(), "the write waits for whoever has the run"
        await other.commit()
        with pytest.raises(StaleAttempt):
            await writing
    assert await store.step_results(run_id) == []


async def test_results_are_written_again_when_the_server_hangs_up_in_the_middle(
    store: RunStore, database: Database, database_url: str, postgres: PostgresUrls
) -> None:
    run_id = await begun(store)
    async with await psycopg.AsyncConnection.connect(database_url.replace("+psycopg", "")) as other:
        await other.execute("SELECT 1 FROM brain.runs WHERE id = %s FOR UPDATE", [run_id])
        writing = asyncio.create_task(store.record(run_id, 1, [DONE], {}))
        await asyncio.sleep(0.2)
        ended = await other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'",
            [database.place.database],
        )
        assert ended.rowcount == 1
    await writing
    assert await store.step_results(run_id) == [DONE]


async def test_a_heartbeat_tells_where_the_run_is(store: RunStore, database: Database) -> None:
    run_id = await begun(store)
    await silence(database, run_id, 5)
    before = await store.position(run_id)
    assert before.heartbeat_age is not None
    assert 5 <= before.heartbeat_age < 10
    assert await store.beat(run_id, 1, last_seq=12, backend="postgres", spending=NOTHING_SPENT) is False
    assert await store.beat(run_id, 1, last_seq=7, backend=None, spending=Spending(20, 4, 0.01)) is False
    after = await store.position(run_id)
    assert (after.status, after.backend, after.last_seq) == (RunStatus.RUNNING, "postgres", 12)
    run = await store.get(run_id)
    assert (run.tokens_in, run.tokens_out, run.cost_usd) == (20, 4, 0.01)
    assert after.heartbeat_age is not None
    assert after.heartbeat_age < 5


async def test_the_owner_hears_of_a_cancel_and_listeners_get_a_hint(store: RunStore, database_url: str) -> None:
    run_id = await begun(store)
    async with await psycopg.AsyncConnection.connect(database_url.replace("+psycopg", ""), autocommit=True) as ear:
        await ear.execute(f"LISTEN {CANCEL_CHANNEL}")
        assert await store.request_cancel(run_id) is RunStatus.RUNNING
        heard = [notice.payload async for notice in ear.notifies(timeout=5, stop_after=1)]
    assert heard == [str(run_id)]
    assert await store.beat(run_id, 1, last_seq=1, backend=None, spending=NOTHING_SPENT) is True
    assert (await store.get(run_id)).attempt == 1


@pytest.mark.parametrize("status", [RunStatus.QUEUED, RunStatus.WAITING])
async def test_a_run_that_nobody_runs_is_cancelled_at_once(store: RunStore, status: RunStatus) -> None:
    run_id = await begun(store, status=status)
    assert await store.request_cancel(run_id) is RunStatus.CANCELLED
    run = await store.get(run_id)
    assert run.status == "cancelled"
    assert run.finished_at is not None
    with pytest.raises(UsageError, match="is cancelled"):
        await store.claim(run_id, owner=Owner.this_process(), statuses=[RunStatus.QUEUED])


async def test_a_run_whose_owner_was_killed_is_cancelled_at_once(store: RunStore, killed: Owner) -> None:
    run_id = await begun(store, killed)
    await store.record(run_id, 1, [RUNNING], {})
    assert await store.request_cancel(run_id) is RunStatus.CANCELLED
    assert [step.status for step in await store.step_results(run_id)] == [StepStatus.INTERRUPTED]
    with pytest.raises(StaleAttempt):
        await store.settle(run_id, 1, Outcome(RunStatus.SUCCEEDED))


async def test_cancelling_what_has_ended_changes_nothing(store: RunStore) -> None:
    run_id = await begun(store)
    await store.settle(run_id, 1, Outcome(RunStatus.SUCCEEDED))
    assert await store.request_cancel(run_id) is RunStatus.SUCCEEDED
    assert (await store.get(run_id)).cancel_requested_at is None


async def test_of_many_who_take_a_run_over_exactly_one_gets_it(store: RunStore, database_url: str) -> None:
    async with Database(database_url) as second:
        stores = [store, RunStore(second, Redactor({}))] * 4
        run_id = await begun(store)
        for attempt in range(2, 6):
            await store.settle(run_id, attempt - 1, Outcome(RunStatus.INTERRUPTED))
            claims = (each.claim(run_id, owner=Owner.this_process()) for each in stores)
            results = await asyncio.gather(*claims, return_exceptions=True)
            assert [result.attempt for result in results if isinstance(result, Claim)] == [attempt]
            assert sum(isinstance(result, StaleAttempt) for result in results) == len(stores) - 1


async def test_taking_over_clears_what_the_last_attempt_left(store: RunStore) -> None:
    run_id = await begun(store)
    await store.record(run_id, 1, [RUNNING], {})
    await store.request_cancel(run_id)
    await store.settle(run_id, 1, Outcome(RunStatus.FAILED, error="no network"))
    started = (await store.get(run_id)).started_at
    await store.claim(run_id, owner=ELSEWHERE)
    run = await store.get(run_id)
    assert (run.status, run.owner, run.error, run.finished_at) == ("running", str(ELSEWHERE), None, None)
    assert (run.cancel_requested_at, run.started_at) == (None, started)


async def test_a_run_that_has_succeeded_or_is_alive_is_not_taken_over(store: RunStore) -> None:
    run_id = await begun(store)
    with pytest.raises(StaleAttempt, match=r"is being run by .* already"):
        await store.claim(run_id, owner=ELSEWHERE)
    await store.settle(run_id, 1, Outcome(RunStatus.SUCCEEDED))
    with pytest.raises(UsageError, match="is succeeded: there is nothing to take over"):
        await store.claim(run_id, owner=ELSEWHERE)


async def test_a_run_is_taken_over_from_an_owner_that_is_gone(
    store: RunStore, database: Database, killed: Owner
) -> None:
    here, there = await begun(store, killed), await begun(store, ELSEWHERE)
    await silence(database, there, 16)
    for run_id in (here, there):
        await store.record(run_id, 1, [RUNNING], {})
        assert (await store.claim(run_id, owner=Owner.this_process())).attempt == 2
        assert [step.status for step in await store.step_results(run_id)] == [StepStatus.INTERRUPTED]


async def test_runs_of_a_killed_process_are_marked_and_others_left_alone(store: RunStore, killed: Owner) -> None:
    gone, alive, elsewhere = await begun(store, killed), await begun(store), await begun(store, ELSEWHERE)
    queued = await begun(store, status=RunStatus.QUEUED)
    for run_id in (gone, alive):
        await store.record(run_id, 1, [RUNNING, replace(RUNNING, item=0), replace(DONE, item=1)], {})
    assert await store.mark_stale() == [gone]
    assert await store.mark_stale() == []
    run = await store.get(gone)
    assert (run.status, run.owner) == ("interrupted", None)
    assert run.error == "The process that ran it is gone; what its steps had done is kept. Run it again."
    assert [step.status for step in await store.step_results(gone)] == ["interrupted", "interrupted", "succeeded"]
    assert [step.status for step in await store.step_results(alive)] == ["running", "running", "succeeded"]
    assert [(await store.get(run_id)).status for run_id in (alive, elsewhere, queued)] == [
        "running",
        "running",
        "queued",
    ]


async def test_an_owner_elsewhere_is_gone_after_fifteen_seconds_without_a_heartbeat(
    store: RunStore, database: Database
) -> None:
    quiet, silent = await begun(store, ELSEWHERE), await begun(store, ELSEWHERE)
    await silence(database, quiet, 13)
    await silence(database, silent, 16)
    assert await store.mark_stale() == [silent]
    with pytest.raises(StaleAttempt):
        await store.beat(silent, 1, last_seq=1, backend=None, spending=NOTHING_SPENT)
    assert await store.beat(quiet, 1, last_seq=1, backend=None, spending=NOTHING_SPENT) is False


async def test_a_run_that_was_to_be_cancelled_when_its_owner_died_is_cancelled(
    store: RunStore, database: Database
) -> None:
    run_id = await begun(store, ELSEWHERE)
    await store.request_cancel(run_id)
    await silence(database, run_id, 16)
    await store.mark_stale()
    assert (await store.get(run_id)).status == "cancelled"
