"""Fills the arguments of a call one after the other: a log-linear model of whole calls, searched with a beam."""

import heapq
import math
from collections.abc import Mapping
from dataclasses import dataclass

from brain.intent_inference.calls.candidate import Candidate
from brain.intent_inference.calls.facts.neighbours import Chosen
from brain.intent_inference.calls.features import Features

__all__ = ["BEAM", "Choice", "Worths", "best_first", "fill", "weigh"]

BEAM = 8
CLOSEST = 24
"""Candidates of an argument that are looked at beside the other arguments: the best by themselves."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What each argument of a scene was given, and the share that this call has among the best ones."""

    candidates: tuple[Candidate, ...]
    score: float
    probability: float


class Worths:
    """What the features of a scene are worth under these weights, which must not change meanwhile."""

    def __init__(self, features: Features, weights: Mapping[str, float]) -> None:
        self.features = features
        self.scene = features.scene
        self.weights = weights
        self._alone: dict[int, list[float]] = {}
        self._beside: dict[tuple[int, ...], float] = {}

    def alone(self, position: int) -> list[float]:
        """Of every candidate for an argument, by itself."""
        if position not in self._alone:
            numbers = range(len(self.scene.candidates[position]))
            alone = (self.features.alone(position, number) for number in numbers)
            self._alone[position] = [weigh(features, self.weights) for features in alone]
        return self._alone[position]

    def closest(self, position: int) -> list[tuple[Candidate, float]]:
        """The best candidates by themselves with what they are worth, best first; absence is always one."""
        worths, candidates = self.alone(position), self.scene.candidates[position]
        best = heapq.nlargest(CLOSEST, range(len(worths)), key=worths.__getitem__)
        return [(candidates[number], worths[number]) for number in (best if 0 in best else [*best, 0])]

    def beside(self, position: int, candidate: Candidate, chosen: Chosen) -> float:
        """Of a candidate beside what the arguments before it were given."""
        key = (position, id(candidate), *map(id, chosen.candidates))
        if key not in self._beside:
            self._beside[key] = weigh(self.features.beside(position, candidate, chosen), self.weights)
        return self._beside[key]


def weigh(features: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """The sum of the features, each by its weight."""
    return sum(weights.get(name, 0.0) * value for name, value in features.items())


def best_first[T](scored: list[tuple[float, T]], most: int) -> list[tuple[float, T]]:
    """The `most` with the highest scores; of equal ones the earlier first."""
    return heapq.nlargest(most, scored, key=lambda each: each[0])


def fill(worths: Worths, beam: int = BEAM) -> list[Choice]:
    """The best calls, best first."""
    states = [(0.0, Chosen())]
    for position in range(len(worths.scene.arguments)):
        closest = worths.closest(position)
        following = [
            (score + alone + worths.beside(position, candidate, chosen), (chosen, candidate))
            for score, chosen in states
            for candidate, alone in closest
        ]
        best = best_first(following, beam)
        states = [(score, chosen.with_next(candidate)) for score, (chosen, candidate) in best]
    top = states[0][0]
    total = sum(math.exp(score - top) for score, _ in states)
    return [Choice(chosen.candidates, score, math.exp(score - top) / total) for score, chosen in states]
