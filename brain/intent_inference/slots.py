"""Fills a tool's arguments from what stands in a request, guided by nothing but the tool's JSON schema.

Beside JSON Schema's own keywords it reads three annotations that `tools.json` may carry:

- `x-role`: what an argument means: `measure` (a column to compute on), `measures` (one or several), `group`,
  `conditions`, `descending`, `limit`, `result` (whatever the steps before have made);
- `x-cues`: words by which people ask for the tool (beside its input schema) or for a member of an enum (a mapping);
- `x-column`: what a column argument needs: `number`, `text` or `time`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from brain.intent_inference.column_links import CLOSE
from brain.intent_inference.conditions import Condition
from brain.intent_inference.inflection import root
from brain.intent_inference.linking import Links
from brain.intent_inference.mentions import Kind, Request
from brain.intent_inference.sources import Column
from brain.runs import Json
from brain.tool_registry.definitions import JsonSchema

__all__ = ["DEFAULT", "Filled", "Subject", "fill", "find_cue", "is_passed_on"]


DEFAULT = "default"
"""The origin of a value that the tool's schema gives."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A value for an argument, and why."""

    value: Json
    origin: str
    """For people: the words of the request, or DEFAULT."""
    is_asked: bool = False
    """Whether words ask for this argument itself, so that they ask for the tool too."""
    choices: tuple[str, ...] = ()
    """Columns that the same words fit about as well, best first; empty where there is no doubt."""
    start: int = -1
    """Where those words start."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A request, what was linked in it, and the columns of the table at hand."""

    request: Request
    links: Links
    columns: tuple[Column, ...]
    sources: frozenset[str] = frozenset()
    """Paths that the plan reads from."""

    def has(self, column: Column) -> bool:
        """Whether the table at hand still has the column."""
        return any(own.name == column.name for own in self.columns)

    def quote(self, start: int, end: int) -> str:
        """Words of the request, for people; a place without extent is what an earlier step made."""
        return "made by the step before" if start == end else f"“{self.request.text[start:end]}”"


def fill(schema: JsonSchema, subject: Subject) -> dict[str, Filled] | None:
    """Argument name -> value, tables left out; None where something required is not in the request."""
    filled: dict[str, Filled] = {}
    required = frozenset(schema.get("required", ()))
    for name, argument in schema.get("properties", {}).items():
        if is_passed_on(argument):
            continue
        if (found := _argument(argument, subject)) is not None:
            filled[name] = found
        elif name in required:
            return None
    return filled


def is_passed_on(schema: JsonSchema) -> bool:
    """Whether an argument takes what an earlier step made, so that no words are needed for it."""
    return schema.get("format") in ("table", "file") or schema.get("x-role") == "result"


def find_cue(cues: Sequence[str], subject: Subject) -> Iterator[tuple[int, int]]:
    """Where one of the words stands in the request, unless it is part of a column's name or of a condition."""
    words = subject.request.words
    for cue in cues:
        roots = [root(part) for part in cue.split()]
        for start in range(len(words) - len(roots) + 1):
            run = words[start : start + len(roots)]
            if [root(word.text) for word in run] == roots and not any(subject.links.is_taken(word) for word in run):
                yield run[0].start, run[-1].end


def _argument(schema: JsonSchema, subject: Subject) -> Filled | None:
    found = _stated(schema, subject)
    if found is None and schema.get("default") is not None:
        return Filled(schema["default"], DEFAULT)
    return found


def _stated(schema: JsonSchema, subject: Subject) -> Filled | None:
    if (role := ROLES.get(schema.get("x-role", ""))) is not None:
        return role(schema, subject)
    if "enum" in schema:
        return _member(schema, subject)
    if kind := {"uri": Kind.URL, "path": Kind.PATH}.get(schema.get("format", "")):
        mentions = [mention for mention in subject.request.of(kind) if mention.value not in subject.sources]
        return Filled(mentions[0].value, subject.quote(mentions[0].start, mentions[0].end)) if mentions else None
    return None


