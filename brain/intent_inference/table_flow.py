"""Questions about a table: tools through which it flows, each there because the request asks for it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import jsonschema_rs

from brain.intent_inference.column_links import ColumnLink
from brain.intent_inference.draft import DraftStep, identifier, new_id
from brain.intent_inference.linking import Links
from brain.intent_inference.orderings import Ordering
from brain.intent_inference.slots import DEFAULT, Filled, Subject, fill, find_cue, is_passed_on
from brain.intent_inference.sources import Column, Source, makes_table
from brain.runs import Json
from brain.tool_registry.definitions import JsonSchema, ToolDefinition

__all__ = ["TableFlow"]

PLACEHOLDER = re.compile(r"{(?P<name>\w+)(?:\|(?P<or>\w+))?}")


@dataclass(slots=True)
class TableFlow:
    """Steps through which one table flows."""

    subject: Subject
    steps: list[DraftStep] = field(default_factory=list)
    table: str = ""
    """The reference to the table as it is now."""
    is_asked: bool = False
    """Whether any step but the first is there because of words in the request."""

    def add_reader(self, tool: ToolDefinition, argument: str, source: Source) -> None:
        """Start from a file."""
        name = identifier(source.name)
        self.steps.append(DraftStep(name, tool, {}, {argument: Filled(source.path, source.why)}))
        self.table = f"${{{name}}}"

    def add_if_asked(self, tool: ToolDefinition) -> None:
        """Append a tool where the request asks for it and everything that it needs is known."""
        table = _table_argument(tool)
        if table is None or tool.run is None:
            return
        filled = fill(tool.input_schema, self.subject)
        if filled is None or not self._asks_for(tool, filled):
            return
        filled = _agreeing(tool.input_schema, filled, table)
        if filled is None:
            return
        step = DraftStep(new_id(tool, self.steps), tool, {table: self.table}, filled)
        self.steps.append(step)
        self.is_asked = True
        if makes_table(tool):
            self.table = f"${{{step.id}}}"
            self.subject = _after(self.subject, step)

    def _asks_for(self, tool: ToolDefinition, filled: Mapping[str, Filled]) -> bool:
        cues = tool.input_schema.get("x-cues", ())
        return any(value.is_asked for value in filled.values()) or any(find_cue(cues, self.subject))


def _agreeing(schema: JsonSchema, filled: dict[str, Filled], table: str) -> dict[str, Filled] | None:
    """The arguments, with a default that does not go with the others replaced by the first member that does."""
    validator = jsonschema_rs.Draft202012Validator(schema, offline=True)

    def is_valid(values: Mapping[str, Filled]) -> bool:
        return validator.is_valid({table: {}} | {name: value.value for name, value in values.items()})

    if is_valid(filled):
        return filled
    for name, value in filled.items():
        for member in schema["properties"][name].get("enum", ()) if value.origin == DEFAULT else ():
            other = {**filled, name: Filled(member, "the only one that goes with the rest")}
            if is_valid(other):
                return other
    return None


def _after(subject: Subject, step: DraftStep) -> Subject:
    """What the request still says about the table that a step makes."""
    templates = step.tool.output_schema.get("x-columns")
    if templates is None:
        conditions = () if _uses(step, "conditions") else subject.links.conditions
        return replace(subject, links=replace(subject.links, conditions=conditions))
    columns = tuple(_new_columns(templates, step, subject))
    numbers = [column for column in columns if column.is_number and column not in subject.columns]
    links = subject.links
    start, end = (links.ordering.start, links.ordering.end) if links.ordering else (0, 0)
    measured = tuple(ColumnLink(column, start, end, 1.0) for column in numbers[-1:])
    return replace(subject, columns=columns, links=Links(columns=measured, ordering=_left_to_order(subject)))


def _left_to_order(subject: Subject) -> Ordering | None:
    """One row needs no order."""
    return subject.links.ordering if subject.links.groupings else None


def _uses(step: DraftStep, role: str) -> bool:
    properties = step.tool.input_schema.get("properties", {})
    return any(properties[name].get("x-role") == role for name in step.filled)


def _new_columns(templates: Mapping[str, str], step: DraftStep, subject: Subject) -> Iterator[Column]:
    """The columns that the output schema promises: templates such as `{function}_{column|rows}` with their types.

    A template that is one argument and nothing else stands for the columns that were grouped by.
    """
    values = {name: filled.value for name, filled in step.filled.items()}
    for template, kind in templates.items():
        if whole := PLACEHOLDER.fullmatch(template):
            yield from _group_columns(values.get(whole["name"], []), subject)
        else:
            yield Column(PLACEHOLDER.sub(lambda match: str(values.get(match["name"], match["or"])), template), kind)


def _group_columns(value: Json, subject: Subject) -> Iterator[Column]:
    for entry in value if isinstance(value, list) else [value]:
        if isinstance(entry, Mapping):
            yield Column(entry["part"], "int64")
        else:
            yield next(column for column in subject.columns if column.name == entry)


def _table_argument(tool: ToolDefinition) -> str | None:
    """The name of the one argument through which a table flows in."""
    passed = [name for name, schema in tool.parameters.items() if is_passed_on(schema)]
    return passed[0] if len(passed) == 1 else None
