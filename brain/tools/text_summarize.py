"""Text in fewer words."""

from functools import partial
from typing import Any

from brain.language_models.text_parts import cut
from brain.language_models.tokens import tokens_of
from brain.tool_registry.context import ToolContext
from brain.tools.text_asking import Task, each
from brain.tools.text_grounding import Original
from brain.tools.text_joined import joined

__all__ = ["summarize"]

TOKENS_PER_SENTENCE = 60
MOST_OF_CONTEXT = 8
"""A summary takes at most one in so many of the model's tokens, so that each round of summaries is shorter."""
SHRINK = 4
"""A part's summary counts for at most one in so many of its tokens, also where a model does not stop in time."""
ROLE = "You summarize text. Use only what the text says. Answer with the summary alone."


async def summarize(text: str | list[str], sentences: int = 3, *, context: ToolContext) -> dict[str, Any]:
    """A summary in about so many sentences; text longer than the model's context is summarized in parts first."""
    whole = joined(text, "summarize")
    length = "1 sentence" if sentences == 1 else f"{sentences} sentences"
    tokens = min(sentences * TOKENS_PER_SENTENCE, context.model.context_tokens // MOST_OF_CONTEXT)
    task = Task(ROLE, f"Summarize this text in {length}.", tokens)
    room = task.room(context)
    parts, left = len(cut(whole, room)), whole
    while tokens_of(left) > room:
        summaries = await each(cut(left, room), partial(_summary, task, context), context, "parts")
        left = "\n\n".join(cut(summary, room // SHRINK)[0] for summary, _ in summaries)
    summary, is_whole = await _summary(task, context, left)
    return {"summary": summary, "parts": parts, "notes": _notes(summary, Original(whole), is_whole=is_whole)}


async def _summary(task: Task, context: ToolContext, text: str) -> tuple[str, bool]:
    return await task.prose(context, ("text", text.strip()))


def _notes(summary: str, original: Original, *, is_whole: bool) -> list[str]:
    """What a reader of the summary should know."""
    notes = []
    if strange := original.strange_numbers(summary):
        notes.append(f"The text does not hold these numbers of the summary: {', '.join(strange)}.")
    if not is_whole:
        notes.append("The model did not come to an end: the summary breaks off.")
    return notes
