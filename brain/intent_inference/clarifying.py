"""Gaps of a plan as questions that a person can answer, and answers as values of the right type."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from brain.errors import Clarification, UsageError
from brain.nearest import did_you_mean
from brain.pipeline_builder.schemas import Validator, describe, inlined, options_of, types_of
from brain.runs import Json
from brain.shortened import shortened, shown
from brain.tool_registry.definitions import JsonSchema

__all__ = ["STORED", "Answers", "Gap", "checked_answers", "clarified", "typed"]

STORED = ("table", "file")
"""Formats of what only a step can give."""
KEPT = (
    "type", "enum", "const", "anyOf", "oneOf", "items", "properties", "required", "additionalProperties", "format",
    "default", "description", "title", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
    "minLength", "maxLength", "pattern", "minItems", "maxItems", "uniqueItems",
)  # fmt: skip
"""Keywords that the type of an answer keeps."""
LONGEST_QUESTION = 300
"""Characters of a question that a model worded."""

type Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """A place of a plan that waits for a value."""

    step: int
    path: Path
    """From the step on: `("arguments", "currency")`."""
    where: str
    tool: str
    schema: JsonSchema
    why: str
    asked: str = ""
    """The question in the model's words, if it has asked one."""
    instead_of: Json = None
    """Of a value inside a text, such as SQL: what stands there now; the place itself is then no place for an answer."""

    @property
    def argument(self) -> str:
        """The nearest name around the place."""
        return next(part for part in reversed(self.path) if isinstance(part, str))

    @property
    def name(self) -> str:
        """What its answer is called, as long as no other gap has that name."""
        return self.argument if self.instead_of is None else f"{self.argument}_value"

    @property
    def key(self) -> tuple[str | int, ...]:
        """What tells it from other gaps."""
        inside = () if self.instead_of is None else (str(self.instead_of),)
        return (self.step, *self.path, *inside)

    @property
    def can_be_asked(self) -> bool:
        """Whether a person can say it: not a table, nor a file that a step makes, nor the flow of the plan."""
        is_argument = self.path[0] == "arguments"
        return is_argument and not any(option.get("format") in STORED for option in options_of(self.schema))


def clarified(gaps: Iterable[Gap]) -> list[tuple[Gap, Clarification]]:
    """A question for each gap. Names are those of the arguments, longer where two are the same."""
    found = list({gap.key: gap for gap in gaps}.values())
    counts = Counter(gap.name for gap in found)
    taken: set[str] = set()
    asked = []
    for gap in found:
        name = gap.name if counts[gap.name] == 1 else f"{gap.tool.rpartition('.')[2]}_{gap.name}"
        name = next(each for n in range(1, len(found) + 2) if (each := name if n == 1 else f"{name}_{n}") not in taken)
        taken.add(name)
        asked.append((gap, _clarification(gap, name)))
    return asked


class Answers:
    """What a person has answered, and what of it fits no gap."""

    def __init__(self, given: Mapping[str, Json]) -> None:
        self._given = given
        self._misfits: dict[tuple[str | int, ...], str] = {}

    def fill(self, gaps: Sequence[Gap]) -> list[tuple[Gap, Json]]:
        """The gaps that are answered, with their values."""
        filled = []
        for gap, question in clarified(gaps):
            name = next((each for each in (question.name, gap.name) if each in self._given), None)
            if name is None or gap.instead_of is not None:
                continue
            try:
                filled.append((gap, typed(self._given[name], question.schema)))
            except ValueError as exc:
                self._misfits[gap.key] = (
                    f"the answer {json.dumps(self._given[name], ensure_ascii=False)} does not fit: {exc}"
                )
        return filled

    def told(self, gap: Gap) -> Gap:
        """The gap, with the reason if it was answered in vain."""
        return replace(gap, why=self._misfits[gap.key]) if gap.key in self._misfits else gap


def checked_answers(questions: Sequence[Clarification], given: Mapping[str, Json]) -> dict[str, Json]:
    """A value for every question: what is given, the default of the rest.

    Raises UsageError for a name that is no question's, a value of another type, or a question without an answer.
    """
    named = {question.name: question for question in questions}
    problems = [
        f"{name}: there is no such question.{did_you_mean(name, named)} There are: {', '.join(named)}."
        for name in given
        if name not in named
    ]
    answers: dict[str, Json] = {}
    for name, question in named.items():
        if name in given:
            try:
                answers[name] = typed(given[name], question.schema)
            except ValueError as exc:
                problems.append(f"{name}: {exc}")
        elif "default" in question.schema:
            answers[name] = question.schema["default"]
        else:
            problems.append(f"{name}: is not answered. {question.question}")
    if problems:
        lines = "\n".join(f"  - {problem}" for problem in problems)
        raise UsageError(f"The answers do not fit the questions:\n{lines}")
    return answers


def typed(value: Json, schema: Mapping[str, Any]) -> Json:
    """An answer as its schema wants it; a text is read as JSON where it takes no text.

    Raises ValueError with what does not fit.
    """
    validator = Validator(dict(schema))
    tried = [value]
    if isinstance(value, str):
        read = _as_json(value)
        tried = [value, read] if "string" in _types_of_any(schema) else [read, value]
    for each in tried:
        if next(validator.misfits(each), None) is None:
            return each
    misfit = next(validator.misfits(tried[0]))
    raise ValueError(f"{misfit.path.lstrip('.')} {misfit.what}".strip())


def _types_of_any(schema: Mapping[str, Any]) -> frozenset[str]:
    """The types that any of its alternatives takes."""
    return frozenset(kind for option in options_of(dict(schema)) for kind in types_of(option))


def _as_json(text: str) -> Json:
    words = {"yes": True, "no": False, "true": True, "false": False}
    if text.strip().lower() in words:
        return words[text.strip().lower()]
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _clarification(gap: Gap, name: str) -> Clarification:
    schema = {key: value for key, value in inlined(gap.schema).items() if key in KEPT}
    return Clarification(name, _worded(gap, schema), schema, gap.where, gap.why)


def _worded(gap: Gap, schema: JsonSchema) -> str:
    if gap.asked:
        return shortened(" ".join(gap.asked.split()), LONGEST_QUESTION)
    if gap.instead_of is not None:
        return f"What should stand in the {gap.argument} of {gap.tool} in place of {shown(gap.instead_of)}?"
    members = schema.get("enum")
    choice = f" One of {', '.join(map(shown, members))}." if members else ""
    told = str(schema.get("description") or describe(schema)).strip().rstrip(".")
    return f"What should {gap.argument} be for {gap.tool}? {told[:1].upper()}{told[1:]}.{choice}"
