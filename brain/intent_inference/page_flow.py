"""Questions about a page: from the tool that answers backward to the ones that fetch what it needs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from brain.intent_inference.draft import DraftStep, new_id
from brain.intent_inference.slots import Subject, fill, find_cue
from brain.runs import Json
from brain.tool_registry.definitions import JsonSchema, ToolDefinition

__all__ = ["page_steps"]

DEEPEST = 4
"""Steps that one answer may take."""


def page_steps(subject: Subject, tools: Sequence[ToolDefinition], ranked: Sequence[ToolDefinition]) -> list[DraftStep]:
    """The steps to the tool that the request asks for by a cue, else to the best `ranked` one that can be reached."""
    asked = [tool for tool in reversed(tools) if any(find_cue(tool.input_schema.get("x-cues", ()), subject))]
    for goal in (*asked, *ranked):
        flow = _Flow(subject, tools, [])
        if goal.is_read_only and flow.reach(goal, DEEPEST) is not None:
            return flow.steps
    return []


@dataclass(slots=True)
class _Flow:
    subject: Subject
    tools: Sequence[ToolDefinition]
    """In the order in which a pipeline calls them."""
    steps: list[DraftStep]

    def reach(self, tool: ToolDefinition, depth: int) -> str | None:
        """Append the steps up to a tool; returns the id of its step, or None where something it needs is nowhere."""
        known = fill({**tool.input_schema, "required": []}, self.subject) or {}
        references: dict[str, Json] = {}
        for name in sorted(tool.required - known.keys()):
            reference = self._produce(name, tool, depth - 1)
            if reference is None:
                return None
            references[name] = reference
        if not known and not references:
            return None
        step = DraftStep(new_id(tool, self.steps), tool, references, known)
        self.steps.append(step)
        return step.id

    def _produce(self, name: str, consumer: ToolDefinition, depth: int) -> str | None:
        """A reference to a text that an earlier tool makes: the nearest one with a field of that name, else of text."""
        if depth == 0 or not _takes_text(consumer.parameters[name]):
            return None
        before = self.tools[: self.tools.index(consumer)]
        for tool, field in (*_makers(before, name), *_makers(before, "text")):
            if (step := self.reach(tool, depth)) is not None:
                return f"${{{step}.{field}}}"
        return None


def _makers(tools: Sequence[ToolDefinition], field: str) -> Iterator[tuple[ToolDefinition, str]]:
    for tool in reversed(tools):
        if tool.output_schema.get("properties", {}).get(field, {}).get("type") == "string":
            yield tool, field


def _takes_text(schema: JsonSchema) -> bool:
    return any(option.get("type") == "string" for option in (schema, *schema.get("anyOf", ())))
