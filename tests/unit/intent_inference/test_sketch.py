"""The steps of a plan while its text is still coming."""

import json

from brain.intent_inference.sketch import Sketch, SketchedStep, Watcher

PLAN = {
    "name": "rain",
    "steps": [
        {"id": "weather", "tool": "table.read", "arguments": {"path": "weather.csv"}},
        {"id": "chart", "tool": "table.plot", "arguments": {"table": "${weather}"}},
    ],
    "outputs": {"chart": "${chart}"},
}


def heard(text: str, **options: int) -> list[Sketch]:
    sketches: list[Sketch] = []
    watcher = Watcher(sketches.append, **options)
    for end in range(len(text) + 1):
        watcher(text[:end])
    return sketches


def test_a_step_is_told_as_soon_as_its_id_and_its_tool_are_whole_and_only_once() -> None:
    first, second = heard(json.dumps(PLAN))
    assert first.steps == (SketchedStep("weather", "table.read"),)
    assert second.steps == (SketchedStep("weather", "table.read"), SketchedStep("chart", "table.plot"))
    assert second.words == "weather (table.read), chart (table.plot)"


def test_a_plan_that_is_mended_says_so_before_its_steps_come() -> None:
    mending, *rest = heard(json.dumps(PLAN), repair=1, problems=3)
    assert mending.words == "mending the plan: 3 problems (try 2)"
    assert len(rest) == 2


def test_what_is_no_plan_is_no_step() -> None:
    for text in (
        "I would rather talk",
        "[1, 2]",
        '{"steps": 7}',
        '{"steps": ["a", {"id": "b"}]}',
        '{"steps": [{"id": 1',
        "",
    ):
        assert heard(text) == []


def test_names_are_cut_and_kept_on_one_line() -> None:
    [sketch] = heard(json.dumps({"steps": [{"id": "a\nb" + "x" * 500, "tool": "t"}]}))
    assert sketch.steps[0].id.startswith("a bxxx")
    assert len(sketch.steps[0].id) == 80
