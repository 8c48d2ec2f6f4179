"""A suite as it is written down, in YAML or JSON: requests with what is expected of their plans and results."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import jmespath
from jmespath.exceptions import JMESPathError
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from brain.errors import Problem, SuiteError, UsageError
from brain.evaluator.assertions import Expected, is_assertion
from brain.nearest import did_you_mean
from brain.pipeline_builder import notation
from brain.pipeline_builder.spec import why_unstorable
from brain.runs import Json
from brain.shortened import shortened
from brain.text_files import read_text_file

__all__ = ["ANY_OUTPUT", "Case", "Expectation", "OutputExpected", "Suite", "ToolsExpected", "read_suite"]

LONGEST_NAME = 100
ANY_OUTPUT = "*"
"""Stands for an output of any name: models name them as they like."""
WORDS = {
    "dict_type": "takes a mapping",
    "extra_forbidden": "there is no such field",
    "missing": "is missing",
    "model_type": "takes a mapping",
    "string_type": "takes text",
    "too_short": "needs at least one",
    "tuple_type": "takes a list",
}
"""What Pydantic says in words of Python's, by the type of its errors."""


def _is_storable(text: str) -> str:
    if why := why_unstorable(text):
        raise ValueError(why)
    return text


def _is_path(path: str) -> str:
    try:
        jmespath.compile(path)
    except JMESPathError as exc:
        raise ValueError(f"{path!r} is no JMESPath expression ({str(exc).splitlines()[0].rstrip('.')})") from None
    return path


def _as_exact(value: Any) -> Any:
    return {"exactly": value} if isinstance(value, list) else value


def _as_calls(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _as_yes(value: Any) -> Any:
    """`true` as what any text fulfils; false is the same as saying nothing, and is refused."""
    if value is False:
        raise ValueError("takes true, or what the text is: leave it out where it is not expected")
    return {"exists": True} if value is True else value


def _as_output(value: Any) -> Any:
    """Paths with what stands there, or one assertion about the output itself."""
    is_paths = isinstance(value, Mapping) and bool(value) and not is_assertion(value)
    return {"at": value} if is_paths else {"itself": value}


type Text = Annotated[str, AfterValidator(_is_storable)]
type Name = Annotated[Text, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_NAME)]
type JmesPath = Annotated[str, AfterValidator(_is_path)]


