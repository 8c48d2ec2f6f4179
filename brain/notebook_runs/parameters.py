"""The parameters of a notebook, as its `parameters` cell tells them: names, types, defaults and what they are for."""

import ast
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from brain.errors import Problem
from brain.nearest import did_you_mean
from brain.pipeline_builder.schemas import Validator
from brain.runs import Json
from brain.tool_registry.definitions import JsonSchema

__all__ = ["Inspected", "Parameter", "problems_of"]

TYPES = {
    "bool": "boolean", "dict": "object", "float": "number", "int": "integer", "list": "array", "str": "string",
    "tuple": "array",
}  # fmt: skip
"""By the name of a type in Python."""
BY_VALUE = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One assignment of the `parameters` cell."""

    name: str
    annotation: str
    """A type as it is written beside the name or in a comment; empty or `None` where there is none."""
    default: str
    """As it is written."""
    help: str

    @property
    def value(self) -> Json:
        """The default, where it is a literal that JSON has too; None otherwise."""
        try:
            value = ast.literal_eval(self.default)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return None
        return value if type(value) in BY_VALUE else None

    @property
    def schema(self) -> JsonSchema:
        """What it takes: by its annotation, else as its default is; a whole number stands for any number."""
        kind = TYPES.get(self.annotation.partition("[")[0].strip(), "") or BY_VALUE.get(type(self.value), "")
        schema: JsonSchema = {"description": self.help} if self.help else {}
        if kind:
            by_default = not TYPES.get(self.annotation.partition("[")[0].strip())
            schema["type"] = "number" if kind == "integer" and by_default else kind
        if self.value is not None:
            schema["default"] = self.value
        return schema


@dataclass(frozen=True, slots=True)
class Inspected:
    """What is known of a notebook before it is run."""

    parameters: tuple[Parameter, ...]
    has_cell: bool
    """Whether there is a cell that is tagged `parameters`."""
    modules: tuple[str, ...]
    """What a warm parent may import for it."""
    can_fork: bool
    """Whether its kernel is one that a warm parent can become."""
    digest: str
    """SHA-256 in hex of its code and texts, without outputs."""

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Inspected":
        """From the same fields as JSON has them."""
        parameters = tuple(Parameter(**each) for each in value["parameters"])
        return cls(**{**value, "parameters": parameters, "modules": tuple(value["modules"])})


def problems_of(sets: Sequence[Mapping[str, Json]], inspected: Inspected) -> list[Problem]:
    """Everything about sets of parameters that the notebook does not take, each with the number of its set."""
    schemas = {parameter.name: parameter.schema for parameter in inspected.parameters}
    validators = {name: Validator(schema) for name, schema in schemas.items()}
    return [
        Problem(f"set {number}", what)
        for number, each in enumerate(sets, 1)
        for what in _misfits(each, validators, has_cell=inspected.has_cell)
    ]


def _misfits(given: Mapping[str, Json], validators: Mapping[str, Validator], *, has_cell: bool) -> Iterable[str]:
    if given and not has_cell:
        yield "the notebook takes no parameters: tag the cell that assigns them with `parameters`"
        return
    for name, value in given.items():
        if name not in validators:
            yield f"the notebook has no parameter {name!r}.{did_you_mean(name, validators)}".rstrip(".")
        elif value is not None:
            yield from (f"{name}{misfit.path}: {misfit.what}" for misfit in validators[name].misfits(value))
