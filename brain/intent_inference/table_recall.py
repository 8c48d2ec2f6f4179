"""Adapts the pipeline of an earlier run about a table to a request in other words.

It is asked only where the request could not be read by itself, so nothing is read anew: the steps stay, and numbers,
values and columns that only one of the two requests says are swapped one for one. What cannot be accounted for so, such
as a second new number or a word that asks for another tool, means that the request asks for something else.
"""

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from brain.errors import BrainError, SpecError
from brain.intent_inference.carried_over import origins_of
from brain.intent_inference.column_links import CERTAIN
from brain.intent_inference.conditions import NEGATION
from brain.intent_inference.draft import title
from brain.intent_inference.linking import Links, link
from brain.intent_inference.literals import Literal, Part, literals_of
from brain.intent_inference.mentions import Kind, Request
from brain.intent_inference.plan import Example, Provenance, Question
from brain.intent_inference.similarity import Similarity
from brain.intent_inference.slots import Subject, find_cue
from brain.intent_inference.sources import Column, Source
from brain.intent_inference.spoken_numbers import spoken_numbers
from brain.intent_inference.told_names import Described, MadeNames
from brain.pipeline_builder.schemas import members_of
from brain.pipeline_builder.spec import PipelineSpec
from brain.runs import Json
from brain.tool_registry.definitions import ToolDefinition

__all__ = ["adapt_table"]

LEAST_ALIKE = 0.3
"""Cosine similarity of two requests, without the files that they name, from which on they may ask for the same."""

type Swaps = dict[Json, Json]
"""New values by the old ones that they replace."""


class _DiffersError(Exception):
    """The request asks for something else."""


def adapt_table(
    example: Example, question: Question, tools: Mapping[str, ToolDefinition], similarity: Similarity
) -> tuple[PipelineSpec, tuple[Provenance, ...]] | None:
    """The pipeline with what the request says, and where each literal comes from; None where it asks for another."""
    if not all(step.tool in tools for step in example.spec.steps):
        return None
    if not example.spec.inputs.keys() <= question.inputs.keys():
        return None
    try:
        return _Adapting(example, question, tools, similarity).made()
    except (_DiffersError, BrainError):
        return None


@dataclass(frozen=True)
class _Said:
    """What a request says about a table for certain."""

    request: Request
    source: Source
    similarity: Similarity

    @cached_property
    def links(self) -> Links:
        """Raises PlanningError."""
        return link(self.request, self.source, self.similarity)

    @cached_property
    def text(self) -> str:
        """Without the files that it names."""
        text = self.request.text
        for place in reversed([each for each in self.request.mentions if each.kind in (Kind.PATH, Kind.URL)]):
            text = text[: place.start] + text[place.end :]
        return text

    @cached_property
    def rest(self) -> str:
        """Without numbers and values either."""
        values = sorted((value for _, value in self.values), key=len, reverse=True)
        return re.sub("|".join([r"\d[\d.,]*", *map(re.escape, values)]), "", self.text, flags=re.IGNORECASE)

    @cached_property
    def numbers(self) -> set[float]:
        """Those that stand there, but for `one`, which mostly counts nothing."""
        found = Request(self.text).of(Kind.NUMBER)
        return {float(each.value) for each in found if each.value != 1 or self.text[each.start].isdigit()}

    @cached_property
    def implied(self) -> set[float]:
        """Those that any rule makes of its words."""
        return {float(spoken.value) for spoken in spoken_numbers(Request(self.text), None)}

    @cached_property
    def values(self) -> set[tuple[str, str]]:
        """Values of columns."""
        return {
            (condition.column.name, value)
            for condition in self.links.conditions
            for value in (condition.value if isinstance(condition.value, list) else [condition.value])
            if isinstance(value, str) and value in condition.column.values
        }

    @cached_property
    def columns(self) -> set[str]:
        """Columns that are named outright."""
        named = (*self.links.columns, *self.links.conditioned)
        return {each.column.name for each in named if each.score >= CERTAIN and not each.is_adjective}

    @cached_property
    def is_negated(self) -> bool:
        return NEGATION.search(self.text) is not None

    def asks_for(self, tool: ToolDefinition) -> bool:
        """Whether words ask for the tool itself."""
        return any(find_cue(tool.input_schema.get("x-cues", ()), self._subject))

    def members(self, tool: ToolDefinition, argument: str) -> set[Json]:
        """The members of an enum that words ask for."""
        cues = tool.parameters[argument].get("x-cues", {})
        return {member for member, words in cues.items() if any(find_cue(words, self._subject))}

    @cached_property
    def _subject(self) -> Subject:
        source = self.source
        paths = frozenset({source.path} if source.path else ())
        return Subject(self.request, self.links, source.columns, source.nouns, paths, source.rows)


