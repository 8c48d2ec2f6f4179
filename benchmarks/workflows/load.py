"""The workflows as graphs; nothing but the standard library, because the peers' environment reads it too."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from benchmarks.graphs import GRAPHS, Graph, Node

__all__ = ["BrokenWorkflowError", "all_graphs", "read_workflow", "workflow_graphs"]

FOLDER = Path(__file__).parent
CRITICAL_PATH_SECONDS = 2.0
"""What the measured runtimes are scaled to."""
FILES = {
    "rnaseq": "nextflow-rnaseq-dirt02-001.json",
    "1000genome": "pegasus-1000genome-1000genome-chameleon-10ch-100k-001.json",
    "epigenomics": "pegasus-epigenomics-epigenomics-chameleon-hep-4seq-100k-001.json",
    "montage": "pegasus-montage-montage-chameleon-dss-075d-001.json",
}


class BrokenWorkflowError(ValueError):
    """A file that is no task graph."""


@dataclass(frozen=True, slots=True)
class _Task:
    id: str
    parents: tuple[str, ...]
    seconds: float


def all_graphs() -> dict[str, Graph]:
    """The made ones and the real ones, by name."""
    return {**GRAPHS, **workflow_graphs()}


def workflow_graphs() -> dict[str, Graph]:
    """The real ones, with a critical path of CRITICAL_PATH_SECONDS."""
    return {name: read_workflow(name, FOLDER / file) for name, file in FILES.items()}


def read_workflow(name: str, path: Path) -> Graph:
    """A file's tasks in an order in which each comes after its parents; raises BrokenWorkflowError."""
    tasks = {task.id: task for task in _tasks(path)}
    try:
        order = list(TopologicalSorter({task.id: task.parents for task in tasks.values()}).static_order())
    except CycleError as exc:
        raise BrokenWorkflowError(
            f"{path}: tasks wait for each other in a circle: {' -> '.join(exc.args[1])}."
        ) from None
    ids = {task: f"step_{number:03}" for number, task in enumerate(order)}
    nodes = [
        Node(ids[task], tuple(ids[parent] for parent in tasks[task].parents), tasks[task].seconds) for task in order
    ]
    return _scaled(Graph(name, tuple(nodes)), path)


def _scaled(graph: Graph, path: Path) -> Graph:
    if not graph.critical_path:
        raise BrokenWorkflowError(f"{path}: no task takes any time.")
    factor = CRITICAL_PATH_SECONDS / graph.critical_path
    return Graph(graph.name, tuple(Node(node.id, node.needs, node.seconds * factor) for node in graph.nodes))


def _tasks(path: Path) -> Sequence[_Task]:
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))["tasks"]
        tasks = [_task(entry) for entry in entries]
    except (ValueError, KeyError, TypeError) as exc:
        what = f"{type(exc).__name__}: {exc}"
        raise BrokenWorkflowError(f'{path}: is no {{"tasks": [{{id, parents, seconds}}]}} ({what}).') from exc
    known = {task.id for task in tasks}
    strangers = sorted({parent for task in tasks for parent in task.parents} - known)
    if len(known) < len(tasks) or strangers or not tasks:
        what = f"tasks wait for {strangers[0]}, which is not there" if strangers else "no tasks, or two of the same id"
        raise BrokenWorkflowError(f"{path}: {what}.")
    return tasks


def _task(entry: Mapping[str, Any]) -> _Task:
    seconds = float(entry["seconds"])
    if not 0 <= seconds < math.inf:
        raise ValueError(f"the task {entry['id']} takes {seconds} s")
    return _Task(str(entry["id"]), tuple(dict.fromkeys(map(str, entry["parents"]))), seconds)
