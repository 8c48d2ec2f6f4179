"""Text in another language."""

from dataclasses import replace
from functools import partial
from typing import Any

from brain.errors import AnswerCutOff
from brain.language_models.text_parts import cut
from brain.language_models.tokens import tokens_of
from brain.tool_registry.context import ToolContext
from brain.tools.text_asking import Task, each, in_halves
from brain.tools.text_grounding import Original
from brain.tools.text_joined import joined

__all__ = ["translate"]

GROWTH = 2
"""Tokens of a translation for one of its text, as they are estimated; where it takes more, the part is divided."""
LEAST_TOKENS = 100
ROLE = "You translate text. Keep every number, name and line break. Answer with the translation alone."


async def translate(
    text: str | list[str], to: str, from_language: str | None = None, *, context: ToolContext
) -> dict[str, Any]:
    """The text in the language `to`, part by part at the borders of paragraphs."""
    whole = joined(text, "translate")
    out_of = f" from {from_language}" if from_language else ""
    tokens = context.model.context_tokens * GROWTH // (GROWTH + 2)
    task = Task(ROLE, f"Translate this text{out_of} into {to}.", tokens)
    parts = cut(whole, min(task.room(context), tokens // GROWTH))
    translated = await each(parts, partial(in_halves, work=partial(_translated, task, context)), context, "parts")
    translation = "".join(piece for pieces in translated for piece in pieces)
    return {"translation": translation, "parts": len(translated), "notes": _notes(whole, translation)}


async def _translated(task: Task, context: ToolContext, part: str) -> str:
    """The part in the other language, with the space around it as it was."""
    inner = part.strip()
    if not inner:
        return part
    before, _, after = part.partition(inner)
    tokens = LEAST_TOKENS + GROWTH * int(tokens_of(inner))
    said, is_whole = await replace(task, answer_tokens=tokens).prose(context, ("text", inner))
    if not is_whole:
        raise AnswerCutOff(
            f"The model {context.model.name} wrote more than a translation can be, and came to no end; "
            "set another BRAIN_CHAT_MODEL."
        )
    return f"{before}{said}{after}"


def _notes(whole: str, translation: str) -> list[str]:
    missing = Original(translation).strange_numbers(whole)
    return [f"These numbers of the text are not in the translation: {', '.join(missing)}."] if missing else []
