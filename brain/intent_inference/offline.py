"""The small planner, for no key: tools and arguments from the words of a request, a model only where they are unclear.

It knows no tool by name. `tools.json` lists tools in the order in which a pipeline calls them, and says in annotations
(`brain.intent_inference.slots`) by which words people ask for them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from jsonschema import Draft202012Validator

from brain.errors import PlanningError
from brain.intent_inference.linking import ColumnLink, Links, Similarity, link
from brain.intent_inference.mentions import Request
from brain.intent_inference.plan import Check, Plan, Provenance, Question
from brain.intent_inference.slots import DEFAULT, Filled, Subject, fill, find_cue, is_passed_on
from brain.intent_inference.sources import Column, Source, makes_table, table_reader
from brain.language_models import ChatModel
from brain.pipeline_builder.spec import PipelineSpec
from brain.runs import Json
from brain.tool_registry.definitions import JsonSchema, ToolDefinition
from brain.tool_registry.registry import Registry
from brain.tool_registry.search import ToolSearch

__all__ = ["OfflinePlanner"]

NAME_CHARACTERS = 60
PLACEHOLDER = re.compile(r"{(?P<name>\w+)(?:\|(?P<or>\w+))?}")
NOTE = (
    "Planned by the small offline planner, which understands simple questions about tables and pages. "
    "Set OPENAI_API_KEY (and OPENAI_BASE_URL, BRAIN_CHAT_MODEL) for a stronger one."
)


@dataclass(slots=True)
class _Step:
    id: str
    tool: ToolDefinition
    references: dict[str, Json]
    filled: dict[str, Filled]

    def written(self) -> dict[str, Json]:
        literal = {name: filled.value for name, filled in self.filled.items() if self._is_worth_saying(name, filled)}
        return {"id": self.id, "tool": self.tool.name, "arguments": {**self.references, **literal}}

    def _is_worth_saying(self, name: str, filled: Filled) -> bool:
        """A default is left out, unless it is one of several ways to go."""
        return filled.origin != DEFAULT or "enum" in self.tool.parameters[name]


class OfflinePlanner:
    """Plans without a strong model; the same request gives the same plan."""

    def __init__(
        self, registry: Registry, search: ToolSearch, similarity: Similarity, model: ChatModel, check: Check
    ) -> None:
        self._registry = registry
        self._search = search
        self._similarity = similarity
        self._model = model
        self._check = check

    async def plan(self, question: Question) -> Plan:
        """A plan for a question about a table or a page."""
        steps = self._steps(question)
        if not steps:
            raise PlanningError(self._decline(question.request))
        tokens = await self._choose(question.request, steps)
        spec = _spec(question, steps)
        provenance = tuple(
            Provenance(f"steps.{step.id}.arguments.{name}", filled.value, filled.origin)
            for step in steps
            for name, filled in step.filled.items()
        )
        asked = f" with {self._model.name}" if tokens != (0, 0) else ""
        return Plan(self._check(spec), f"offline{asked}", provenance, (NOTE,), *tokens)

    def _steps(self, question: Question) -> list[_Step]:
        if not question.sources:
            return []
        source = question.sources[0]
        links = link(question.request, source, self._similarity)
        sources = frozenset(source.path for source in question.sources if source.path)
        steps = _Chain(Subject(question.request, links, source.columns, sources))
        if source.path is not None:
            steps.add_reader(*table_reader(self._registry), source)
        else:
            steps.table = f"${{inputs.{source.input}}}"
        for tool in self._registry:
            steps.add_if_asked(tool)
        is_about_data = steps.is_asked or "only" not in source.why
        return steps.steps if is_about_data else []

    async def _choose(self, request: Request, steps: Sequence[_Step]) -> tuple[int, int]:
        """Let the model decide between candidates that fit equally well; nothing else can be said in its answer."""
        open_choices = {
            f"{step.id}.{name}": filled.choices
            for step in steps
            for name, filled in step.filled.items()
            if len(filled.choices) > 1
        }
        if not open_choices:
            return 0, 0
        schema: JsonSchema = {
            "type": "object",
            "properties": {name: {"enum": list(choices)} for name, choices in open_choices.items()},
            "required": list(open_choices),
        }
        questions = "\n".join(f"{name}: {' or '.join(map(str, choices))}" for name, choices in open_choices.items())
        answer = await self._model.structured(f"Request: {request.text}\nWhich is meant?\n{questions}", schema)
        for step in steps:
            for name, filled in step.filled.items():
                choice = answer.value.get(f"{step.id}.{name}") if isinstance(answer.value, Mapping) else None
                if choice in filled.choices:
                    step.filled[name] = replace(filled, value=choice, origin=f"{filled.origin}, chosen by the model")
        return answer.tokens_in, answer.tokens_out

    def _decline(self, request: Request) -> str:
        near = ", ".join(found.definition.name for found in self._search.search(request.text, 3))
        return (
            "No plan was found: the request names no data that the small planner understands. Name a file "
            f"(notebooks/data/….csv) or an address (https://…), or set OPENAI_API_KEY for a stronger planner. "
            f"The tools that come nearest: {near}."
        )


@dataclass(slots=True)
class _Chain:
    """Steps through which one table flows."""

    subject: Subject
    steps: list[_Step] = field(default_factory=list)
    table: str = ""
    """The reference to the table as it is now."""
    is_asked: bool = False
    """Whether any step but the first is there because of words in the request."""

    def add_reader(self, tool: ToolDefinition, argument: str, source: Source) -> None:
        """Start from a file."""
        name = _identifier(source.name)
        self.steps.append(_Step(name, tool, {}, {argument: Filled(source.path, source.why)}))
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
        step = _Step(self._new_id(tool), tool, {table: self.table}, filled)
        self.steps.append(step)
        self.is_asked = True
        if makes_table(tool):
            self.table = f"${{{step.id}}}"
            self.subject = _after(self.subject, step)

    def _asks_for(self, tool: ToolDefinition, filled: Mapping[str, Filled]) -> bool:
        cues = tool.input_schema.get("x-cues", ())
        return any(value.is_asked for value in filled.values()) or any(find_cue(cues, self.subject))

    def _new_id(self, tool: ToolDefinition) -> str:
        verb = _identifier(tool.name.rpartition(".")[2])
        taken = {step.id for step in self.steps}
        return next(name for name in (verb, *(f"{verb}_{n}" for n in range(2, 99))) if name not in taken)


def _agreeing(schema: JsonSchema, filled: dict[str, Filled], table: str) -> dict[str, Filled] | None:
    """The arguments, with a default that does not go with the others replaced by the first member that does."""
    validator = Draft202012Validator(schema)

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


def _after(subject: Subject, step: _Step) -> Subject:
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


def _left_to_order(subject: Subject) -> Any:
    """One row needs no order."""
    return subject.links.ordering if subject.links.groupings else None


def _uses(step: _Step, role: str) -> bool:
    properties = step.tool.input_schema.get("properties", {})
    return any(properties[name].get("x-role") == role for name in step.filled)


def _new_columns(templates: Mapping[str, str], step: _Step, subject: Subject) -> Iterator[Column]:
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


def _spec(question: Question, steps: Sequence[_Step]) -> PipelineSpec:
    inputs = {source.input: {"type": "object", "format": "table"} for source in question.sources if source.input}
    return PipelineSpec.from_value(
        {
            "name": _title(question.request.text),
            "request": question.request.text,
            "inputs": inputs,
            "steps": [step.written() for step in steps],
            "outputs": _outputs(steps),
        }
    )


def _outputs(steps: Sequence[_Step]) -> dict[str, str]:
    """The last table, and everything that is no table."""
    tables = [step for step in steps if makes_table(step.tool)]
    others = {step.id: f"${{{step.id}}}" for step in steps if not makes_table(step.tool)}
    return ({"table": f"${{{tables[-1].id}}}"} if tables else {}) | others


def _title(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= NAME_CHARACTERS else words[:NAME_CHARACTERS].rsplit(" ", 1)[0] + "…"


def _identifier(text: str) -> str:
    name = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_") or "data"
    return name if name[0].isalpha() and name not in ("inputs", "item", "index", "secret") else f"data_{name}"


def _table_argument(tool: ToolDefinition) -> str | None:
    """The name of the one argument through which a table flows in."""
    passed = [name for name, schema in tool.parameters.items() if is_passed_on(schema)]
    return passed[0] if len(passed) == 1 else None
