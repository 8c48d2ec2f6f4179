"""Where the boxes and lines of a layered drawing go (Sugiyama, Tagawa and Toda 1981); no colours, no text, no SVG.

Layers run along one axis and the boxes of a layer lie across it. A line that spans several layers gets a place of its
own in each layer between, so that it never runs through a box.
"""

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

__all__ = ["Layout", "lay_out"]

SWEEPS = 12
"""Passes up and down for the order; crossings rarely fall after the first few."""
SETTLING_SWEEPS = 40
"""Passes for the places; a chain of twenty is straight by then."""
LANE_WEIGHT, LIGHT_WEIGHT = 8.0, 0.01
"""What the places of a long line, and boxes on the side, count beside an ordinary box when lines are straightened."""

type Node = str | tuple[str, str, int]
"""A box by name, or the place of the line from one box to another in some layer."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Layers and places across them, in the unit of the sizes that were given."""

    layers: tuple[tuple[Node, ...], ...]
    across: Mapping[Node, float]
    """Centre of each node, across the layers; the smallest edge is at 0."""
    breadth: float
    lines: Mapping[tuple[str, str], tuple[Node, ...]]
    """Edge -> the nodes it passes, layer by layer, both ends included."""


def lay_out(
    edges: Iterable[tuple[str, str]], sizes: Mapping[str, float], *, light: Container[str] = (), gap: float, lane: float
) -> Layout:
    """Place boxes of given sizes across the layers; the edges make no cycle, and `sizes` is in a topological order.

    Boxes in `light` give way to the others; `gap` lies between two nodes of a layer; `lane` is what a line takes.
    """
    edges = list(edges)
    rank = _ranks(edges, sizes)
    layers, lines = _with_lanes(edges, sizes, rank)
    before, after = _neighbours(lines.values())
    layers = _least_crossings(layers, before, after)
    width: dict[Node, float] = {node: sizes[node] if isinstance(node, str) else lane for row in layers for node in row}
    weights = {node: _weight(node, light) for row in layers for node in row}
    across = _across(layers, _Sizes(width, weights, gap), before, after)
    least = min((across[node] - width[node] / 2 for row in layers for node in row), default=0.0)
    across = {node: place - least for node, place in across.items()}
    breadth = max((across[node] + width[node] / 2 for row in layers for node in row), default=0.0)
    return Layout(tuple(tuple(row) for row in layers), across, breadth, lines)


def _ranks(edges: Sequence[tuple[str, str]], nodes: Iterable[str]) -> dict[str, int]:
    """The longest path decides the layer; then what only feeds later layers moves up next to what it feeds."""
    before, after = defaultdict(list), defaultdict(list)
    for start, end in edges:
        before[end].append(start)
        after[start].append(end)
    order = list(nodes)
    rank: dict[str, int] = {}
    for node in order:
        rank[node] = max((rank[other] + 1 for other in before[node]), default=0)
    for node in reversed(order):
        if after[node] and not before[node]:
            rank[node] = min(rank[other] for other in after[node]) - 1
    return rank


def _with_lanes(
    edges: Sequence[tuple[str, str]], nodes: Iterable[str], rank: Mapping[str, int]
) -> tuple[list[list[Node]], dict[tuple[str, str], tuple[Node, ...]]]:
    layers: list[list[Node]] = [[] for _ in range(max(rank.values(), default=-1) + 1)]
    for node in nodes:
        layers[rank[node]].append(node)
    lines: dict[tuple[str, str], tuple[Node, ...]] = {}
    for start, end in edges:
        lanes: list[Node] = [(start, end, layer) for layer in range(rank[start] + 1, rank[end])]
        for layer, lane in enumerate(lanes, rank[start] + 1):
            layers[layer].append(lane)
        lines[start, end] = (start, *lanes, end)
    return layers, lines


type _Neighbours = Mapping[Node, Sequence[Node]]


def _neighbours(lines: Iterable[tuple[Node, ...]]) -> tuple[_Neighbours, _Neighbours]:
    before: dict[Node, list[Node]] = defaultdict(list)
    after: dict[Node, list[Node]] = defaultdict(list)
    for line in lines:
        for start, end in pairwise(line):
            before[end].append(start)
            after[start].append(end)
    return before, after


