"""Values of which some parts are only known while a pipeline runs: what no run could make fit a schema.

Whatever some run might make fit is taken; the resolved value is checked again before the call.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any

from brain.nearest import did_you_mean
from brain.pipeline_builder.expressions import Expression
from brain.pipeline_builder.references import Broken, Secret, read_text
from brain.pipeline_builder.schemas import (
    STORED,
    UNKNOWN,
    WORDS,
    Misfit,
    Validator,
    about,
    describe,
    fits,
    members_of,
    options_of,
    types_of,
)
from brain.runs import Json
from brain.shortened import shown
from brain.tool_registry.definitions import JsonSchema

__all__ = ["Gap", "Node", "ObjectNode", "PartlyKnown", "known", "read"]

TEXT: JsonSchema = {"type": "string"}
SAYS_NOTHING = frozenset({
    "$comment", "$defs", "$schema", "default", "deprecated", "description", "else", "examples", "readOnly", "then",
    "title", "writeOnly",
})  # fmt: skip
"""Keywords that refuse no value by themselves."""

type SchemaOf = Callable[[Expression], JsonSchema]
"""What is known of an expression's value."""
type Node = Json | Gap | ObjectNode | ListNode
"""A value; one that is plain JSON is known as a whole."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A part that a run fills in."""

    source: str
    """As it is written."""
    schema: JsonSchema
    """What is known of the value."""
    texts: re.Pattern[str] | None = None
    """Every text that it may become, where other text stands around the reference."""


@dataclass(frozen=True, slots=True)
class ObjectNode:
    """An object with gaps somewhere in it."""

    fields: Mapping[str, Node]


@dataclass(frozen=True, slots=True)
class ListNode:
    """A list with gaps somewhere in it."""

    items: Sequence[Node]


def read(value: Json, schema_of: SchemaOf) -> Node:
    """A value of a spec with its gaps; what cannot be read at all may be anything here, and is told elsewhere."""
    match value:
        case str() if "${" in value:
            return _read_text(value, schema_of)
        case dict():
            fields = {name: read(item, schema_of) for name, item in value.items()}
            return fields if all(map(known, fields.values())) else ObjectNode(fields)
        case list():
            items = [read(item, schema_of) for item in value]
            return items if all(map(known, items)) else ListNode(items)
        case _:
            return value


def known(node: Node) -> bool:
    """Whether nothing is missing in it."""
    return not isinstance(node, Gap | ObjectNode | ListNode)


def _read_text(text: str, schema_of: SchemaOf) -> Node:
    parts = read_text(text)
    if any(isinstance(part, Broken) for part in parts):
        return Gap(text, UNKNOWN)
    match parts:
        case (Expression() as expression,):
            return Gap(text, schema_of(expression))
        case (Secret(),):
            return Gap(text, TEXT)
        case _ if all(isinstance(part, str) for part in parts):
            return "".join(map(str, parts))
        case _:
            pattern = "".join(re.escape(part) if isinstance(part, str) else ".*" for part in parts)
            return Gap(text, TEXT, re.compile(pattern, re.DOTALL))


class PartlyKnown:
    """Looks for what no run could make fit, part by part; validators for known parts are kept.

    What it is sure of, a standard validator would say of every filling of the gaps. Schemas have no `$ref` left.
    """

    def __init__(self) -> None:
        self._validators: dict[int, Validator] = {}

    def misfits(self, schema: JsonSchema, fields: Mapping[str, Node], taker: str) -> list[Misfit]:
        """Everything about the arguments of a tool that the schema can never take.

        They become parameters of a function: a name that is not among the properties is refused unless the schema
        says otherwise.
        """
        others = schema.get("additionalProperties", not schema.get("properties") or "patternProperties" in schema)
        closed, node = {**schema, "additionalProperties": others}, ObjectNode(fields)
        if not any(_Search(self._validator, taker, is_exact=False).in_object(closed, node)):
            return []
        return list(_Search(self._validator, taker, is_exact=True).in_object(closed, node))

    def _validator(self, schema: JsonSchema) -> Validator:
        """Kept by identity: the schemas are parts of a tool's own, which lives as long as this."""
        kept = self._validators.get(id(schema))
        if kept is None or kept.schema is not schema:
            kept = self._validators[id(schema)] = Validator(schema)
        return kept


@lru_cache(256)
def _names_like(pattern: str) -> Validator:
    return Validator({"pattern": pattern})


