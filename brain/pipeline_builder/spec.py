"""A pipeline as it is written down, in YAML or JSON; what it means is checked in `build`."""

import json
import re
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from brain.errors import Problem, SpecError, UsageError
from brain.runs import Json

__all__ = ["OnError", "PipelineSpec", "RetrySpec", "StepSpec", "parse_duration", "read_spec"]

RESERVED_IDS = frozenset({"inputs", "item", "index", "secret"})
DURATION = re.compile(r"(?P<amount>\d+(?:\.\d+)?)\s*(?P<unit>ms|s|m|h|d)")
SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400}


def parse_duration(text: str) -> timedelta:
    """`500ms`, `30s`, `5m`, `1h` or `7d`; raises ValueError on anything else."""
    if not (match := DURATION.fullmatch(text.strip())):
        raise ValueError(f"{text!r} is no duration; it takes a number and ms, s, m, h or d, as in 30s")
    return timedelta(seconds=float(match["amount"]) * SECONDS[match["unit"]])


def _not_reserved(name: str) -> str:
    if name in RESERVED_IDS:
        raise ValueError(f"{name!r} is reserved; choose another id")
    return name


def _is_duration(text: str) -> str:
    parse_duration(text)
    return text


StepId = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_]*$"), AfterValidator(_not_reserved)]
Duration = Annotated[str, AfterValidator(_is_duration)]


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
    tool: str
    arguments: dict[str, Json] = Field(default_factory=dict)
    needs: tuple[str, ...] = ()
    """Steps that must be done first although nothing of theirs is referred to."""
    foreach: str | list[Json] | None = None
    max_parallel: Annotated[int, Field(ge=1, le=1000)] | None = None
    when: str | None = None
    """A JMESPath expression over inputs and step results; a false one skips the step."""
    on_error: OnError = OnError.FAIL
    retry: RetrySpec | None = None
    timeout: Duration | None = None
    cache: Duration | None = None
    description: str = ""


class PipelineSpec(_Written):
    """The whole pipeline; the only thing that intent inference may produce."""

    version: Literal[1] = 1
    name: Annotated[str, StringConstraints(min_length=1, max_length=100)] = "pipeline"
    request: str = ""
    inputs: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Name -> JSON schema, with `default` where the input may be left out."""
    steps: tuple[StepSpec, ...]
    outputs: dict[str, Json] = Field(default_factory=dict)
    """Name -> reference; empty means the steps that no other step uses."""

    @classmethod
    def from_text(cls, text: str, source: str = "the pipeline") -> Self:
        """Parse YAML (of which JSON is a part); raises SpecError with every field that is wrong."""
        try:
            value = yaml.safe_load(text)
        except yaml.YAMLError as exc:
            raise SpecError([Problem(source, f"is neither YAML nor JSON ({_first_line(exc)})")]) from None
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
        text: str = yaml.safe_dump(self.to_json(), sort_keys=False, allow_unicode=True, width=100)
        return text

    def canonical(self) -> str:
        """One text for one meaning, to hash and to compare."""
        return json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def read_spec(path: Path) -> PipelineSpec:
    """Read a spec file; raises UsageError where there is none, SpecError where it is wrong."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "it is not UTF-8 text"
        raise UsageError(f"The pipeline file {path} cannot be read: {reason}.") from None
    return PipelineSpec.from_text(text, source=str(path))


def _first_line(exc: Exception) -> str:
    mark = getattr(exc, "problem_mark", None)
    place = f" in line {mark.line + 1}" if mark is not None else ""
    return f"{getattr(exc, 'problem', None) or str(exc).splitlines()[0]}{place}"


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
