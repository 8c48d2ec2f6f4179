"""A plan as a model said it: its gaps, what may fill them, and the spec that it becomes."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from brain.errors import Problem, SpecError
from brain.intent_inference.clarifying import Gap
from brain.intent_inference.grounding import Refused
from brain.intent_inference.literals import Part, schemas_at
from brain.intent_inference.plan import Question
from brain.pipeline_builder.references import input_reference
from brain.pipeline_builder.schemas import inlined
from brain.pipeline_builder.spec import PipelineSpec
from brain.runs import Json
from brain.shortened import shown
from brain.tool_registry.definitions import JsonSchema, ToolDefinition

__all__ = ["ASK", "Draft"]

ASK = "ask_person"
"""`{"ask_person": "Which city?"}` stands where a model wants a person to say the value."""
PLACEHOLDER = "answer_"
LONGEST_NAME = 100
SAID_NOTHING = "nothing in the request says it"


@dataclass(frozen=True)
class Draft:
    """The parsed answer of a model, whose shape is not known to be right."""

    answer: Mapping[str, Json]
    question: Question
    tools: Mapping[str, ToolDefinition]
    """All that there are, by name."""

    @property
    def asked(self) -> list[Gap]:
        """Where the model wants a person to say the value."""
        return [
            self._gap(number, path, SAID_NOTHING, str(value[ASK]))
            for number, step in enumerate(self._steps)
            for path, value in _places(step.get("arguments"), ("arguments",))
            if _is_ask(value)
        ]

    @property
    def missing(self) -> list[Gap]:
        """Arguments that a tool needs and is not given."""
        return [
            self._gap(number, ("arguments", name), SAID_NOTHING)
            for number, step in enumerate(self._steps)
            if (tool := self.tools.get(str(step.get("tool")))) is not None
            for name in sorted(tool.required - _arguments(step).keys())
        ]

    def refused(self, found: Sequence[Refused]) -> list[Gap]:
        """Where literals come from nowhere; a place that holds several is one gap."""
        gaps: dict[tuple[str | int, ...], Gap] = {}
        for each in found:
            gap = self._gap(each.literal.step, each.literal.path, each.why)
            if each.literal.part is not Part.VALUE:
                gap = replace(gap, instead_of=each.literal.value, schema=_type_of(each.literal.value))
            gaps.setdefault(gap.key, gap)
        return list(gaps.values())

    def filled(self, values: Sequence[tuple[Gap, Json]]) -> "Draft":
        """The same with these values in the gaps."""
        answer = copy.deepcopy(dict(self.answer))
        for gap, value in values:
            if gap.instead_of is None:
                _put(answer["steps"][gap.step], gap.path, value)
        return Draft(answer, self.question, self.tools)

    def supposing(self, gaps: Sequence[Gap]) -> "PipelineSpec":
        """The spec with each gap as an input of the right type, so that everything else about it can be checked.

        Raises SpecError where the answer has another shape than a plan.
        """
        named = {f"{PLACEHOLDER}{number}": gap for number, gap in enumerate(gaps)}
        draft = self.filled([(gap, input_reference(name)) for name, gap in named.items()])
        return draft.spec({name: gap.schema for name, gap in named.items()})

    def spec(self, more_inputs: Mapping[str, JsonSchema] | None = None) -> PipelineSpec:
        """The spec; raises SpecError where the answer has another shape than a plan."""
        fields = {name: self.answer[name] for name in ("steps", "outputs") if name in self.answer}
        name = str(self.answer.get("name") or "pipeline")[:LONGEST_NAME]
        inputs = {**self.question.inputs, **(more_inputs or {})}
        spec = PipelineSpec.from_value(
            {**fields, "name": name, "request": self.question.request.text, "inputs": inputs}
        )
        if problems := [*_told_outputs(spec)]:
            raise SpecError(problems)
        return spec

    @property
    def _steps(self) -> list[Mapping[str, Any]]:
        steps = self.answer.get("steps")
        return [step if isinstance(step, Mapping) else {} for step in steps] if isinstance(steps, list) else []

    def _gap(self, number: int, path: tuple[str | int, ...], why: str, asked: str = "") -> Gap:
        step = self._steps[number]
        name = str(step.get("tool"))
        takes = inlined(self.tools[name].input_schema) if name in self.tools and path[0] == "arguments" else {}
        schema = next(schemas_at(takes, path[1:]), {}) if takes else {}
        written = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
        return Gap(number, path, f"steps.{step.get('id')}{written}", name, _alone(schema), why, asked)


def _told_outputs(spec: PipelineSpec) -> Iterator[Problem]:
    """Outputs that a model said itself instead of a step."""
    for name, value in spec.outputs.items():
        if not (isinstance(value, str) and "${" in value):
            yield Problem(f"outputs.{name}", f"is what a step gives, as in ${{step_id}}, not {shown(value)}")


def _type_of(value: Json) -> JsonSchema:
    """Of what stands inside a text."""
    return {"type": "string" if isinstance(value, str) else "number"}


def _alone(schema: JsonSchema) -> JsonSchema:
    """Without the annotations that are only ours."""
    return {key: value for key, value in schema.items() if not key.startswith("x-")}


def _arguments(step: Mapping[str, Any]) -> Mapping[str, Any]:
    arguments = step.get("arguments")
    return arguments if isinstance(arguments, Mapping) else {}


def _is_ask(value: Json) -> bool:
    return isinstance(value, Mapping) and value.keys() == {ASK}


def _places(value: Json, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Json]]:
    yield path, value
    if _is_ask(value):
        return
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _places(part, (*path, key))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _places(part, (*path, index))


def _put(target: Any, path: Sequence[str | int], value: Json) -> None:
    *inner, last = path
    for key in inner:
        target = target.setdefault(key, {}) if isinstance(target, dict) else target[key]
    target[last] = value
