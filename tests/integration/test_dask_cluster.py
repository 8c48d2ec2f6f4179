"""Pipelines on a real Dask cluster: what workers do, what stays here, and what happens where one of them dies."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from dask_bench import CANARY, DaskBench, OwnCluster, own_cluster

from brain.errors import ClusterUnavailable
from brain.executor.dask import cluster as dask_cluster
from brain.runs import EventType, RunStatus, StepStatus


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnCluster]:
    with own_cluster(tmp_path_factory.mktemp("dask")) as started:
        yield started


@pytest.fixture
async def bench(cluster: OwnCluster) -> AsyncIterator[DaskBench]:
    async with DaskBench.on(cluster.address, cluster.project) as made:
        yield made


async def test_steps_run_on_workers_and_hand_their_results_on(bench: DaskBench) -> None:
    result = await bench.run(
        {"id": "one", "tool": "bench.where", "arguments": {"value": 1}},
        {"id": "two", "tool": "bench.where", "arguments": {"value": "${one.value}"}},
        {"id": "never", "tool": "bench.where", "when": "two.value > `1`"},
        {"id": "last", "tool": "bench.where", "arguments": {"value": "${two.value}", "after": "${one}"}},
    )
    assert result.status is RunStatus.SUCCEEDED, result.error
    assert result.outputs["last"]["value"] == 1
    assert result.outputs["last"]["pid"] != os.getpid()
    assert result.steps["never"].status is StepStatus.SKIPPED
    assert bench.events.of("two") == [EventType.STEP_RUNNING, EventType.STEP_SUCCEEDED]
    assert bench.journal.states["two", None].arguments == {"value": 1}


async def test_a_resumed_run_gives_the_workers_what_is_left_of_it(bench: DaskBench) -> None:
    first = {"id": "first", "tool": "bench.fail", "arguments": {"value": 1}}
    second = {"id": "second", "tool": "bench.where", "arguments": {"value": "${first}"}}
    before = await bench.run(first)
    result = await bench.run(first, second, earlier=tuple(before.steps.values()))
    assert result.status is RunStatus.SUCCEEDED, result.error
    assert result.outputs["second"]["value"] == 1
    assert bench.events.of("first").count(EventType.STEP_RUNNING) == 1


async def test_the_items_of_a_foreach_are_spread_over_the_workers_and_keep_their_order(bench: DaskBench) -> None:
    result = await bench.run(
        {
            "id": "all",
            "tool": "bench.where",
            "foreach": "${inputs.items}",
            "arguments": {"value": "${item}"},
        },
        {"id": "count", "tool": "bench.where", "arguments": {"value": "${length(all)}"}},
        inputs={"items": list(range(500))},
    )
    assert result.outputs["count"]["value"] == 500
    assert [value["value"] for value in result.steps["all"].result] == list(range(500))
    assert len({value["pid"] for value in result.steps["all"].result}) == 2
    assert {item for step, item in bench.journal.states if step == "all"} == {None, *range(500)}


async def test_a_failed_item_fails_its_step_or_stands_in_its_place(bench: DaskBench) -> None:
    items = {"tool": "bench.fail", "foreach": [1, 2, 3, 4], "arguments": {"value": "${item}"}}
    result = await bench.run({"id": "strict", **items}, {"id": "lenient", "on_error": "collect", **items})
    reason = "bench.fail failed unexpectedly with ValueError: three is wrong."
    assert result.steps["strict"].error == f"item 2 failed: {reason}"
    assert result.steps["lenient"].result == [1, 2, {"error": reason}, 4]


async def test_a_worker_tries_again_and_tells_of_it(bench: DaskBench) -> None:
    result = await bench.run(
        {"id": "flaky", "tool": "bench.flaky", "arguments": {"name": "tries"}, "retry": {"attempts": 3}}
    )
    assert result.status is RunStatus.SUCCEEDED, result.error
    assert result.steps["flaky"].tries == 3
    assert bench.events.of("flaky").count(EventType.STEP_RETRYING) == 2


async def test_a_call_that_takes_too_long_on_a_worker_is_given_up_there(bench: DaskBench) -> None:
    result = await bench.run({"id": "nap", "tool": "bench.nap", "arguments": {"seconds": 30}, "timeout": "300ms"})
    assert result.error is not None
    assert result.error.startswith("nap: bench.nap took longer than its timeout of 0.3 s")


async def test_a_cancelled_run_leaves_the_workers_free(bench: DaskBench) -> None:
    cancel = asyncio.Event()
    naps = [{"id": f"nap_{n}", "tool": "bench.wait", "arguments": {"seconds": 60}} for n in range(4)]
    running = asyncio.create_task(bench.run(*naps, cancel=cancel))
    await bench.until(lambda: EventType.STEP_RUNNING in [kind for kind, _, _ in bench.events.events], running)
    cancel.set()
    assert (await running).status is RunStatus.CANCELLED
    after = await bench.run({"id": "next", "tool": "bench.where", "timeout": "30s"})
    assert after.status is RunStatus.SUCCEEDED


async def test_a_table_goes_from_worker_to_worker_by_its_artifact(bench: DaskBench) -> None:
    result = await bench.run(
        {"id": "rows", "tool": "bench.rows", "arguments": {"count": 1000}},
        {"id": "total", "tool": "bench.total", "arguments": {"table": "${rows}"}},
    )
    assert result.outputs["total"]["sum"] == sum(range(1000))
    assert result.steps["rows"].result["row_count"] == 1000
    assert result.outputs["total"]["pid"] == result.outputs["total"]["made_by"], "it was begun where the table was"


async def test_secrets_come_from_the_environment_of_the_worker_and_stay_there(bench: DaskBench) -> None:
    result = await bench.run(
        {"id": "asks", "tool": "bench.login"},
        {"id": "given", "tool": "bench.login", "arguments": {"password": "${secret:BENCH_PASSWORD}"}},
    )
    assert result.status is RunStatus.SUCCEEDED, result.error
    assert result.outputs == {"asks": "with ${secret:BENCH_PASSWORD}", "given": "with ${secret:BENCH_PASSWORD}"}
    assert CANARY not in repr((bench.journal.states, bench.events.events))


async def test_a_tool_has_its_own_process_beside_the_worker_and_keeps_it(cluster: OwnCluster, bench: DaskBench) -> None:
    crunch = {"id": "crunch", "tool": "bench.crunch", "foreach": "${inputs.items}", "arguments": {"value": "${item}"}}
    pids = set()
    for name in ("one", "two"):  # two pipelines
        result = await bench.run({**crunch, "id": name}, inputs={"items": list(range(20))})
        assert [value["value"] for value in result.outputs[name]] == list(range(20))
        pids |= {value["pid"] for value in result.outputs[name]}
    workers = {worker.pid for worker in cluster.workers}
    assert {value["worker"] for value in result.outputs["two"]} <= workers
    assert len(pids - workers) == len(pids) <= len(workers)


async def test_questions_to_the_model_are_asked_here(bench: DaskBench) -> None:
    result = await bench.run({"id": "ask", "tool": "bench.ask"})
    assert result.outputs == {"ask": os.getpid()}


async def test_a_killed_worker_loses_no_step(cluster: OwnCluster, bench: DaskBench) -> None:
    chain = [{"id": "s0", "tool": "bench.where", "arguments": {"value": 0}}]
    chain += [
        {"id": f"s{n}", "tool": "bench.wait", "arguments": {"seconds": 0.3, "after": f"${{s{n - 1}}}"}}
        for n in range(1, 6)
    ]
    running = asyncio.create_task(bench.run(*chain))
    await bench.until(lambda: ("s2", None) in bench.journal.states, running)
    worker = next(each for each in cluster.workers if each.pid == bench.journal.states["s2", None].result)
    worker.kill()
    result = await running
    assert result.status is RunStatus.SUCCEEDED, result.error
    assert len(result.steps) == 6
    assert result.steps["s5"].result != worker.pid


async def test_what_may_be_done_once_only_is_not_done_again_where_its_worker_dies(
    cluster: OwnCluster, bench: DaskBench
) -> None:
    notes = cluster.project / "notes"
    running = asyncio.create_task(
        bench.run(
            {"id": "note", "tool": "bench.note", "arguments": {"text": "sent", "seconds": 60}},
            {"id": "after", "tool": "bench.where", "needs": ["note"]},
        )
    )
    pid = cluster.project / "note.pid"
    await bench.until(lambda: pid.exists() and bool(pid.read_text()), running)
    os.kill(int(pid.read_text()), signal.SIGKILL)
    result = await running
    assert result.status is RunStatus.INTERRUPTED
    assert result.steps["note"].status is StepStatus.INTERRUPTED
    assert result.steps["after"].status is StepStatus.SKIPPED
    assert result.error == "note: The worker that had begun it was lost, so that nobody knows whether it did its work."
    assert notes.read_text() == "sent\n"


async def test_a_tool_that_kills_every_worker_fails_its_step_in_a_sentence(bench: DaskBench) -> None:
    result = await bench.run({"id": "leave", "tool": "bench.leave", "arguments": {"code": 1}})
    assert result.status is RunStatus.FAILED
    assert result.error is not None
    assert "each of them died while it ran" in result.error


@pytest.mark.parametrize("is_seen", [True, False])
async def test_files_of_a_project_are_read_where_they_are(
    cluster: OwnCluster, bench: DaskBench, monkeypatch: pytest.MonkeyPatch, *, is_seen: bool
) -> None:
    (cluster.project / "data.txt").write_text("12345")
    await bench.cluster.open()
    monkeypatch.setattr(bench.cluster, "_sees_project", is_seen)  # the workers here do see it
    result = await bench.run({"id": "length", "tool": "bench.length", "arguments": {"path": "data.txt"}})
    assert result.steps["length"].result["bytes"] == 5
    assert (result.steps["length"].result["pid"] == os.getpid()) is not is_seen


async def test_artifacts_that_workers_cannot_read_are_told_of_before_anything_begins(
    cluster: OwnCluster, tmp_path: Path
) -> None:
    async with DaskBench.on(cluster.address, tmp_path, artifacts="memory://elsewhere") as bench:
        with pytest.raises(ClusterUnavailable, match=r"cannot read what this machine stores under memory://elsewhere"):
            await bench.run({"id": "where", "tool": "bench.where"})
    assert bench.events.events == []


async def test_where_no_scheduler_answers_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_cluster, "CONNECT_SECONDS", 0.5)
    async with DaskBench.on("tcp://127.0.0.1:9", tmp_path) as bench:
        with pytest.raises(ClusterUnavailable, match=r"No Dask scheduler answers at tcp://127\.0\.0\.1:9"):
            await bench.run({"id": "where", "tool": "bench.where"})


async def test_a_scheduler_that_goes_away_ends_the_run_and_leaves_what_was_done(tmp_path: Path) -> None:
    with own_cluster(tmp_path, "--workers", "1") as cluster:
        async with DaskBench.on(cluster.address, tmp_path) as bench:
            running = asyncio.create_task(
                bench.run(
                    {"id": "quick", "tool": "bench.where"},
                    {"id": "slow", "tool": "bench.wait", "arguments": {"seconds": 60, "after": "${quick}"}},
                )
            )
            await bench.until(lambda: ("quick", None) in bench.journal.states, running)
            cluster.kill_scheduler()
            with pytest.raises(ClusterUnavailable, match="The Dask scheduler is gone"):
                await running
    assert bench.journal.states["quick", None].status is StepStatus.SUCCEEDED
    assert bench.journal.states["slow", None].status is StepStatus.CANCELLED
