"""What references may name at some place of a spec, and the JSON schema of each name."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Self

from brain.errors import Problem
from brain.nearest import did_you_mean
from brain.pipeline_builder.expressions import Chain, Expression
from brain.pipeline_builder.references import Condition, Reference, Template, read_text
from brain.pipeline_builder.schemas import UNKNOWN, step_into, types_of, wrong_schema
from brain.pipeline_builder.spec import OnError, PipelineSpec
from brain.shortened import shown
from brain.tool_registry.definitions import JsonSchema

__all__ = ["LIST", "Scope", "type_of_items", "type_of_list"]

MOST_ITEMS = 100
"""Items of a `foreach` list that are checked one by one; of more only the types."""
LIST: JsonSchema = {"type": "array"}


@dataclass(frozen=True, slots=True)
class Scope:
    """What references may name at some place of a spec, with the JSON schema of each name."""

    types: Mapping[str, JsonSchema]
    own: str | None = None
    """The step that the place belongs to; it cannot use its own result."""

    @classmethod
    def of(cls, spec: PipelineSpec, gives: Mapping[str, JsonSchema]) -> Self:
        """What the outputs of a spec may name; `gives` has by tool what its calls return."""
        return cls({"inputs": _type_of_inputs(spec), **_types_of_steps(spec, gives)})

    def within(self, step_id: str, item: JsonSchema | None = None) -> Self:
        """The scope of a step; with `item`, of each item of a `foreach`."""
        if item is None:
            return replace(self, own=step_id)
        return replace(self, types={**self.types, "item": item, "index": {"type": "integer"}}, own=step_id)

    def type_of(self, expression: Expression) -> JsonSchema:
        """The schema of an expression's value, as far as it is known."""
        if expression.is_plain and expression.leading is not None and expression.leading.head in self.types:
            try:
                return self._walk(expression.leading)
            except ValueError:
                return UNKNOWN
        return {"type": expression.gives} if expression.gives else UNKNOWN

    def problems_of(self, compiled: Template | Condition) -> Iterator[Problem]:
        """Everything in a template or condition that cannot be read or leads nowhere."""
        yield from compiled.problems
        for reference in compiled.references:
            if what := self._wrong(reference):
                yield Problem(reference.where, f"${{{reference.expression}}}: {what}")

    def _wrong(self, reference: Reference) -> str | None:
        if reference.head == self.own:
            return "a step cannot use its own result"
        if reference.head not in self.types:
            return self._missing(reference.head)
        try:
            self._walk(reference.chain)
        except ValueError as exc:
            return str(exc)
        return None

    def _walk(self, chain: Chain) -> JsonSchema:
        schema = self.types[chain.head]
        for depth, key in enumerate(chain.keys):
            schema = step_into(schema, key, str(Chain(chain.head, chain.keys[:depth])))
        return schema

    def _missing(self, name: str) -> str:
        if name in ("item", "index"):
            return f"{name} exists in the arguments of a step with foreach only"
        if name in ("true", "false", "null"):
            return f"there is no step {name!r}; the value is written `{name}`, in backticks"
        if name in self.types["inputs"].get("properties", {}):
            return f"there is no step {name!r}; the input is inputs.{name}"
        return f"there is no step {shown(name)}.{did_you_mean(name, self.types)}".rstrip(".")


def type_of_items(foreach: Template, scope: Scope) -> JsonSchema:
    """The schema of each item of a `foreach`, as far as it is known."""
    if foreach.is_constant and isinstance(items := foreach.resolve({}), list) and items:
        return {"enum": items} if len(items) <= MOST_ITEMS else {"type": sorted(types_of({"enum": items}))}
    try:
        return step_into(type_of_list(foreach, scope), 0, "foreach")
    except ValueError:
        return UNKNOWN


def type_of_list(foreach: Template, scope: Scope) -> JsonSchema:
    """The schema of what a `foreach` goes over."""
    if isinstance(foreach.source, list):
        return LIST
    match read_text(foreach.source):
        case (Expression() as expression,):
            return scope.type_of(expression)
        case _:
            return {"type": "string"}


def _type_of_inputs(spec: PipelineSpec) -> JsonSchema:
    properties = {name: UNKNOWN if wrong_schema(schema) else schema for name, schema in spec.inputs.items()}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _types_of_steps(spec: PipelineSpec, gives: Mapping[str, JsonSchema]) -> dict[str, JsonSchema]:
    types: dict[str, JsonSchema] = {}
    for step in reversed(spec.steps):  # where an id stands twice, the first one counts
        given = gives.get(step.tool, UNKNOWN)
        one = UNKNOWN if step.on_error is OnError.COLLECT else given
        types[step.id] = given if step.foreach is None else {"type": "array", "items": one}
    return types
