"""What somebody may have meant by a name that is not there."""

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["did_you_mean", "nearest"]

CUTOFF = 0.6
"""Similarity from 0 to 1 (difflib's ratio) below which a name is no longer a guess worth showing."""


def nearest(word: str, candidates: Iterable[str], limit: int = 3) -> list[str]:
    """The candidates that look most like `word`, best first: misspelt ones, then ones that share a whole part of it.

    A part is what stands between dots, underscores, hyphens, slashes and spaces.
    """
    by_lower = {candidate.lower(): candidate for candidate in candidates}
    found = get_close_matches(word.lower(), by_lower, n=limit, cutoff=CUTOFF)
    parts = _parts(word)
    shared = sorted(
        (name for name in by_lower if name not in found and parts & _parts(name)),
        key=lambda name: (-len(parts & _parts(name)), name),
    )
    return [by_lower[name] for name in (found + shared)[:limit]]


def did_you_mean(word: str, candidates: Iterable[str]) -> str:
    """` Did you mean a, b or c?` to append to a message, or nothing where no candidate comes near."""
    names = nearest(word, candidates)
    if not names:
        return ""
    *most, last = names
    return f" Did you mean {', '.join(most)} or {last}?" if most else f" Did you mean {last}?"


def _parts(name: str) -> frozenset[str]:
    for separator in "._-/":
        name = name.replace(separator, " ")
    return frozenset(name.lower().split())
