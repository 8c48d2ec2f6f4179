"""The literals of a step: what a plan says itself, beside what its references bring."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from brain.intent_inference.sql_literals import SqlParts, read_expression, read_select
from brain.pipeline_builder.expressions import Expression
from brain.pipeline_builder.references import read_text
from brain.pipeline_builder.schemas import inlined
from brain.pipeline_builder.spec import StepSpec
from brain.runs import Json
from brain.tool_registry.definitions import JsonSchema, ToolDefinition

__all__ = ["BROUGHT", "Literal", "Part", "Wording", "literals_of", "schemas_at", "sql_of"]

BROUGHT = "\ue000"
"""Stands in a text for what a reference brings (a character for private use, which no request holds)."""
BROUGHT_IN_SQL = "brought_by_reference"
"""The same as SQL takes it, as a name and within a text."""
FREE = frozenset(
    re.findall(
        r"\w+",
        """title caption heading headline subject body message comment note notes instruction instructions prompt
        question summary description label labels keywords search_query topic""",
    )
)
"""Names of arguments that take any words, where the tool's definition does not say."""
NEUTRAL = frozenset({-1, 0, 1})
"""Numbers by which an expression takes the first or the last, or tells whether there is one."""

type Path = tuple[str | int, ...]


class Part(StrEnum):
    """Which part of an argument a literal is."""

    VALUE = "value"
    NAME = "name"
    """Of a field that the tool's schema does not name."""
    EXPRESSION = "expression"
    """In the JMESPath of a reference."""
    SQL_VALUE = "sql value"
    SQL_COLUMN = "sql column"
    SQL_TABLE = "sql table"
    SQL_BROKEN = "broken sql"
    """Why a text is no SQL."""


class Wording(StrEnum):
    """How far a model may find its own words (`x-wording`)."""

    NONE = "none"
    PROSE = "prose"
    """Sentences, titles, names for what is new."""
    CODE = "code"
    """Selectors, patterns, paths into JSON."""


@dataclass(frozen=True, slots=True)
class Literal:
    """One literal, and what its tool says about its place."""

    where: str
    """`steps.monthly.arguments.where[0].value`"""
    step: int
    path: Path
    """From the step on: `("arguments", "where", 0, "value")`."""
    value: Json
    part: Part = Part.VALUE
    schemas: tuple[JsonSchema, ...] = field(default=(), repr=False)
    wording: Wording = Wording.NONE

    @property
    def formats(self) -> frozenset[str]:
        """Of its schema."""
        return frozenset(str(schema["format"]) for schema in self.schemas if "format" in schema)


def literals_of(step: StepSpec, number: int, tool: ToolDefinition | None) -> Iterator[Literal]:
    """Every literal of a step's arguments, list of items and condition."""
    takes = inlined(tool.input_schema) if tool is not None else {}
    where = f"steps.{step.id}"
    for name, value in step.arguments.items():
        schemas = tuple(schemas_at(takes, (name,)))
        wording = Wording.PROSE if name in FREE and not _says(schemas, "x-wording") else Wording.NONE
        at = Literal(f"{where}.arguments.{name}", number, ("arguments", name), value, schemas=schemas, wording=wording)
        yield from _within(at)
    if step.foreach is not None:
        yield from _within(Literal(f"{where}.foreach", number, ("foreach",), step.foreach))
    if step.when is not None:
        text = step.when if "${" in step.when else f"${{{step.when}}}"
        yield from _of_text(Literal(f"{where}.when", number, ("when",), text))


def sql_of(literal: Literal) -> SqlParts | None:
    """The parts of a text that is SQL by its schema (`format` sql or sql-expression) or its name; None of any other."""
    if not isinstance(literal.value, str):
        return None
    sql = "".join(part if isinstance(part, str) else BROUGHT_IN_SQL for part in read_text(literal.value))
    if "sql-expression" in literal.formats:
        return read_expression(sql)
    return read_select(sql) if "sql" in literal.formats or literal.path[-1] == "sql" else None


