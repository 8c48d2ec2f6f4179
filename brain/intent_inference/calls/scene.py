"""One request beside one tool: what the facts about candidates are looked up in, each part computed once."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from brain.identifiers import split_name
from brain.intent_inference.calls.argument_order import ordered_pairs
from brain.intent_inference.calls.arguments import Argument
from brain.intent_inference.calls.candidate import Candidate
from brain.intent_inference.calls.closeness import Closeness
from brain.intent_inference.calls.offer import Offer
from brain.intent_inference.calls.tokens import FUNCTION_WORDS
from brain.intent_inference.inflection import root
from brain.intent_inference.similarity import Similarity

__all__ = ["Fact", "Scene", "Trial"]

type Fact = tuple[str, float]
"""A feature's name and its value."""


class Scene:
    """One request beside one tool."""

    def __init__(
        self, offer: Offer, tool_name: str, tool_description: str, arguments: Sequence[Argument], similarity: Similarity
    ) -> None:
        self.contents = offer.contents
        self.reading = offer.contents.reading
        self.arguments = arguments
        self.candidates: list[list[Candidate]] = [offer.of(argument) for argument in arguments]
        """Of each argument; the first is its absence."""
        self.similarity = similarity
        self.closeness = Closeness(self.reading, arguments, self.candidates, similarity)
        self.tool_roots = _roots_of(tool_name, tool_description)
        """Roots of the words of the tool's name and of the telling words of its description."""

    @cached_property
    def said(self) -> frozenset[str]:
        """Roots of all words of the request."""
        return frozenset(self.reading.roots)

    @cached_property
    def ordered_pairs(self) -> frozenset[tuple[int, int]]:
        """Positions of arguments of which one comes before the other."""
        return frozenset(ordered_pairs(self.arguments))

    def trial(self, position: int, candidate: Candidate) -> "Trial":
        """A candidate, tried for an argument."""
        return Trial(self, position, self.arguments[position], candidate, candidate.first, candidate.last)

    def number(self, position: int, candidate: Candidate) -> int:
        """Which of an argument's candidates this very one is."""
        return self._numbers[position][id(candidate)]

    @cached_property
    def _numbers(self) -> list[dict[int, int]]:
        return [{id(each): number for number, each in enumerate(candidates)} for candidates in self.candidates]


def _roots_of(name: str, description: str) -> frozenset[str]:
    told = [word for word in split_name(description) if word not in FUNCTION_WORDS]
    return frozenset(root(word) for word in [*split_name(name), *told])


@dataclass(frozen=True, slots=True)
class Trial:
    """A candidate, tried for an argument of a scene, and where it stands."""

    scene: Scene
    position: int
    argument: Argument
    candidate: Candidate
    first: int
    last: int

    @property
    def text(self) -> str:
        """As the request has it."""
        return self.scene.reading.quote(self.first, self.last)

    @property
    def others(self) -> list[Argument]:
        """The arguments that it is not tried for."""
        return [argument for argument in self.scene.arguments if argument is not self.argument]