@dataclass(frozen=True, slots=True)
class _Search:
    """One search; an inexact one is quick and may find what an exact one then takes, never the other way round."""

    validator_of: Callable[[JsonSchema], Validator]
    taker: str
    is_exact: bool

    def in_object(self, schema: JsonSchema, node: ObjectNode) -> Iterator[Misfit]:
        """From the root; the first thing that is wrong hides what is wrong with combinations."""
        found = list(self._in_fields(schema, node.fields, "", self.taker))
        yield from found or self._in_combinations(schema, node, "")

    def _in(self, schema: JsonSchema | bool, node: Node, path: str) -> Iterator[Misfit]:
        if schema is False:
            yield Misfit(path, "may not be given")
        if isinstance(schema, bool) or not schema:
            return
        match node:
            case Gap():
                yield from self._in_gap(schema, node, path)
            case ObjectNode() | ListNode():
                yield from list(self._in_parts(schema, node, path)) or self._in_combinations(schema, node, path)
            case _:
                yield from (Misfit(path + misfit.path, misfit.what) for misfit in self._in_known(schema, node))

    def _in_known(self, schema: JsonSchema, value: Json) -> Iterator[Misfit]:
        validator = self.validator_of(schema)
        if self.is_exact:
            yield from validator.misfits(value)
        elif not validator.fits(value):
            yield Misfit("", "")

    def _in_gap(self, schema: JsonSchema, gap: Gap, path: str) -> Iterator[Misfit]:
        if any(self._may_be(option, gap) for option in options_of(schema)):
            for part in schema.get("allOf", ()):
                yield from self._in(part, gap, path)
        elif not fits(schema, _typed(gap.schema)):
            yield Misfit(path, f"takes {describe(schema)}, but {shown(gap.source)} is {describe(gap.schema)}")
        else:
            yield Misfit(path, self._why_never(schema, gap))

    def _may_be(self, schema: JsonSchema, gap: Gap) -> bool:
        if not fits(schema, gap.schema):
            return False
        wanted, values = members_of(schema), members_of(gap.schema)
        if gap.texts is not None and wanted is not None:
            return any(isinstance(member, str) and gap.texts.fullmatch(member) for member in wanted)
        return values is None or any(not any(self._in_known(schema, value)) for value in values)

    def _why_never(self, schema: JsonSchema, gap: Gap) -> str:
        if wanted := list(chain.from_iterable(members_of(option) or () for option in options_of(schema))):
            return f"takes {' or '.join(map(shown, wanted))}, which {shown(gap.source)} can never be"
        values = members_of(gap.schema) or [""]
        why = next((misfit.what for misfit in self._in_known(schema, values[0])), describe(schema))
        return f"{shown(gap.source)} never fits: {why}"

    def _in_parts(self, schema: JsonSchema, node: ObjectNode | ListNode, path: str) -> Iterator[Misfit]:
        kind = _kind(node)
        wanted = members_of(schema)
        if kind not in types_of(schema) or (isinstance(node, ObjectNode) and _is_no_reference(schema, node)):
            yield Misfit(path, f"takes {describe(schema)}, but this is {WORDS[kind]}")
        elif wanted is not None and not any(_may_equal(node, member) for member in wanted):
            yield Misfit(path, f"takes {' or '.join(map(shown, wanted))}, which this can never be")
        elif isinstance(node, ObjectNode):
            yield from self._in_fields(schema, node.fields, path, "it" if path else self.taker)
        else:
            yield from self._in_items(schema, node.items, path)

    def _in_fields(self, schema: JsonSchema, fields: Mapping[str, Node], path: str, taker: str) -> Iterator[Misfit]:
        properties: Mapping[str, JsonSchema] = schema.get("properties", {})
        for name in schema.get("required", ()):
            if name not in fields:
                yield Misfit(path, f"{taker} needs {name!r}{about(properties.get(name))}")
        for name, node in fields.items():
            for inner in self._schemas_of(name, schema):
                if inner is False:
                    hint = did_you_mean(name, properties) or f" It takes {', '.join(properties) or 'nothing'}"
                    yield Misfit(f"{path}.{name}", f"{taker} takes no {shown(name)}.{hint}")
                else:
                    yield from self._in(inner, node, f"{path}.{name}")
        yield from self._in_names(schema, fields, path)

    def _schemas_of(self, name: str, schema: JsonSchema) -> list[Any]:
        """What holds for the value under a name."""
        patterns = schema.get("patternProperties", {}).items()
        own = [schema["properties"][name]] if name in schema.get("properties", {}) else []
        own += [inner for pattern, inner in patterns if self._is_like(name, pattern)]
        return own or [schema.get("additionalProperties", True)]

    def _is_like(self, name: str, pattern: str) -> bool:
        validator = _names_like(pattern)
        return not any(validator.misfits(name)) if self.is_exact else validator.fits(name)

    def _in_names(self, schema: JsonSchema, fields: Mapping[str, Node], path: str) -> Iterator[Misfit]:
        if "propertyNames" in schema:
            for name in fields:
                for misfit in self._in(schema["propertyNames"], name, path):
                    yield Misfit(path, f"has the name {shown(name)}: {misfit.what}")
        least, most = schema.get("minProperties", 0), schema.get("maxProperties", len(fields))
        if not least <= len(fields) <= most:
            yield Misfit(path, f"has {len(fields)} names, which is too {'few' if len(fields) < least else 'many'}")
        for name, others in schema.get("dependentRequired", {}).items():
            missing = [other for other in others if other not in fields] if name in fields else []
            yield from (Misfit(path, f"needs {other!r} beside {name!r}") for other in missing)

    def _in_items(self, schema: JsonSchema, items: Sequence[Node], path: str) -> Iterator[Misfit]:
        least, most = schema.get("minItems", 0), schema.get("maxItems", len(items))
        if not least <= len(items) <= most:
            yield Misfit(path, f"has {len(items)} items, which is too {'few' if len(items) < least else 'many'}")
        first = schema.get("prefixItems", [])
        for index, item in enumerate(items):
            inner = first[index] if index < len(first) else schema.get("items", True)
            yield from self._in(inner, item, f"{path}[{index}]")

    def _in_combinations(self, schema: JsonSchema, node: ObjectNode | ListNode, path: str) -> Iterator[Misfit]:
        for part in schema.get("allOf", ()):
            yield from self._in(part, node, path)
        for options in (schema.get("anyOf"), schema.get("oneOf")):
            if options:
                yield from self._in_all_of(options, node, path)
        if "not" in schema and self._surely_fits(schema["not"], node):
            yield Misfit(path, "is just what may not stand here")
        if isinstance(node, ObjectNode):
            for name, inner in schema.get("dependentSchemas", {}).items():
                yield from self._in(inner, node, path) if name in node.fields else ()
        if "if" in schema:
            yield from self._in_branches(schema, node, path)

    def _in_all_of(self, options: Iterable[Any], node: ObjectNode | ListNode, path: str) -> Iterator[Misfit]:
        """What is wrong in each alternative, told of the one that comes nearest."""
        kind = _kind(node)
        found = []
        for option in options:
            misfits = list(self._in(option, node, path))
            if not misfits:
                return
            if any(kind in types_of(inner) for inner in options_of(option)):
                found.append(misfits)
        if found:
            yield from max(found, key=lambda misfits: len(misfits[0].path))
        else:
            yield Misfit(path, f"takes {describe({'anyOf': list(options)})}, but this is {WORDS[kind]}")

    def _in_branches(self, schema: JsonSchema, node: ObjectNode | ListNode, path: str) -> Iterator[Misfit]:
        """`if`, `then`, `else`: wrong only where each branch that may be taken is."""
        condition = schema["if"]
        branches = []
        if not any(self._in(condition, node, path)):
            branches.append(list(self._in(schema.get("then", True), node, path)))
        if not self._surely_fits(condition, node):
            why = _left_out(condition)
            misfits = self._in(schema.get("else", True), node, path)
            branches.append([Misfit(misfit.path, misfit.what + why) for misfit in misfits])
        if all(branches):
            yield from branches[-1]

    def _surely_fits(self, schema: JsonSchema | bool, node: Node) -> bool:
        """Whether every filling of the gaps fits; False where that is not certain."""
        if isinstance(schema, bool):
            return schema
        match node:
            case Gap():
                return schema.keys() <= SAYS_NOTHING
            case ObjectNode() | ListNode():
                return all(self._surely_keeps(keyword, schema, node) for keyword in schema)
            case _:
                return self.validator_of(schema).fits(node)

    def _surely_keeps(self, keyword: str, schema: JsonSchema, node: ObjectNode | ListNode) -> bool:
        wanted = schema[keyword]
        fields = node.fields if isinstance(node, ObjectNode) else {}
        match keyword:
            case "type":
                return _kind(node) in types_of({"type": wanted})
            case "required":
                return isinstance(node, ListNode) or fields.keys() >= set(wanted)
            case "properties":
                return all(self._surely_fits(wanted[name], fields[name]) for name in wanted.keys() & fields.keys())
            case "allOf":
                return all(self._surely_fits(part, node) for part in wanted)
            case "anyOf":
                return any(self._surely_fits(option, node) for option in wanted)
            case _:
                return keyword in SAYS_NOTHING or keyword.startswith("x-")


