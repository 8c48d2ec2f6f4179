"""Fills a tool's arguments from what stands in a request, guided by nothing but the tool's JSON schema.

Beside JSON Schema's own keywords it reads these annotations, which `tools.json` may carry:

- `x-role`: what an argument means: `measure` (a column to calculate with), `measures` (one or several), `against` (the
  second of two measures), `group`, `conditions`, `order` (a column to sort by), `descending`, `limit`, `result`
  (whatever the steps before have made);
- `x-cues`: words by which people ask for the tool (beside its input schema) or for a member of an enum (a mapping);
  `{rows}` in them stands for whatever the table itself is called, such as orders;
- `x-column`: what a column argument needs: `number`, `text`, `time`, `any`, or `none` for no column at all;
- `x-column-for`: the same for certain values of another argument: `{"function": {"count": "none"}}`.

`table_flow` reads one more, of an output schema: `x-columns`, the columns of the table that a tool makes.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from brain.intent_inference.column_links import CERTAIN, GENERAL, STATISTICS, ColumnLink
from brain.intent_inference.inflection import root
from brain.intent_inference.linking import Links
from brain.intent_inference.mentions import STOP_WORDS, Kind, Request, Word
from brain.intent_inference.sources import Column
from brain.intent_inference.spans import Place, Spanned, overlap, starts_in
from brain.intent_inference.stated import Condition, Doubt
from brain.runs import Json
from brain.tool_registry.definitions import JsonSchema

__all__ = ["DEFAULT", "MADE", "ONLY_ONE", "Filled", "Subject", "fill", "find_cue", "is_passed_on", "is_result"]


DEFAULT = "default"
"""The origin of a value that the tool's schema gives."""
ONLY_ONE = "the only one that goes with the rest"
"""The origin of a member of an enum that nobody asked for."""
MADE = "made by the step before"
ROWS = "{rows}"
ANY = "any"
NONE = "none"
BEING = re.compile(r"\b(?:is|are|was|were|be|been|being)\s+(?:the\s+)?$", re.IGNORECASE)
"""Before `most`: an adjective follows."""
AGAINST = re.compile(r"\b(?:against|versus|vs\.?)\s+(?:the\s+)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Filled:
    """A value for an argument, and why."""

    value: Json
    origin: str
    """For people: the words of the request, or DEFAULT."""
    spans: tuple[Spanned, ...] = ()
    """Where those words stand."""
    is_asked: bool = False
    """Whether words ask for this argument itself, so that they ask for the tool too."""
    doubts: tuple[Doubt, ...] = ()


@dataclass(frozen=True, slots=True)
class Subject:
    """A request, what was linked in it, and the columns of the table at hand."""

    request: Request
    links: Links
    columns: tuple[Column, ...]
    nouns: frozenset[str] = frozenset()
    """What the request may call the table itself."""
    sources: frozenset[str] = frozenset()
    """Paths that the plan reads from."""
    rows: frozenset[str] = frozenset()
    """What the request may call a row: the table's own name, and `day` where there is a row for each."""
    made: Column | None = None
    """The figure that the step before has calculated."""

    def has(self, column: Column) -> bool:
        """Whether the table at hand still has the column."""
        return any(own.name == column.name for own in self.columns)

    def is_cue(self, word: Word) -> bool:
        """Whether the word may ask for a tool, rather than name the table, a column or a value."""
        return word.text not in self.nouns and not self.links.is_taken(word)

    def stated(
        self, value: Json, spans: Sequence[Spanned], *, is_asked: bool = False, doubts: Iterable[Doubt | None] = ()
    ) -> Filled:
        """A value that words of the request state."""
        origin = ", ".join(self.request.quote(span.start, span.end) for span in spans)
        return Filled(value, origin, tuple(spans), is_asked, tuple(doubt for doubt in doubts if doubt))


def fill(schema: JsonSchema, subject: Subject) -> dict[str, Filled] | None:
    """Argument name -> value, tables left out; None where something required is not in the request."""
    filled: dict[str, Filled] = {}
    required = frozenset(schema.get("required", ()))
    arguments = schema.get("properties", {})
    for name in sorted(arguments, key=lambda name: "x-column-for" in arguments[name]):
        if is_passed_on(arguments[name]):
            continue
        if (found := _argument(name, _settled(arguments[name], filled), subject)) is not None:
            filled[name] = found
        elif name in required:
            return None
    return {name: filled[name] for name in arguments if name in filled}


def is_passed_on(schema: JsonSchema) -> bool:
    """Whether an argument takes what an earlier step made, so that no words are needed for it."""
    return schema.get("format") in ("table", "file") or is_result(schema)


def is_result(schema: JsonSchema) -> bool:
    """Whether an argument takes whatever the steps before have made."""
    return schema.get("x-role") == "result"


def find_cue(cues: Sequence[str], subject: Subject, *, in_names: bool = False) -> Iterator[Place]:
    """Where one of the words stands in the request, unless it is part of a column's name or of a condition."""
    for cue in cues:
        parts = cue.split()
        words = _unconditional(subject) if ROWS in parts else subject.request.words
        for start in range(len(words) - len(parts) + 1):
            run = words[start : start + len(parts)]
            if all(_is_part(part, word, subject, in_names) for part, word in zip(parts, run, strict=True)):
                yield Place(run[0].start, run[-1].end)


def _unconditional(subject: Subject) -> Sequence[Word]:
    """The words of no condition: `most rainy days` are the most days."""
    conditions = (*subject.links.conditions, *subject.links.met)
    return [word for word in subject.request.words if not starts_in(word, conditions)]


def _is_part(part: str, word: Word, subject: Subject, in_names: bool) -> bool:
    """Whether a word of the request is this word of a cue; ROWS stands for what a row is called."""
    if part == ROWS:
        return word.text in subject.rows
    return root(word.text) == root(part) and (subject.is_cue(word) or (in_names and subject.links.is_name(word)))


def _settled(schema: JsonSchema, filled: Mapping[str, Filled]) -> JsonSchema:
    """The argument's schema, with what another argument's value means for it (`x-column-for`) written in."""
    for other, needs in schema.get("x-column-for", {}).items():
        if other in filled and filled[other].value in needs:
            return {**schema, "x-column": needs[filled[other].value]}
    return schema


def _argument(name: str, schema: JsonSchema, subject: Subject) -> Filled | None:
    found = _counted(name, subject) if schema.get("type") == "integer" else None
    found = found or _stated(schema, subject)
    if found is None and schema.get("default") is not None:
        return Filled(schema["default"], DEFAULT)
    return found


def _stated(schema: JsonSchema, subject: Subject) -> Filled | None:
    if (role := ROLES.get(schema.get("x-role", ""))) is not None:
        return role(schema, subject)
    if "enum" in schema:
        return _member(schema, subject)
    if kind := {"uri": Kind.URL, "path": Kind.PATH}.get(schema.get("format", "")):
        mentions = [mention for mention in subject.request.of(kind) if mention.value not in subject.sources]
        return subject.stated(mentions[0].value, mentions[:1]) if mentions else None
    return None


def _counted(name: str, subject: Subject) -> Filled | None:
    """The number in front of the argument's own name: `2 sentences`."""
    for number in subject.request.of(Kind.NUMBER):
        following = next((word for word in subject.request.words if word.start >= number.end), None)
        if following is not None and root(following.text) == root(name) and isinstance(number.value, int):
            return subject.stated(number.value, [number, following], is_asked=True)
    return None


def _member(schema: JsonSchema, subject: Subject) -> Filled | None:
    """The member whose cue is the longest; one that says which rows come first only counts where there is no other."""
    found = list(_member_cues(schema, subject)) or list(_member_cues(schema, subject, in_names=True))
    found = [match for match in found if not match[2]] or found
    ordering = subject.links.ordering
    others = [match for match in found if ordering is None or not overlap(match[0], ordering)]
    usable = others if others or (ordering is not None and ordering.is_row) else found
    if not usable:
        return None
    cue, member, _ = max(usable, key=lambda match: (match[0].end - match[0].start, -match[0].start))
    spans = [place for place, other, _ in found if other == member and (place == cue or not overlap(place, cue))]
    return subject.stated(member, spans, is_asked=True)


def _member_cues(schema: JsonSchema, subject: Subject, *, in_names: bool = False) -> Iterator[tuple[Place, Json, bool]]:
    """Cues for the members of an enum, and whether they are weak: made of words that say little (`how much`).

    With `in_names` a statistic that is part of a column's name counts: `maximum temperature`.
    """
    cues: Mapping[str, Sequence[str]] = schema.get("x-cues", {})
    for member in schema["enum"]:
        for cue in (str(member).replace("_", " "), *cues.get(str(member), ())):
            is_weak = all(word in STOP_WORDS for word in cue.split())
            for place in find_cue([cue], subject, in_names=in_names and cue in STATISTICS):
                is_amount = cue.endswith(" of") and _is_before_amount(place, subject)
                if not is_amount and not (cue in GENERAL and not _adds_up(place, subject)):
                    yield place, member, is_weak


def _is_before_amount(place: Place, subject: Subject) -> bool:
    """`number of votes` is no count where `votes` are a column of numbers."""
    amounts = [link for link in subject.links.columns if link.column.is_measure and link.score >= CERTAIN]
    return any(place.end < link.start and not subject.request.text[place.end : link.start].strip() for link in amounts)


def _adds_up(place: Place, subject: Subject) -> bool:
    """Whether `most` asks for a sum: of what it stands before, for one of several groups, and not as an adjective's."""
    request = subject.request
    following = [word for word in request.words if word.start >= place.end][:2]
    if not subject.links.groupings:
        return False
    if not following or following[0].is_stop or request.text[place.end : following[0].start].strip():
        return True
    said = following[0]
    named = any(link.start == said.start and link.score >= CERTAIN for link in subject.links.columns)
    if named and not said.text.endswith("y"):  # `windy` is no noun, though its column is called wind
        return True
    is_followed = following[1:] and not request.text[said.end : following[1].start].strip(" -")
    return not (BEING.search(request.before(place)) or (is_followed and not following[1].is_stop))


def _measure(schema: JsonSchema, subject: Subject) -> Filled | None:
    """The column to calculate with: what the step before made, else what is named, best where no condition needs it."""
    need = schema.get("x-column", ANY)
    if need == NONE:
        return None
    if subject.made is not None:
        return Filled(subject.made.name, MADE)
    grouped = {grouping.column.name for grouping in subject.links.groupings if grouping.part is None}
    for links in (subject.links.columns, subject.links.conditioned):
        usable = [
            link
            for link in links
            if _fits(link.column, need) and subject.has(link.column)
            and (need == ANY or link.column.name not in grouped)
        ]  # fmt: skip
        if usable:
            return _best(usable, subject)
    return None


def _best(links: Sequence[ColumnLink], subject: Subject) -> Filled:
    ranked = sorted(links, key=lambda link: (link.is_adjective, -link.score, link.start))
    best = ranked[0]
    doubt = Doubt.between([link for link in ranked if link.start == best.start], subject.request)
    return subject.stated(best.column.name, [best], doubts=[doubt])


def _measures(schema: JsonSchema, subject: Subject) -> Filled | None:
    """All columns that are equally well meant: a chart can show both temperatures."""
    found = _measure(schema, subject)
    if found is None or not found.doubts:
        return found
    return replace(found, value=list(found.doubts[0].columns), doubts=())


def _against(_schema: JsonSchema, subject: Subject) -> Filled | None:
    """The column in `rain against wind`."""
    for match in AGAINST.finditer(subject.request.text):
        links = [link for link in subject.links.columns if link.start == match.end() and subject.has(link.column)]
        if links:
            return _best(links, subject)
    return None


def _order(_schema: JsonSchema, subject: Subject) -> Filled | None:
    """The column to sort by: the one that the order names, else what is calculated or spoken of."""
    ordering = subject.links.ordering
    if ordering is None:
        return None
    own = [
        link
        for link in subject.links.columns
        if overlap(link, ordering) and subject.has(link.column) and (link.column.is_measure or link.column.is_time)
    ]
    if subject.made is None and own:
        return _best(own, subject)
    if ordering.column is not None and subject.has(ordering.column.column):
        return subject.stated(ordering.column.column.name, [ordering, ordering.column])
    return _measure({"x-column": "number"}, subject)


def _group(schema: JsonSchema, subject: Subject) -> Filled | None:
    groupings = [grouping for grouping in subject.links.groupings if subject.has(grouping.column)]
    if not groupings:
        return None
    values = [
        {"column": grouping.column.name, "part": grouping.part} if grouping.part else grouping.column.name
        for grouping in groupings
    ]
    takes_many = any(option.get("type") == "array" for option in (schema, *schema.get("anyOf", ())))
    value: Json = values if len(values) > 1 and takes_many else values[0]
    spans = [*groupings, *(grouping.cue for grouping in groupings if grouping.cue)]
    return subject.stated(value, spans, is_asked=True, doubts=(grouping.doubt for grouping in groupings))


def _conditions(_schema: JsonSchema, subject: Subject) -> Filled | None:
    conditions = [condition for condition in subject.links.conditions if subject.has(condition.column)]
    if not conditions:
        return None
    doubts = (condition.doubt for condition in conditions)
    spans: list[Spanned] = [*conditions, *(condition.named for condition in conditions if condition.named)]
    return subject.stated(list(_merged(conditions)), spans, is_asked=True, doubts=doubts)


def _merged(conditions: Sequence[Condition]) -> Iterator[Json]:
    """Two values of one column are alternatives: `sunny and rainy` days are either."""
    by_column: dict[tuple[str, str | None, str], list[Json]] = {}
    for condition in conditions:
        values = by_column.setdefault((condition.column.name, condition.part, condition.operator), [])
        values += [] if condition.value in values else [condition.value]
    for (column, part, operator), values in by_column.items():
        fields = {"column": column} | ({"part": part} if part else {})
        if len(values) > 1 and operator == "equals":
            yield {**fields, "operator": "in", "value": values}
        else:
            yield from ({**fields, "operator": operator, "value": value} for value in values)


def _descending(_schema: JsonSchema, subject: Subject) -> Filled | None:
    ordering = subject.links.ordering
    return None if ordering is None else subject.stated(ordering.descending, [ordering], is_asked=True)


def _limit(_schema: JsonSchema, subject: Subject) -> Filled | None:
    ordering = subject.links.ordering
    if ordering is None or ordering.limit is None:
        return None
    return subject.stated(ordering.limit, [ordering.limit_span or ordering])


ROLES: Mapping[str, Callable[[JsonSchema, Subject], Filled | None]] = {
    "measure": _measure,
    "measures": _measures,
    "against": _against,
    "order": _order,
    "group": _group,
    "conditions": _conditions,
    "descending": _descending,
    "limit": _limit,
}


def _fits(column: Column, need: Any) -> bool:
    match need:
        case "number":
            return column.is_measure
        case "time":
            return column.is_time
        case "text":
            return column.is_text
        case _:
            return True
