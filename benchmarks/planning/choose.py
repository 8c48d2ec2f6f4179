"""Fits the weights by which tools are chosen: `python -m benchmarks.planning.choose [--weights FILE] [--out FILE]`.

A logistic regression: whether a tool is one that the request asks for, on examples of one tool each, beside other tools
that are near to it or any, and on toolboxes. It comes after `train`, because it looks at how the arguments are filled.
"""

import argparse
import json
import random
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from benchmarks.planning.examples import (
    WEIGHTS_FILE,
    BrokenExamplesError,
    ExampleTool,
    Request,
    load_toolboxes,
    load_tools,
)
from brain.intent_inference.calls.planned_tool import PlannedTool
from brain.intent_inference.calls.tool_choice import Judged, judge
from brain.intent_inference.similarity import Similarity
from brain.language_models import WordLlamaEmbedder

__all__ = ["Row", "fit", "read_weights", "rows_of"]

SEED = 0
BESIDE_OTHERS = 0.5
"""Share of requests that are judged beside other tools, two near ones and two of all."""
OTHERS = 2
NEAR, NEARLY = slice(1, 12), slice(1, 40)
"""Of the tools in order of their nearness to one: those that it is judged beside, those that stand alone instead."""
OTHERS_KEPT, WRONG_KEPT = 0.7, 0.6
"""Shares of the wrong ones."""
SEEN_OFTEN = 5
"""Rows that a feature is in to be kept."""
RIDGE = 1.0
RATE = 0.1
STEPS = 600
FIRST_SQUARE = 1e-8
"""Of AdaGrad's sum of squared gradients."""
DIGITS = 3

type Row = tuple[Mapping[str, float], bool]
"""The facts about a tool beside a request, and whether it is one that the request asks for."""


def main() -> int:
    """0 = written, 2 = a file cannot be read."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--weights", type=Path, default=WEIGHTS_FILE, help="what `train` wrote (default: the package)")
    parser.add_argument("--out", type=Path, default=WEIGHTS_FILE, help="where all weights go (default: the package)")
    options = parser.parse_args()
    try:
        weights = read_weights(options.weights)
        rows = list(rows_of(weights, Similarity(WordLlamaEmbedder())))
    except BrokenExamplesError as exc:
        print(exc, file=sys.stderr)
        return 2
    weights |= fit(rows)
    options.out.write_text(json.dumps(weights, indent=0, sort_keys=True) + "\n", encoding="utf-8")
    print(f"{len(weights)} weights in {options.out}")
    return 0


def read_weights(file: Path) -> dict[str, float]:
    """What an earlier program wrote; raises BrokenExamplesError."""
    try:
        return TypeAdapter(dict[str, float]).validate_json(file.read_bytes())
    except (OSError, ValidationError) as exc:
        raise BrokenExamplesError(f"{file} holds no weights: write it with `benchmarks.planning.train`.") from exc


def rows_of(weights: Mapping[str, float], similarity: Similarity) -> Iterator[Row]:
    """Of the examples of one tool, then of the toolboxes."""
    yield from _Examples(list(load_tools()), weights, similarity).rows()
    for box in load_toolboxes():
        tools = [tool.planned for tool in box.tools]
        for request in box.requests:
            used = {step.tool for step in request.plan or []}
            for judged in judge(request.ask, tools, weights, similarity):
                yield judged.facts, judged.tool.name in used


@dataclass(frozen=True)
class _Examples:
    """Tools with requests, and how near the tools are to each other."""

    examples: Sequence[ExampleTool]
    weights: Mapping[str, float]
    similarity: Similarity

    @cached_property
    def tools(self) -> dict[str, PlannedTool]:
        return {example.tool: example.planned for example in self.examples}

    @cached_property
    def names(self) -> list[str]:
        return sorted(self.tools)

    @cached_property
    def vectors(self) -> NDArray[np.float32]:
        return self.similarity.vectors([self.tools[name].text for name in self.names])

    def near(self, name: str) -> list[int]:
        """All tools, the nearest (itself) first."""
        return list(np.argsort(-(self.vectors @ self.vectors[self.names.index(name)])))

    def judged(self, ask: str, names: Iterable[str]) -> list[Judged]:
        return judge(ask, [self.tools[name] for name in names], self.weights, self.similarity)

    def rows(self) -> Iterator[Row]:
        chance = random.Random(SEED)
        for example in self.examples:
            for request in example.requests:
                yield from self._beside_others(example.tool, request, chance)
                yield from self._instead(example.tool, request, chance)

    def _beside_others(self, name: str, request: Request, chance: random.Random) -> Iterator[Row]:
        """The right tool, alone or beside others."""
        others: list[str] = []
        if chance.random() < BESIDE_OTHERS:
            near = chance.sample(self.near(name)[NEAR], OTHERS)
            others = [self.names[at] for at in near]
            others += chance.sample([other for other in self.names if other != name], OTHERS)
        box = list(dict.fromkeys([name, *others]))
        chance.shuffle(box)
        for judged in self.judged(request.ask, box):
            is_right = judged.tool.name == name
            if is_right or chance.random() < OTHERS_KEPT:
                yield judged.facts, is_right and bool(request.right_calls)

    def _instead(self, name: str, request: Request, chance: random.Random) -> Iterator[Row]:
        """A wrong tool alone: one that is near to the right one, and any."""
        near = self.names[chance.choice(self.near(name)[NEARLY])]
        for wrong in (near, chance.choice(self.names)):
            if wrong != name and chance.random() < WRONG_KEPT:
                yield from ((judged.facts, False) for judged in self.judged(request.ask, [wrong]))


def fit(rows: Sequence[Row]) -> dict[str, float]:
    """The weights of the logistic regression."""
    seen = Counter(name for facts, _ in rows for name in facts)
    names = sorted(name for name, count in seen.items() if count >= SEEN_OFTEN)
    table = np.array([[facts.get(name, 0.0) for name in names] for facts, _ in rows])
    right = np.array([float(is_right) for _, is_right in rows])
    weights, squares = np.zeros(len(names)), np.full(len(names), FIRST_SQUARE)
    for _ in range(STEPS):
        slope = (table.T @ (_sigmoid(table @ weights) - right) + RIDGE * weights) / len(right)
        squares += slope * slope
        weights -= RATE * slope / np.sqrt(squares)
    _tell(_sigmoid(table @ weights) > 0.5, right > 0)
    return {name: round(float(weight), DIGITS) for name, weight in zip(names, weights, strict=True)}


def _sigmoid(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1 / (1 + np.exp(-values))


def _tell(chosen: NDArray[np.bool_], right: NDArray[np.bool_]) -> None:
    hits, all_chosen, all_right = int((chosen & right).sum()), int(chosen.sum()), int(right.sum())
    print(
        f"{len(right)} rows, {right.mean():.3f} right: accuracy {(chosen == right).mean():.4f}, "
        f"recall {hits / max(all_right, 1):.3f}, precision {hits / max(all_chosen, 1):.3f}"
    )


if __name__ == "__main__":
    sys.exit(main())
