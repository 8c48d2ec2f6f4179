"""Long texts in parts that a model's context holds."""

import re

__all__ = ["cut", "halves", "tokens_of"]

TOKENS_PER_LETTER = 1 / 3
TOKENS_PER_CAPITAL = 1 / 2
"""Of ASCII letters and spaces in words, more than tokenizers of common models need. Digits and marks take one each."""
TOKENS_PER_OTHER_BYTE = 0.75
"""Of anything else, by bytes of UTF-8: measured 0.42 for accents and Cyrillic, 0.65 for Japanese, 0.75 for emoji."""
TOKENS_IN_CODE = 1 - TOKENS_PER_LETTER
"""What each character of something like base64 takes more than a letter of a word does."""
CODE = re.compile(rb"[A-Za-z0-9+/_=-]{30,}")
LETTERS, CAPITALS = b" abcdefghijklmnopqrstuvwxyz", b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ASCII = bytes(range(128))
CHARACTERS_PER_TOKEN = 3
"""At most, by the same figures."""
BORDERS = (re.compile(r"\n\s*\n"), re.compile(r"(?<=[.!?])\s+|(?<=[\u3002\uff01\uff1f])|\n"), re.compile(r"\s+"))
"""Where a text may be cut, the best first: between paragraphs, between sentences, between words."""


def tokens_of(text: str) -> float:
    """About how many tokens of a model the text takes, rather too many than too few."""
    raw = text.encode("utf-8", "surrogatepass")
    no_letters = raw.translate(None, LETTERS)
    others = no_letters.translate(None, CAPITALS)
    high = len(others.translate(None, ASCII))
    return (
        (len(raw) - len(no_letters)) * TOKENS_PER_LETTER
        + (len(no_letters) - len(others)) * TOKENS_PER_CAPITAL
        + (len(others) - high)
        + high * TOKENS_PER_OTHER_BYTE
        + sum(map(len, CODE.findall(raw))) * TOKENS_IN_CODE
    )


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
