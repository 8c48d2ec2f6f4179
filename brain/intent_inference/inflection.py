"""English word endings, as far as they are needed to see that two words are one."""

from collections.abc import Collection

__all__ = ["is_plural", "noun", "root"]


def root(word: str) -> str:
    """The word without a plural's or a participle's ending: enough to see that two words are one."""
    for ending in ("ies", "es", "s", "ing", "ed", "y", "e"):
        if word.endswith(ending) and len(word) - len(ending) > len("ab"):
            return word[: -len(ending)]
    return word


def noun(word: str, known: Collection[str]) -> str:
    """`snowy`, `snowed` and `rainy` mean the value that they are made from."""
    stem = root(word)
    if stem not in known and stem[-1:] == stem[-2:-1]:
        return stem[:-1]
    return stem if stem in known else root(stem)


def is_plural(word: str) -> bool:
    """Whether the word looks like a plural."""
    return word.endswith("s") and not word.endswith("ss") and len(word) > len("was")
