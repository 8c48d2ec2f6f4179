"""What makes two calls the same, and what keeps a call from being the same as any other."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from strategies import tool
from workbench import Workbench

from brain.artifacts import ArtifactCodec, File, MemoryStore
from brain.executor.fingerprint import files_read, fingerprint, hash_files, reads_files
from brain.executor.ports import Kept
from brain.runs import RunStatus, StepStatus, new_run_id
from brain.tool_registry.definitions import ToolAnnotations, ToolDefinition

PATH = {"type": "string", "format": "path"}
READING = {"value": PATH}


def reading(**properties: Any) -> ToolDefinition:
    return tool("work.read", properties)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "data" / "more").mkdir(parents=True)
    for name in ("a.csv", "b.csv", "more/c.csv"):
        (tmp_path / "data" / name).write_text(name)
    return tmp_path


def of(project: Path, path: str) -> str | None:
    return fingerprint(reading(**READING), {"value": path}, hash_files(project, {"value": path}))


CHANGES: dict[str, Callable[[Path], object]] = {
    "content": lambda project: (project / "data/a.csv").write_text("other"),
    "content further down": lambda project: (project / "data/more/c.csv").write_text("other"),
    "a file more": lambda project: (project / "data/more/d.csv").write_text("new"),
    "a file less": lambda project: (project / "data/b.csv").unlink(),
    "another name": lambda project: (project / "data/b.csv").rename(project / "data/z.csv"),
}


@pytest.mark.parametrize("path", ["data", "data/", "data/**/*.csv", "data/*", "./data"])
@pytest.mark.parametrize("change", CHANGES)
def test_a_folder_and_a_pattern_are_covered_by_names_and_contents(project: Path, path: str, change: str) -> None:
    before = of(project, path)
    assert before is not None
    assert of(project, path) == before
    CHANGES[change](project)
    assert of(project, path) not in (before, None)


def test_of_a_file_only_its_content_counts(project: Path) -> None:
    before = of(project, "data/a.csv")
    os.utime(project / "data/a.csv", (1, 1))
    (project / "data/b.csv").write_text("other")
    assert of(project, "data/a.csv") == before
    (project / "data/a.csv").write_text("other")
    assert of(project, "data/a.csv") != before


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(project: Path) -> None:
    (project / "data/a[1].csv").write_text("one")
    before = of(project, "data/a[1].csv")
    (project / "data/a1.csv").write_text("not meant")
    assert of(project, "data/a[1].csv") == before is not None


def test_what_is_hidden_does_not_count(project: Path) -> None:
    before = of(project, "."), of(project, "**/*.csv")
    (project / ".brain").mkdir()
    (project / ".brain/d.csv").write_text("data of a service")
    assert (of(project, "."), of(project, "**/*.csv")) == before


UNREADABLE: dict[str, Callable[[Path], object]] = {
    "missing": lambda _place: None,
    "a pipe": os.mkfifo,
    "a link to nowhere": lambda place: place.symlink_to("nowhere"),
    "a folder with a pipe": lambda place: (place.mkdir(), os.mkfifo(place / "pipe")),
    "a folder with a link to another": lambda place: (place.mkdir(), (place / "link").symlink_to(place.parent)),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_what_cannot_be_read_is_the_same_as_nothing(project: Path, case: str) -> None:
    UNREADABLE[case](project / "odd")
    assert of(project, "odd") is None


@pytest.mark.parametrize("path", ["no*thing.csv", "/etc/*", "a\0b", "x" * 5000, "../*"])
def test_a_path_that_leads_nowhere_is_the_same_as_nothing(project: Path, path: str) -> None:
    assert of(project, path) is None


def test_a_file_that_may_not_be_read_is_the_same_as_nothing(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "open", refuse)
    assert of(project, "data/a.csv") is None
    assert of(project, "data") is None


def test_too_many_files_are_the_same_as_nothing(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("brain.executor.fingerprint.MOST_FILES", 2)
    assert of(project, "data") is None
    assert of(project, "data/**/*") is None


PLACES: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, str]]] = {
    "an argument": ({"path": PATH}, {"path": "a"}, {"path": "a"}),
    "a default": ({"path": {**PATH, "default": "a"}}, {}, {"path": "a"}),
    "a list": ({"paths": {"type": "array", "items": PATH}}, {"paths": ["a", "b"]}, {"paths[0]": "a", "paths[1]": "b"}),
    "an object": (
        {"files": {"type": "object", "properties": {"left": PATH}, "additionalProperties": PATH}},
        {"files": {"left": "a", "right": "b"}},
        {"files.left": "a", "files.right": "b"},
    ),
    "one of two shapes": (
        {"of": {"anyOf": [{"type": "array", "items": PATH}, PATH, {"type": "null"}]}},
        {"of": ["a"]},
        {"of[0]": "a"},
    ),
    "no path": ({"name": {"type": "string"}, "count": {"type": "integer"}}, {"name": "a", "count": 1}, {}),
}


@pytest.mark.parametrize("case", PLACES)
def test_paths_are_found_wherever_the_schema_has_them(case: str) -> None:
    properties, arguments, found = PLACES[case]
    assert files_read(reading(**properties), arguments) == found
    assert reads_files(reading(**properties)) is bool(found)


def test_paths_are_found_behind_references() -> None:
    schema = {
        "type": "object",
        "properties": {"sources": {"type": "array", "items": {"$ref": "#/$defs/source"}}},
        "$defs": {"source": {"type": "object", "properties": {"path": PATH}}},
    }
    found = files_read(reading().model_copy(update={"input_schema": schema}), {"sources": [{"path": "a"}, {}]})
    assert found == {"sources[0].path": "a"}


def test_a_tool_that_writes_reads_none() -> None:
    writing = tool("work.write", {"path": PATH}, annotations=ToolAnnotations(idempotent_hint=True))
    assert files_read(writing, {"path": "a"}) == {}
    assert not reads_files(writing)


def test_tables_and_files_of_inputs_count_by_their_content() -> None:
    codec, given = ArtifactCodec(MemoryStore()), reading(value={})

    def of_input(value: object) -> str | None:
        return fingerprint(given, {"value": codec.pack(value)})

    rows = pa.table({"n": list(range(100))})
    other = pa.table({"n": [*range(99), 100]})
    assert of_input(rows) == of_input(pa.table({"n": list(range(100))})) != of_input(other)
    file = File(b"text", "text/plain", "a.txt")
    assert (
        of_input(file)
        == of_input(File(b"text", "text/plain", "a.txt"))
        != of_input(File(b"txt", "text/plain", "a.txt"))
    )


class _Shelf:
    """A cache that has something for every call."""

    async def find(self, fingerprint: str) -> Kept:  # noqa: ARG002 - whatever it is
        return Kept("stale", 0.0, new_run_id())


READ = {"id": "read", "tool": "work.read", "arguments": {"value": "data.csv"}, "cache": "1h"}


@pytest.fixture
def reader(bench: Workbench, tmp_path: Path) -> Workbench:
    bench.tool("read", bench.functions["work.echo"])
    bench.definitions["work.read"] = tool("work.read", READING)
    bench.project, bench.cache, bench.cluster = tmp_path, _Shelf(), None
    return bench


async def test_a_call_whose_file_cannot_be_read_takes_no_result_from_the_cache(reader: Workbench) -> None:
    missed = await reader.run(READ)
    assert missed.steps["read"].status is StepStatus.SUCCEEDED
    assert (missed.steps["read"].fingerprint, missed.outputs) == (None, {"read": "data.csv"})
    assert reader.project is not None
    (reader.project / "data.csv").write_text("there")
    assert (await reader.run(READ)).outputs == {"read": "stale"}
    reader.project = None  # nobody knows which file it is
    assert (await reader.run(READ)).outputs == {"read": "data.csv"}


async def test_a_call_whose_file_could_not_be_read_is_made_again_when_the_run_goes_on(reader: Workbench) -> None:
    reader.cache = None
    await reader.run(READ)
    for _ in range(2):
        before = list(reader.journal.states.values())
        assert (await reader.run(READ, earlier=before)).status is RunStatus.SUCCEEDED
    assert len(reader.calls) == 3
    assert reader.events.reasons("read") == ["data.csv cannot be read"] * 2
    assert reader.project is not None
    (reader.project / "data.csv").write_text("there")
    for _ in range(2):
        await reader.run(READ, earlier=list(reader.journal.states.values()))
    assert len(reader.calls) == 4
    assert reader.events.reasons("read")[2:] == ["data.csv could not be read before"]
    (reader.project / "data.csv").write_text("changed")
    await reader.run(READ, earlier=list(reader.journal.states.values()))
    assert reader.events.reasons("read")[3:] == ["data.csv changed"]
