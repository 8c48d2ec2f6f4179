"""Whether what a step is given fits what its tool declares, and whether references lead to something declared."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Self

from brain.errors import Problem
from brain.nearest import did_you_mean
from brain.pipeline_builder.expressions import Chain, Expression
from brain.pipeline_builder.partly_known import PartlyKnown, known, read
from brain.pipeline_builder.references import Condition, Reference, Template
from brain.pipeline_builder.schemas import UNKNOWN, Validator, inlined, step_into
from brain.shortened import shown
from brain.tool_registry.definitions import JsonSchema, ToolDefinition

__all__ = ["Contract", "Scope"]

ACCEPTS_ANYTHING = frozenset({"$schema", "description", "properties", "title", "type"})
"""Keywords of an input schema that refuse no object as long as there are no properties."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What references may name at some place of a spec, with the JSON schema of each name."""

    types: Mapping[str, JsonSchema]
    own: str | None = None
    """The step that the place belongs to; it cannot use its own result."""

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


class Contract:
    """What one tool takes and gives, prepared once for all steps that use it."""

    def __init__(self, definition: ToolDefinition) -> None:
        self.definition = definition
        self.gives = inlined(definition.output_schema)
        self._takes = inlined(definition.input_schema)
        self._partly_known = PartlyKnown()
        self.validator = _validator(definition.input_schema)
        self._secrets = frozenset(binding.name for binding in definition.secrets)

    def problems_of(self, arguments: Template, where: str, scope: Scope) -> Iterator[Problem]:
        """What the tool does not take, and what it needs and is not given."""
        fields = {name: read(value, scope.type_of) for name, value in arguments.source.items()}
        found = self._partly_known.misfits(self._takes, fields, self.definition.name)
        if not found and self.validator is not None and all(map(known, fields.values())):
            found = list(self.validator.misfits(fields))
        for misfit in found:
            yield Problem(where + misfit.path, misfit.what)

    def secret_problems(self, arguments: Template) -> Iterator[Problem]:
        """Secrets that the tool's definition does not bind."""
        for name, where in arguments.secrets:
            if name not in self._secrets:
                bound = f"it binds {', '.join(sorted(self._secrets))}" if self._secrets else "it binds none"
                yield Problem(where, f"{self.definition.name} may not use the secret {name}: {bound} in tools.json")


def _validator(schema: JsonSchema) -> Validator | None:
    takes_anything = not schema.get("properties") and schema.keys() <= ACCEPTS_ANYTHING
    return None if takes_anything else Validator(schema)
