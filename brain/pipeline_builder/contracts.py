"""Whether what a step is given fits what its tool declares."""

from collections.abc import Iterator

from brain.errors import Problem
from brain.pipeline_builder.partly_known import PartlyKnown, known, read
from brain.pipeline_builder.references import Template
from brain.pipeline_builder.schemas import Validator, inlined
from brain.pipeline_builder.scopes import Scope
from brain.tool_registry.definitions import JsonSchema, ToolDefinition

__all__ = ["Contract"]

ACCEPTS_ANYTHING = frozenset({"$schema", "description", "properties", "title", "type"})
"""Keywords of an input schema that refuse no object as long as there are no properties."""


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
