"""Names and values that a plan may use because they were described to it, or because a step of it makes them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from brain.identifiers import split_name
from brain.intent_inference.literals import literals_of
from brain.intent_inference.plan import Origin
from brain.intent_inference.sources import Source, ends_with
from brain.intent_inference.spoken import Found
from brain.intent_inference.sql_literals import read_select
from brain.pipeline_builder.schemas import members_of
from brain.pipeline_builder.spec import PipelineSpec
from brain.tool_registry.definitions import ToolDefinition

__all__ = ["Described", "MadeNames"]

BRACES = re.compile(r"\{[^}]*\}")
NAMING = frozenset({"name", "names_to", "values_to", "suffix", "prefix", "rename", "alias", "as", "new_name"})
"""Arguments that say what something new is called."""
JOINING = frozenset({"rows", "count", "of", "by", "per", "and", "index", "row"})
"""Words that tools put into the names that they make."""


class Described:
    """The columns, values, paths and inputs of the sources."""

    def __init__(self, sources: Iterable[Source]) -> None:
        self._sources = tuple(sources)

    def column(self, name: str) -> Found | None:
        """A column, in capitals or not."""
        for source in self._sources:
            if any(column.name.lower() == name.lower() for column in source.columns):
                return Found(f"a column of {source.name}", Origin.DATA)
        return None

    def value(self, value: str) -> Found | None:
        """A value that a column holds, or a column's name."""
        for source in self._sources:
            for column in source.columns:
                if any(value.lower() == held.lower() for held in column.values):
                    return Found(f"a value of {column.name} in {source.name}", Origin.DATA)
        return self.column(value)

    def path(self, path: str) -> Found | None:
        """The file of a source."""
        for source in self._sources:
            if source.path is not None and (source.path == path or ends_with(source.path, path)):
                return Found(f"the file of {source.name}, {source.why}" if source.why else source.name, Origin.DATA)
        return None

    def table(self, name: str) -> Found | None:
        """The name of a source."""
        found = (
            source for source in self._sources if name.lower() in (source.name.lower(), (source.input or "").lower())
        )
        return Found("the table", Origin.DATA) if next(found, None) else None

    @property
    def pieces(self) -> frozenset[str]:
        """The words of all columns' names."""
        return frozenset(
            piece for source in self._sources for column in source.columns for piece in split_name(column.name)
        )


class MadeNames:
    """What the steps of a plan may call columns: names that they are given, and those that tools put together."""

    def __init__(self, spec: PipelineSpec, tools: Mapping[str, ToolDefinition], described: Described) -> None:
        self._known = described.pieces | JOINING
        self._of_step = {
            step.id: frozenset(_words_of_step(spec, number, tools.get(step.tool)))
            for number, step in enumerate(spec.steps)
        }

    def column(self, name: str) -> Found | None:
        """A column that a step may make; `name` consists of what the steps and the data call things."""
        wanted = set(split_name(name))
        for step_id, words in self._of_step.items():
            if wanted and wanted & words and wanted <= words | self._known:
                return Found(f"made by {step_id}", Origin.STEP)
        return None


def _words_of_step(spec: PipelineSpec, number: int, tool: ToolDefinition | None) -> Iterator[str]:
    for literal in literals_of(spec.steps[number], number, tool):
        is_member = any(literal.value in (members_of(schema) or ()) for schema in literal.schemas)
        if isinstance(literal.value, str) and (is_member or NAMING & set(map(str, literal.path))):
            yield from split_name(literal.value)
    for value in _texts(spec.steps[number].arguments):
        if value.lstrip().lower().startswith(("select", "with")):
            yield from (piece for name in read_select(value).names for piece in split_name(name))
    if tool is not None:
        made = tool.output_schema.get("x-columns", {})
        yield from (piece for name in made for piece in split_name(BRACES.sub(" ", name)))
        yield from (piece for text in _defaults(tool.input_schema) for piece in split_name(text))


def _defaults(schema: Any) -> Iterator[str]:
    """Defaults, which tools put into names: `mean_price`, `price_right`."""
    match schema:
        case Mapping():
            if isinstance(default := schema.get("default"), str):
                yield default
            for key, part in schema.items():
                if key != "default":
                    yield from _defaults(part)
        case list():
            for part in schema:
                yield from _defaults(part)


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            for part in value.values():
                yield from _texts(part)
        case list():
            for part in value:
                yield from _texts(part)
