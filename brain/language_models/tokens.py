"""How many tokens a text takes, without the tokenizer of the model, which servers do not hand out."""

import json
import math
import re
from typing import Any

__all__ = ["most_tokens", "tokens_of"]

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
MARGIN = 1.2
"""What the estimate may fall short by: of the texts that were measured it is at least nine tenths."""
FRAME_TOKENS = 50
"""Around a question: the roles, and the marks of the model's chat format."""


def most_tokens(*texts: str, schema: dict[str, Any] | None = None) -> int:
    """The most tokens that a question of these texts may take, with the schema that servers put before it."""
    written = (*texts, json.dumps(schema)) if schema else texts
    return FRAME_TOKENS + math.ceil(MARGIN * sum(map(tokens_of, written)))


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