def _least_crossings(layers: list[list[Node]], before: _Neighbours, after: _Neighbours) -> list[list[Node]]:
    best, fewest = layers, _crossings(layers, after)
    for sweep in range(SWEEPS):
        if not fewest:
            break
        layers = [list(row) for row in layers]
        down = sweep % 2 == 0
        around = before if down else after
        order = range(1, len(layers)) if down else range(len(layers) - 2, -1, -1)
        for index in order:
            _sort_by_neighbours(layers[index], layers[index - 1 if down else index + 1], around)
        count = _crossings(layers, after)
        if count < fewest:
            best, fewest = layers, count
    return best


def _sort_by_neighbours(row: list[Node], fixed: Sequence[Node], around: _Neighbours) -> None:
    place = {node: index for index, node in enumerate(fixed)}
    own = {node: index for index, node in enumerate(row)}

    def barycentre(node: Node) -> float:
        places = [place[other] for other in around.get(node, ())]
        return sum(places) / len(places) if places else float(own[node])

    row.sort(key=barycentre)


def _crossings(layers: Sequence[Sequence[Node]], after: _Neighbours) -> int:
    return sum(_crossings_between(row, under, after) for row, under in pairwise(layers))


def _crossings_between(row: Sequence[Node], under: Sequence[Node], after: _Neighbours) -> int:
    """Pairs of ends that are out of order, counted in a binary indexed tree (Fenwick 1994)."""
    place = {node: index for index, node in enumerate(under)}
    ends = [end for node in row for end in sorted(place[other] for other in after.get(node, ()))]
    tree = [0] * (len(under) + 1)
    count = 0
    for seen, end in enumerate(ends):
        count += seen - _sum_to(tree, end + 1)
        slot = end + 1
        while slot < len(tree):
            tree[slot] += 1
            slot += slot & -slot
    return count


def _sum_to(tree: Sequence[int], slot: int) -> int:
    total = 0
    while slot:
        total += tree[slot]
        slot -= slot & -slot
    return total


@dataclass(frozen=True, slots=True)
class _Sizes:
    width: Mapping[Node, float]
    weight: Mapping[Node, float]
    gap: float


def _weight(node: Node, light: Container[str]) -> float:
    if not isinstance(node, str):
        return LIGHT_WEIGHT if node[0] in light or node[1] in light else LANE_WEIGHT
    return LIGHT_WEIGHT if node in light else 1.0


def _across(
    layers: Sequence[Sequence[Node]], sizes: _Sizes, before: _Neighbours, after: _Neighbours
) -> dict[Node, float]:
    """Start packed, then let each node move towards the mean of its neighbours as far as the row leaves room."""
    across: dict[Node, float] = {}
    for row in layers:
        _settle(row, dict.fromkeys(row, 0.0), sizes, across)
    for sweep in range(SETTLING_SWEEPS):
        for row in layers if sweep % 2 == 0 else layers[::-1]:
            wishes = {node: _wish(node, across, sizes.weight, (before, after)) for node in row}
            _settle(row, wishes, sizes, across)
    return across


def _wish(
    node: Node, across: Mapping[Node, float], weight: Mapping[Node, float], around: tuple[_Neighbours, _Neighbours]
) -> float:
    """The mean place of the neighbours; a lane looks above all at the lanes that it continues."""
    total = pulled = 0.0
    for neighbours in around:
        for other in neighbours.get(node, ()):
            pull = weight[other] if isinstance(node, str) is isinstance(other, str) or weight[other] < 1 else 1.0
            total, pulled = total + pull, pulled + pull * across[other]
    return pulled / total if total else across[node]


def _settle(row: Sequence[Node], wishes: Mapping[Node, float], sizes: _Sizes, across: dict[Node, float]) -> None:
    """The places nearest to the wishes (least squares) that keep order and distance: pool adjacent violators."""
    offsets = [0.0]
    for left, right in pairwise(row):
        offsets.append(offsets[-1] + (sizes.width[left] + sizes.width[right]) / 2 + sizes.gap)
    pools: list[tuple[float, float, int]] = []  # mean wish, weight, nodes
    for node, offset in zip(row, offsets, strict=True):
        mean, weight, count = wishes[node] - offset, sizes.weight[node], 1
        while pools and pools[-1][0] > mean:
            left_mean, left_weight, left_count = pools.pop()
            total = left_weight + weight
            mean, weight, count = (left_mean * left_weight + mean * weight) / total, total, left_count + count
        pools.append((mean, weight, count))
    places = [mean for mean, _, count in pools for _ in range(count)]
    across.update({node: place + offset for node, place, offset in zip(row, places, offsets, strict=True)})
