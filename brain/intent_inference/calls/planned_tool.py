"""A tool as it is planned with: what it takes, what it gives, and by which words people ask for it."""

from dataclasses import dataclass, field
from functools import cached_property

from brain.intent_inference.calls.arguments import Argument, arguments_of
from brain.intent_inference.calls.identifiers import split_name, words_of
from brain.intent_inference.calls.tokens import FUNCTION_WORDS
from brain.intent_inference.inflection import root
from brain.tool_registry.definitions import JsonSchema

__all__ = ["PlannedTool", "ToolOutput"]

UNTELLING = frozenset(root(word) for word in ("get", "api"))
"""Which names of tools hold whatever they do."""


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """Something that a tool gives, by its name in the result."""

    name: str
    type: str
    description: str


@dataclass(frozen=True)
class PlannedTool:
    """A tool as it is planned with."""

    name: str
    description: str
    schema: JsonSchema = field(hash=False)
    outputs: tuple[ToolOutput, ...] = ()

    @cached_property
    def arguments(self) -> list[Argument]:
        """Its arguments, taken apart."""
        return arguments_of(self.schema)

    @cached_property
    def spoken_name(self) -> str:
        """The words of its name."""
        return " ".join(split_name(self.name))

    @property
    def text(self) -> str:
        """Name and description, as they are compared with requests."""
        return f"{self.spoken_name}. {self.description}"

    @cached_property
    def roots(self) -> frozenset[str]:
        """Roots of the telling words of its name."""
        return frozenset(root(word) for word in split_name(self.name)) - UNTELLING

    @cached_property
    def described(self) -> frozenset[str]:
        """Roots of the telling words of its description."""
        return frozenset(root(word) for word in words_of(self.description) if word not in FUNCTION_WORDS)

    @cached_property
    def verb(self) -> str:
        """The root of the first word of its description."""
        return root(next(iter(words_of(self.description)), ""))
