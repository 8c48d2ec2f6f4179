"""A pipeline while it is being drafted: steps with values and where each comes from."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from brain.intent_inference.plan import Question
from brain.intent_inference.slots import DEFAULT, Filled
from brain.intent_inference.sources import makes_table
from brain.intent_inference.spans import Spanned
from brain.pipeline_builder.spec import RESERVED_IDS, PipelineSpec
from brain.runs import Json
from brain.tool_registry.definitions import ToolDefinition

__all__ = ["DraftStep", "identifier", "literally", "new_id", "title", "write_spec"]

NAME_CHARACTERS = 60


@dataclass(slots=True)
class DraftStep:
    """One step: references to earlier ones, and values from the request."""

    id: str
    tool: ToolDefinition
    references: dict[str, Json]
    filled: dict[str, Filled]
    cues: tuple[Spanned, ...] = ()
    """Words that ask for the tool itself."""

    @property
    def spans(self) -> tuple[Spanned, ...]:
        """All words of the request that made the step what it is."""
        return (*self.cues, *(span for filled in self.filled.values() for span in filled.spans))

    def written(self) -> dict[str, Json]:
        """The step as a spec holds it."""
        literal = {
            name: literally(filled.value) for name, filled in self.filled.items() if self._is_worth_saying(name, filled)
        }
        return {"id": self.id, "tool": self.tool.name, "arguments": {**self.references, **literal}}

    def _is_worth_saying(self, name: str, filled: Filled) -> bool:
        """A default is left out, unless it is one of several ways to go."""
        return filled.origin != DEFAULT or "enum" in self.tool.parameters[name]


def literally(value: Json) -> Json:
    """The value as it is, though it may look like a reference: words of a request and of data refer to nothing."""
    match value:
        case str():
            return value.replace("${", "$${")
        case Mapping():
            return {key: literally(item) for key, item in value.items()}
        case list():
            return [literally(item) for item in value]
        case _:
            return value


def write_spec(question: Question, steps: Sequence[DraftStep]) -> PipelineSpec:
    """The draft, written down; raises SpecError."""
    return PipelineSpec.from_value(
        {
            "name": title(question.request.text),
            "request": question.request.text,
            "inputs": question.inputs,
            "steps": [step.written() for step in steps],
            "outputs": _outputs(steps),
        }
    )


def _outputs(steps: Sequence[DraftStep]) -> dict[str, str]:
    """The last table, and everything else that no step uses."""
    tables = [step for step in steps if makes_table(step.tool)]
    used = {reference for step in steps for reference in step.references.values()}
    others = {
        step.id: f"${{{step.id}}}"
        for step in steps
        if not makes_table(step.tool) and not any(str(reference).startswith(f"${{{step.id}") for reference in used)
    }
    return ({"table": f"${{{tables[-1].id}}}"} if tables else {}) | others


def title(text: str) -> str:
    """The beginning of a request, as the name of its pipeline."""
    words = " ".join(text.split())
    return words if len(words) <= NAME_CHARACTERS else words[:NAME_CHARACTERS].rsplit(" ", 1)[0] + "…"


def new_id(tool: ToolDefinition, steps: Iterable[DraftStep]) -> str:
    """An id that no step has yet: the tool's verb, numbered where needed."""
    verb = identifier(tool.name.rpartition(".")[2])
    taken = {step.id for step in steps}
    return next(name for name in (verb, *(f"{verb}_{n}" for n in range(2, 99))) if name not in taken)


def identifier(text: str) -> str:
    """A step id made of a name."""
    name = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_") or "data"
    return name if name[0].isalpha() and name not in RESERVED_IDS else f"data_{name}"
