"""A pipeline as it is written down, in YAML or JSON; what it means is checked in `build`."""

import json
import math
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from brain.durations import Duration, Timeout
from brain.errors import Problem, SpecError
from brain.pipeline_builder import notation
from brain.runs import Json
from brain.text_files import read_text_file

__all__ = ["RESERVED_IDS", "OnError", "PipelineSpec", "RetrySpec", "StepSpec", "read_spec", "why_unstorable"]

RESERVED_IDS = frozenset({"inputs", "item", "index", "secret"})
DEEPEST = 32
"""Levels of lists and mappings in one argument; what walks them may recurse."""
MOST_VALUES = 100_000
"""Values in one argument, counted where they stand: a few YAML aliases can stand for billions."""


def _not_reserved(name: str) -> str:
    if name in RESERVED_IDS:
        raise ValueError(f"{name!r} is reserved; choose another id")
    return name


def why_unstorable(text: str) -> str | None:
    """What keeps a text from being stored, if anything does."""
    if "\0" in text:
        return "holds a NUL character, which cannot be stored"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "holds half a character (a lone surrogate), which cannot be stored"
    return None


def _is_text(text: str) -> str:
    if why := why_unstorable(text):
        raise ValueError(why)
    return text


def _is_iterable(value: Any) -> Any:
    if value is not None and not isinstance(value, str | list):
        raise ValueError("takes a list, or a reference to one as in ${links.urls}")
    return value


def _is_json(value: Any) -> Any:
    """Refuse what JSON, PostgreSQL or a recursive reader cannot take; YAML and Python callers can write all of it."""
    if isinstance(value, str):
        return _is_text(value)
    if isinstance(value, int | None):
        return value
    pending: list[tuple[Any, int]] = [(value, 0)]
    for count in range(MOST_VALUES):
        if not pending:
            return value
        part, depth = pending.pop()
        if depth > DEEPEST:
            raise ValueError(f"is nested deeper than {DEEPEST} levels")
        pending.extend((child, depth + 1) for child in _children(part, room=MOST_VALUES - count))
    raise ValueError(f"holds more than {MOST_VALUES:,} values; put them into a file or table and read it in a step")


def _children(part: Any, room: int) -> Iterator[Any]:
    match part:
        case str():
            _is_text(part)
        case float() if not math.isfinite(part):
            raise ValueError(f"{part} is no JSON number")
        case None | bool() | int() | float():
            pass
        case dict():
            yield from part
            yield from part.values()
            if not all(isinstance(key, str) for key in part):
                raise ValueError("has a name that is not text; put it in quotes")
        case list():
            yield from part[:room]
        case _:
            raise ValueError(f"a {type(part).__name__} is no JSON value")


StepId = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_]*$", max_length=100), AfterValidator(_not_reserved)]
Text = Annotated[str, AfterValidator(_is_text)]
JsonValue = Annotated[Json, AfterValidator(_is_json)]


class OnError(StrEnum):
    """What a step's failure means for the run."""

    FAIL = "fail"
    """The run fails; independent branches finish."""
    SKIP = "skip"
    """The result is null and dependants run."""
    COLLECT = "collect"
    """Of a `foreach` step: a failed item is `{"error": ...}` in its place."""


class _Written(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RetrySpec(_Written):
    """How often a repeatable step may be tried in all, with exponential backoff and jitter in between."""

    attempts: Annotated[int, Field(ge=1, le=20)] = 3


class StepSpec(_Written):
    """One call of one tool, or with `foreach` one call an item."""

    id: StepId
    tool: Text
    arguments: dict[Text, JsonValue] = Field(default_factory=dict)
    needs: tuple[Text, ...] = ()
    """Steps that must be done first although nothing of theirs is referred to."""
    foreach: Annotated[str | list[Json] | None, BeforeValidator(_is_iterable), AfterValidator(_is_json)] = None
    max_parallel: Annotated[int, Field(ge=1, le=1000)] | None = None
    when: Text | None = None
    """A JMESPath expression over inputs and step results; a false one skips the step."""
    on_error: OnError = OnError.FAIL
    retry: RetrySpec | None = None
    timeout: Timeout | None = None
    cache: Duration | None = None
    description: Text = ""


class PipelineSpec(_Written):
    """The whole pipeline; the only thing that intent inference may produce."""

    version: Literal[1] = 1
    name: Annotated[Text, StringConstraints(min_length=1, max_length=100)] = "pipeline"
    request: Text = ""
    inputs: dict[Text, Annotated[dict[str, Any], AfterValidator(_is_json)]] = Field(default_factory=dict)
    """Name -> JSON schema, with `default` where the input may be left out."""
    steps: tuple[StepSpec, ...]
    outputs: dict[Text, JsonValue] = Field(default_factory=dict)
    """Name -> reference; empty means the steps that no other step uses."""

    @classmethod
    def from_text(cls, text: str, source: str = "the pipeline") -> Self:
        """Parse JSON or YAML; raises SpecError with every field that is wrong."""
        try:
            value = notation.from_text(text)
        except ValueError as exc:
            raise SpecError([Problem(source, str(exc))]) from None
        return cls.from_value(value, source)

    @classmethod
    def from_value(cls, value: Any, source: str = "the pipeline") -> Self:
        """Check the shape of a parsed value; raises SpecError with every field that is wrong."""
        if not isinstance(value, dict):
            raise SpecError([Problem(source, "must be a mapping with `steps`")])
        try:
            return cls.model_validate(value)
        except ValidationError as exc:
            raise SpecError([_problem(error, value) for error in exc.errors(include_url=False)]) from None

    def to_json(self) -> dict[str, Json]:
        """Only what was said: defaults are left out, so that a spec reads as it was written."""
        return {"version": self.version, **self.model_dump(mode="json", exclude_defaults=True)}

    def to_yaml(self) -> str:
        """The spec for people to read and edit."""
        return notation.to_text(self.to_json())

    def canonical(self) -> str:
        """One text for one meaning, to hash and to compare."""
        return json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def read_spec(path: Path) -> PipelineSpec:
    """Read a spec file; raises UsageError where there is none, SpecError where it is wrong."""
    return PipelineSpec.from_text(read_text_file(path, "pipeline file"), source=str(path))


def _problem(error: Any, value: dict[str, Any]) -> Problem:
    location = list(error["loc"])
    if location[:1] == ["steps"] and len(location) > 1:
        location[1] = _step_name(value["steps"], location[1])
    message = error["msg"].removeprefix("Value error, ")
    return Problem(".".join(str(part) for part in location) or "pipeline", message[0].lower() + message[1:])


def _step_name(steps: Any, index: Any) -> str:
    try:
        return str(steps[index]["id"])
    except (KeyError, IndexError, TypeError):
        return f"[{index}]"
