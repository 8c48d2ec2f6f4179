import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from strategies import registry_of, steps_registry, tool, valid_specs

from brain.pipeline_builder.build import Pipeline, build
from brain.pipeline_builder.draw import draw
from brain.pipeline_builder.layout import lay_out
from brain.pipeline_builder.spec import PipelineSpec
from brain.runs import StepStatus

SVG = "{http://www.w3.org/2000/svg}"
CARDS = {"plain", *StepStatus}
type Rectangle = tuple[float, float, float, float]


def pipeline(*steps: dict[str, Any], **rest: Any) -> Pipeline:
    registry = registry_of(tool("a.b", {"value": {}}), tool("family.with_a_very_long_verb_" * 3 + "x", {"value": {}}))
    written = [{"tool": "a.b", **step} for step in steps]
    return build(PipelineSpec.from_value({"steps": written, **rest}), registry)


def diamond() -> Pipeline:
    return pipeline(
        {"id": "start", "arguments": {"value": "${inputs.city}"}},
        {"id": "left", "needs": ["start"], "foreach": [1, 2], "when": "start"},
        {"id": "right", "needs": ["start"]},
        {"id": "end", "needs": ["left", "right"]},
        inputs={"city": {"type": "string"}},
        outputs={"report": "${end}"},
    )


def fan(width: int) -> Pipeline:
    workers = [{"id": f"worker_{number}", "needs": ["source"]} for number in range(width)]
    return pipeline({"id": "source"}, *workers, {"id": "gather", "needs": [worker["id"] for worker in workers]})


def texts(svg: str) -> list[str]:
    return [str(element.text) for element in ET.fromstring(svg).iter(f"{SVG}text")]


def rectangles(svg: str, kinds: set[str] | None = None) -> Iterator[Rectangle]:
    for element in ET.fromstring(svg).iter(f"{SVG}rect"):
        if kinds is None or element.attrib["class"] in kinds:
            left, top, width, height = (float(element.attrib[name]) for name in ("x", "y", "width", "height"))
            yield left, top, left + width, top + height


def points(path: str) -> list[tuple[float, float]]:
    """Points along a path of absolute M, L and C."""
    found: list[tuple[float, float]] = []
    for command, figures in re.findall(r"([MLC])([^MLC]*)", path):
        numbers = [float(figure) for figure in figures.split()]
        pairs = list(zip(numbers[::2], numbers[1::2], strict=True))
        if command == "M" and found:
            break  # the arrow's head
        found += [bezier(found[-1], *pairs, t / 20) for t in range(1, 21)] if command == "C" else pairs
    return found


def bezier(*arguments: Any) -> tuple[float, float]:
    *corners, t = arguments
    weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
    x, y = (sum(w * corner[axis] for w, corner in zip(weights, corners, strict=True)) for axis in (0, 1))
    return x, y


def lines(svg: str) -> list[list[tuple[float, float]]]:
    paths = ET.fromstring(svg).iter(f"{SVG}path")
    return [points(path.attrib["d"]) for path in paths if path.attrib["class"] in ("line", "light")]


def boxes_crossed(svg: str) -> list[Rectangle]:
    """Boxes that some line runs through."""
    return [
        (left, top, right, bottom)
        for line in lines(svg)
        for left, top, right, bottom in rectangles(svg, CARDS | {"pill"})
        if any(left + 1 < x < right - 1 and top + 1 < y < bottom - 1 for x, y in line)
    ]


def test_every_step_input_output_and_mark_is_named() -> None:
    shown = texts(draw(diamond()))
    assert {"start", "left", "right", "end", "a.b", "city", "report", "each", "if"} <= set(shown)


def test_outputs_are_told_apart_by_their_own_names_whatever_these_hold() -> None:
    outputs = {"o.b": "${x}", "o": {"b": "${y}", "c": ["${y}"]}, "plain": "no step"}
    svg = draw(pipeline({"id": "x"}, {"id": "y"}, outputs=outputs))
    assert [text for text in texts(svg) if text in outputs] == ["o.b", "o"]
    assert len(re.findall(r'<path class="light"', svg)) == 2


def test_every_dependency_has_a_line_and_lines_are_light_beside_inputs_and_outputs() -> None:
    svg = draw(diamond())
    assert svg.count('class="line"') == 4
    assert svg.count('class="light"') == 2


@pytest.mark.parametrize("status", StepStatus)
def test_a_state_is_told_by_colour_sign_and_word(status: StepStatus) -> None:
    one = pipeline({"id": "only"})
    svg = draw(one, {"only": status})
    others = {draw(one, {"only": other}) for other in StepStatus if other is not status}
    signs = {re.search(r'class="sign".*? d="([^"]+)"', other)[1] for other in others}  # type: ignore[index]
    assert f'class="{status}"' in svg
    assert f"<title>only, a.b, {status}</title>" in svg
    assert re.search(r'class="sign".*? d="([^"]+)"', svg)[1] not in signs  # type: ignore[index]


def test_a_step_without_a_known_state_is_pending_and_without_states_there_are_no_signs() -> None:
    assert draw(diamond(), {"start": StepStatus.SUCCEEDED}).count('class="pending"') == 4  # the each step has two cards
    assert 'class="sign"' not in draw(diamond())


