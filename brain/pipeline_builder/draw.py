"""A pipeline as a picture: SVG that stands alone, reads in light and dark, and needs no service and no program."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from xml.sax.saxutils import escape

from brain.pipeline_builder.layout import Layout, Node, lay_out
from brain.pipeline_builder.outline import marks
from brain.pipeline_builder.pipeline import Pipeline, PlannedStep
from brain.runs import StepStatus

__all__ = ["draw"]

# Lengths are in SVG user units, which are CSS pixels at full size.
WIDEST = 960
"""As wide as a notebook's output: what runs sideways and is wider goes downwards, where that is narrower."""
MARGIN = 10
CARD_HEIGHT, PILL_HEIGHT = 46, 24
PAD, SIGN_ROOM, CHIP_GAP = 12, 24, 6
BETWEEN_LAYERS, GAP, LANE = 52, 18, 10
STACK = 4
"""How far the cards behind a `foreach` step show."""
ARROW = 7
FONT_SIZE = {"id": 13.0, "tool": 11.0, "name": 11.0, "mark": 9.5}
WIDEST_ID, WIDEST_TOOL, WIDEST_PILL = 210.0, 200.0, 180.0
KEPT_LAYOUTS = 16
"""A run is drawn again at every change; only its colours change."""
MOST_PILLS = 6
"""More of them are drawn as one."""

ASCII_EM, OTHER_EM, WIDE_EM = 0.62, 0.95, 1.35
"""Widths in em of characters in the fonts below and in what stands in for them; DejaVu Sans Mono has 0.602."""
FONTS = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace"
NOT_XML = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")


@dataclass(frozen=True, slots=True)
class _Look:
    """How a state is shown: by colour and by a sign, so that neither has to be seen."""

    line: str
    light: str
    dark: str
    sign: str
    """A path in a box from -8 to 8, drawn in white on a disc of the line's colour."""
    dashes: str = ""


_GREY, _GREY_LIGHT, _GREY_DARK = "#7d8590", "#f6f8fa", "#21262d"
_LOOKS = {
    "plain": _Look(_GREY, _GREY_LIGHT, _GREY_DARK, ""),
    StepStatus.PENDING: _Look(_GREY, _GREY_LIGHT, _GREY_DARK, "M-3.2 0h.01M0 0h.01M3.2 0h.01"),
    StepStatus.RUNNING: _Look("#2f74d0", "#e6f0fd", "#12294a", "M-2 -3.4L3.6 0L-2 3.4Z"),
    StepStatus.SUCCEEDED: _Look("#2c8a4b", "#e8f6ec", "#12311d", "M-3.6 .2L-1 2.8L3.8 -2.6"),
    StepStatus.FAILED: _Look("#cf3f36", "#fdeceb", "#431a18", "M-2.8 -2.8L2.8 2.8M2.8 -2.8L-2.8 2.8"),
    StepStatus.SKIPPED: _Look(_GREY, _GREY_LIGHT, _GREY_DARK, "M-3.6 -3L-.6 0L-3.6 3M.6 -3L3.6 0L.6 3", "5 4"),
    StepStatus.CANCELLED: _Look("#7a6a58", "#f5f1ec", "#2f2922", "M-2.4 -2.4H2.4V2.4H-2.4Z"),
    StepStatus.CACHED: _Look("#1b8085", "#e4f5f5", "#0f3033", "M3.3 -2.2A4 4 0 1 0 4 .8M3.6 -4.6V-2H1"),
    StepStatus.INTERRUPTED: _Look("#b06f12", "#fdf2df", "#3a2a0d", "M0 -4V.6M0 3.8h.01"),
}
_PAINT = {
    "line": f'fill="none" stroke="{_GREY}" stroke-width="1.4"',
    "light": f'fill="none" stroke="{_GREY}" stroke-opacity=".65"',
    "sign": 'fill="none" stroke="#fff" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round"',
    "id": 'fill="#1f2328" font-weight="600"',
    "tool": 'fill="#57606a"',
    "name": 'fill="#57606a" text-anchor="middle"',
    "mark": 'fill="#1f2328"',
    "pill": f'fill="#fff" stroke="{_GREY}" stroke-dasharray="3 3" rx="12"',
    "chip": 'fill="#d9dfe6" rx="4"',
    **{
        str(
            state
        ): f'fill="{look.light}" stroke="{look.line}" stroke-width="1.3" stroke-dasharray="{look.dashes or 0}" rx="7"'
        for state, look in _LOOKS.items()
    },
}
"""As attributes, so that the light picture needs no style sheet; lines and frames read on both."""
_DARK = {
    "id": "#f0f3f6",
    "tool": "#aab4bf",
    "name": "#aab4bf",
    "mark": "#f0f3f6",
    "pill": "#161b22",
    "chip": "#444c56",
    **{str(state): look.dark for state, look in _LOOKS.items()},
}
DARK_STYLE = (
    "@media(prefers-color-scheme:dark){"
    + "".join(f".brain-graph .{kind}{{fill:{fill}}}" for kind, fill in _DARK.items())
    + "}"
)


