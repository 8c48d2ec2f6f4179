"""Words of a text, in whatever script: for comparing them, for what the text is about, for its language."""

import re
import unicodedata
from functools import cache

from brain.intent_inference.inflection import root

__all__ = ["WORD", "is_same_language", "plain", "terms", "words"]

UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\U00020000-\U0003ffff"
"""Scripts that set no spaces between words, or glue endings to them: each character counts as a word."""
MARKS = "\u0300-\u036f\u0590-\u05cf\u0610-\u061a\u064b-\u065f\u0670\u0900-\u0dff\u200c\u200d"
"""Vowels and accents that belong to the letter before them."""
WORD = re.compile(rf"\d+(?:[.,]\d+)*|[{UNSPACED}]|(?:(?![{UNSPACED}])[^\W\d_]|[{MARKS}])+")
LANGUAGES = ("EN_PLUS", "GERMAN", "FRENCH", "SPANISH", "ITALIAN", "PORTUGUESE", "DUTCH", "RUSSIAN")
"""Whose most frequent words are known, by bm25s' names."""


def words(text: str) -> list[str]:
    """The words of a text in a form that is the same however they are written: case, width, joined accents."""
    return [plain(word) for word in WORD.findall(text)]


def plain(word: str) -> str:
    """One word in that form."""
    return word.lower() if word.isascii() else unicodedata.normalize("NFKC", word).casefold()


def terms(text: str) -> list[str]:
    """The words that say what the text is about, without their endings."""
    frequent = frozenset().union(*_frequent_words().values())
    return [root(word) for word in words(text) if word not in frequent]


def is_same_language(text: str, other: str) -> bool:
    """Whether two texts may be in one language, so that the one's words may be looked for in the other."""
    return _language(text) == _language(other) or None in (_language(text), _language(other))


def _language(text: str) -> str | None:
    """The language, by its most frequent words or a script of its own; None where that is not clear."""
    said = words(text)
    if sum(re.fullmatch(f"[{UNSPACED}]", word) is not None for word in said) * 2 > len(said):
        return UNSPACED
    counts = {language: sum(word in known for word in said) for language, known in _frequent_words().items()}
    first, second = sorted(counts.values(), reverse=True)[:2]
    return max(counts, key=counts.__getitem__) if first > second else None


@cache
def _frequent_words() -> dict[str, frozenset[str]]:
    from bm25s import stopwords

    return {language: frozenset(getattr(stopwords, f"STOPWORDS_{language}")) for language in LANGUAGES}