def test_the_picture_needs_nothing_from_outside_and_knows_the_dark() -> None:
    svg = draw(diamond(), {})
    assert not re.search(r"href|url\(|@import|<script", svg)
    assert "@media(prefers-color-scheme:dark)" in svg
    for element in ET.fromstring(svg).iter():
        assert element.tag not in (f"{SVG}rect", f"{SVG}text", f"{SVG}path") or "fill" in element.attrib


def test_odd_names_are_escaped_and_long_ones_end_in_an_ellipsis() -> None:
    names = ["<b>&\"'", "日本語" * 20, "bell\a", "größe"]
    svg = draw(
        pipeline(
            {
                "id": "a" * 90,
                "tool": "family.with_a_very_long_verb_" * 3 + "x",
                "arguments": {"value": [f"${{inputs.{quoted(n)}}}" for n in names]},
            },
            inputs={name: {"default": 1} for name in names},
            outputs={"]]>": f"${{{'a' * 90}}}"},
        )
    )
    shown = texts(svg)
    assert {"<b>&\"'", "bell\ufffd", "größe", "]]>"} <= set(shown)
    assert [text for text in shown if text.startswith("日") and text.endswith("…") and len(text) < 20]
    assert [text for text in shown if text.startswith("aaa") and text.endswith("…") and len(text) < 40]
    assert f"<title>{'a' * 90}, " in svg


def quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"').replace("\a", "\\u0007") + '"'


@pytest.mark.parametrize("make", [diamond, lambda: fan(12), lambda: pipeline({"id": "only"})])
def test_everything_lies_inside_the_picture_and_texts_inside_their_boxes(make: Any) -> None:
    svg = draw(make(), {})
    root = ET.fromstring(svg)
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    assert root.attrib["viewBox"] == f"0 0 {width:g} {height:g}"
    boxes = list(rectangles(svg))
    assert all(0 <= left < right <= width and 0 <= top < bottom <= height for left, top, right, bottom in boxes)
    for text in root.iter(f"{SVG}text"):
        x, y, size = (float(text.attrib[name]) for name in ("x", "y", "font-size"))
        room = 0.61 * size * len(text.text or "")
        start = x - room / 2 if text.attrib.get("text-anchor") == "middle" else x
        assert any(left <= start and start + room <= right and top < y < bottom for left, top, right, bottom in boxes)


def test_a_fan_stays_narrow_and_a_long_chain_runs_downwards() -> None:
    chain = pipeline(*({"id": f"s{n}", "needs": [f"s{n - 1}"] if n else []} for n in range(20)))
    for picture in (draw(fan(12)), draw(chain)):
        assert float(ET.fromstring(picture).attrib["width"]) < 960


def test_a_chain_is_drawn_as_a_straight_line() -> None:
    svg = draw(pipeline(*({"id": f"s{n}", "needs": [f"s{n - 1}"] if n else []} for n in range(5))))
    assert len({top for _, top, _, _ in rectangles(svg, CARDS)}) == 1


def test_many_inputs_are_drawn_as_one() -> None:
    names = [f"n{number}" for number in range(20)]
    svg = draw(
        pipeline(
            {"id": "a", "arguments": {"value": [f"${{inputs.{name}}}" for name in names]}},
            inputs={n: {} for n in names},
        )
    )
    assert "20 inputs" in texts(svg)
    assert svg.count('class="light"') == 1


def test_the_same_pipeline_gives_the_same_picture() -> None:
    assert draw(diamond(), {}) == draw(diamond(), {})


@given(valid_specs())
@settings(max_examples=60)
def test_no_line_runs_through_a_box(spec: PipelineSpec) -> None:
    svg = draw(build(spec, steps_registry()), {})
    assert lines(svg) or "class=" in svg
    assert boxes_crossed(svg) == []


def test_boxes_of_a_layer_keep_their_distance() -> None:
    sizes = {"a": 40.0, **{f"b{n}": 10.0 * n + 10 for n in range(6)}, "c": 30.0}
    edges = [("a", f"b{n}") for n in range(6)] + [(f"b{n}", "c") for n in range(6)] + [("a", "c")]
    layout = lay_out(edges, sizes, gap=7, lane=3)
    assert [len(row) for row in layout.layers] == [1, 7, 1]
    for row in layout.layers:
        edges_of = [(layout.across[n] - half(n, sizes), layout.across[n] + half(n, sizes)) for n in row]
        assert all(right + 7 <= left + 1e-6 for (_, right), (left, _) in pairwise(edges_of))
        assert all(left >= -1e-6 and right <= layout.breadth + 1e-6 for left, right in edges_of)


def half(node: Any, sizes: dict[str, float]) -> float:
    return sizes.get(node, 3.0) / 2


def test_lines_that_can_be_untangled_are() -> None:
    sizes = dict.fromkeys(["a", "b", "c", "x", "y", "z"], 10.0)
    layout = lay_out([("a", "z"), ("b", "y"), ("c", "x")], sizes, gap=5, lane=5)
    place = layout.across
    assert [place["a"], place["b"], place["c"]] == pytest.approx([place["z"], place["y"], place["x"]])


def test_nothing_is_laid_out_as_nothing() -> None:
    assert lay_out([], {}, gap=5, lane=5).layers == ()
