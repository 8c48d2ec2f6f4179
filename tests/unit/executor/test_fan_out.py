"""What a `foreach` over very many items keeps and begins."""

import gc
from typing import Any

from workbench import Workbench

from brain.errors import ToolError
from brain.executor.engine import Approvals
from brain.executor.journal_writer import MOST_PENDING
from brain.runs import RunStatus, StepResult, StepStatus

MANY = {"id": "all", "tool": "work.echo", "foreach": "${inputs.items}", "arguments": {"value": "${item}"}}


class CountingJournal:
    """Counts what is written at a time, and how many records live."""

    def __init__(self) -> None:
        self.written: list[int] = []
        self.most_alive = 0
        self._others = _alive()
        """Kept by tests that ran before in this process."""

    async def record(self, steps: Any) -> None:
        self.written.append(len(steps))
        self.most_alive = max(self.most_alive, _alive() - self._others)

    async def beat(self) -> bool:
        return False


def _alive() -> int:
    return sum(isinstance(each, StepResult) for each in gc.get_objects())


async def test_records_of_items_do_not_gather_in_memory(bench: Workbench) -> None:
    bench.cluster = None
    journal = CountingJournal()
    bench.journal = journal  # type: ignore[assignment]
    result = await bench.run(MANY, inputs={"items": list(range(12_000))})
    assert result.outputs["all"] == list(range(12_000))
    assert sum(journal.written) == 12_001
    assert max(journal.written) <= MOST_PENDING
    assert journal.most_alive <= 2 * MOST_PENDING


async def test_an_item_whose_arguments_do_not_fit_fails_alone_where_failures_are_collected(bench: Workbench) -> None:
    schema = {"type": "integer"}
    bench.definitions["work.echo"] = bench.definitions["work.echo"].model_copy(
        update={"input_schema": {"type": "object", "properties": {"value": schema, "after": {}}}}
    )
    result = await bench.run(MANY | {"on_error": "collect"}, inputs={"items": [1, "two", 3]})
    assert result.status is RunStatus.SUCCEEDED
    first, second, third = result.outputs["all"]
    assert (first, third) == (1, 3)
    assert "steps.all.arguments.value" in second["error"]


async def test_of_a_tool_that_changes_something_no_item_is_begun_where_one_does_not_fit(bench: Workbench) -> None:
    bench.definitions["work.write"] = bench.definitions["work.write"].model_copy(
        update={"input_schema": {"type": "object", "properties": {"value": {"type": "integer"}, "after": {}}}}
    )
    step = MANY | {"tool": "work.write"}
    result = await bench.run(step, inputs={"items": [1, "two"]}, approvals=Approvals(everything=True))
    assert result.status is RunStatus.FAILED
    assert bench.calls == []


async def test_of_several_items_that_fail_the_first_is_named(bench: Workbench) -> None:
    async def fail(value: Any = None, after: Any = None) -> Any:
        raise ToolError(f"no {value}")

    bench.tool("echo", fail)
    result = await bench.run(MANY, inputs={"items": [5, 6, 7]})
    assert result.error == "all: item 0 failed: no 5"
    assert result.steps["all"].status is StepStatus.FAILED


async def test_a_foreach_over_nothing_gives_an_empty_list(bench: Workbench) -> None:
    result = await bench.run(MANY, inputs={"items": []})
    assert (result.status, result.outputs) == (RunStatus.SUCCEEDED, {"all": []})
