"""The annotations (`x-...`) in a tool's schemas that planners read, and what may be wrong with them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from brain.nearest import did_you_mean
from brain.tool_registry.definitions import JsonSchema, ToolDefinition

__all__ = ["COLUMN_KINDS", "ROLES", "annotation_problems"]

ROLES = frozenset({
    "against", "conditions", "descending", "group", "limit", "measure", "measures", "order", "result",
})  # fmt: skip
"""What an argument may mean (`x-role`)."""
WORDINGS = frozenset({"code", "prose"})
"""How far a model may find its own words for an argument (`x-wording`)."""
COLUMN_KINDS = frozenset({"any", "none", "number", "text", "time"})
"""Which columns may fit an argument (`x-column`); `none`: no column at all."""


def annotation_problems(definition: ToolDefinition) -> Iterator[str]:
    """What planners could not read, each with its place in the entry."""
    cues = definition.input_schema.get("x-cues", [])
    if not _is_words(cues):
        yield "inputSchema.x-cues: must be a list of words"
    for name, schema in definition.parameters.items():
        where = f"inputSchema.properties.{name}"
        yield from _of_members(schema, f"{where}.x-cues")
        if "x-role" in schema:
            yield from _unknown(schema["x-role"], ROLES, f"{where}.x-role")
        if "x-wording" in schema:
            yield from _unknown(schema["x-wording"], WORDINGS, f"{where}.x-wording")
        if "x-column" in schema:
            yield from _unknown(schema["x-column"], COLUMN_KINDS, f"{where}.x-column")
        yield from _of_other_arguments(schema, definition.parameters, f"{where}.x-column-for")
    yield from _of_result(definition.output_schema.get("x-columns", {}))


def _of_members(schema: JsonSchema, where: str) -> Iterator[str]:
    cues = schema.get("x-cues", {})
    if not isinstance(cues, Mapping):
        yield f"{where}: must name for members of enum the words that ask for them"
        return
    members = [str(member) for member in schema.get("enum", ())]
    for member, words in cues.items():
        if member not in members:
            yield f"{where}: {member} is not in enum.{did_you_mean(member, members)}"
        elif not _is_words(words):
            yield f"{where}.{member}: must be a list of words"


def _of_other_arguments(schema: JsonSchema, arguments: Iterable[str], where: str) -> Iterator[str]:
    needs = schema.get("x-column-for", {})
    if not isinstance(needs, Mapping):
        yield f"{where}: must name for values of other arguments which columns fit"
        return
    for other, kinds in needs.items():
        if other not in arguments:
            yield f"{where}: {other} is no argument of the tool.{did_you_mean(other, arguments)}"
        elif not isinstance(kinds, Mapping):
            yield f"{where}.{other}: must name for values of {other} which columns fit"
        else:
            for value, kind in kinds.items():
                yield from _unknown(kind, COLUMN_KINDS, f"{where}.{other}.{value}")


def _of_result(columns: Any) -> Iterator[str]:
    if not isinstance(columns, Mapping):
        yield "outputSchema.x-columns: must name columns with their types"
        return
    for name, kind in columns.items():
        if not isinstance(kind, str):
            yield f"outputSchema.x-columns.{name}: must be text, the type of the column"


def _unknown(word: Any, known: frozenset[str], where: str) -> Iterator[str]:
    if not isinstance(word, str):
        yield f"{where}: must be one of {', '.join(sorted(known))}"
    elif word not in known:
        hint = did_you_mean(word, sorted(known)) or f" It takes {', '.join(sorted(known))}."
        yield f"{where}: {word} is not known.{hint}"


def _is_words(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(word, str) for word in value)