def _member(schema: JsonSchema, subject: Subject) -> Filled | None:
    cues: Mapping[str, Sequence[str]] = schema.get("x-cues", {})
    found = [
        (end - start, -start, end, member)
        for member in schema["enum"]
        for start, end in find_cue((str(member).replace("_", " "), *cues.get(str(member), ())), subject)
    ]
    if not found:
        return None
    _, start, end, member = max(found, key=lambda match: match[:2])
    return Filled(member, subject.quote(-start, end), is_asked=True)


def _measure(schema: JsonSchema, subject: Subject) -> Filled | None:
    grouped = {grouping.column.name for grouping in subject.links.groupings if grouping.part is None}
    links = sorted(
        (
            found
            for found in subject.links.columns
            if _fits(found.column, schema.get("x-column")) and subject.has(found.column)
            and found.column.name not in grouped
        ),
        key=lambda found: (found.is_superlative, -found.score, found.start),
    )  # fmt: skip
    if not links:
        return None
    best = links[0]
    close = [found.column.name for found in links if found.start == best.start and best.score - found.score < CLOSE]
    choices = tuple(close) if len(close) > 1 else ()
    return Filled(best.column.name, subject.quote(best.start, best.end), choices=choices, start=best.start)


def _measures(schema: JsonSchema, subject: Subject) -> Filled | None:
    """All columns that are equally well meant: a chart can show both temperatures."""
    found = _measure(schema, subject)
    return replace(found, value=list(found.choices), choices=()) if found and found.choices else found


def _group(schema: JsonSchema, subject: Subject) -> Filled | None:
    groupings = [grouping for grouping in subject.links.groupings if subject.has(grouping.column)]
    if not groupings:
        return None
    values = [
        {"column": grouping.column.name, "part": grouping.part} if grouping.part else grouping.column.name
        for grouping in groupings
    ]
    takes_many = any(option.get("type") == "array" for option in (schema, *schema.get("anyOf", ())))
    origin = ", ".join(subject.quote(grouping.start, grouping.end) for grouping in groupings)
    return Filled(values if len(values) > 1 and takes_many else values[0], origin, is_asked=True)


def _conditions(_schema: JsonSchema, subject: Subject) -> Filled | None:
    conditions = [condition for condition in subject.links.conditions if subject.has(condition.column)]
    if not conditions:
        return None
    origin = ", ".join(subject.quote(condition.start, condition.end) for condition in conditions)
    return Filled(list(_merged(conditions)), origin, is_asked=True)


def _merged(conditions: Sequence[Condition]) -> Iterator[Json]:
    """Two values of one column are alternatives: `sunny and rainy` days are either."""
    by_column: dict[tuple[str, str | None, str], list[Json]] = {}
    for condition in conditions:
        by_column.setdefault((condition.column.name, condition.part, condition.operator), []).append(condition.value)
    for (column, part, operator), values in by_column.items():
        fields = {"column": column} | ({"part": part} if part else {})
        if len(values) > 1 and operator == "equals":
            yield {**fields, "operator": "in", "value": values}
        else:
            yield from ({**fields, "operator": operator, "value": value} for value in values)


def _descending(_schema: JsonSchema, subject: Subject) -> Filled | None:
    ordering = subject.links.ordering
    if ordering is None:
        return None
    return Filled(ordering.descending, subject.quote(ordering.start, ordering.end), is_asked=True)


def _limit(_schema: JsonSchema, subject: Subject) -> Filled | None:
    ordering = subject.links.ordering
    if ordering is None or ordering.limit is None:
        return None
    return Filled(ordering.limit, subject.quote(ordering.start, ordering.end))


ROLES: Mapping[str, Callable[[JsonSchema, Subject], Filled | None]] = {
    "measure": _measure,
    "measures": _measures,
    "group": _group,
    "conditions": _conditions,
    "descending": _descending,
    "limit": _limit,
}


def _fits(column: Column, need: Any) -> bool:
    match need:
        case "number":
            return column.is_number
        case "time":
            return column.is_time
        case "text":
            return not column.is_number and not column.is_time
        case _:
            return True