def schemas_at(schema: JsonSchema, path: Path) -> Iterator[JsonSchema]:
    """What a schema says about the place at the end of a path, by each of its alternatives."""
    if not path:
        yield from _alternatives(schema)
        return
    for option in _alternatives(schema):
        if isinstance(inner := _inside(option, path[0]), dict):
            yield from schemas_at(inner, path[1:])


def _within(at: Literal) -> Iterator[Literal]:
    at = replace(at, wording=_wording(at))
    match at.value:
        case str() if (parts := sql_of(at)) is not None:
            yield from _of_sql(at, parts)
        case str() if "${" in at.value:
            yield from _of_text(at)
        case Mapping():
            for key, value in at.value.items():
                if not any(key in schema.get("properties", {}) for schema in at.schemas):
                    yield replace(at, value=key, part=Part.NAME, schemas=())
                yield from _within(_at(at, key, value, f".{key}"))
        case list():
            for index, value in enumerate(at.value):
                yield from _within(_at(at, index, value, f"[{index}]"))
        case _:
            yield at


def _at(outer: Literal, key: str | int, value: Json, written: str) -> Literal:
    schemas = tuple(found for schema in outer.schemas for found in schemas_at(schema, (key,)))
    return replace(outer, where=outer.where + written, path=(*outer.path, key), value=value, schemas=schemas)


def _wording(at: Literal) -> Wording:
    said = _says(at.schemas, "x-wording")
    return Wording(said) if said in frozenset(Wording) else at.wording


def _says(schemas: tuple[JsonSchema, ...], keyword: str) -> Any:
    return next((schema[keyword] for schema in schemas if keyword in schema), None)


def _of_sql(at: Literal, parts: SqlParts) -> Iterator[Literal]:
    if parts.problem:
        yield replace(at, value=parts.problem, part=Part.SQL_BROKEN, schemas=())
    for value in parts.literals:
        if not (isinstance(value, str) and BROUGHT_IN_SQL in value):
            yield replace(at, value=value, part=Part.SQL_VALUE, schemas=(), wording=Wording.NONE)
    for names, part in ((parts.columns, Part.SQL_COLUMN), (parts.tables, Part.SQL_TABLE)):
        for name in sorted(names - {BROUGHT_IN_SQL}):
            yield replace(at, value=name, part=part, schemas=(), wording=Wording.NONE)


def _of_text(at: Literal) -> Iterator[Literal]:
    """The literals inside its references, and the words around them."""
    parts = read_text(at.value)
    for part in parts:
        if isinstance(part, Expression):
            for value in _of_expression(part.parsed.parsed):
                yield replace(at, value=value, part=Part.EXPRESSION, schemas=(), wording=Wording.NONE)
    if any(isinstance(part, str) for part in parts):
        yield replace(at, value="".join(part if isinstance(part, str) else BROUGHT for part in parts))


def _of_expression(node: Mapping[str, Any]) -> Iterator[Json]:
    """Literals, indexes and ends of slices of JMESPath's syntax tree."""
    match node["type"]:
        case "literal":
            yield from _scalars(node["value"])
        case "index" if node["value"] not in NEUTRAL:
            yield node["value"]
        case "slice":
            yield from (child for child in node["children"] if child is not None and child not in NEUTRAL)
            return
    for child in node["children"]:
        if isinstance(child, Mapping):
            yield from _of_expression(child)


def _scalars(value: Json) -> Iterator[Json]:
    match value:
        case list():
            for each in value:
                yield from _scalars(each)
        case dict():
            for key, each in value.items():
                yield key
                yield from _scalars(each)
        case bool() | None:
            pass
        case int() | float() if value in NEUTRAL:
            pass
        case _:
            yield value


def _alternatives(schema: JsonSchema) -> Iterator[JsonSchema]:
    yield schema
    for keyword in ("anyOf", "oneOf", "allOf"):
        for option in schema.get(keyword, ()):
            if isinstance(option, dict):
                yield from _alternatives(option)


def _inside(schema: JsonSchema, key: str | int) -> Any:
    if isinstance(key, int):
        return schema.get("items")
    return schema.get("properties", {}).get(key, schema.get("additionalProperties"))
