"""The values of a spec as Python: what refers to a step or an input becomes its variable, the rest stays as written."""

import keyword
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from brain.notebook_runs.layout import Bracketed, Code, called, literal, mapping, sequence
from brain.pipeline_builder.expressions import Chain, Expression
from brain.pipeline_builder.references import Condition, Part, read_text
from brain.pipeline_builder.schemas import STORED, step_into, types_of
from brain.pipeline_builder.scopes import Scope
from brain.runs import Json
from brain.tool_registry.definitions import JsonSchema

__all__ = ["Values"]

IN_TEXT = frozenset({"string", "integer"})
"""Types that Python writes into text as a pipeline does."""


@dataclass(frozen=True, slots=True)
class Values:
    """Writes values that stand at some place of a spec."""

    scope: Scope
    inputs: Mapping[str, str]
    """By the name of an input its variable."""
    steps: Mapping[str, str]
    """By the id of a step its variable."""
    lifted: Mapping[str, str] = field(default_factory=dict)
    """By the place of a literal the parameter that it has become."""

    def of(self, value: Json, where: str) -> Code:
        """The value that stands at `where`, as in `steps.monthly.arguments`."""
        match value:
            case _ if where in self.lifted:
                return self.lifted[where]
            case str() if "${" in value:
                return self._text(value)
            case dict():
                return mapping({name: self.of(item, f"{where}.{name}") for name, item in value.items()})
            case list():
                return sequence(self.of(item, f"{where}[{index}]") for index, item in enumerate(value))
            case _:
                return literal(value)

    def holds(self, condition: Condition) -> Code:
        """Whether a `when` is true."""
        return self._asked("holds", condition.source, (reference.chain for reference in condition.references))

    def _text(self, text: str) -> Code:
        parts = read_text(text)
        if len(parts) == 1 and isinstance(parts[0], Expression):
            return self._expression(parts[0])
        if all(isinstance(part, str) for part in parts):
            return literal("".join(map(str, parts)))
        written = [self._in_text(part) for part in parts]
        if all(each is not None for each in written):
            return f'f"{"".join(map(str, written))}"'
        return self._filled(text, (chain for part in parts if isinstance(part, Expression) for chain in part.chains))

    def _in_text(self, part: Part) -> str | None:
        """A part of text as an f-string has it; None where that would be another text."""
        if isinstance(part, str):
            return literal(part.replace("{", "{{").replace("}", "}}"))[1:-1] if "\n" not in part else None
        if not isinstance(part, Expression) or not types_of(self.scope.type_of(part)) <= IN_TEXT:
            return None
        code = self._plain(part)
        return None if code is None else f"{{{code}}}"

    def _expression(self, expression: Expression) -> Code:
        plain = self._plain(expression)
        return plain if plain is not None else self._filled(f"${{{expression.text}}}", expression.chains)

    def _plain(self, expression: Expression) -> str | None:
        """A variable, and what is taken out of it, where its schema tells that it is a dict or a list."""
        if not expression.is_plain or expression.leading is None:
            return None
        chain = expression.leading
        taken = 1 if chain.head == "inputs" else 0
        if len(chain.keys) < taken:
            return None
        schema = self.scope.types[chain.head]
        code = self._variable(chain)
        for depth, key in enumerate(chain.keys):
            if depth >= taken:
                if not _opens_with(schema, key):
                    return None
                code += f"[{literal(key)}]"
            schema = step_into(schema, key, "")
        return code

    def _variable(self, chain: Chain) -> str:
        return self.inputs[str(chain.keys[0])] if chain.head == "inputs" else self.steps.get(chain.head, chain.head)

    def _filled(self, text: str, chains: Iterable[Chain]) -> Code:
        return self._asked("filled", text, chains)

    def _asked(self, function: str, text: str, chains: Iterable[Chain]) -> Code:
        """A call that works out what is written, given all that it names."""
        chains = tuple(chains)
        named: dict[str, Code] = {}
        for chain in chains:
            named.setdefault(chain.head, self.steps.get(chain.head, chain.head))
        if "inputs" in named:
            wanted = self._inputs_in(chain for chain in chains if chain.head == "inputs")
            named["inputs"] = mapping({name: self.inputs[name] for name in wanted})
        if any(map(keyword.iskeyword, named)):
            return Bracketed(f"{function}(", (("", literal(text)), ("**", mapping(named))), ")")
        return called(function, literal(text), **named)

    def _inputs_in(self, chains: Iterable[Chain]) -> Collection[str]:
        names = [str(chain.keys[0]) if chain.keys else None for chain in chains]
        return dict.fromkeys(self.inputs if None in names else filter(None, names))


def _opens_with(schema: JsonSchema, key: str | int) -> bool:
    """Whether values of a schema are taken apart in Python as in JMESPath."""
    if isinstance(key, int):
        return types_of(schema) == {"array"}
    return types_of(schema) == {"object"} and schema.get("format") not in STORED and key in schema.get("properties", {})
