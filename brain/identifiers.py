"""Names of tools, arguments and fields as people would say them."""

import re

__all__ = ["split_name", "words_of"]

CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
PART = re.compile(r"[^\W_]+")
WORD = re.compile(r"[^\W\d_]+")


def split_name(name: str) -> list[str]:
    """The words of an identifier: `firstName`, `first_name` and `first-name` have two."""
    return [word.lower() for word in PART.findall(CAMEL.sub(" ", name))]


def words_of(text: str) -> list[str]:
    """The words of a text in lower case, without digits."""
    return WORD.findall(text.lower())
