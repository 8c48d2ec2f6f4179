"""What waits for approval, and tools, at a terminal and as JSON."""

from pathlib import Path

import pytest

from brain.artifacts import ArtifactCodec, MemoryStore
from brain.cli import render
from brain.pipeline_builder.spec import PipelineSpec
from brain.runs import ApprovalRequest, RunStatus, new_run_id, utc_now
from brain.session.run import Results, Run
from brain.tool_registry.registry import Registry, built_in_tools_file


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


@pytest.mark.parametrize(("status", "is_told"), [(RunStatus.SUCCEEDED, True), (RunStatus.FAILED, False)])
def test_why_a_run_that_came_to_its_end_has_not_the_full_score_is_told(
    status: RunStatus, *, is_told: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Run(
        run_id=new_run_id(), status=status, request="", name="", planner="", inputs={}, answer=None, spec=None,
        outputs=Results({}, ArtifactCodec(MemoryStore())), step_results=(), error=None, score=5 / 6, attempt=1,
        created_at=utc_now(), finished_at=None, waiting_for=(), checks={"succeeded": True, "numbers_grounded": False},
    )  # fmt: skip
    render.run(run, as_json=False)
    assert ("score 0.8333, not met: numbers grounded\n" in capsys.readouterr().out) is is_told


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
