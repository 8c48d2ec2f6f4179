"""A cluster at the command line: it is held until Ctrl-C, found by the other commands, and told of by the doctor."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import CommandLine, remove_project
from dask_bench import own_cluster, write_tools
from notebook_files import write_notebook


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    folder = tmp_path_factory.mktemp("cluster") / "project"
    folder.mkdir()
    write_tools(folder)
    yield CommandLine(folder)
    remove_project(folder)


def test_a_run_goes_on_the_cluster_that_another_shell_holds(line: CommandLine) -> None:
    step = {"id": "where", "tool": "bench.where", "arguments": {"value": 1}}
    pipeline = line.write("where.json", step)
    refused = line("run", pipeline, "--executor", "dask", "--json")
    assert refused.code == 2
    assert "start one here with `brain cluster`" in refused.err
    with own_cluster(line.project, "--workers", "1") as cluster:
        workers = [worker.pid for worker in cluster.workers]
        assert line("run", pipeline, "--executor", "dask", "--json").json["outputs"]["where"]["pid"] in workers
        assert line("run", pipeline, "--json").json["outputs"]["where"]["pid"] not in workers
        second = line("cluster")
        assert second.code == 3
        assert "runs already at" in second.err
        found = {each["name"]: each for each in line("doctor", "--json").json}
        assert (found["dask"]["ok"], found["dask"]["detail"]) == (True, f"1 worker with 1 thread at {cluster.address}")
    assert "No Dask cluster is known" in line("run", pipeline, "--executor", "dask").err


def test_the_notebooks_of_a_batch_are_spread_over_its_workers(line: CommandLine) -> None:
    write_notebook(
        line.project / "where.ipynb", ("number = 1", "parameters"),
        "import os, brain, pandas as pd\nfrom pathlib import Path\nPath(f'began-{number}').touch()",
        "import time\nwhile number < 3 and len([*Path().glob('began-[12]')]) < 2:\n    time.sleep(0.02)",
        "brain.record('rows', pd.DataFrame({'number': [number]}))\nif number == 3:\n    raise ValueError('no data')",
    )  # fmt: skip
    with own_cluster(line.project, "--workers", "2"):
        ended = line("batch", "where.ipynb", "--params", "{number: [1..3]}", "--executor", "dask", "--json")
        assert ended.code == 1, ended.err
        assert ended.json["counts"] == {"succeeded": 2, "failed": 1}
        failed = ended.json["sets"][2]
        assert failed["error"] == "cell 5 of 5: ValueError: no data."
        assert all(one["recorded"]["rows"]["row_count"] == 1 for one in ended.json["sets"])
        assert '"ename": "ValueError"' in Path(failed["notebook"]).read_text()


def test_ctrl_c_ends_the_cluster_with_a_word(line: CommandLine) -> None:
    with own_cluster(line.project, "--workers", "1") as cluster:
        workers = cluster.workers
        os.killpg(cluster.process.pid, signal.SIGINT)
        assert cluster.process.wait(30) == 0
        assert not [worker for worker in workers if worker.is_running() and worker.status() != "zombie"]
    assert not (line.project / ".brain" / "cluster.json").exists()


def test_a_cluster_of_no_workers_is_refused(line: CommandLine) -> None:
    refused = line("cluster", "--workers", "0")
    assert refused.code == 2
    assert "--workers" in refused.err


def test_wrong_words_for_an_executor_name_those_there_are(line: CommandLine) -> None:
    refused = line("run", line.write("where.json", {"id": "a", "tool": "bench.where"}), "--executor", "spark")
    assert refused.code == 2
    assert "BRAIN_EXECUTOR is 'spark'" in refused.err
    assert "'local'" in refused.err
