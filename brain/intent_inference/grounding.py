"""Where each literal of a model's plan comes from; what comes from nowhere is refused."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from brain.intent_inference.literals import BROUGHT, Literal, Part, Wording, literals_of
from brain.intent_inference.mentions import PATTERNS, Kind
from brain.intent_inference.plan import Origin, Provenance, Question
from brain.intent_inference.prose import ADDRESS, HOST, MAIL, Telling, TellingKind, telling_parts
from brain.intent_inference.spoken import Found, said_by
from brain.intent_inference.told_names import Described, MadeNames
from brain.pipeline_builder.schemas import members_of
from brain.pipeline_builder.spec import PipelineSpec
from brain.runs import Json
from brain.shortened import shown
from brain.tool_registry.definitions import ToolDefinition

__all__ = ["Grounding", "Refused", "ground"]

IN_WORDS = re.compile(r"(?P<count>\d+)\s*(?P<unit>[a-z]+)", re.IGNORECASE)
"""`30 days`, of an interval."""
LIKE = re.compile(r"^[%*]+|[%*]+$")
"""Around a text that is looked for."""
BEHIND_BROUGHT = re.compile(rf"{BROUGHT}(?:[/?#&](?!/).*)?", re.DOTALL)
"""An address that a reference brings, and what is put behind it: nothing that could be read as a part of its host."""
BROUGHT_PORT = re.compile(rf"{BROUGHT}(?::\d+)?")
OWN_WORDS = Found("the model's own words", Origin.MODEL)
NEUTRAL = Found("no value, only signs", Origin.MODEL)
READING = Found("read from the request by the model", Origin.READING)
DEFAULT = Found("default", Origin.SCHEMA)
BROUGHT_HOST = Found("an earlier step", Origin.STEP)
NOWHERE = "stands neither in the request nor in the described data"
ASKS = 'if nothing says what it should be, write {"ask_person": "a short question"} in its place'


@dataclass(frozen=True, slots=True)
class Refused:
    """A literal that comes from nowhere."""

    literal: Literal
    why: str
    """Behind the literal, without a full stop: `stands neither in the request nor in the described data`."""

    @property
    def what(self) -> str:
        """For the model."""
        if self.literal.part is Part.SQL_BROKEN:
            return str(self.literal.value)
        return f"{self.why}; say it as they do, or leave it out; {ASKS}"


@dataclass(frozen=True, slots=True)
class Grounding:
    """What was found out about all literals of a plan."""

    provenance: tuple[Provenance, ...]
    refused: tuple[Refused, ...]


def ground(spec: PipelineSpec, question: Question, tools: Mapping[str, ToolDefinition]) -> Grounding:
    """Find a place for every literal; `tools` are those that the steps use, by name."""
    grounds = _Grounds(spec, question, tools)
    provenance, refused = [], []
    for number, step in enumerate(spec.steps):
        for literal in literals_of(step, number, tools.get(step.tool)):
            found = grounds.of(literal)
            if isinstance(found, Found):
                if literal.part is not Part.NAME:
                    provenance.append(Provenance(literal.where, literal.value, found.origin, found.kind))
            elif found:
                refused.append(Refused(literal, found))
    return Grounding(tuple(provenance), tuple(refused))


class _Grounds:
    """Everything that a literal may come from. Its methods give what was found, or why it is refused."""

    def __init__(self, spec: PipelineSpec, question: Question, tools: Mapping[str, ToolDefinition]) -> None:
        self._spoken = tuple(said_by(question.request, question.answers, question.as_of))
        self._answers = question.answers
        self._described = Described(question.sources)
        self._made = MadeNames(spec, tools, self._described)
        self._spec = spec
        self._tools = tools

    def of(self, literal: Literal) -> Found | str:
        match literal.part:
            case Part.SQL_BROKEN:
                return str(literal.value)
            case Part.SQL_COLUMN:
                return self._column(str(literal.value)) or f"the column {shown(literal.value)} {NOWHERE}"
            case Part.SQL_TABLE:
                return self._table(literal) or f"the table {shown(literal.value)} is none that the SQL is given"
            case Part.NAME:
                return self._own_words(str(literal.value), Wording.CODE)
        return self._value(literal)

    def _value(self, literal: Literal) -> Found | str:
        value = literal.value
        if value is None:
            return ""
        if found := self._answered(value) or self._member(literal):
            return found
        match value:
            case bool():
                return READING
            case int() | float():
                found = self._number(value)
            case str():
                return self._text(literal, value)
        return found or self._default(literal) or f"{shown(value)} {NOWHERE}"

    def _answered(self, value: Json) -> Found | None:
        same = (name for name, answer in self._answers.items() if answer == value and type(answer) is type(value))
        return Found(f"answered: {name}", Origin.ANSWER) if (name := next(same, None)) else None

    def _member(self, literal: Literal) -> Found | None:
        """One of a closed set."""
        members = next(
            (found for schema in literal.schemas if literal.value in (found := members_of(schema) or ())), None
        )
        if members is None and not isinstance(literal.value, bool):
            return None
        said = self._said_member(literal) if isinstance(literal.value, str) else None
        only = Found("the only value that it takes", Origin.SCHEMA) if members and len(members) == 1 else None
        return said or self._default(literal) or only or READING

    def _said_member(self, literal: Literal) -> Found | None:
        """By its own name, or by the words for it that the tool's definition knows."""
        for schema in literal.schemas:
            cues = schema.get("x-cues", {})
            for words in cues.get(literal.value, ()) if isinstance(cues, Mapping) else ():
                if found := self._quoted(words):
                    return found
        return self._said(str(literal.value))

    def _default(self, literal: Literal) -> Found | None:
        value = literal.value
        has = any("default" in schema and schema["default"] == value for schema in literal.schemas)
        return DEFAULT if has else None

    def _text(self, literal: Literal, value: str) -> Found | str:
        if found := self._default(literal):
            return self._said(value) or found
        if place := self._as_place(literal, value):
            return place
        plain = LIKE.sub("", value) if literal.part is Part.SQL_VALUE else value
        if not re.search(r"\w", plain.replace(BROUGHT, "")):
            return NEUTRAL
        if "column" in literal.formats:
            return self._column(value) or f"the column {shown(value)} {NOWHERE}"
        return self._name(literal, plain) or self._worded(literal, value)

    def _name(self, literal: Literal, value: str) -> Found | None:
        found = self._said(value) or self._described.value(value) or self._interval(value)
        if found is None and any(str(part).startswith("column") for part in literal.path):
            return self._column(value)
        return found

    def _worded(self, literal: Literal, value: str) -> Found | str:
        if literal.wording is not Wording.NONE or BROUGHT in value:
            return self._own_words(value, literal.wording if BROUGHT not in value else Wording.PROSE)
        return f"{shown(value)} {NOWHERE}"

    def _as_place(self, literal: Literal, value: str) -> Found | str | None:
        """Of an address, a mail address, a host or a path; None of anything else."""
        if ADDRESS.match(value) or "uri" in literal.formats:
            return self._address(value)
        if MAIL.fullmatch(value):
            return self._verbatim(value)
        if "path" in literal.formats or PATTERNS[Kind.PATH].fullmatch(value) or value.startswith(("/", "~/", "../")):
            return self._path(literal, value)
        if HOST.fullmatch(value) and literal.wording is not Wording.CODE and "column" not in literal.formats:
            return self._column(value) or self._host(value)
        return None

    def _address(self, value: str) -> Found | str:
        if BEHIND_BROUGHT.fullmatch(value):
            return BROUGHT_HOST
        if not ADDRESS.match(value):
            return self._verbatim(value)
        host = urlsplit(value).netloc
        if "@" in host:
            return self._host(host.rpartition("@")[2]) if BROUGHT in host else self._with_user(host)
        if BROUGHT_PORT.fullmatch(host):
            return BROUGHT_HOST
        if not value.lower().startswith(("http://", "https://")):
            return self._verbatim(value)
        return self._at_host(value, host)

    def _with_user(self, netloc: str) -> Found | str:
        host = netloc.rpartition("@")[2]
        named = self._host(host)
        return named if isinstance(named, str) else f"{shown(netloc)} holds a user or password, which no plan does"

    def _at_host(self, value: str, host: str) -> Found | str:
        found = self._host(host)
        if isinstance(found, str):
            return found
        whole = [url for spoken in self._spoken for url in spoken.urls_at(host)]
        if not whole:
            return Found(f"{found.origin}, the rest is the model's", found.kind)
        for url in whole:
            begins = _without_scheme(value).startswith(_without_scheme(url))
            if begins and _without_scheme(value)[len(_without_scheme(url)) :][:1] in ("", "/", "?", "#", "&"):
                return (
                    Found(f"“{url}”", Origin.SPAN)
                    if value.rstrip("/") == url
                    else Found(f"extends “{url}”", Origin.RULE)
                )
        return f"{shown(value)} is not the address that the request names ({whole[0]})"

    def _host(self, host: str) -> Found | str:
        for name in (host, host.removeprefix("www.")):
            if found := next(filter(None, (spoken.host(name) for spoken in self._spoken)), None):
                return found
        return f"{host} does not stand in the request, and a plan goes nowhere that nobody asked for"

    def _path(self, literal: Literal, value: str) -> Found | str:
        if found := self._described.path(value) or self._quoted(value):
            return found
        tool = self._tools.get(self._spec.steps[literal.step].tool)
        stem = re.sub(r"\.\w+$", "", value.rpartition("/")[2])
        is_new = (
            tool is not None and not tool.is_read_only and not value.startswith(("/", "~", ".")) and ".." not in value
        )
        if is_new and any(spoken.names(stem) for spoken in self._spoken):
            return Found("a new file, named by words of the request", Origin.RULE)
        return f"the path {shown(value)} {NOWHERE}"

    def _verbatim(self, value: str) -> Found | str:
        return self._quoted(value) or f"{shown(value)} {NOWHERE}"

    def _quoted(self, value: str) -> Found | None:
        return next(filter(None, (spoken.verbatim(value) for spoken in self._spoken)), None)

    def _said(self, value: str) -> Found | None:
        return next(filter(None, (spoken.text(value) for spoken in self._spoken)), None)

    def _number(self, value: float) -> Found | None:
        return next(filter(None, (spoken.number(value) for spoken in self._spoken)), None)

    def _interval(self, value: str) -> Found | None:
        match = IN_WORDS.fullmatch(value)
        return self._number(int(match["count"])) if match else None

    def _column(self, name: str) -> Found | None:
        return (
            self._described.column(name) or self._made.column(name) or self._said(name) or self._described.value(name)
        )

    def _table(self, literal: Literal) -> Found | None:
        name, step = str(literal.value), self._spec.steps[literal.step]
        tables = step.arguments.get("tables")
        if isinstance(tables, Mapping):
            return Found("a table that the step is given", Origin.STEP) if name in tables else None
        return self._described.table(name) or self._said(name)

    def _own_words(self, text: str, wording: Wording) -> Found | str:
        """Words that a model may find, but no places, and in prose no numbers, dates or names."""
        for part in telling_parts(text, only_places=wording is Wording.CODE):
            found = self._telling(part)
            if isinstance(found, str):
                return found
        return OWN_WORDS

    def _telling(self, part: Telling) -> Found | str:
        match part.kind:
            case TellingKind.ADDRESS:
                return self._address(part.text.rstrip(".,;:!?)"))
            case TellingKind.HOST if self._described.column(part.text) is None:
                return self._host(part.text)
            case TellingKind.NUMBER:
                return self._number(part.number) or f"the number {part.text} {NOWHERE}"
            case TellingKind.DATE | TellingKind.NAME:
                found = self._said(part.text) or self._described.value(part.text) or self._dated(part.text)
                return found or f"{shown(part.text)} {NOWHERE}"
            case _:
                return self._described.path(part.text) or self._described.column(part.text) or self._verbatim(part.text)

    def _dated(self, text: str) -> Found | None:
        """`May 2024` in a heading, by its words."""
        return self._number(int(text)) if text.isdecimal() else None


def _without_scheme(url: str) -> str:
    """The rest with the host in small letters, which means the same."""
    rest = url.partition("://")[2].removeprefix("www.")
    host, slash, path = rest.partition("/")
    return f"{host.lower()}{slash}{path}"
