"""What the description of an argument says in prose: options, examples, default, and the unit of its values."""

import re
from collections.abc import Iterator

from brain.identifiers import split_name
from brain.intent_inference.calls.time_units import time_unit

__all__ = ["default_in", "examples_in", "is_currency", "is_decimal", "is_percentage", "options_in", "unit_in"]

QUOTED = re.compile(r"['\"`“‘]([^'\"`”’\n]{1,60})['\"`”’]")
EXAMPLES = re.compile(
    r"(?:e\.g\.|eg\.|for example|for instance|such as|like|example:|examples?:|i\.e\.)[,:]?\s*(?P<list>[^.;)]+)",
    re.IGNORECASE,
)
SEPARATOR = re.compile(r",|\bor\b|\band\b")
DEFAULT = re.compile(
    r"\bdefaults?(?:\s+value)?(?:\s+is(?:\s+set)?(?:\s+to)?|\s+to|\s*[:=]|\s+set\s+to)?\s+"
    r"(?P<value>'[^']*'|\"[^\"]*\"|\[[^\]]*\]|[^\s,;)]+)",
    re.IGNORECASE,
)
ANNOUNCED = re.compile(
    r"(?:options?|one of|can be(?: either)?|either|must be|values?|allowed|possible values|choices?|valid)\b"
    r"[^:'\"(]{0,40}[:(]?\s*(?P<list>(?:['\"][^'\"]+['\"](?:\s*(?:,|or|and|/|\||\([^)]*\))\s*)*){2,})",
    re.IGNORECASE,
)
"""`Options: 'a', 'b'`."""
GLOSS = r"\s+(?:for|means?|to|=|\()[^'\"]{2,40}"
WORD = r"['\"]\w[\w -]*['\"]"
GLOSSED = re.compile(
    rf"{WORD}{GLOSS}{WORD}(?:{GLOSS}{WORD})*"
    rf"|(?<!such as )(?<!e\.g\. )(?<!example, )(?<!like ){WORD}(?:,\s*{WORD})*,?\s+or\s+{WORD}"
)
"""`'asc' for ascending, 'desc' for descending`; `'low', 'medium' or 'high'`."""
PERCENTAGE = re.compile(r"\b(?:in|as|as an?)\s+(?:a\s+)?percent(?:age)?\b|\bpercent(?:age)?\b|%", re.IGNORECASE)
DECIMAL = re.compile(r"\bdecimal\b|\bfraction\b|0\.\d|\bbetween 0 and 1\b", re.IGNORECASE)
CURRENCY = re.compile(r"\bcurrency\b|\biso 4217\b", re.IGNORECASE)
BOUNDS = frozenset({"min", "max"})
"""`min_years` is no number of minutes."""
MEASURED_IN = re.compile(r"\b(?:in|of|number of)\s+\(?(\w+)")


def options_in(description: str) -> tuple[str, ...]:
    """The values in quotation marks that a description lists as the ones there are."""
    if match := ANNOUNCED.search(description):
        return tuple(dict.fromkeys(QUOTED.findall(match["list"])))
    if match := GLOSSED.search(description):
        return tuple(dict.fromkeys(QUOTED.findall(match[0])))
    return ()


def examples_in(description: str) -> Iterator[str]:
    """What stands in quotation marks, and what `e.g.` and the like introduce without them."""
    yield from QUOTED.findall(description)
    for match in EXAMPLES.finditer(description):
        if not QUOTED.search(match["list"]):
            parts = (part.strip() for part in SEPARATOR.split(match["list"]))
            yield from (part for part in parts if part not in ("", "etc"))


def default_in(description: str) -> str | None:
    """The default that a description tells, as text."""
    match = DEFAULT.search(description)
    return match["value"].strip("'\"").rstrip(".").strip("'\"") if match else None


def unit_in(name: str, description: str) -> str:
    """The unit of time in the name (`duration_minutes`), or behind `in` in the description; else nothing."""
    words = split_name(name)
    if len(words) > 1 and words[0] in BOUNDS:
        words = words[1:]
    plurals = [*words, *MEASURED_IN.findall(description.lower())]
    units = ((word, time_unit(word)) for word in plurals)
    plural = next((unit for word, unit in units if unit not in (None, word)), None)
    return plural or next((unit for word in words if (unit := time_unit(word))), "")


def is_percentage(named: str, description: str) -> bool:
    """Whether name and description say that values are in percent, and the description not that they are decimals."""
    return PERCENTAGE.search(named) is not None and not is_decimal(description)


def is_decimal(description: str) -> bool:
    """Whether shares are written as 0.05 rather than as 5."""
    return DECIMAL.search(description) is not None


def is_currency(named: str) -> bool:
    """Whether name and description say that values are currencies."""
    return CURRENCY.search(named) is not None
