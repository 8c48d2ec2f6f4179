"""What the ranker looks at: the facts about candidates as named features, those of a group of arguments together."""

from collections.abc import Iterator, Mapping

from brain.intent_inference.calls.arguments import Kind
from brain.intent_inference.calls.candidate import Candidate
from brain.intent_inference.calls.facts.absence import absence
from brain.intent_inference.calls.facts.booleans import booleans, implied_booleans
from brain.intent_inference.calls.facts.lists import lists
from brain.intent_inference.calls.facts.neighbours import Chosen, neighbours
from brain.intent_inference.calls.facts.numbers import numbers
from brain.intent_inference.calls.facts.options import meant_options, options
from brain.intent_inference.calls.facts.places import places
from brain.intent_inference.calls.facts.repetition import steps
from brain.intent_inference.calls.facts.texts import texts
from brain.intent_inference.calls.scene import Fact, Scene, Trial

__all__ = ["Features"]


class Features:
    """The features of one scene's candidates, those of a candidate by itself worked out once."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self._alone: dict[tuple[int, int], dict[str, float]] = {}

    def alone(self, position: int, number: int) -> Mapping[str, float]:
        """Of candidate `number` for the argument at `position`, whatever the others are given."""
        key = (position, number)
        if key not in self._alone:
            trial = self.scene.trial(position, self.scene.candidates[position][number])
            self._alone[key] = _of_group(trial, _facts(trial))
        return self._alone[key]

    def beside(self, position: int, candidate: Candidate, chosen: Chosen) -> Mapping[str, float]:
        """Of a candidate beside what the arguments before it were given."""
        trial = self.scene.trial(position, candidate)
        return _of_group(trial, neighbours(trial, chosen))

    def steps(self, position: int, before: Candidate, now: Candidate) -> Iterator[Fact]:
        """Of one value of an argument behind another; without the group."""
        return steps(self.scene.trial(position, before), self.scene.trial(position, now))


def _of_group(trial: Trial, facts: Iterator[Fact]) -> dict[str, float]:
    group = trial.argument.group
    return {f"{group}:{name}": value for name, value in facts}


def _facts(trial: Trial) -> Iterator[Fact]:
    argument, candidate = trial.argument, trial.candidate
    if candidate.is_absent:
        yield from absence(trial)
        return
    yield "any", 1.0
    yield f"rule={candidate.rule_family}", 1.0
    if argument.has_default and candidate.value == argument.default:
        yield "is default", 1.0
    yield from (_placed if candidate.is_placed else _unplaced)(trial)


def _unplaced(trial: Trial) -> Iterator[Fact]:
    match trial.argument.kind:
        case Kind.OPTION:
            yield from meant_options(trial)
        case Kind.BOOLEAN:
            yield from implied_booleans(trial)


def _placed(trial: Trial) -> Iterator[Fact]:
    yield from places(trial)
    match trial.argument.kind:
        case Kind.INTEGER | Kind.NUMBER:
            yield from (lists if trial.argument.is_list else numbers)(trial)
        case Kind.BOOLEAN:
            yield from booleans(trial)
        case Kind.OPTION:
            yield from texts(trial)
            yield from options(trial)
        case _:
            yield from texts(trial)
            if trial.argument.is_list:
                yield from lists(trial)
