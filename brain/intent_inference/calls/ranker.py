"""Fills the arguments of a call one after the other: a log-linear model of whole calls, searched with a beam."""

import heapq
import math
from collections.abc import Mapping
from dataclasses import dataclass

from brain.intent_inference.calls.candidates import Candidate
from brain.intent_inference.calls.features import Scene, State

__all__ = ["Choice", "fill"]

BEAM = 8
CLOSEST = 24
"""Candidates of an argument that are looked at beside the other arguments: the best by themselves."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What each argument of a scene was given, and the share that this call has among the best ones."""

    candidates: tuple[Candidate, ...]
    score: float
    probability: float


def fill(scene: Scene, weights: Mapping[str, float], beam: int = BEAM) -> list[Choice]:
    """The best calls, best first."""
    states = [(0.0, State())]
    for position in range(len(scene.arguments)):
        numbers = closest(scene, weights, position)
        following = [
            (score + alone + weigh(scene.beside(position, number, state), weights), state, number)
            for score, state in states
            for number, alone in numbers
        ]
        best = heapq.nlargest(beam, following, key=lambda each: each[0])
        states = [
            (score, state.with_choice(position, scene.candidates(position)[number])) for score, state, number in best
        ]
    total = sum(math.exp(score - states[0][0]) for score, _ in states)
    return [
        Choice(tuple(candidate for _, candidate in state.chosen), score, math.exp(score - states[0][0]) / total)
        for score, state in states
    ]


def closest(scene: Scene, weights: Mapping[str, float], position: int) -> list[tuple[int, float]]:
    """The best candidates of an argument by themselves, with their scores; its absence is always one."""
    scores = [weigh(scene.alone(position, number), weights) for number in range(len(scene.candidates(position)))]
    best = heapq.nlargest(CLOSEST, range(len(scores)), key=lambda number: scores[number])
    return [(number, scores[number]) for number in (best if 0 in best else [*best, 0])]


def weigh(features: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """The sum of the features, each by its weight."""
    return sum(weights.get(name, 0.0) * value for name, value in features.items())
