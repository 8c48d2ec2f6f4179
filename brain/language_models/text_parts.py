"""Long texts in parts that a model's context holds."""

import re

from brain.language_models.tokens import tokens_of

__all__ = ["cut", "halves"]

CHARACTERS_PER_TOKEN = 3
"""At most, by the figures of `tokens_of`."""
BORDERS = (re.compile(r"\n\s*\n"), re.compile(r"(?<=[.!?])\s+|(?<=[\u3002\uff01\uff1f])|\n"), re.compile(r"\s+"))
"""Where a text may be cut, the best first: between paragraphs, between sentences, between words."""


def cut(text: str, tokens: int) -> list[str]:
    """The text in parts of at most so many tokens; joined without anything between them they are the text again."""
    parts, start = [], 0
    while start < len(text):
        end = _end(text, start, max(tokens, 1))
        parts.append(text[start:end])
        start = end
    return parts


def halves(text: str) -> tuple[str, str]:
    """The text in two, at the border of the best kind that is nearest to its middle."""
    quarter, middle = len(text) // 4, len(text) // 2
    for border in BORDERS:
        if ends := [found.end() for found in border.finditer(text, quarter, len(text) - quarter)]:
            middle = min(ends, key=lambda end: abs(end - len(text) // 2))
            break
    return text[:middle], text[middle:]


def _end(text: str, start: int, tokens: int) -> int:
    """Where the part that begins at `start` ends: at the last border of the best kind in its second half."""
    length = min(len(text) - start, tokens * CHARACTERS_PER_TOKEN)
    while length > 1 and (taken := tokens_of(text[start : start + length])) > tokens:
        length = max(1, min(length - 1, int(length * tokens / taken)))
    if start + length == len(text):
        return len(text)
    for border in BORDERS:
        ends = [found.end() for found in border.finditer(text, start + length // 2, start + length)]
        if ends and ends[-1] > start:
            return ends[-1]
    return start + length
