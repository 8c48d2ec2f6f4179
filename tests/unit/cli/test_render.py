"""DataFrames as tables and as JSON."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

from brain.artifacts import ArtifactCodec, MemoryStore
from brain.cli import render
from brain.pipeline_builder.spec import PipelineSpec
from brain.runs import ApprovalRequest, RunStatus, new_run_id, utc_now
from brain.session.run import Results, Run
from brain.tool_registry.registry import Registry, built_in_tools_file

WORDS = "a request of some length that a person wrote about rain"


def shown(
    table: pd.DataFrame, width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> list[str]:
    monkeypatch.setattr(render, "screen", lambda: Console(width=width))
    render.frame(table, as_json=False)
    return capsys.readouterr().out.splitlines()


def test_short_columns_are_never_broken_and_text_gives_way(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    table = pd.DataFrame({"id": ["0a1b2c3d"], "status": ["succeeded"], "request": [WORDS], "error": [WORDS]})
    wide = shown(table, 160, monkeypatch, capsys)
    assert len(wide) == 2
    assert wide[1].split("  ")[:2] == ["0a1b2c3d", "succeeded"]
    narrow = shown(table, 60, monkeypatch, capsys)
    assert narrow[0].split() == ["id", "status", "request", "error"]
    assert narrow[1].startswith("0a1b2c3d  succeeded  a request")
    assert all(len(line) <= 60 for line in narrow)


def test_a_column_without_room_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    table = pd.DataFrame({"id": ["0a1b2c3d"], "request": [WORDS], "error": [WORDS], "answer": [WORDS]})
    lines = shown(table, 50, monkeypatch, capsys)
    assert lines[0].split() == ["id", "request", "error"]
    assert lines[-1] == "No room for answer: --json has all."


def test_missing_values_are_blank_and_moments_are_local(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    table = pd.DataFrame({"at": [moment, pd.NaT], "figure": [1234567.5, None], "text": ["[bold]x[/]", None]})
    table = table.convert_dtypes(dtype_backend="pyarrow")
    lines = shown(table, 100, monkeypatch, capsys)
    assert lines[1].split("  ") == [moment.astimezone().strftime("%Y-%m-%d %H:%M:%S"), "1,234,567.5", "[bold]x[/]"]
    assert lines[2].strip() == ""


def test_a_cut_and_an_empty_table_are_told_beside_the_data(capsys: pytest.CaptureFixture[str]) -> None:
    table = pd.DataFrame({"id": [1]})
    table.attrs["cut"] = "the newest 1 of 9 rows; limit=None reads all"
    render.frame(table, as_json=True)
    said = capsys.readouterr()
    assert json.loads(said.out) == [{"id": 1}]
    assert said.err == "These are the newest 1 of 9 rows; --limit takes more.\n"
    render.frame(pd.DataFrame({"id": []}), as_json=False)
    assert capsys.readouterr().err == "Nothing was found.\n"


@pytest.mark.parametrize(
    ("foreach", "arguments", "lines"),
    [
        (None, {"items": ["a", "b"]}, ['items: ["a", "b"]']),
        (["x", "y"], {"items": [{"to": "x"}, {"to": "y"}]}, ["to: x", "to: y"]),
    ],
)
def test_what_waits_for_approval_is_shown_call_by_call(
    foreach: list[str] | None, arguments: object, lines: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    step = {"id": "send", "tool": "mail.send", "foreach": foreach}
    waiting = Run(
        run_id=new_run_id(), status=RunStatus.WAITING, request="", name="", planner="", inputs={}, answer=None,
        spec=PipelineSpec.from_value({"steps": [step]}), outputs=Results({}, ArtifactCodec(MemoryStore())),
        step_results=(), error=None, score=None, attempt=1, created_at=utc_now(), finished_at=None,
        waiting_for=(ApprovalRequest("send", "mail.send", arguments, "hash"),),
    )  # fmt: skip
    render.approvals(waiting)
    said = [line.strip() for line in capsys.readouterr().out.splitlines() if line]
    assert said == ["send mail.send changes something:", *lines]


@pytest.mark.parametrize("columns", [60, 100, 300])
def test_tools_are_as_wide_as_the_screen_also_where_standard_output_is_none(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    render.tools(list(Registry.from_file(built_in_tools_file())), as_json=False, by_family=True)
    lines = capsys.readouterr().out.splitlines()
    assert columns - 10 < max(map(len, lines)) <= columns


def test_tools_as_json_are_a_registry(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    everything = list(Registry.from_file(built_in_tools_file()))
    render.tools(everything, as_json=True)
    (tmp_path / "printed.json").write_text(capsys.readouterr().out)
    assert list(Registry.from_file(tmp_path / "printed.json")) == everything
