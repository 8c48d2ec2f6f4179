"""Fits the weights by which arguments are filled: `python -m benchmarks.planning.train [--out FILE] [FILE.yaml ...]`.

A log-linear model of whole ways to fill a tool: the likelihood of the right ones beside the best wrong ones that the
search finds under the present weights, by AdaGrad with averaged weights (a structured perceptron's schedule).
"""

import argparse
import json
import math
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.planning.examples import EXAMPLE_FILES, WEIGHTS_FILE, BrokenExamplesError, load_tools
from benchmarks.planning.lessons import Lesson, Way
from brain.intent_inference.calls.columns import Table
from brain.intent_inference.calls.ranker import Worths, fill, weigh
from brain.intent_inference.calls.table_search import MOST_CALLS, TableSearch
from brain.intent_inference.similarity import Similarity
from brain.language_models import WordLlamaEmbedder

__all__ = ["Trainer", "lessons_of"]

EPOCHS = 4
SEED = 0
RATE = 0.08
RATE_OF_TABLES = 3
"""Times faster: facts about several calls are rarer."""
TABLE_FEATURES = ("column ", "step ", "calls ", "columns ", "single ")
RIDGE = 1e-5
FIRST_SQUARE = 1e-2
"""Of AdaGrad's sum of squared gradients."""
TABLE_BEAM = 4
COMBINED = (4, 9)
"""Numbers of calls that may come from tables of two or three rows."""
LEAST_SHARE = 1e-6
"""A way whose gradient weighs less changes nothing."""
AVERAGED_EVERY = 20
"""Steps in the later half, whose weights are averaged."""
SEEN_OFTEN = 5
"""Times an epoch, in half of the epochs, that a feature is seen to be kept."""
LEAST_WEIGHT = 0.005
DIGITS = 3


