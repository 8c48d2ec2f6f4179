"""The knowledge base as DataFrames: what a person at a notebook gets."""

from datetime import UTC, timedelta
from uuid import UUID

import pandas as pd
import pytest

from brain.config_secrets import Redactor
from brain.database.engine import Database
from brain.database.tables import Batch, Run
from brain.errors import DatabaseError, DatabaseUnreachable, SchemaMismatch, UsageError
from brain.knowledge_base.frames import Frames, RunFilter
from brain.knowledge_base.records import Outcome
from brain.knowledge_base.store import RunStore
from brain.runs import RunStatus, StepResult, StepStatus, new_run_id, short_id, utc_now


@pytest.fixture
def store(database: Database) -> RunStore:
    return RunStore(database, Redactor({}))


@pytest.fixture
def frames(database: Database) -> Frames:
    return Frames(database)


async def ended(store: RunStore, request: str, status: RunStatus = RunStatus.SUCCEEDED, **columns: object) -> UUID:
    run = Run(id=new_run_id(), request=request, status=RunStatus.RUNNING, **columns)
    await store.create(run)
    await store.settle(run.id, 1, Outcome(status, {"mean": 3.5}, answer=f"Answer to {request}"))
    return run.id


async def test_runs_come_newest_first_with_short_ids_dicts_and_times_in_utc(store: RunStore, frames: Frames) -> None:
    first = await ended(store, "rain", inputs={"path": "weather.csv"})
    second = await ended(store, "snow", RunStatus.FAILED)
    await store.rate(first, 2)
    await store.rate(first, 4, "better")
    frame = await frames.runs()
    assert frame.columns[0] == "id"
    assert list(frame.id) == [short_id(second), short_id(first)]
    assert list(frame.run_id) == [str(second), str(first)]
    assert list(frame.status) == ["failed", "succeeded"]
    assert frame.inputs[1]["path"] == "weather.csv"
    assert frame.outputs[1] == {"mean": 3.5}
    assert (frame.stars[1], frame.feedback[1], frame.answer[1]) == (4, "better", "Answer to rain")
    assert pd.isna(frame.stars[0])
    assert frame.created_at.dt.tz is UTC or str(frame.created_at.dt.tz) == "UTC"
    assert abs(frame.created_at[0] - utc_now()) < timedelta(seconds=30)
    assert 0 <= frame.seconds[0] < 30
    assert "embedding" not in frame.columns
    assert frame.attrs == {}
    assert isinstance(frame.dtypes["status"], pd.ArrowDtype)
    assert "Answer to rain" in frame.to_string()


async def test_runs_are_filtered_by_status_time_text_and_batch(
    store: RunStore, frames: Frames, database: Database
) -> None:
    batch = Batch(id=new_run_id(), name="grid")
    async with database.session() as session:
        session.add(batch)
    await ended(store, "Rain by month", batch_id=batch.id)
    await ended(store, "50% of the snow", RunStatus.FAILED)
    middle = utc_now()
    await ended(store, "wind", RunStatus.INTERRUPTED, name="rain-and-wind")

    async def requests(wanted: RunFilter) -> list[str]:
        return list((await frames.runs(wanted)).request)

    assert await requests(RunFilter([RunStatus.FAILED, RunStatus.INTERRUPTED])) == ["wind", "50% of the snow"]
    assert await requests(RunFilter(text="RAIN")) == ["wind", "Rain by month"]
    assert await requests(RunFilter(text="50% of")) == ["50% of the snow"]
    assert await requests(RunFilter(text="%")) == ["50% of the snow"]
    assert await requests(RunFilter(since=middle)) == ["wind"]
    assert await requests(RunFilter(since=middle.astimezone().replace(tzinfo=None))) == ["wind"]
    assert await requests(RunFilter(batch_id=batch.id)) == ["Rain by month"]
    assert await requests(RunFilter([RunStatus.FAILED], since=middle, text="snow", batch_id=batch.id)) == []


async def test_a_limit_says_what_it_cut(store: RunStore, frames: Frames) -> None:
    for number in range(4):
        await ended(store, f"request {number}")
    cut = await frames.runs(RunFilter([RunStatus.SUCCEEDED]), limit=3)
    assert list(cut.request) == ["request 3", "request 2", "request 1"]
    assert cut.attrs["cut"] == "the newest 3 of 4 rows; limit=None reads all"
    assert (await frames.runs(limit=4)).attrs == {}
    assert len(await frames.runs(limit=None)) == 4
    with pytest.raises(UsageError, match="A limit is 1 or more"):
        await frames.runs(limit=0)


async def test_an_empty_knowledge_base_gives_an_empty_frame_with_its_columns(frames: Frames) -> None:
    assert (await frames.runs()).empty
    assert "step_id" in (await frames.steps()).columns


async def test_steps_tell_how_many_items_they_have_and_list_them_on_demand(store: RunStore, frames: Frames) -> None:
    other, run_id = await ended(store, "other"), await ended(store, "rain")
    links = StepResult("links", "html.links", StepStatus.SUCCEEDED, result=["a", "b"], arguments={"url": "https://x"})
    pages = StepResult("pages", "http.get", StepStatus.FAILED, tool_version="3", error="1 of 2 failed")
    items = [
        StepResult("pages", "http.get", StepStatus.SUCCEEDED, item=0, result={"status": 200}, tries=1),
        StepResult("pages", "http.get", StepStatus.FAILED, item=1, error="404", tries=3),
    ]
    await store.record(run_id, 1, [pages, *items, links], {"links": 0, "pages": 1})
    await store.record(other, 1, [links], {"links": 0})
    frame = await frames.steps(run_id)
    assert frame.columns[0] == "id"
    assert list(frame.id) == [short_id(run_id)] * 2
    assert list(frame.step_id) == ["links", "pages"]
    assert list(frame["items"]) == [0, 2]
    assert frame.result[0] == ["a", "b"]
    assert frame.arguments[0] == {"url": "https://x"}
    assert frame.result[1] is None
    with_items = await frames.steps(run_id, items=True)
    assert with_items.item.fillna(-1).tolist() == [-1, -1, 0, 1]
    assert with_items.error.fillna("").tolist() == ["", "1 of 2 failed", "", "404"]
    assert with_items.tool_version.tolist() == ["", "3", "3", "3"]
    assert list((await frames.steps()).id) == [short_id(run_id)] * 2 + [short_id(other)]
    assert (await frames.steps(limit=2)).attrs["cut"] == "the newest 2 of 3 rows; limit=None reads all"


async def test_what_is_wrong_with_the_database_is_said_as_everywhere(database_url: str) -> None:
    with pytest.raises(SchemaMismatch, match="brain db upgrade"):
        await Frames(Database(database_url)).runs()
    password = database_url.partition("://brain:")[2].partition("@")[0]
    with pytest.raises(DatabaseError, match="refused the password of brain") as caught:
        await Frames(Database(database_url.replace(password, "not-the-password"))).runs()
    assert "not-the-password" not in str(caught.value)
    with pytest.raises(DatabaseUnreachable, match="PostgreSQL on /nowhere cannot be reached"):
        await Frames(Database("postgresql+psycopg://brain@/brain?host=/nowhere")).runs()