@dataclass(frozen=True, slots=True)
class _Box:
    """Something that is drawn with an outline: a step, or an input or output."""

    width: float
    height: float
    text: str
    step: PlannedStep | None = None

    def along(self, *, is_sideways: bool) -> float:
        """How much of the layer it takes."""
        return self.width if is_sideways else self.height


@dataclass(frozen=True, slots=True)
class _Graph:
    boxes: Mapping[str, _Box]
    """In a topological order."""
    edges: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Placed:
    """A layout in the plane; `at` gives centres."""

    boxes: Mapping[str, _Box]
    layout: Layout
    at: Mapping[Node, tuple[float, float]]
    reaches: Mapping[Node, tuple[float, float]]
    """Where the layer of a node begins and ends, along the layers."""
    is_sideways: bool
    width: float
    height: float


def draw(pipeline: Pipeline, states: Mapping[str, StepStatus] | None = None) -> str:
    """The graph as SVG text; with `states` every step shows its own, and one that is not in it counts as pending."""
    placed = _placed(pipeline, has_signs=states is not None)
    width, height = round(placed.width), round(placed.height)
    title = f"Pipeline {pipeline.spec.name}, {len(pipeline.steps)} steps"
    body = "".join((*_lines(placed), *_boxes(placed, states)))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" class="brain-graph" role="img" font-family="{FONTS}"'
    size = f' width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
    return f"{head}{size}<title>{_text(title)}</title><style>{DARK_STYLE}</style>{body}</svg>"


@lru_cache(KEPT_LAYOUTS)
def _placed(pipeline: Pipeline, *, has_signs: bool) -> _Placed:
    """Sideways where that is narrow enough for a notebook, or narrower than downwards."""
    graph = _graph(pipeline, has_signs=has_signs)
    sideways = _oriented(graph, is_sideways=True)
    if sideways.width <= WIDEST:
        return sideways
    downwards = _oriented(graph, is_sideways=False)
    return min(sideways, downwards, key=lambda placed: placed.width)


def _graph(pipeline: Pipeline, *, has_signs: bool) -> _Graph:
    feeds = _input_edges(pipeline)
    inputs = {f"in {name}": _pill(name) for name, _ in feeds}
    steps = {step_id: _card(pipeline.steps[step_id], has_signs=has_signs) for step_id in pipeline.order}
    outputs: dict[str, _Box] = {}
    edges = [(f"in {name}", step_id) for name, step_id in feeds]
    edges += [(name, step_id) for step_id in pipeline.order for name in sorted(pipeline.steps[step_id].dependencies)]
    if pipeline.spec.outputs:
        for name, step_id in _output_edges(pipeline):
            outputs[f"out {name}"] = _pill(name)
            edges.append((step_id, f"out {name}"))
    return _Graph({**inputs, **steps, **outputs}, tuple(dict.fromkeys(edges)))


def _input_edges(pipeline: Pipeline) -> list[tuple[str, str]]:
    """Name of an input and step that reads it."""
    edges = [
        (str((*reference.chain.keys, "inputs")[0]), step.id)
        for step in pipeline.steps.values()
        for part in (step.arguments, step.foreach, step.when)
        if part is not None
        for reference in part.references
        if reference.head == "inputs"
    ]
    return _at_most(edges, "inputs")


