"""The real workflows of the benchmarks, and files that are none."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.workflows.load import BrokenWorkflowError, all_graphs, read_workflow, workflow_graphs

GRAPHS = workflow_graphs()


def task(task_id: str, seconds: Any = 1.0, *parents: str) -> dict[str, Any]:
    return {"id": task_id, "seconds": seconds, "parents": list(parents)}


def written(folder: Path, content: Any) -> Path:
    path = folder / "flow.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_all_four_are_there_with_their_tasks() -> None:
    assert {name: len(graph.nodes) for name, graph in GRAPHS.items()} == {
        "rnaseq": 197, "1000genome": 260, "epigenomics": 347, "montage": 178,
    }  # fmt: skip
    assert all_graphs().keys() > GRAPHS.keys()


@pytest.mark.parametrize("name", GRAPHS)
def test_a_workflow_takes_two_seconds_and_waits_only_for_what_came_before(name: str) -> None:
    graph = GRAPHS[name]
    seen: set[str] = set()
    for node in graph.nodes:
        assert seen.issuperset(node.needs)
        seen.add(node.id)
    assert graph.critical_path == pytest.approx(2.0)
    assert len(seen) == len(graph.nodes)


def test_runtimes_keep_their_proportions_whatever_the_order_in_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, {"tasks": [task("last", 3, "b", "a"), task("a", 1), task("b", 5, "a"), task("apart", 0)]})
    nodes = {node.seconds: node for node in read_workflow("flow", path).nodes}
    assert sorted(nodes) == pytest.approx([0, 2 / 9, 6 / 9, 10 / 9])
    assert set(nodes[max(nodes)].needs) == {nodes[sorted(nodes)[1]].id}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", r"flow.json: is no \{\"tasks\""),
        ([], "is no"),
        ({"tasks": [{"id": "a", "parents": []}]}, "KeyError: 'seconds'"),
        ({"tasks": [task("a", "long")]}, "could not convert"),
        ({"tasks": [task("a", -1.0)]}, "the task a takes -1.0 s"),
        ({"tasks": [task("a", float("nan"))]}, "the task a takes nan s"),
        ({"tasks": []}, "no tasks"),
        ({"tasks": [task("a"), task("a")]}, "two of the same id"),
        ({"tasks": [task("a", 1.0, "b")]}, "tasks wait for b, which is not there"),
        ({"tasks": [task("a", 1.0, "b"), task("b", 1.0, "a")]}, r"in a circle: a -> b -> a|in a circle: b -> a -> b"),
        ({"tasks": [task("a", 0.0)]}, "no task takes any time"),
    ],
)
def test_a_broken_file_is_refused_by_name(tmp_path: Path, content: Any, message: str) -> None:
    with pytest.raises(BrokenWorkflowError, match=message):
        read_workflow("flow", written(tmp_path, content))