class _Written(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ToolsExpected(_Written):
    """Which tools the plan uses; a list alone means exactly these, each as often as it is named, in any order."""

    exactly: tuple[Text, ...] | None = None
    all: tuple[Text, ...] = ()
    any: tuple[Text, ...] = ()
    none: tuple[Text, ...] = ()

    @property
    def wanted(self) -> tuple[str, ...]:
        """Those that a plan may have to use."""
        return (*(self.exactly or ()), *self.all, *self.any)


class OutputExpected(_Written):
    """What an output is: itself, or what stands at paths in it."""

    itself: Expected | None = None
    at: dict[JmesPath, Expected] = Field(default_factory=dict)


class Expectation(_Written):
    """What is expected of a case; nothing said: that it is planned, and run to its end."""

    tools: Annotated[ToolsExpected | None, BeforeValidator(_as_exact)] = None
    arguments: dict[Text, Annotated[tuple[dict[Text, Expected], ...], BeforeValidator(_as_calls)]] = Field(
        default_factory=dict
    )
    """By tool: what its step is given, or a list with one mapping for each of several steps."""
    outputs: dict[Text, Annotated[OutputExpected, BeforeValidator(_as_output)]] = Field(default_factory=dict)
    answer: Expected | None = None
    score: Expected | None = None
    """The run's own, by checks that need no model."""
    declined: Annotated[Expected | None, BeforeValidator(_as_yes)] = None
    """No tool serves the request; an assertion is about the reason."""
    questions: Annotated[Expected | None, BeforeValidator(_as_yes)] = None
    """Something is asked in return; an assertion is about the questions, in one text."""
    error: Annotated[Expected | None, BeforeValidator(_as_yes)] = None
    """The run fails; an assertion is about the reason."""

    @property
    def looks_at_rows(self) -> bool:
        """Whether a path leads into `rows`, which are read only where somebody asks for them."""
        return any("rows" in path for output in self.outputs.values() for path in output.at)

    @model_validator(mode="after")
    def _one_ending(self) -> Self:
        endings = [name for name in ("declined", "questions", "error") if getattr(self, name) is not None]
        if len(endings) > 1:
            raise ValueError(f"expects {' and '.join(endings)} at once: a request has one ending")
        without_results = [name for name in ("outputs", "answer", "score") if name in self.model_fields_set]
        if endings and without_results:
            raise ValueError(f"expects {endings[0]}, and then there is no {' or '.join(without_results)}")
        if self.model_fields_set & {"declined", "questions"} and self.model_fields_set & {"tools", "arguments"}:
            raise ValueError(f"expects {endings[0]}, and then there is no plan to have tools or arguments")
        return self


class Case(_Written):
    """One request, or one pipeline that is written down, and what is expected of it."""

    name: Name = ""
    request: Text = ""
    pipeline: Text | None = None
    """A file, relative to the suite's folder."""
    inputs: dict[Text, Json] = Field(default_factory=dict)
    """Of a pipeline: its inputs. Of a request: tables by name, as files of the project."""
    expect: Expectation = Expectation()
    rubric: Text = ""
    """What the judge should look at beside its own criteria."""

    @model_validator(mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        """A case is called after its request where it has no name of its own."""
        if not isinstance(value, Mapping) or "name" in value:
            return value
        called = value.get("request") or value.get("pipeline")
        return {**value, "name": shortened(called, LONGEST_NAME)} if isinstance(called, str) else value

    @model_validator(mode="after")
    def _asks_one_thing(self) -> Self:
        if bool(self.request.strip()) == (self.pipeline is not None):
            raise ValueError("takes a `request` in words, or a `pipeline`, which is a file: one of them")
        strange = [name for name, file in self.inputs.items() if self.pipeline is None and not isinstance(file, str)]
        if strange:
            raise ValueError(f"inputs.{strange[0]}: of a request it is a table: name its file")
        return self


class Suite(_Written):
    """Cases that are evaluated together, and compared by their names."""

    version: Literal[1] = 1
    name: Name = "suite"
    description: Text = ""
    cases: Annotated[tuple[Case, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _names_tell_apart(self) -> Self:
        twice = [name for name, times in Counter(case.name for case in self.cases).items() if times > 1]
        if twice:
            raise ValueError(f"two cases are called {twice[0]!r}: give each a name of its own")
        return self

    @classmethod
    def from_text(cls, text: str, source: str = "") -> Self:
        """Parse JSON or YAML; raises SuiteError with every field that is wrong."""
        try:
            value = notation.from_text(text)
        except ValueError as exc:
            raise SuiteError(source, [Problem("the file", str(exc))]) from None
        return cls.from_value(value, source)

    @classmethod
    def from_value(cls, value: Any, source: str = "") -> Self:
        """Check the shape of a parsed value; raises SuiteError with every field that is wrong."""
        if not isinstance(value, Mapping):
            raise SuiteError(source, [Problem("the file", "must be a mapping with `cases`")])
        try:
            return cls.model_validate(value)
        except ValidationError as exc:
            raise SuiteError(source, list(_problems(exc, value))) from None

    def only(self, names: Collection[str]) -> Self:
        """The suite with the cases of these names alone; raises UsageError where there is no such case."""
        there = [case.name for case in self.cases]
        for name in names:
            if name not in there:
                raise UsageError(f"The suite {self.name} has no case {name!r}.{did_you_mean(name, there)}")
        return self.model_copy(update={"cases": tuple(case for case in self.cases if case.name in names)})

    def check_tools(self, known: Collection[str], source: str = "") -> None:
        """Raise SuiteError where a case expects a tool that there is not: it could never be met."""
        problems = [
            Problem(f"case {case.name!r}, expect.{where}", f"there is no tool {tool!r}.{did_you_mean(tool, known)}")
            for case in self.cases
            for where, tool in _tools_of(case)
            if tool not in known
        ]
        if problems:
            raise SuiteError(source, problems)


def read_suite(path: Path) -> Suite:
    """Read a suite, which is called as its file is unless it says; raises UsageError, SuiteError."""
    suite = Suite.from_text(read_text_file(path, "suite"), source=str(path))
    return suite if "name" in suite.model_fields_set else suite.model_copy(update={"name": path.stem[:LONGEST_NAME]})


def _tools_of(case: Case) -> Iterator[tuple[str, str]]:
    tools = case.expect.tools
    yield from (("tools", tool) for tool in (tools.wanted if tools is not None else ()))
    yield from (("arguments", tool) for tool in case.expect.arguments)


def _problems(exc: ValidationError, value: Mapping[str, Any]) -> Iterator[Problem]:
    """Every field that is wrong; of a list whose items are wrong not also that it is too short."""
    errors = exc.errors(include_url=False)
    places = {error["loc"] for error in errors}
    for error in errors:
        is_echo = any(place[: len(error["loc"])] == error["loc"] and place != error["loc"] for place in places)
        if not (error["type"] == "too_short" and is_echo):
            yield _problem(error, value)


def _problem(error: Any, value: Mapping[str, Any]) -> Problem:
    location = [str(part) for part in error["loc"]]
    if location[:1] == ["cases"] and len(location) > 1:
        location = [_case_name(value["cases"], int(location[1])), *_as_written(location[2:])]
    where = location[0] + (f", {'.'.join(location[1:])}" if location[1:] else "") if location else "the file"
    message = WORDS.get(error["type"]) or error["msg"].removeprefix("Value error, ")
    return Problem(where, message[0].lower() + message[1:])


def _as_written(location: list[str]) -> list[str]:
    """Where it stands in the file: without what a short form is read as."""
    kept = [part for part in location if part not in ("[key]", "itself", "at", "exactly")]
    return kept[:-1] if kept[-1:] == ["equals"] else kept


def _case_name(cases: Any, index: int) -> str:
    case = cases[index]
    name = case.get("name") or case.get("request") if isinstance(case, Mapping) else None
    return f"case {name!r}" if isinstance(name, str) and name else f"case {index + 1}"