def _kind(node: ObjectNode | ListNode) -> str:
    return "object" if isinstance(node, ObjectNode) else "array"


def _typed(schema: JsonSchema) -> JsonSchema:
    """The schema without the values that it lists, for a message about types."""
    return schema if members_of(schema) is None else {"type": sorted(types_of(schema))}


def _is_no_reference(schema: JsonSchema, node: ObjectNode) -> bool:
    """Whether a table or file is wanted, and this can be no reference to one."""
    return schema.get("format") in STORED and not {"format", "artifact"} <= node.fields.keys()


def _may_equal(node: Node, value: Json) -> bool:
    match node:
        case Gap():
            return True
        case ObjectNode():
            is_alike = isinstance(value, Mapping) and node.fields.keys() == value.keys()
            return is_alike and all(_may_equal(item, value[name]) for name, item in node.fields.items())
        case ListNode():
            is_alike = isinstance(value, list) and len(node.items) == len(value)
            return is_alike and all(map(_may_equal, node.items, value))
        case _:
            return bool(node == value)


def _left_out(condition: Any) -> str:
    """The reason for an `else`, where the condition is nothing but that something is given."""
    names = condition.get("required", ()) if isinstance(condition, Mapping) and condition.keys() == {"required"} else ()
    return f", because {' or '.join(map(repr, names))} is left out" if names else ""
