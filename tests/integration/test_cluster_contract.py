"""What every cluster keeps to, the one in this process and Dask's: errands come back in order, or are cancelled."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from dask_bench import DaskBench, OwnCluster, own_cluster, pipeline_of

from brain.executor.cluster import Cluster, Errand, Workers
from brain.executor.in_process import InProcessCluster
from brain.pipeline_builder.pipeline import Pipeline
from brain.runs import EventType, StepStatus

STEPS: tuple[dict[str, Any], ...] = (
    {"id": "one", "tool": "bench.where", "arguments": {"value": 1}},
    {"id": "two", "tool": "bench.where", "arguments": {"value": "${one.value}"}},
    {"id": "bad", **(each := {"tool": "bench.fail", "foreach": [], "arguments": {"value": "${item}"}})},
    {"id": "lenient", "on_error": "collect", **each},
    {"id": "long", "tool": "bench.wait", "arguments": {"seconds": 60}},
    {"id": "unmet", "tool": "bench.where", "when": "one.value > `1`"},
    {"id": "note", "tool": "bench.note", "arguments": {"text": "once"}},
)  # fmt: skip
ITEMS = [(0, 1), (1, 3), (2, 4)]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnCluster]:
    with own_cluster(tmp_path_factory.mktemp("contract"), "--workers", "1") as started:
        yield started


@pytest.fixture(params=["in this process", "dask"])
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[DaskBench]:
    own: OwnCluster = request.getfixturevalue("own")
    async with DaskBench.on(own.address, own.project) as made:
        if request.param != "dask":
            made.cluster = InProcessCluster(made.caller, slots=1)
        yield made


@pytest.fixture
def pipeline() -> Pipeline:
    return pipeline_of(*STEPS)


@pytest.fixture
async def workers(bench: DaskBench, pipeline: Pipeline) -> AsyncIterator[Workers]:
    cluster: Cluster = bench.cluster
    await cluster.open()
    async with cluster.workers(pipeline, bench.events) as made:
        yield made


async def test_an_errand_comes_back_with_its_result_and_tells_when_it_begins(
    bench: DaskBench, pipeline: Pipeline, workers: Workers
) -> None:
    assert workers.slots == 1
    [result] = await workers.submit(Errand(pipeline.steps["one"], {})).results()
    assert (result.step_id, result.status, result.result["value"]) == ("one", StepStatus.SUCCEEDED, 1)
    assert result.fingerprint is not None
    assert bench.events.of("one") == [EventType.STEP_RUNNING]


async def test_an_errand_that_comes_after_another_sees_its_result(pipeline: Pipeline, workers: Workers) -> None:
    one = workers.submit(Errand(pipeline.steps["one"], {}))
    two = workers.submit(Errand(pipeline.steps["two"], {}, after={"one": one}))
    unmet = workers.submit(Errand(pipeline.steps["unmet"], {}, after={"one": one}))
    [result], [skipped] = await two.results(), await unmet.results()
    assert (result.arguments, result.result["value"]) == ({"value": 1}, 1)
    assert (skipped.status, skipped.error) == (StepStatus.SKIPPED, "its condition is not met: one.value > `1`")


async def test_items_come_back_by_number_and_none_begins_after_one_that_fails_the_step(
    pipeline: Pipeline, workers: Workers
) -> None:
    strict = await workers.submit(Errand(pipeline.steps["bad"], {}, items=ITEMS, width=1)).results()
    lenient = await workers.submit(Errand(pipeline.steps["lenient"], {}, items=ITEMS, width=2)).results()
    ended = [(result.item, result.status) for result in strict]
    assert ended == [(0, StepStatus.SUCCEEDED), (1, StepStatus.FAILED)]
    assert sorted((result.item or 0, result.result) for result in lenient) == [(0, 1), (1, None), (2, 4)]


async def test_an_errand_that_may_be_begun_once_is_done(pipeline: Pipeline, workers: Workers) -> None:
    [result] = await workers.submit(Errand(pipeline.steps["note"], {}, is_once=True)).results()
    assert (result.status, result.result) == (StepStatus.SUCCEEDED, "once")


async def test_a_cancelled_errand_leaves_its_place_to_the_next(pipeline: Pipeline, workers: Workers) -> None:
    long = workers.submit(Errand(pipeline.steps["long"], {}))
    waiting = asyncio.create_task(_of(long))
    await asyncio.sleep(0.3)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    [result] = await workers.submit(Errand(pipeline.steps["one"], {})).results()
    assert result.status is StepStatus.SUCCEEDED


async def test_an_errand_that_is_taken_back_is_told_to_who_waits(pipeline: Pipeline, workers: Workers) -> None:
    long = workers.submit(Errand(pipeline.steps["long"], {}))
    waiting = asyncio.create_task(_of(long))
    await asyncio.sleep(0.3)
    long.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def _of(submission: Any) -> Any:
    return await submission.results()
