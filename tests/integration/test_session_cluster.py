"""Runs of a project on a cluster: how it is found, what is said where there is none, and what outlives it."""

import os
from pathlib import Path

import pytest
from command_line import eventually
from dask_bench import own_cluster, write_tools

from brain import Brain
from brain.errors import ClusterUnavailable, SettingsError
from brain.runs import RunStatus

WHERE = {"name": "where", "steps": [{"id": "where", "tool": "bench.where", "arguments": {"value": 1}}]}
GATE = {
    "name": "gate",
    "steps": [
        {"id": "first", "tool": "bench.where", "arguments": {"value": 1}},
        {"id": "gate", "tool": "bench.gate", "arguments": {"after": "${first}"}},
    ],
}


def test_without_a_cluster_a_person_is_told_how_to_get_one(project: Path) -> None:
    with pytest.raises(SettingsError, match=r"No Dask cluster is known: set DASK_SCHEDULER_ADDRESS.*`brain cluster`"):
        Brain(executor="dask")


def test_an_executor_that_there_is_not_is_refused(project: Path) -> None:
    with pytest.raises(SettingsError, match="BRAIN_EXECUTOR is 'spark'"):
        Brain(executor="spark")


def test_an_address_in_the_settings_is_used_unless_this_machine_is_asked_for(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tools(project)
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", "tcp://127.0.0.1:9")
    monkeypatch.setattr("brain.executor.dask.cluster.CONNECT_SECONDS", 0.5)
    with Brain() as brain:
        with pytest.raises(ClusterUnavailable, match=r"No Dask scheduler answers at tcp://127\.0\.0\.1:9"):
            brain.run(WHERE)
        assert brain.runs().empty, "nothing is accepted that could not be executed"
    with Brain(executor="local") as brain:
        assert brain.run(WHERE).outputs["where"]["pid"] == os.getpid()


def test_a_run_whose_scheduler_goes_away_is_interrupted_and_goes_on_here(project: Path) -> None:
    with own_cluster(project, "--workers", "1") as cluster, Brain(executor="dask") as brain:
        ran = brain.run(WHERE)
        assert ran.status is RunStatus.SUCCEEDED, ran.error
        assert ran.outputs["where"]["pid"] in [worker.pid for worker in cluster.workers]
        started = brain.start_run(GATE)
        first = eventually(lambda: next(iter(brain.show(started).step_results), None))
        cluster.kill_scheduler()
        ended = brain.wait(started)
        assert (ended.status, first.step_id) == (RunStatus.INTERRUPTED, "first")
        assert ended.error is not None
        assert ended.error.startswith("The Dask scheduler is gone")
    (project / "open").touch()
    with Brain(executor="local") as brain:
        resumed = brain.resume(started)
    assert resumed.status is RunStatus.SUCCEEDED, resumed.error
    assert resumed.outputs["gate"] == os.getpid()
    assert resumed.results["first"] == first.result, "what was done was not done again"
