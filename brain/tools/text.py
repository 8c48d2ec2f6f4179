"""Text in fewer words, by the chat model that the settings name."""

from brain.errors import ToolError
from brain.tool_registry.context import ToolContext

__all__ = ["summarize"]

TOKENS_PER_ASCII = 1 / 3
TOKENS_PER_OTHER = 1.5
"""Tokens for one character, more than tokenizers of common models need, so that a part never overflows the model."""
TOKENS_PER_SENTENCE = 60
PROMPT_TOKENS = 120
"""For the instructions around the text."""
MOST_OF_CONTEXT = 8
"""An answer takes at most one in so many of the model's tokens, so that each round of summaries is shorter."""
SHRINK = 4
"""A part's summary counts for at most one in so many of its characters, also where a model does not stop in time."""
SYSTEM = "You summarize text. Use only what the text says. Answer with the summary alone."


async def summarize(text: str | list[str], sentences: int = 3, *, context: ToolContext) -> dict[str, str]:
    """A summary in about so many sentences; text longer than the model's context is summarized in parts first."""
    whole = "\n\n".join(part.strip() for part in ([text] if isinstance(text, str) else text) if part.strip())
    if not whole:
        raise ToolError("There is no text to summarize: the step before gave an empty one.")
    answer_tokens = min(sentences * TOKENS_PER_SENTENCE, context.model.context_tokens // MOST_OF_CONTEXT)
    room = int((context.model.context_tokens - answer_tokens - PROMPT_TOKENS) / _tokens_per_character(whole))
    while len(whole) > room:
        summaries = await _each(_parts(whole, room), sentences, answer_tokens, context)
        whole = "\n\n".join(summary[: room // SHRINK] for summary in summaries)
    return {"summary": await _summary(whole, sentences, answer_tokens, context)}


async def _each(parts: list[str], sentences: int, tokens: int, context: ToolContext) -> list[str]:
    summaries = []
    for number, part in enumerate(parts, start=1):
        context.report(100 * (number - 1) / len(parts), f"part {number} of {len(parts)}")
        summaries.append(await _summary(part, sentences, tokens, context))
    return summaries


async def _summary(text: str, sentences: int, tokens: int, context: ToolContext) -> str:
    length = "1 sentence" if sentences == 1 else f"{sentences} sentences"
    prompt = f"Summarize this text in {length}.\n\nText:\n{text}\n\nSummary in {length}:"
    completion = await context.model.complete(prompt, system=SYSTEM, max_tokens=tokens)
    if summary := completion.text.strip():
        return summary
    raise ToolError(f"The model {context.model.name} gave an empty summary; try another one (BRAIN_CHAT_MODEL).")


def _tokens_per_character(text: str) -> float:
    ascii_share = len(text.encode("ascii", "ignore")) / len(text)
    return ascii_share * TOKENS_PER_ASCII + (1 - ascii_share) * TOKENS_PER_OTHER


def _parts(text: str, room: int) -> list[str]:
    """The text cut at blank lines, sentence ends or spaces, into parts of at most `room` characters."""
    parts = []
    while len(text) > room:
        cut = next((end for mark in ("\n\n", ". ", " ") if (end := text.rfind(mark, room // 2, room)) > 0), room - 1)
        parts.append(text[: cut + 1].strip())
        text = text[cut + 1 :]
    return [part for part in (*parts, text.strip()) if part]
