"""Questions about a table: tools through which it flows, each there because the request asks for it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import jsonschema_rs

from brain.intent_inference.draft import DraftStep, identifier, new_id
from brain.intent_inference.slots import DEFAULT, ONLY_ONE, Filled, Subject, fill, find_cue, is_passed_on, is_result
from brain.intent_inference.sources import Column, Source, is_data, makes_table
from brain.intent_inference.spans import Spanned
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
    unserved: list[Spanned] = field(default_factory=list)
    """Words that ask for a tool which lacks what it needs."""

    def add_reader(self, tool: ToolDefinition, argument: str, source: Source) -> None:
        """Start from a file."""
        name = identifier(source.name)
        cues = tuple(find_cue(tool.input_schema.get("x-cues", ()), self.subject))
        self.steps.append(DraftStep(name, tool, {}, {argument: Filled(source.path, source.why)}, cues))
        self.table = f"${{{name}}}"

    def add_if_asked(self, tool: ToolDefinition) -> None:
        """Append a tool where the request asks for it and everything that it needs is known."""
        table = _table_argument(tool)
        if table is None or tool.run is None:
            return
        filled = fill(tool.input_schema, self.subject)
        cues = tuple(find_cue(tool.input_schema.get("x-cues", ()), self.subject))
        asking = [*cues, *(span for value in (filled or {}).values() if value.is_asked for span in value.spans)]
        if not asking:
            return
        agreeing = _agreeing(tool.input_schema, filled, table) if filled is not None else None
        given = self._given(tool.parameters[table], agreeing) if agreeing is not None else None
        if agreeing is None or given is None:
            self.unserved += asking
            return
        step = DraftStep(new_id(tool, self.steps), tool, {table: given}, agreeing, cues)
        self.steps.append(step)
        self.is_asked = True
        if makes_table(tool):
            self.table = f"${{{step.id}}}"
            self.subject = _after(self.subject, step)

    def _given(self, schema: JsonSchema, filled: Mapping[str, Filled]) -> str | None:
        """The table as it is now; where any result is taken, what can go into a file of the name that is given."""
        if not is_result(schema):
            return self.table
        paths = [value.value for value in filled.values() if isinstance(value.value, str) and "." in value.value]
        if all(is_data(path) for path in paths):
            return self.table
        files = [step.id for step in self.steps if step.tool.output_schema.get("format") == "file"]
        return f"${{{files[-1]}}}" if files else None


def _agreeing(schema: JsonSchema, filled: dict[str, Filled], table: str) -> dict[str, Filled] | None:
    """The arguments, with a default that does not go with the others replaced by the first member that does."""
    validator = jsonschema_rs.Draft202012Validator(schema, offline=True)

    def is_valid(values: Mapping[str, Filled]) -> bool:
        return validator.is_valid({table: {}} | {name: value.value for name, value in values.items()})

    if is_valid(filled):
        return filled
    for name, value in filled.items():
        for member in schema["properties"][name].get("enum", ()) if value.origin == DEFAULT else ():
            other = {**filled, name: Filled(member, ONLY_ONE)}
            if is_valid(other):
                return other
    return None


def _after(subject: Subject, step: DraftStep) -> Subject:
    """What the request still says about the table that a step makes."""
    links, templates = subject.links, step.tool.output_schema.get("x-columns")
    if templates is None:
        if _uses(step, "conditions"):
            links = replace(links, conditions=(), met=(*links.met, *links.conditions))
        if _uses(step, "descending"):
            links = replace(links, ordering=None)
        return replace(subject, links=links)
    columns = tuple(_new_columns(templates, step, subject))
    figures = [column for column in columns if column.is_number and column not in subject.columns]
    ordering = links.ordering if links.groupings else None  # one row needs no order
    met = (*links.met, *links.conditions)
    links = replace(links, columns=(), conditions=(), met=met, groupings=(), ordering=ordering)
    return replace(subject, columns=columns, links=links, made=figures[-1] if figures else None)


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
            yield from _group_columns(values.get(whole["name"], []), kind, subject)
        else:
            yield Column(PLACEHOLDER.sub(lambda match: str(values.get(match["name"], match["or"])), template), kind)


def _group_columns(value: Json, kind: str, subject: Subject) -> Iterator[Column]:
    """Columns by name, parts of dates, and what is called like the argument's value."""
    own = {column.name: column for column in subject.columns}
    for entry in value if isinstance(value, list) else [value]:
        if isinstance(entry, Mapping):
            yield Column(entry["part"], "int64")
        else:
            yield own.get(entry) or Column(str(entry), kind)


def _table_argument(tool: ToolDefinition) -> str | None:
    """The name of the one argument through which a table flows in."""
    passed = [name for name, schema in tool.parameters.items() if is_passed_on(schema)]
    return passed[0] if len(passed) == 1 else None
