"""Names of tools, arguments and fields as people would say them."""

import re

__all__ = ["pieces_of", "split_name", "words_of"]

CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
PART = re.compile(r"[^\W_]+")
WORD = re.compile(r"[^\W\d_]+")


def pieces_of(text: str) -> list[str]:
    """The words of a text as they stand there, those of identifiers apart: `firstName`, `first_name` have two."""
    return PART.findall(CAMEL.sub(" ", text))


def split_name(name: str) -> list[str]:
    """The words of an identifier in lower case."""
    return [word.lower() for word in pieces_of(name)]


def words_of(text: str) -> list[str]:
    """The words of a text in lower case, without digits."""
    return WORD.findall(text.lower())
