"""Fits the weights by which arguments are taken from other tools: `python -m benchmarks.planning.refer [--out FILE]`.

A log-linear model: of an argument, whether the request or which part of which tool's result gives it, on the plans of
the toolboxes. It comes after `train` and `choose`, because it looks at how tools are filled and chosen.
"""

import argparse
import json
import math
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.planning.examples import (
    WEIGHTS_FILE,
    BrokenExamplesError,
    PlanRequest,
    Step,
    load_toolboxes,
)
from brain.intent_inference.calls.arguments import Argument
from brain.intent_inference.calls.ranker import weigh
from brain.intent_inference.calls.references import from_request, from_tool, is_possible
from brain.intent_inference.calls.tool_choice import Judged, judge
from brain.intent_inference.similarity import Similarity
from brain.language_models import WordLlamaEmbedder

__all__ = ["Choice", "choices_of", "fit"]

SEED = 0
EPOCHS = 40
RATE = 0.2
RIDGE = 1.0
FIRST_SQUARE = 1e-2
"""Of AdaGrad's sum of squared gradients."""
LEAST_WEIGHT = 0.005
DIGITS = 3


@dataclass(frozen=True, slots=True)
class Choice:
    """The ways to give one argument, and which of them is right; the first is to take it from the request."""

    ways: tuple[Mapping[str, float], ...]
    right: int


def main() -> int:
    """0 = written, 2 = a file cannot be read."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--weights", type=Path, default=WEIGHTS_FILE, help="what `choose` wrote (default: the package)")
    parser.add_argument("--out", type=Path, default=WEIGHTS_FILE, help="where all weights go (default: the package)")
    options = parser.parse_args()
    try:
        weights = json.loads(options.weights.read_text(encoding="utf-8"))
        choices = list(choices_of(weights, Similarity(WordLlamaEmbedder())))
    except (BrokenExamplesError, OSError, ValueError) as exc:
        print(exc, file=sys.stderr)
        return 2
    weights = {name: weight for name, weight in weights.items() if not name.startswith("refer:")} | fit(choices)
    options.out.write_text(json.dumps(weights, indent=0, sort_keys=True) + "\n", encoding="utf-8")
    print(f"{len(weights)} weights in {options.out}")
    return 0


def choices_of(weights: Mapping[str, float], similarity: Similarity) -> Iterator[Choice]:
    """One for every argument of every tool in a plan."""
    for box in load_toolboxes():
        tools = [tool.planned for tool in box.tools]
        for request in box.requests:
            if request.plan:
                judged = {each.tool.name: each for each in judge(request.ask, tools, weights, similarity)}
                yield from _of_plan(request, judged, weights)


def _of_plan(request: PlanRequest, judged: Mapping[str, Judged], weights: Mapping[str, float]) -> Iterator[Choice]:
    scores = {name: weigh(each.facts, weights) for name, each in judged.items()}
    steps = {step.tool: step for step in reversed(request.plan or [])}
    for name, step in steps.items():
        for at, argument in enumerate(judged[name].tool.arguments):
            right = _giver(step, argument, request.plan or [])
            if (choice := _choice(judged[name], at, right, judged, scores)) is not None:
                yield choice


def _giver(step: Step, argument: Argument, plan: Sequence[Step]) -> tuple[str, str] | None:
    """The tool and the output that an argument refers to (`$1.id`)."""
    value = step.arguments.get(argument.path[0])
    if not (isinstance(value, str) and value.startswith("$") and "." in value):
        return None
    number, _, output = value[1:].partition(".")
    return plan[int(number) - 1].tool, output


def _choice(
    taker: Judged, at: int, right: tuple[str, str] | None, judged: Mapping[str, Judged], scores: Mapping[str, float]
) -> Choice | None:
    argument = taker.tool.arguments[at]
    ways = [dict(from_request(taker.worths, at, taker.choice.candidates[at]))]
    givers: list[tuple[str, str] | None] = [None]
    for tool in (each.tool for each in judged.values() if each is not taker):
        for output in (each for each in tool.outputs if is_possible(argument, each)):
            ways.append(dict(from_tool(taker, argument, tool, output, scores[tool.name])))
            givers.append((tool.name, output.name))
    return Choice(tuple(ways), givers.index(right)) if right in givers else None


def fit(choices: Sequence[Choice]) -> dict[str, float]:
    """The weights, by AdaGrad."""
    chance = np.random.default_rng(SEED)
    weights, squares = Counter[str](), dict[str, float]()
    for _ in range(EPOCHS):
        for number in chance.permutation(len(choices)):
            for name, slope in _slopes(choices[number], weights).items():
                slope += RIDGE / len(choices) * weights[name]  # noqa: PLW2901 - the ridge is part of the slope
                squares[name] = squares.get(name, FIRST_SQUARE) + slope * slope
                weights[name] -= RATE * slope / math.sqrt(squares[name])
    hits = sum(_best(choice, weights) == choice.right for choice in choices)
    print(f"{len(choices)} arguments, {hits} right, {sum(choice.right > 0 for choice in choices)} references")
    return {name: round(weight, DIGITS) for name, weight in weights.items() if abs(weight) >= LEAST_WEIGHT}


def _slopes(choice: Choice, weights: Mapping[str, float]) -> Counter[str]:
    scores = np.array([weigh(way, weights) for way in choice.ways])
    shares = np.exp(scores - scores.max())
    shares /= shares.sum()
    shares[choice.right] -= 1
    slopes = Counter[str]()
    for way, share in zip(choice.ways, shares, strict=True):
        for name, value in way.items():
            slopes[name] += float(share) * value
    return slopes


def _best(choice: Choice, weights: Mapping[str, float]) -> int:
    return int(np.argmax([weigh(way, weights) for way in choice.ways]))


if __name__ == "__main__":
    sys.exit(main())