class _Adapting:
    """One pipeline beside one request."""

    def __init__(
        self, example: Example, question: Question, tools: Mapping[str, ToolDefinition], similarity: Similarity
    ) -> None:
        self._example = example
        self._question = question
        self._tools = tools
        self._source = question.sources[0]
        self._before = _Said(Request(example.request).about(self._source.words), self._source, similarity)
        self._now = _Said(question.request, self._source, similarity)
        self._similarity = similarity
        self._literals = [
            literal
            for number, step in enumerate(example.spec.steps)
            for literal in literals_of(step, number, tools[step.tool])
        ]

    def made(self) -> tuple[PipelineSpec, tuple[Provenance, ...]] | None:
        """Raises _DiffersError, PlanningError."""
        if self._likeness < LEAST_ALIKE:
            return None
        if self._before.is_negated != self._now.is_negated or self._asks_for_more:
            return None
        swaps = self._paths() | self._numbers() | self._values() | self._columns()
        if any(self._is_gone(literal, swaps) for literal in self._literals):
            return None
        try:
            spec = self._written(swaps)
        except SpecError:
            return None
        origins = origins_of(spec, self._example, self._question, self._tools)
        return None if origins is None else (spec, origins)

    @property
    def _likeness(self) -> float:
        """Of the requests, with their numbers and values or without."""
        before, now = self._before, self._now
        pairs = ((before.text, now.text), (before.rest, now.rest))
        return max(self._similarity.between(one, [other])[0] for one, other in pairs)

    @property
    def _asks_for_more(self) -> bool:
        """Whether words ask for a tool, or a member of an enum, that the pipeline does not have."""
        used = {step.tool for step in self._example.spec.steps}
        others = [tool for name, tool in self._tools.items() if name not in used]
        if any(self._now.asks_for(tool) and not self._before.asks_for(tool) for tool in others):
            return True
        if self._now.links.ordering is not None and self._before.links.ordering is None:
            return True
        return any(self._is_another(literal) for literal in self._literals)

    def _is_another(self, literal: Literal) -> bool:
        """Whether the request asks for another member of an enum than the pipeline has."""
        tool = self._tools[self._example.spec.steps[literal.step].tool]
        name = literal.path[-1]
        if literal.path[:-1] != ("arguments",) or name not in tool.parameters:
            return False
        asked = self._now.members(tool, str(name))
        return bool(asked) and literal.value not in asked

    def _is_gone(self, literal: Literal, swaps: Swaps) -> bool:
        """Whether it is a text that the earlier request has word for word, and the new one has not."""
        text = literal.value
        if not isinstance(text, str) or text in swaps or any(members_of(schema) for schema in literal.schemas):
            return False
        known = {name for column in self._source.columns for name in (column.name, *column.values)}
        return text not in known and _stands_in(text, self._before.text) and not _stands_in(text, self._now.text)

    def _paths(self) -> Swaps:
        """The file of the request in place of the earlier one."""
        paths = {literal.value for literal in self._literals if "path" in literal.formats and self._is_read(literal)}
        if len(paths) > 1 or (paths and self._source.path is None):
            raise _DiffersError
        return {path: self._source.path for path in paths if path != self._source.path}

    def _is_read(self, literal: Literal) -> bool:
        return self._tools[self._example.spec.steps[literal.step].tool].is_read_only

    def _numbers(self) -> Swaps:
        own = {literal.value for literal in self._literals if _is_number(literal.value)}
        lost = [each for each in sorted(own) if float(each) in self._before.implied - self._now.implied]
        new = self._now.numbers - self._before.implied - {float(each) for each in own}
        return {old: _like(old, number) for old, number in _one_for_one(lost, sorted(new))}

    def _values(self) -> Swaps:
        own = {literal.value for literal in self._literals if isinstance(literal.value, str)}
        lost = [each for each in sorted(self._before.values - self._now.values) if each[1] in own]
        new = sorted(self._now.values - self._before.values - {each for each in self._now.values if each[1] in own})
        pairs = list(_one_for_one(lost, new))
        if any(old[0] != other[0] for old, other in pairs):
            raise _DiffersError
        return {old[1]: other[1] for old, other in pairs}

    def _columns(self) -> Swaps:
        """Columns, and those that are called after them; all that the pipeline uses must be there."""
        columns = {column.name: column for column in self._source.columns}
        used = {
            str(literal.value)
            for literal in self._literals
            if "column" in literal.formats or literal.part is Part.SQL_COLUMN
        }
        own, made = used & columns.keys(), used - columns.keys()
        names = MadeNames(self._example.spec, self._tools, Described(self._question.sources))
        if any(names.column(name) is None for name in made):
            raise _DiffersError
        lost = sorted((self._before.columns - self._now.columns) & own)
        new = sorted(self._now.columns - self._before.columns - own)
        swaps: Swaps = {}
        for old, other in _one_for_one(lost if new else [], new):
            if _kind(columns[old]) != _kind(columns[other]):
                raise _DiffersError
            swaps |= {old: other} | {name: f"{name[: -len(old)]}{other}" for name in made if name.endswith(f"_{old}")}
        return swaps

    def _written(self, swaps: Swaps) -> PipelineSpec:
        written = copy.deepcopy(self._example.spec.to_json())
        text = self._question.request.text
        for step in written["steps"]:
            step["arguments"] = _swapped(step.get("arguments", {}), swaps)
        return PipelineSpec.from_value({**written, "name": title(text), "request": text})


