"""Fits the weights by which earlier plans are adapted: `python -m benchmarks.planning.recall [--out FILE]`.

Two models, on the requests in `memory/development`: which candidate takes the place of an earlier value (log-linear,
AdaGrad with averaged weights), and whether an adapted plan is right (a ridged logistic regression by Newton's method).
It comes after `train`, because it looks at what candidates are worth by themselves.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.planning.choose import read_weights
from benchmarks.planning.examples import WEIGHTS_FILE, BrokenExamplesError, Rated, load_rated
from benchmarks.planning.rated import Box, is_right, spec_of
from benchmarks.planning.right_values import same
from brain.intent_inference.calls.adapting import Means, adapt
from brain.intent_inference.calls.beside import CallBeside, recalled_facts, value_at
from brain.intent_inference.calls.candidate import Candidate
from brain.intent_inference.calls.contents import Contents
from brain.intent_inference.calls.features import Features
from brain.intent_inference.calls.nearness import nearness
from brain.intent_inference.calls.precedent import Used
from brain.intent_inference.calls.ranker import Worths
from brain.intent_inference.calls.reading import Reading
from brain.intent_inference.mentions import Request
from brain.intent_inference.plan import Question
from brain.intent_inference.similarity import Similarity
from brain.language_models import WordLlamaEmbedder
from brain.pipeline_builder.spec import PipelineSpec
from brain.runs import Json

__all__ = ["fit_candidates", "fit_nearness"]

SEED = 0
EPOCHS = 8
RATE = 0.1
SHRINK = 2e-3
FIRST_SQUARE = 1e-2
"""Of AdaGrad's sum of squared gradients."""
NEAREST = 6
"""Rated requests that are adapted to a new one."""
RIDGE = 1.0
NEWTON_STEPS = 60
LEAST_WEIGHT = 0.005
DIGITS = 3


class Row(NamedTuple):
    """The candidates of an argument."""

    alone: list[float]
    facts: Sequence[Mapping[str, float]]
    right: list[bool]