def _output_edges(pipeline: Pipeline) -> list[tuple[str, str]]:
    """Name of an output and step that it comes from."""
    edges = [
        (str(reference.path[0]), reference.head)
        for reference in pipeline.outputs.references
        if reference.head in pipeline.steps
    ]
    return _at_most(edges, "outputs")


def _at_most(edges: list[tuple[str, str]], kind: str) -> list[tuple[str, str]]:
    names = {name for name, _ in edges}
    return edges if len(names) <= MOST_PILLS else [(f"{len(names)} {kind}", step_id) for _, step_id in edges]


def _card(step: PlannedStep, *, has_signs: bool) -> _Box:
    signs = SIGN_ROOM if has_signs else 0
    chips = sum(CHIP_GAP + _chip_width(mark) for mark in marks(step))
    name = min(_text_width(step.id, "id"), WIDEST_ID)
    tool = min(_text_width(step.definition.name, "tool"), WIDEST_TOOL) + chips
    stack = STACK if step.foreach is not None else 0
    return _Box(2 * PAD + signs + max(name, tool) + stack, CARD_HEIGHT + stack, step.id, step)


def _pill(name: str) -> _Box:
    return _Box(min(_text_width(name, "name"), WIDEST_PILL) + 2 * PAD, PILL_HEIGHT, name)


def _chip_width(mark: str) -> float:
    return _text_width(mark, "mark") + 8


def _oriented(graph: _Graph, *, is_sideways: bool) -> _Placed:
    across = {name: box.height if is_sideways else box.width for name, box in graph.boxes.items()}
    light = frozenset(name for name, box in graph.boxes.items() if box.step is None)
    layout = lay_out(graph.edges, across, light=light, gap=GAP, lane=LANE)
    boxes = _in_columns(graph.boxes, layout) if is_sideways else graph.boxes
    at: dict[Node, tuple[float, float]] = {}
    reaches: dict[Node, tuple[float, float]] = {}
    start = float(MARGIN)
    for row in layout.layers:
        end = start + max(boxes[node].along(is_sideways=is_sideways) for node in row if isinstance(node, str))
        for node in row:
            place = layout.across[node] + MARGIN
            at[node] = ((start + end) / 2, place) if is_sideways else (place, (start + end) / 2)
            reaches[node] = (start, end)
        start = end + BETWEEN_LAYERS
    length, breadth = start - BETWEEN_LAYERS + MARGIN, layout.breadth + 2 * MARGIN
    width, height = (length, breadth) if is_sideways else (breadth, length)
    return _Placed(boxes, layout, at, reaches, is_sideways, width, height)


def _in_columns(boxes: Mapping[str, _Box], layout: Layout) -> dict[str, _Box]:
    """Cards that stand in one column are equally wide."""
    widened = dict(boxes)
    for row in layout.layers:
        cards = [node for node in row if isinstance(node, str) and boxes[node].step is not None]
        widest = max((boxes[name].width for name in cards), default=0.0)
        widened.update({name: replace(boxes[name], width=widest) for name in cards})
    return widened


def _lines(placed: _Placed) -> Iterator[str]:
    for (start, end), line in placed.layout.lines.items():
        first, last = placed.boxes[start], placed.boxes[end]
        yield _line(first, last, line, placed, is_light=first.step is None or last.step is None)


def _line(first: _Box, last: _Box, line: tuple[Node, ...], placed: _Placed, *, is_light: bool) -> str:
    """Straight within a layer, an S-curve from each layer to the next: it meets no box on its way."""
    along, across = (0, 1) if placed.is_sideways else (1, 0)

    def xy(distance: float, place: float) -> str:
        x, y = (distance, place) if placed.is_sideways else (place, distance)
        return f"{x:.1f} {y:.1f}"

    tail = placed.at[line[0]][along] + first.along(is_sideways=placed.is_sideways) / 2
    tip = placed.at[line[-1]][along] - last.along(is_sideways=placed.is_sideways) / 2
    path = [f"M{xy(tail, placed.at[line[0]][across])}"]
    for here, there in pairwise(line):
        start, end = placed.reaches[here][1], placed.reaches[there][0]
        bend, place, next_place = (start + end) / 2, placed.at[here][across], placed.at[there][across]
        path.append(f"L{xy(start, place)}C{xy(bend, place)} {xy(bend, next_place)} {xy(end, next_place)}")
    place = placed.at[line[-1]][across]
    path.append(f"L{xy(tip - 1, place)}")
    path.append(f"M{xy(tip - ARROW, place - ARROW / 2)}L{xy(tip - 1, place)}L{xy(tip - ARROW, place + ARROW / 2)}")
    return f'<path {_painted("light" if is_light else "line")} d="{"".join(path)}"/>'