def _one_for_one[T](lost: Sequence[T], new: Sequence[T]) -> Iterator[tuple[T, T]]:
    """At most one of each; raises _DiffersError where there are more, or only one of both."""
    if len(lost) != len(new) or len(new) > 1:
        raise _DiffersError
    yield from zip(lost, new, strict=True)


def _stands_in(words: str, text: str) -> bool:
    return re.search(rf"(?i)(?<!\w){re.escape(words)}(?!\w)", text) is not None


def _swapped(value: Json, swaps: Swaps) -> Json:
    match value:
        case dict():
            return {name: _swapped(each, swaps) for name, each in value.items()}
        case list():
            return [_swapped(each, swaps) for each in value]
        case str() if value not in swaps and "${" not in value:
            return _reworded(value, swaps)
        case bool() | None:
            return value
        case _:
            return swaps.get(value, value)


def _reworded(text: str, swaps: Swaps) -> str:
    """A title, or SQL, with the new values where it has the old ones as whole words."""
    if not swaps:
        return text
    new = {str(old).casefold(): str(other) for old, other in swaps.items()}
    words = "|".join(map(re.escape, sorted(new, key=len, reverse=True)))
    return re.sub(rf"(?i)(?<!\w)(?:{words})(?!\w)", lambda found: new[found[0].casefold()], text)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _like(old: Json, number: float) -> Json:
    """The number as the old one is written."""
    return int(number) if isinstance(old, int) and number == int(number) else number


def _kind(column: Column) -> str:
    return "time" if column.is_time else "number" if column.is_number else "other"