def main() -> int:
    """0 = written, 2 = a file cannot be read."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--weights", type=Path, default=WEIGHTS_FILE, help="what `train` wrote (default: the package)")
    parser.add_argument("--out", type=Path, default=WEIGHTS_FILE, help="where all weights go (default: the package)")
    options = parser.parse_args()
    similarity = Similarity(WordLlamaEmbedder())
    try:
        weights = read_weights(options.weights)
        boxes = [Box(*each) for each in load_rated("development")]
    except BrokenExamplesError as exc:
        print(exc, file=sys.stderr)
        return 2
    weights = {name: weight for name, weight in weights.items() if not name.startswith(("recall:", "near:"))}
    weights |= fit_candidates([row for box in boxes for row in _rows(box, weights, similarity)])
    weights |= fit_nearness([row for box in boxes for row in _adapted(box, weights, similarity)])
    options.out.write_text(json.dumps(weights, indent=0, sort_keys=True) + "\n", encoding="utf-8")
    print(f"{len(weights)} weights in {options.out}")
    return 0


def _rows(box: Box, weights: Mapping[str, float], similarity: Similarity) -> Iterator[Row]:
    lesson = _Lesson(box, weights, similarity)
    for again in box.again(similarity):
        if again.kind in ("paraphrase", "variation") and again.rated is not None and again.spec is not None:
            yield from lesson.rows(again.rated, again.ask, again.spec)


class _Lesson:
    """A rated request beside new ones that need the same tools."""

    def __init__(self, box: Box, weights: Mapping[str, float], similarity: Similarity) -> None:
        self._box = box
        self._weights = weights
        self._similarity = similarity

    def rows(self, rated: Rated, ask: str, right: PipelineSpec) -> Iterator[Row]:
        """Argument by argument; each call knows what those before it took rightly."""
        steps = spec_of(rated.plan).steps
        if [step.tool for step in steps] != [step.tool for step in right.steps]:
            return
        before, now = Contents(Reading(rated.ask)), Contents(Reading(ask))
        used: Used = []
        for step, wanted in zip(steps, right.steps, strict=True):
            call = CallBeside.of(step, self._box.planned[step.tool], before, now, used, self._similarity)
            rows = list(self._of_call(call, wanted.arguments))
            yield from (row for row in rows if any(row.right))
            used = [*used, *call.taken([_best(row, call.scene.candidates[at]) for at, row in enumerate(rows)])]

    def _of_call(self, call: CallBeside, wanted: Mapping[str, Json]) -> Iterator[Row]:
        worths = Worths(Features(call.scene), self._weights)
        for at, argument in enumerate(call.arguments):
            candidates, given = call.scene.candidates[at], call.precedent.given.get(argument.path)
            value = value_at(wanted, argument.path)
            value = None if isinstance(value, str) and "${" in value else value
            stays = given is not None and not given.said and same(given.value, value)
            right = [
                (value is None or stays) if each.is_absent else value is not None and same(each.value, value)
                for each in candidates
            ]
            facts = [dict(recalled_facts(call.scene.trial(at, each), call.precedent)) for each in candidates]
            yield Row(worths.alone(at), facts, right)


def _best(row: Row, candidates: Sequence[Candidate]) -> Candidate:
    """The right one that stands in the request and is worth most by itself, else the absence of a value."""
    placed = [(worth, at) for at, worth in enumerate(row.alone) if row.right[at] and candidates[at].is_placed]
    return candidates[max(placed)[1]] if placed else candidates[0]


def fit_candidates(rows: Sequence[Row]) -> dict[str, float]:
    """Weights of the facts about candidates beside an earlier call; what they are worth alone counts once."""
    names = sorted({name for row in rows for facts in row.facts for name in facts})
    tables = [(np.array(row.alone), _table(row.facts, names), np.array(row.right)) for row in rows]
    random = np.random.default_rng(SEED)
    weights, squares, total = np.zeros(len(names)), np.full(len(names), FIRST_SQUARE), np.zeros(len(names))
    for epoch in range(EPOCHS):
        for at in random.permutation(len(tables)):
            alone, facts, right = tables[at]
            likely = np.exp(alone + facts @ weights - (alone + facts @ weights).max())
            gradient = facts.T @ (likely / likely.sum() - likely * right / (likely * right).sum()) + SHRINK * weights
            squares += gradient**2
            weights -= RATE * gradient / np.sqrt(squares)
            total += weights * (epoch >= EPOCHS // 2)
    hits = sum(bool(right[int(np.argmax(alone + facts @ weights))]) for alone, facts, right in tables)
    print(f"{len(rows)} arguments, {hits} right")
    return _named(names, total / (len(tables) * (EPOCHS - EPOCHS // 2)))


def _adapted(box: Box, weights: Mapping[str, float], similarity: Similarity) -> Iterator[tuple[dict[str, float], bool]]:
    """The facts about each adapted plan, and whether it is right."""
    means = Means(box.tools, weights, similarity)
    for again in box.again(similarity):
        near = similarity.between(again.ask, [example.request for example in box.examples])
        nearest = sorted(zip(near, box.examples, strict=True), key=lambda each: -each[0])[:NEAREST]
        for _, example in nearest:
            now = Contents(Reading(again.ask))
            adapted = adapt(example, Question(Request(again.ask)), now, means)
            if adapted is not None:
                yield nearness(adapted, list(box.planned.values()), similarity), is_right(adapted.spec, again.spec)


def fit_nearness(rows: Sequence[tuple[Mapping[str, float], bool]]) -> dict[str, float]:
    """Weights of the facts about adapted plans."""
    names = sorted({name for facts, _ in rows for name in facts})
    facts, right = _table([each for each, _ in rows], names), np.array([hit for _, hit in rows], dtype=float)
    weights = np.zeros(len(names))
    for _ in range(NEWTON_STEPS):
        likely = 1 / (1 + np.exp(-facts @ weights))
        curvature = (facts * (likely * (1 - likely))[:, None]).T @ facts + RIDGE * np.eye(len(names))
        weights += np.linalg.solve(curvature, facts.T @ (right - likely) - RIDGE * weights)
    hits = int(((1 / (1 + np.exp(-facts @ weights)) > 1 / 2) == (right > 0)).sum())
    print(f"{len(rows)} adapted plans, {int(right.sum())} right, {hits} judged rightly")
    return _named(names, weights)


def _table(facts: Sequence[Mapping[str, float]], names: Sequence[str]) -> NDArray[np.float64]:
    """A row each, a column a name."""
    return np.array([[each.get(name, 0.0) for name in names] for each in facts])


def _named(names: Sequence[str], weights: NDArray[np.float64]) -> dict[str, float]:
    rounded = zip(names, weights.round(DIGITS).tolist(), strict=True)
    return {name: weight for name, weight in rounded if abs(weight) >= LEAST_WEIGHT}


if __name__ == "__main__":
    sys.exit(main())