def main() -> int:
    """0 = written, 2 = a file cannot be read."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("files", nargs="*", type=Path, default=EXAMPLE_FILES, help="examples (default: all)")
    parser.add_argument("--out", type=Path, default=WEIGHTS_FILE, help="where the weights go (default: the package)")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    options = parser.parse_args()
    try:
        lessons = list(lessons_of(options.files, Similarity(WordLlamaEmbedder())))
    except BrokenExamplesError as exc:
        print(exc, file=sys.stderr)
        return 2
    print(f"{len(lessons)} requests")
    weights = Trainer(lessons).train(options.epochs)
    options.out.write_text(json.dumps(weights, indent=0, sort_keys=True) + "\n", encoding="utf-8")
    print(f"{len(weights)} weights in {options.out}")
    return 0


def lessons_of(files: Sequence[Path], similarity: Similarity) -> Iterator[Lesson]:
    """The requests that tools with arguments are for."""
    for tool in load_tools(files):
        if tool.arguments:
            yield from (Lesson(tool, request, similarity) for request in tool.requests if request.right_calls)


class Trainer:
    """Weights on their way."""

    def __init__(self, lessons: Sequence[Lesson]) -> None:
        self._lessons = lessons
        self._random = np.random.default_rng(SEED)
        self._weights: dict[str, float] = {}
        self._squares: dict[str, float] = {}
        self._seen: Counter[str] = Counter()
        self._sums: Counter[str] = Counter()
        self._averaged = 0

    def train(self, epochs: int) -> dict[str, float]:
        """The averaged weights of the later half, without rare and small ones."""
        for epoch in range(epochs):
            self._epoch(epoch, is_late=epoch >= epochs // 2)
        often = SEEN_OFTEN * epochs / 2
        means = {name: total / self._averaged for name, total in sorted(self._sums.items())}
        return {
            name: round(mean, DIGITS)
            for name, mean in means.items()
            if self._seen[name] >= often and abs(mean) >= LEAST_WEIGHT
        }

    def _epoch(self, epoch: int, *, is_late: bool) -> None:
        start, loss, results = time.monotonic(), 0.0, Counter[tuple[bool, bool]]()
        for at in self._random.permutation(len(self._lessons)):
            lesson = self._lessons[at]
            step = self._step(lesson)
            if step is None:
                continue
            loss += step[0]
            results[lesson.count > 1, step[1]] += 1
            if is_late and results.total() % AVERAGED_EVERY == 0:
                self._sums.update(self._weights)
                self._averaged += 1
        wrong = sum(count for (_, is_right), count in results.items() if not is_right)
        count = max(results.total(), 1)
        print(f"epoch {epoch}: loss {loss / count:.4f}, wrong {wrong / count:.4f}, {_told(results)}, {_seconds(start)}")

    def _step(self, lesson: Lesson) -> tuple[float, bool] | None:
        """One step of the gradient: the loss, and whether the best way is right; None where nothing can be learnt."""
        worths = Worths(lesson.features, self._weights)
        found = self._found(lesson, worths)
        if found is None or not (right_ways := lesson.best_right(worths)):
            return None
        ways = _unique([*found, *right_ways])
        features = [lesson.features_of(way, worths) for way in ways]
        scores = np.array([weigh(each, self._weights) for each in features])
        right = np.array([lesson.is_right(way) for way in ways])
        if not right.any():
            return None
        likelihoods = np.exp(scores - scores.max())
        likely_right = np.where(right, likelihoods, 0)
        total, total_right = likelihoods.sum(), likely_right.sum()
        self._move(features, likelihoods / total - likely_right / total_right)
        return -math.log(total_right / total), bool(right[int(np.argmax(scores))])

    def _found(self, lesson: Lesson, worths: Worths) -> list[Way] | None:
        """What the search finds under the present weights; None where a table would be right and cannot be found."""
        calls: list[Way] = [choice.candidates for choice in fill(worths)]
        if not lesson.is_whole or not lesson.scene.arguments:
            return None if lesson.count > 1 else calls
        search = TableSearch(worths)
        counts = [count for count in sorted(self._counts(lesson)) if 1 < count <= MOST_CALLS]
        return [*calls, *(table for count in counts for _, table in search.best(count, TABLE_BEAM))]

    def _counts(self, lesson: Lesson) -> set[int]:
        """How many rows the tables have that a request is compared with."""
        if lesson.count == 1:
            return {2, int(self._random.integers(3, MOST_CALLS + 1))}
        near = {2, 3, lesson.count - 1, lesson.count, lesson.count + 1}
        return near | {math.isqrt(lesson.count)} if lesson.count in COMBINED else near

    def _move(self, features: Sequence[Mapping[str, float]], shares: Sequence[float]) -> None:
        """Against the gradient: what speaks for the ways found, less what speaks for the right ones."""
        gradient: dict[str, float] = {}
        for each, share in zip(features, shares, strict=True):
            if abs(share) > LEAST_SHARE:
                for name, value in each.items():
                    gradient[name] = gradient.get(name, 0.0) + share * value
        for name, steepness in gradient.items():
            weight = self._weights.get(name, 0.0)
            slope = steepness + RIDGE * weight
            self._squares[name] = self._squares.get(name, FIRST_SQUARE) + slope * slope
            self._seen[name] += 1
            rate = RATE * (RATE_OF_TABLES if name.startswith(TABLE_FEATURES) else 1)
            self._weights[name] = weight - rate * slope / math.sqrt(self._squares[name])


def _unique(ways: Sequence[Way]) -> list[Way]:
    """Each way once, by the very candidates that it holds."""
    found: dict[tuple[int, ...], Way] = {}
    for way in ways:
        members = [each for column in way.columns for each in column.members] if isinstance(way, Table) else way
        found.setdefault(tuple(id(each) for each in members), way)
    return list(found.values())


def _told(results: Mapping[tuple[bool, bool], int]) -> str:
    one, several = ((results.get((many, True), 0), results.get((many, False), 0)) for many in (False, True))
    return f"one call {one[0]} of {sum(one)}, several {several[0]} of {sum(several)}"


def _seconds(start: float) -> str:
    return f"{time.monotonic() - start:.0f} s"


if __name__ == "__main__":
    sys.exit(main())
