"""Numbers in a text, in digits or in words, with sign and scale: `-4`, `1,250.5`, `twenty-five`, `2.5 million`."""

import re
from collections.abc import Iterator
from fractions import Fraction

__all__ = ["NUMBER_WORDS", "find_numbers"]

UNITS = r"(?:[mck]?m|k?g|[lcfsh]|ml|min|kwh?|ppm)"
"""Of measurement, where they are written right behind a number; `5k`, `3rd` and `1990s` are no numbers."""
DIGITS = rf"(?<![\w.])(?!\d{{3}}0s\b)-?\d{{1,18}}(?:,\d{{3}}){{0,5}}(?:\.\d{{1,18}})?(?={UNITS}?(?!\w|\.\d))"
ONES = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
}  # fmt: skip
TEENS = {
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19,
}  # fmt: skip
TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
SCALES = {
    "dozen": 12, "hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12,
}  # fmt: skip
PARTS = {"half": Fraction(1, 2), "quarter": Fraction(1, 4)}
NUMBER_WORDS = {name: value for name, value in ({"zero": 0} | ONES | TEENS | TENS | SCALES).items() if name != "one"}
"""Single words that are always numbers; `one` is as often a pronoun."""


def _any(words: dict[str, int]) -> str:
    return f"(?:{'|'.join(words)})"


SCALE = rf"(?:\s+{_any(SCALES)}\b)"
NUMBER = re.compile(
    rf"(?:\b(?P<minus>minus|negative)\s+)?"
    rf"(?:(?P<digits>{DIGITS})"
    rf"|\b(?P<compound>{_any(TENS)}[-\s]{_any(ONES)})\b"
    rf"|\b(?P<word>zero|{_any(ONES | TEENS | TENS)})\b"
    rf"|\b(?P<half>half)(?:\s+an?)?(?={SCALE})"
    rf"|\b(?P<bare>{_any(SCALES)})\b)"
    rf"(?:\s+and\s+an?\s+(?P<part>half|quarter)\b)?"
    rf"(?P<scales>{SCALE}*)",
    re.IGNORECASE,
)


def find_numbers(text: str) -> Iterator[tuple[int | float, int, int]]:
    """Every number with its start and its end."""
    for match in NUMBER.finditer(text):
        if (match["word"] or "").lower() != "one" or match["scales"] or match["part"]:
            value = _value({name: (found or "").lower() for name, found in match.groupdict().items()})
            yield value, match.start(), match.end()


def _value(said: dict[str, str]) -> int | float:
    if said["digits"]:
        digits = said["digits"].replace(",", "")
        value: int | float | Fraction = float(digits) if "." in digits and not said["scales"] else Fraction(digits)
    elif said["half"]:
        value = PARTS["half"]
    else:
        words = re.split(r"[-\s]", said["compound"] or said["word"] or said["bare"])
        value = sum((ONES | NUMBER_WORDS)[word] for word in words)
    value += PARTS.get(said["part"], 0)
    for scale in said["scales"].split():
        value *= SCALES[scale]
    value = -value if said["minus"] else value
    return value if isinstance(value, int | float) else int(value) if value.denominator == 1 else float(value)
