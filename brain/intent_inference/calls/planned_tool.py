"""A tool as it is planned with: what it takes, what it gives, and by which words people ask for it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from brain.identifiers import split_name, words_of
from brain.intent_inference.calls.arguments import Argument, arguments_of
from brain.intent_inference.calls.tokens import FUNCTION_WORDS
from brain.intent_inference.inflection import root
from brain.pipeline_builder.schemas import inlined
from brain.tool_registry.definitions import JsonSchema, ToolDefinition

__all__ = ["PlannedTool", "ToolOutput", "outputs_of"]

DEEPEST = 3
"""Objects and lists within each other that are looked into for what a tool gives."""
PLAIN_NAME = re.compile(r"[A-Za-z_]\w*")
"""That a path may hold without quotation marks."""
MOST_OUTPUTS = 80
"""Of one tool; the outermost come first."""

UNTELLING = frozenset(root(word) for word in ("get", "api"))
"""Which names of tools hold whatever they do."""


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """Something that a tool gives."""

    name: str
    type: str
    description: str
    path: str
    """From the result on, as references write it (JMESPath); of the members of a list the first."""


@dataclass(frozen=True)
class PlannedTool:
    """A tool as it is planned with."""

    name: str
    description: str
    schema: JsonSchema = field(hash=False)
    outputs: tuple[ToolOutput, ...] = ()

    @classmethod
    def of(cls, tool: ToolDefinition) -> "PlannedTool":
        """As a registry has it."""
        return cls(tool.name, tool.description, inlined(tool.input_schema), outputs_of(inlined(tool.output_schema)))

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


def outputs_of(schema: JsonSchema) -> tuple[ToolOutput, ...]:
    """Every field of a result's schema, the outermost first."""
    found: list[ToolOutput] = []
    level = list(_fields(schema, ""))
    for _ in range(DEEPEST):
        found += [output for output, _ in level]
        level = [inner for output, given in level for inner in _fields(given, f"{output.path}.")]
    return tuple(found[:MOST_OUTPUTS])


def _fields(schema: JsonSchema, before: str) -> Iterator[tuple[ToolOutput, JsonSchema]]:
    inner: JsonSchema = schema
    if schema.get("type") == "array" and isinstance(schema.get("items"), dict):
        inner, before = schema["items"], f"{before.removesuffix('.')}[0]."
    properties: dict[str, Any] = inner.get("properties", {})
    for name, given in properties.items():
        if isinstance(given, dict) and PLAIN_NAME.fullmatch(name):
            kind, described = str(given.get("type", "")), str(given.get("description", ""))
            yield ToolOutput(name, kind, described, f"{before}{name}"), given