def _boxes(placed: _Placed, states: Mapping[str, StepStatus] | None) -> Iterator[str]:
    for name, box in placed.boxes.items():
        x, y = placed.at[name]
        left, top = x - box.width / 2, y - box.height / 2
        if box.step is None:
            yield _drawn_pill(box, left, top)
        else:
            state = None if states is None else states.get(box.step.id, StepStatus.PENDING)
            yield _drawn_card(box, box.step, left, top, state)


def _drawn_pill(box: _Box, left: float, top: float) -> str:
    shape = _rect("pill", left, top, box.width, box.height)
    label = _label("name", left + box.width / 2, top + box.height / 2 + 4, box.text, box.width - 2 * PAD)
    return f"<g><title>{_text(box.text)}</title>{shape}{label}</g>"


def _drawn_card(box: _Box, step: PlannedStep, left: float, top: float, state: StepStatus | None) -> str:
    stack = STACK if step.foreach is not None else 0
    width, height = box.width - stack, box.height - stack
    kind = str(state or "plain")
    signs = SIGN_ROOM if state else 0
    start, room = left + PAD + signs, width - 2 * PAD - signs
    tool_width = min(_text_width(step.definition.name, "tool"), WIDEST_TOOL)
    parts = [
        f"<title>{_text(', '.join(filter(None, (step.id, step.definition.name, state))))}</title>",
        _rect(kind, left + stack, top + stack, width, height) if stack else "",
        _rect(kind, left, top, width, height),
        _sign(_LOOKS[state], left + PAD + 7, top + height / 2) if state else "",
        _label("id", start, top + 20, step.id, room),
        _label("tool", start, top + 36, step.definition.name, tool_width),
        *_chips(step, start + tool_width, top + 36),
    ]
    return f"<g>{''.join(parts)}</g>"


def _sign(look: _Look, x: float, y: float) -> str:
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="8" fill="{look.line}"/>'
        f'<path {_painted("sign")} transform="translate({x:.1f} {y:.1f})" d="{look.sign}"/>'
    )


def _chips(step: PlannedStep, left: float, baseline: float) -> Iterator[str]:
    for mark in marks(step):
        left += CHIP_GAP
        width = _chip_width(mark)
        yield _rect("chip", left, baseline - 10, width, 13)
        yield _label("mark", left + 4, baseline - 0.5, mark, width)
        left += width


def _rect(kind: str, left: float, top: float, width: float, height: float) -> str:
    return f'<rect {_painted(kind)} x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}"/>'


def _label(kind: str, left: float, baseline: float, text: str, room: float) -> str:
    shown = _text(_fitted(text, kind, room))
    return f'<text {_painted(kind)} font-size="{FONT_SIZE[kind]:g}" x="{left:.1f}" y="{baseline:.1f}">{shown}</text>'


def _fitted(text: str, kind: str, room: float) -> str:
    if _text_width(text, kind) <= room + 0.01:
        return text
    while text and _text_width(f"{text}…", kind) > room:
        text = text[:-1]
    return f"{text}…"


def _text_width(text: str, kind: str) -> float:
    """Not less than what the widest of the fonts takes."""
    return FONT_SIZE[kind] * sum(map(_em, text))


def _em(character: str) -> float:
    if character.isascii():
        return ASCII_EM
    if unicodedata.combining(character):
        return 0.0
    return WIDE_EM if unicodedata.east_asian_width(character) in "WF" else OTHER_EM


def _text(text: str) -> str:
    return escape(NOT_XML.sub("\ufffd", text))


def _painted(kind: str) -> str:
    return f'class="{kind}" {_PAINT[kind]}'
