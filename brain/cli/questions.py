"""Questions about a request: asked at a terminal, listed with the command that answers them elsewhere."""

import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from brain.cli.screen import print_json, screen
from brain.errors import Clarification
from brain.named_values import named_values
from brain.runs import Json
from brain.visible import visible

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["ask", "command", "listed", "print_questions", "read_answers"]


def ask(questions: Sequence[Clarification]) -> dict[str, Json]:
    """What a person at the terminal answers, of the right types; raises KeyboardInterrupt where they leave."""
    return {question.name: _ask_one(question) for question in questions}


def read_answers(texts: Sequence[str] | None, option: str = "--answer") -> dict[str, str]:
    """`name=value` texts as a mapping; the question's schema says later what a value is."""
    return named_values(texts, option)


def listed(console: "Console", questions: Sequence[Clarification]) -> None:
    """Each question, what an answer may be, and why it is asked."""
    for question in questions:
        console.print(f"[yellow]{escape(question.name)}[/] {escape(question.question)}", highlight=False)
        console.print(
            f"  [dim]{escape(_takes(question.schema))}; asked because {escape(question.why)}[/]", highlight=False
        )


def print_questions(questions: Sequence[Clarification], answered_by: str, *, as_json: bool) -> None:
    """The questions that keep a plan from being made, and the command line that answers them."""
    if as_json:
        print_json({"questions": [question.to_json() for question in questions], "answer_with": answered_by})
        return
    console = screen()
    listed(console, questions)
    console.print(f"\nAnswer with: {escape(answered_by)}", highlight=False, soft_wrap=True)


def command(words: Sequence[str], questions: Sequence[Clarification], option: str = "") -> str:
    """A command line with a blank for each answer."""
    blanks = [part for question in questions for part in ([option] if option else []) + [question.blank]]
    return shlex.join([*words, *blanks])


def _ask_one(question: Clarification) -> Json:
    import questionary

    words, schema = visible(question.question), question.schema
    if "enum" in schema:
        choices = [questionary.Choice(visible(_written(member)), value=member) for member in schema["enum"]]
        chosen = schema.get("default") if schema.get("default") in schema["enum"] else None
        return questionary.select(words, choices=choices, default=chosen).unsafe_ask()
    if schema.get("type") == "boolean":
        return questionary.confirm(words, default=bool(schema.get("default", False))).unsafe_ask()
    default = _written(schema["default"]) if "default" in schema else ""
    said = questionary.text(words, default=default, validate=lambda text: _why_not(text, schema) or True).unsafe_ask()
    return _typed(said, schema)


def _typed(text: str, schema: Mapping[str, Any]) -> Json:
    from brain.intent_inference.clarifying import typed

    return typed(text, schema)


def _why_not(text: str, schema: Mapping[str, Any]) -> str:
    """What is wrong with an answer, for the line below it; empty where nothing is."""
    if not text.strip():
        return f"An answer is needed: {_takes(schema)}."
    try:
        _typed(text, schema)
    except ValueError as exc:
        return f"This {exc}."
    return ""


def _takes(schema: Mapping[str, Any]) -> str:
    from brain.pipeline_builder.schemas import describe

    members = schema.get("enum")
    takes = " or ".join(map(_written, members)) if members else describe(dict(schema))
    default = f", else {_written(schema['default'])}" if "default" in schema else ""
    return f"takes {takes}{default}"


def _written(value: Json) -> str:
    from brain.shortened import shown

    return value if isinstance(value, str) else shown(value)
