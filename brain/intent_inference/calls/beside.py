"""A call of an earlier plan beside a new request: which arguments the request has to say, and what speaks for what."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from brain.intent_inference.calls.arguments import Argument, ArgumentPath
from brain.intent_inference.calls.candidate import Candidate
from brain.intent_inference.calls.contents import Contents
from brain.intent_inference.calls.features import Features
from brain.intent_inference.calls.planned_tool import PlannedTool
from brain.intent_inference.calls.precedent import OfferBeside, Precedent, Used, precedent_facts
from brain.intent_inference.calls.ranker import Worths, weigh
from brain.intent_inference.calls.scene import Fact, Scene, Trial
from brain.intent_inference.similarity import Similarity
from brain.pipeline_builder.spec import StepSpec
from brain.placeholders import refers
from brain.runs import Json

__all__ = ["RECALL", "CallBeside", "WorthsBeside", "recalled_facts", "value_at"]

RECALL = "recall:"
"""Before the names of the facts that an earlier call speaks for."""


@dataclass(frozen=True)
class CallBeside:
    """A call of the earlier plan beside the new request; of arguments that no step gives."""

    arguments: Sequence[Argument]
    scene: Scene
    """Of the new request."""
    precedent: Precedent

    @classmethod
    def of(  # noqa: PLR0917 - two requests, and what lies between them
        cls, step: StepSpec, tool: PlannedTool, before: Contents, now: Contents, used: Used, similarity: Similarity
    ) -> "CallBeside":
        """`used` is what the calls before took."""
        values = {argument.path: value_at(step.arguments, argument.path) for argument in tool.arguments}
        arguments = [argument for argument in tool.arguments if not refers(values[argument.path])]
        literal = {path: value for path, value in values.items() if value is not None and not refers(value)}
        precedent = Precedent.of(OfferBeside(before, literal), arguments, used)
        scene = Scene(OfferBeside(now, literal), tool.name, tool.description, arguments, similarity)
        return cls(arguments, scene, precedent)

    def taken(self, candidates: Sequence[Candidate]) -> Used:
        """The words that these values stand in, each beside the words of the earlier request that they replace."""
        pairs = zip(self.arguments, candidates, strict=True)
        given = [(self.precedent.given.get(argument.path), candidate) for argument, candidate in pairs]
        return [
            ((each.first, each.last), candidate)
            for earlier, candidate in given
            if earlier is not None and candidate.is_placed
            for each in earlier.placed
        ]


class WorthsBeside(Worths):
    """What candidates are worth beside an earlier call."""

    def __init__(self, features: Features, weights: Mapping[str, float], precedent: Precedent) -> None:
        super().__init__(features, weights)
        self._precedent = precedent
        self._both: dict[int, list[float]] = {}

    def alone(self, position: int) -> list[float]:
        """By themselves, and beside what the earlier call gave the argument."""
        if position not in self._both:
            trials = (self.scene.trial(position, each) for each in self.scene.candidates[position])
            recalled = (weigh(dict(recalled_facts(trial, self._precedent)), self.weights) for trial in trials)
            self._both[position] = [sum(both) for both in zip(super().alone(position), recalled, strict=True)]
        return self._both[position]


def recalled_facts(trial: Trial, precedent: Precedent) -> Iterator[Fact]:
    """Each fact for all arguments, and for those of its group."""
    for name, value in precedent_facts(trial, precedent):
        yield f"{RECALL}{name}", value
        yield f"{RECALL}{trial.argument.group}:{name}", value


def value_at(arguments: Mapping[str, Any], path: ArgumentPath) -> Json:
    """What a call gives an argument; None where it gives nothing."""
    value: Any = arguments
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
