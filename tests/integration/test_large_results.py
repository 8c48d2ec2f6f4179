"""Results too large for a row, from the tool to the person: kept once, shown by their beginning, whole where needed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from command_line import CommandLine, new_project, remove_project
from echo_place import Place

from brain import Brain
from brain.artifacts import ArtifactCodec, MemoryStore, is_set_aside
from brain.errors import ArtifactError, ToolError
from brain.runs import RunStatus
from brain.session import Run

TOOLS = """
from pathlib import Path

def numbers(count, label="", *, context):
    with (context.project / "made.txt").open("a") as made:
        made.write(f"{label}\\n")
    return list(range(count))

def total(numbers, *, context):
    if (context.project / "broken").exists():
        raise ValueError("out of order")
    return sum(numbers)
"""
COUNT = 60_000
LARGE = {"type": "array", "items": {"type": "integer"}}


def entry(name: str, properties: dict[str, Any], **annotations: bool) -> dict[str, Any]:
    return {
        "name": f"large.{name}",
        "description": "A tool of this project's own.",
        "inputSchema": {
            "type": "object",
            "properties": properties,
            "required": [name for name in properties if name != "label"],
            "additionalProperties": False,
        },
        "annotations": annotations,
        "run": {"python": f"large_tools:{name.removesuffix('_once')}"},
    }


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    made = new_project(tmp_path_factory.mktemp("large") / "project")
    path = made.project / "tools.json"
    tools = json.loads(path.read_text(encoding="utf-8"))
    count = {"count": {"type": "integer"}, "label": {"type": "string"}}
    tools["tools"] += [
        entry("numbers", count, readOnlyHint=True),
        entry("numbers_once", count),
        entry("total", {"numbers": LARGE}, readOnlyHint=True),
    ]
    path.write_text(json.dumps(tools), encoding="utf-8")
    (made.project / "large_tools.py").write_text(TOOLS, encoding="utf-8")
    yield made
    remove_project(made.project)


@pytest.fixture(scope="module")
def brain(project: CommandLine) -> Iterator[Brain]:
    with Brain(project.project) as opened:
        yield opened


def numbers(label: str, tool: str = "large.numbers", **more: Any) -> dict[str, Any]:
    return {"id": "numbers", "tool": tool, "arguments": {"count": COUNT, "label": label}, **more}


TOTAL = {"id": "total", "tool": "large.total", "arguments": {"numbers": "${numbers}"}}


def times_made(project: CommandLine, label: str) -> int:
    return (project.project / "made.txt").read_text().splitlines().count(label)


@pytest.fixture(scope="module")
def done(brain: Brain) -> Run:
    return brain.run({"steps": [numbers("done"), TOTAL], "outputs": {"all": "${numbers}", "sum": "${total}"}})


def test_the_person_gets_the_value_and_the_next_step_did_too(done: Run) -> None:
    assert done.status is RunStatus.SUCCEEDED, done.error
    assert done.outputs["sum"] == sum(range(COUNT))
    assert done.outputs["all"] == done.results["numbers"] == list(range(COUNT))


def test_rows_hold_a_few_hundred_characters_of_it(brain: Brain, done: Run) -> None:
    sizes = brain.sql(
        "SELECT max(length(result::text)) AS result, max(length(arguments::text)) AS arguments FROM steps "
        f"WHERE run_id = '{done.run_id}'"
    )
    kept = brain.sql(f"SELECT length(outputs::text) AS outputs FROM runs WHERE id = '{done.run_id}'")
    assert max(sizes.iloc[0].max(), kept.iloc[0].max()) < 500
    assert len(json.dumps(done.to_json())) < 5000


def test_events_and_frames_hold_no_more(brain: Brain, done: Run) -> None:
    events = list(brain.watch(done))
    assert is_set_aside(events[-1].data["outputs"]["all"])
    assert max(len(json.dumps(event.to_json())) for event in events) < 2000
    rows = brain.steps(done).set_index("step_id")
    assert rows.loc["numbers", "result"]["head"].startswith("[0,1,2,3,")
    assert is_set_aside(rows.loc["total", "arguments"]["numbers"])
    assert rows.loc["total", "result"] == sum(range(COUNT))


def test_all_that_refers_to_it_is_one_file(brain: Brain, done: Run) -> None:
    path = Path(str(done.outputs.address("all")))
    assert json.loads(path.read_bytes()) == list(range(COUNT))
    rows = brain.steps(done).set_index("step_id")
    names = {rows.loc["numbers", "result"]["artifact"], rows.loc["total", "arguments"]["numbers"]["artifact"]}
    assert names == {path.name}


def test_the_command_line_shows_where_it_is_and_how_it_begins(project: CommandLine, done: Run) -> None:
    shown = project("show", done.id).out
    assert "all: /" in shown
    assert ".json" in shown
    assert len(shown) < 5000
    query = f"SELECT result FROM steps WHERE run_id = '{done.run_id}' AND step_id = 'numbers'"
    size = len(json.dumps(list(range(COUNT)), separators=(",", ":")))
    assert f"[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,… ({size:,} bytes)" in project("sql", query).out
    told = project("show", done.id, "--json").json
    assert is_set_aside(told["outputs"]["all"])
    assert told["outputs"]["sum"] == sum(range(COUNT))


def test_items_of_a_foreach_are_kept_one_by_one_and_come_back_in_order(brain: Brain) -> None:
    step = {"id": "all", "tool": "large.numbers", "foreach": [COUNT, 3], "arguments": {"count": "${item}"}}
    run = brain.run({"steps": [step]})
    assert run.results["all"] == run.outputs["all"] == [list(range(COUNT)), [0, 1, 2]]
    items = brain.steps(run, items=True).set_index("item")["result"]
    assert is_set_aside(items[0])
    assert items[1] == [0, 1, 2]


def test_a_cached_result_is_whole_again_as_long_as_its_file_is(brain: Brain, project: CommandLine) -> None:
    steps = {"steps": [numbers("cached", cache="1h"), TOTAL]}
    first, second = brain.run(steps), brain.run(steps)
    assert [run.step_results[0].status for run in (first, second)] == ["succeeded", "cached"]
    assert second.outputs["total"] == sum(range(COUNT))
    forget(first)
    third = brain.run(steps)
    assert (third.step_results[0].status, third.outputs["total"]) == ("succeeded", sum(range(COUNT)))
    assert times_made(project, "cached") == 2


def forget(run: Run) -> None:
    Path(str(run.results.address("numbers"))).unlink()


def damage(run: Run) -> None:
    path = Path(str(run.results.address("numbers")))
    path.write_bytes(path.read_bytes().replace(b"77", b"78"))


def broken_off(brain: Brain, project: CommandLine, first: dict[str, Any]) -> Run:
    """A run that failed in its second step, which works by now."""
    (project.project / "broken").touch()
    run = brain.run({"steps": [first, TOTAL]}, yes=True)
    (project.project / "broken").unlink()
    assert run.status is RunStatus.FAILED
    return run


def test_another_process_goes_on_with_a_large_result_without_making_it_again(
    brain: Brain, project: CommandLine
) -> None:
    run = broken_off(brain, project, numbers("kept"))
    with Brain(project.project) as other:
        again = other.resume(run)
    assert (again.status, again.outputs["total"]) == (RunStatus.SUCCEEDED, sum(range(COUNT)))
    assert times_made(project, "kept") == 1


@pytest.mark.parametrize("lose", [forget, damage])
def test_a_large_result_that_is_gone_or_damaged_is_made_again_on_resume(
    brain: Brain, project: CommandLine, lose: Any
) -> None:
    run = broken_off(brain, project, numbers(lose.__name__))
    lose(run)
    again = brain.resume(run)
    assert (again.status, again.outputs["total"]) == (RunStatus.SUCCEEDED, sum(range(COUNT)))
    assert times_made(project, lose.__name__) == 2
    assert again.results["numbers"] == list(range(COUNT))


def test_one_that_may_not_be_made_twice_is_not_made_again_without_a_word(brain: Brain, project: CommandLine) -> None:
    run = broken_off(brain, project, numbers("once", "large.numbers_once"))
    forget(run)
    again = brain.resume(run)
    assert again.status is RunStatus.INTERRUPTED
    assert again.error is not None
    assert again.error.startswith(
        "numbers: Its artifact is missing, and it may not be done twice: look at what it changes"
    )
    assert times_made(project, "once") == 1
    done = brain.resume(run, retry_steps=["numbers"], yes=True)
    assert (done.status, done.outputs["total"]) == (RunStatus.SUCCEEDED, sum(range(COUNT)))
    assert times_made(project, "once") == 2


def test_reading_one_that_is_gone_says_how_it_is_made_again(brain: Brain) -> None:
    run = brain.run({"steps": [numbers("read")]})
    forget(run)
    with pytest.raises(ArtifactError, match=r"is missing in .*\. `brain resume RUN` repeats the step that made it"):
        run.outputs["numbers"]
    assert brain.show(run).status is RunStatus.SUCCEEDED


def test_a_large_argument_is_approved_by_its_beginning_and_used_whole(brain: Brain, project: CommandLine) -> None:
    save = {"id": "save", "tool": "files.write", "arguments": {"path": "all.txt", "content": "all: ${numbers}"}}
    waiting = brain.run({"steps": [numbers("approved"), save]})
    asked = waiting.waiting_for[0].arguments
    assert asked["path"] == "all.txt"
    assert asked["content"]["head"].startswith('"all: [0,')
    assert len(json.dumps(waiting.to_json())) < 5000
    with Brain(project.project) as other:
        assert other.approve(waiting).status is RunStatus.SUCCEEDED
    text = (project.project / "outputs" / "all.txt").read_text()
    assert json.loads(text.removeprefix("all: ")) == list(range(COUNT))
    assert times_made(project, "approved") == 1


async def test_a_step_that_is_given_a_table_that_is_gone_says_which_and_how_it_is_made_again(tmp_path: Path) -> None:
    def rows(value: Any) -> int:
        return int(value.num_rows)

    table = ArtifactCodec(MemoryStore()).pack(pa.table({"n": [1]}))
    elsewhere = Place(tmp_path, 0)
    with pytest.raises(
        ToolError, match=rf"The artifact {table['artifact'][:15]} is missing\. `brain resume RUN` repeats"
    ):
        await elsewhere.call(elsewhere.tool(rows), value=table)
