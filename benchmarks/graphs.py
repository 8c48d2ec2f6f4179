"""The graphs that every side runs; nothing but the standard library, because the peers' environment reads it too."""

import random
from dataclasses import dataclass

__all__ = ["GRAPHS", "Graph", "Node"]

STEPS = 200
UNEVEN_STEPS = 60
UNEVEN_SEED = 4
SLEEP_MILLISECONDS = (5, 100)
"""Whole ones: epoll, which the event loop sleeps with, rounds up to them."""


@dataclass(frozen=True, slots=True)
class Node:
    """One step: it starts when all in `needs` are done and sleeps for `seconds`; 0 = it does nothing."""

    id: str
    needs: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Graph:
    """Steps in an order in which each comes after what it needs."""

    name: str
    nodes: tuple[Node, ...]

    @property
    def sinks(self) -> tuple[str, ...]:
        """The steps that nothing waits for."""
        needed = {need for node in self.nodes for need in node.needs}
        return tuple(node.id for node in self.nodes if node.id not in needed)

    @property
    def critical_path(self) -> float:
        """Seconds along the longest path: nobody can be faster."""
        ends: dict[str, float] = {}
        for node in self.nodes:
            ends[node.id] = max((ends[need] for need in node.needs), default=0.0) + node.seconds
        return max(ends.values())


def chain(steps: int) -> Graph:
    """Each step after the one before."""
    nodes = (Node(_id(index), (_id(index - 1),) if index else ()) for index in range(steps))
    return Graph("chain", tuple(nodes))


def fan_out(steps: int) -> Graph:
    """One step, then all others but one side by side, then one that waits for them all."""
    middle = [Node(_id(index), (_id(0),)) for index in range(1, steps - 1)]
    last = Node(_id(steps - 1), tuple(node.id for node in middle))
    return Graph("fan-out", (Node(_id(0)), *middle, last))


def uneven(steps: int, seed: int) -> Graph:
    """Sleeps of different length; a step needs up to three of those before it, so that branches overlap."""
    dice = random.Random(seed)
    nodes = (Node(_id(index), _needs(dice, index), dice.randint(*SLEEP_MILLISECONDS) / 1000) for index in range(steps))
    return Graph("uneven", tuple(nodes))


def _needs(dice: random.Random, index: int) -> tuple[str, ...]:
    chosen = dice.sample(range(index), k=min(index, dice.randint(0, 3)))
    return tuple(_id(need) for need in sorted(chosen))


def _id(index: int) -> str:
    return f"step_{index:03}"


GRAPHS = {graph.name: graph for graph in (chain(STEPS), fan_out(STEPS), uneven(UNEVEN_STEPS, UNEVEN_SEED))}
