"""English word endings, as far as they are needed to see that two words are one and which way an adjective points."""

import re
from collections.abc import Collection

__all__ = ["forms", "is_plural", "noun", "points_down", "positive", "root", "singular"]

IRREGULAR_PLURALS = {
    "people": "person", "men": "man", "women": "woman", "children": "child", "mice": "mouse", "geese": "goose",
}  # fmt: skip
LOW = frozenset(
    re.findall(
        r"\w+",
        """bad bottom brief calm cheap close cold cool dark dry early faint few least less light little low mild
        narrow near poor quick quiet rare shallow short slight slow small soft sparse thin tiny weak worst young""",
    )
)
"""Gradable adjectives for little of something; all others (hot, long, heavy) are for much of it."""

SILENT_E = re.compile(r"(?:[cvzu]|(?<!n)g|[^aeiou][aeiou][^aeiouwxy]|[^aeioul]l)$")
"""Stems before `est` to which an e belongs (`wid`, `larg`, `simpl`): one that ends in a short syllable is doubled."""


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


def singular(word: str) -> str:
    """The word for one of what the word may be a plural of."""
    if word in IRREGULAR_PLURALS:
        return IRREGULAR_PLURALS[word]
    if len(word) <= len("gas") or word.endswith(("ss", "us", "is")) or not word.endswith("s"):
        return word
    if word.endswith("ies") and len(word) > len("ties"):
        return f"{word[:-3]}y"
    return word[:-2] if word.endswith(("ches", "shes", "sses", "xes")) else word[:-1]


def forms(word: str) -> frozenset[str]:
    """The word in singular and plural, whichever it is itself."""
    one = singular(word)
    plurals = {plural for plural, single in IRREGULAR_PLURALS.items() if single == one}
    return frozenset({word, one, f"{one}s", f"{one[:-1]}ies" if one.endswith("y") else f"{one}es", *plurals})


def is_plural(word: str) -> bool:
    """Whether the word looks like a plural."""
    return word in IRREGULAR_PLURALS or (word.endswith("s") and not word.endswith("ss") and len(word) > len("was"))


def positive(word: str) -> str:
    """What a superlative or comparative is made from: `rainy` of `rainiest`, `hot` of `hottest`, `wide` of `wider`."""
    for ending in ("est", "er"):
        stem = word.removesuffix(ending)
        if stem == word:
            continue
        if stem.endswith("i"):
            return f"{stem[:-1]}y"
        if stem[-2:-1] == stem[-1:] and not stem.endswith(("l", "s")):
            return stem[:-1]
        return f"{stem}e" if SILENT_E.search(stem) else stem
    return word


def points_down(word: str) -> bool:
    """Whether a superlative or comparative (`driest`, `colder`, `fewest`) means little of something."""
    for ending in ("est", "er"):
        stem = word.removesuffix(ending)
        if stem != word:
            forms = {stem, f"{stem}e", f"{stem.removesuffix('i')}y", stem[:-1] if stem[-2:-1] == stem[-1:] else stem}
            return not forms.isdisjoint(LOW)
    return word in LOW
