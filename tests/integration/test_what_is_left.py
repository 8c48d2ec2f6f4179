"""A run goes on where it stopped: what is finished is neither called nor written again."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import new_project, remove_project

from brain import Brain
from brain.pipeline_builder.build import build
from brain.runs import EventType, RunStatus, StepStatus
from brain.session.admission import RESUMABLE
from brain.session.order import Order
from brain.session.resumption import Left
from brain.session.run import Run

NOTE = {
    "name": "note.take",
    "description": "Note a name; fails where the project says that it is broken.",
    "inputSchema": {"type": "object", "properties": {"name": {"type": "string"}, "after": {}}, "required": ["name"]},
    "outputSchema": {"type": "object", "properties": {"notes": {"type": "integer"}}, "required": ["notes"]},
    "annotations": {"readOnlyHint": True},
    "run": {"python": "left_notes:take"},
}
TAKE = """
async def take(name, after=None, *, context):
    notes = context.project / "notes.txt"
    with notes.open("a") as lines:
        lines.write(name + "\\n")
    if name in (context.project / "broken.txt").read_text().split():
        raise ValueError("it is broken")
    return {"notes": 1 + (after or {}).get("notes", 0)}
"""
CHAIN = {
    "steps": [
        {"id": "one", "tool": "note.take", "arguments": {"name": "one"}},
        {"id": "two", "tool": "note.take", "arguments": {"name": "two", "after": "${one}"}},
        {"id": "three", "tool": "note.take", "arguments": {"name": "three", "after": "${two}"}},
    ],
    "outputs": {"notes": "${three.notes}", "first": "${one}"},
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    made = new_project(tmp_path_factory.mktemp("left") / "notes").project
    registry = json.loads((made / "tools.json").read_text(encoding="utf-8"))
    (made / "tools.json").write_text(json.dumps({**registry, "tools": [*registry["tools"], NOTE]}), encoding="utf-8")
    (made / "left_notes.py").write_text(TAKE, encoding="utf-8")
    yield made
    remove_project(made)


@pytest.fixture(scope="module")
def brain(project: Path) -> Iterator[Brain]:
    with Brain(project) as made:
        yield made


@pytest.fixture
def failed(brain: Brain, project: Path) -> Run:
    """A run of CHAIN of which `two` failed."""
    breaks(project, "two")
    (project / "notes.txt").unlink(missing_ok=True)
    run = brain.run(CHAIN)
    assert run.status is RunStatus.FAILED
    return run


def breaks(project: Path, *names: str) -> None:
    (project / "broken.txt").write_text(" ".join(names), encoding="utf-8")


def noted(project: Path) -> list[str]:
    return (project / "notes.txt").read_text(encoding="utf-8").split()


def test_only_what_is_left_is_called_and_the_run_ends_as_if_in_one_go(brain: Brain, project: Path, failed: Run) -> None:
    breaks(project)
    run = brain.resume(failed)
    assert noted(project) == ["one", "two", "two", "three"]
    assert (run.status, dict(run.outputs)) == (RunStatus.SUCCEEDED, {"notes": 3, "first": {"notes": 1}})
    assert run.checks == brain.run(CHAIN).checks


def test_what_was_finished_stays_on_record_as_it_was_and_is_told_again(
    brain: Brain, project: Path, failed: Run
) -> None:
    breaks(project)
    seen = max(event.seq for event in brain.watch(failed))
    run = brain.resume(failed)
    assert run.step_results[0] == failed.step_results[0]
    assert [step.status for step in run.step_results] == [StepStatus.SUCCEEDED] * 3
    told = [event.step_id for event in brain.watch(run, after=seen) if event.event_type is EventType.STEP_SUCCEEDED]
    assert sorted(told) == ["one", "three", "two"]


def test_who_looked_before_somebody_else_went_on_does_not_repeat_what_that_one_finished(
    brain: Brain, project: Path, failed: Run
) -> None:
    breaks(project, "three")
    assert brain.resume(failed).attempt == 2
    breaks(project)
    core = brain._core
    left = Left(build(failed.spec, core.registry, failed.step_results), failed.step_results)
    assert list(left.pipeline.steps) == ["two", "three"]
    brain._bridge.run(core._stores.runner.go_on(failed, left, Order(), RESUMABLE))
    run = brain.wait(failed)
    assert (run.status, run.attempt, run.outputs["notes"]) == (RunStatus.SUCCEEDED, 3, 3)
    assert noted(project) == ["one", "two", "two", "three", "three"]


def test_a_tool_of_another_version_is_called_again_with_all_that_follows(
    brain: Brain, project: Path, failed: Run
) -> None:
    breaks(project)
    registry = json.loads((project / "tools.json").read_text(encoding="utf-8"))
    registry["tools"][-1]["version"] = "2"
    other = project / "other.json"
    other.write_text(json.dumps(registry), encoding="utf-8")
    with Brain(project, tools=other) as newer:
        assert newer.resume(failed.run_id).status is RunStatus.SUCCEEDED
    assert noted(project) == ["one", "two", "one", "two", "three"]
