"""Names of tools, arguments and fields as the words that they are made of."""

import re

__all__ = ["split_name"]

SEAM = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
"""Where a word begins with a capital: `getHTMLPage` has three."""
WORD = re.compile(r"[^\W_]+")


def split_name(name: str) -> list[str]:
    """The words of an identifier in lower case: `firstName`, `first_name` and `first.name` have the same two."""
    return [word.lower() for word in WORD.findall(SEAM.sub(" ", name))]
