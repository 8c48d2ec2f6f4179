"""What an approval allows: one call of one tool in one version with these arguments, and nothing else."""

from collections.abc import Callable
from typing import Any

import pytest
from workbench import Workbench, workbench

from brain.executor.engine import Approvals
from brain.runs import RunResult, RunStatus
from brain.tool_registry.definitions import ToolAnnotations

READ = {"id": "read", "tool": "work.echo", "arguments": {"value": "text"}}
WRITE = {"id": "write", "tool": "work.write", "arguments": {"value": "${read}"}}
AFTER = {"id": "after", "tool": "work.echo", "arguments": {"value": "${write}"}}
OTHER = {"id": "other", "tool": "work.write", "arguments": {"value": "something else"}}
EACH = {"id": "write", "tool": "work.write", "foreach": "${read}", "arguments": {"value": "${item}"}}

type Steps = tuple[dict[str, Any], ...]
type Change = Callable[[Workbench, Steps], Steps]


def reading(value: object) -> dict[str, Any]:
    return {**READ, "arguments": {"value": value}}


def redefined(**changes: Any) -> Change:
    def change(bench: Workbench, steps: Steps) -> Steps:
        bench.definitions["work.write"] = bench.definitions["work.write"].model_copy(update=changes)
        return steps

    return change


def renamed(bench: Workbench, steps: Steps) -> Steps:
    bench.tool("overwrite", bench.functions["work.write"], annotations=ToolAnnotations())
    return tuple({**step, "tool": step["tool"].replace(".write", ".overwrite")} for step in steps)


ALLOWED: dict[str, tuple[Steps, Change]] = {
    "nothing changed": ((READ, WRITE, AFTER), lambda _, steps: steps),
    "another description": ((READ, WRITE), redefined(description="Writes what it is given.")),
    "a step beside it": ((READ, WRITE), lambda _, steps: (*steps, {**READ, "id": "beside"})),
    "the same call in a step of another name": ((READ, WRITE), lambda _, __: (READ, {**WRITE, "id": "save"})),
    "the same items": ((reading([1, 2]), EACH), lambda _, steps: steps),
}
REFUSED: dict[str, tuple[Steps, Change]] = {
    "another literal": ((WRITE | {"arguments": {"value": 1}},), lambda _, __: (WRITE | {"arguments": {"value": 2}},)),
    "another kind of value": ((reading(1), WRITE), lambda _, __: (reading("1"), WRITE)),
    "another result before it": ((READ, WRITE), lambda _, __: (reading("other"), WRITE)),
    "one more argument": (
        (READ, WRITE), lambda _, __: (READ, WRITE | {"arguments": {"value": "${read}", "after": None}}),
    ),
    "another version of the tool": ((READ, WRITE), redefined(version="2")),
    "another tool": ((READ, WRITE), renamed),
    "one more item": ((reading([1]), EACH), lambda _, __: (reading([1, 2]), EACH)),
    "items in another order": ((reading([1, 2]), EACH), lambda _, __: (reading([2, 1]), EACH)),
    "each item in place of the list": (
        (reading([1]), EACH), lambda _, __: (reading([1]), WRITE | {"arguments": {"value": 1}}),
    ),
    "one more step that changes something": ((READ, WRITE), lambda _, steps: (*steps, OTHER)),
}  # fmt: skip


@pytest.fixture
def bench() -> Workbench:
    return workbench()


async def approved_then(bench: Workbench, steps: Steps, change: Change) -> RunResult:
    """Wait for approval, get it, and go on after a change."""
    waiting = await bench.run(*steps)
    assert (waiting.status, written(bench)) == (RunStatus.WAITING, [])
    approvals = Approvals(frozenset(request.hash for request in waiting.waiting_for))
    return await bench.run(*change(bench, steps), approvals=approvals, earlier=waiting.steps.values())


def written(bench: Workbench) -> list[Any]:
    return [value for name, value in bench.calls if name.endswith("write")]


@pytest.mark.parametrize("case", ALLOWED)
async def test_what_was_approved_is_done_once(bench: Workbench, case: str) -> None:
    steps, change = ALLOWED[case]
    done = await approved_then(bench, steps, change)
    assert done.status is RunStatus.SUCCEEDED
    assert written(bench) == (["text"] if steps[0] is READ else [1, 2])


@pytest.mark.parametrize("case", REFUSED)
async def test_what_was_not_approved_waits(bench: Workbench, case: str) -> None:
    steps, change = REFUSED[case]
    again = await approved_then(bench, steps, change)
    assert again.status is RunStatus.WAITING
    assert written(bench) == (["text"] if case == "one more step that changes something" else [])
    assert len(again.waiting_for) == 1


async def test_steps_that_depend_on_approval_wait_and_others_do_not(bench: Workbench) -> None:
    waiting = await bench.run(READ, WRITE, AFTER, {**READ, "id": "beside"})
    assert [(request.step_id, request.arguments) for request in waiting.waiting_for] == [("write", {"value": "text"})]
    assert set(waiting.steps) == {"read", "beside"}
