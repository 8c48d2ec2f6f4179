"""Numbers in a text, in digits or in words, and whether they are known ones, rounded to the digits that are shown."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from brain.runs import Json
from brain.written_numbers import find_numbers

__all__ = ["Written", "known_numbers", "numbers_of", "written_numbers"]

SCALES = {
    "k": 10**3, "thousand": 10**3, "million": 10**6, "mn": 10**6, "billion": 10**9, "bn": 10**9, "trillion": 10**12,
}  # fmt: skip
SEPARATORS = ",'\u2019\u00a0\u2009\u202f"
"""Between thousands: comma, apostrophes, and the blanks that do not break a line or are thin."""
NUMBER = re.compile(
    rf"(?<![\w.])(?P<digits>\d+(?:[{SEPARATORS}]\d{{3}})*(?:\.\d+)?|\.\d+)"
    rf"(?:(?P<percent>\s?%|\sper\s?cent\b)|\s?(?P<scale>{'|'.join(SCALES)})\b)?",
    re.IGNORECASE,
)
LIST_MARKER = re.compile(r"^[ \t]*(\d{1,3})[.)](?=\s)", re.MULTILINE)
FLOAT_SLACK = 1e-9


@dataclass(frozen=True, slots=True)
class Written:
    """A number as it is written in a text, without its sign, which may be a word."""

    text: str
    start: int
    end: int
    value: float
    half: float
    """Half of what its last digit stands for."""
    is_percentage: bool = False

    def is_one_of(self, known: Iterable[float]) -> bool:
        """Whether one of the known numbers, all without a sign, is written so: rounded, or as a percentage."""
        scales = (1, 100) if self.is_percentage else (1,)
        return any(abs(other * scale - self.value) <= self.half for other in known for scale in scales)


def known_numbers(text: str) -> set[float]:
    """Every number that a text holds, without its sign."""
    return {number.value for number in _numbers(text)}


def numbers_of(value: Json) -> set[float]:
    """Every number in a JSON value and in its texts, without its sign."""
    match value:
        case bool() | None:
            return set()
        case int() | float():
            return {abs(float(value))}
        case str():
            return known_numbers(value)
        case Mapping():
            return {number for item in value.values() for number in numbers_of(item)}
        case list() | tuple():
            return {number for item in value for number in numbers_of(item)}
        case _:
            return set()


def written_numbers(text: str) -> list[Written]:
    """The numbers of a text in their order; those that only count the lines of a list are none."""
    markers = _markers(text)
    found = (number for number in _numbers(text) if number.start not in markers)
    return sorted(found, key=lambda number: number.start)


def _numbers(text: str) -> Iterator[Written]:
    for match in NUMBER.finditer(text):
        digits = match["digits"]
        for separator in SEPARATORS:
            digits = digits.replace(separator, "")
        scale = SCALES[match["scale"].lower()] if match["scale"] else 1
        half = 0.5 * 10 ** -len(digits.partition(".")[2]) * scale * (1 + FLOAT_SLACK)
        yield Written(match[0], match.start(), match.end(), float(digits) * scale, half, match["percent"] is not None)
    for value, start, end in find_numbers(text):
        if not any(letter.isdigit() for letter in text[start:end]):
            half = 0.5 * (1 + FLOAT_SLACK) if isinstance(value, int) else FLOAT_SLACK
            yield Written(text[start:end], start, end, abs(value), half)


def _markers(text: str) -> Collection[int]:
    """Where the numbers begin that count the lines of a list from 1 on."""
    counted: list[re.Match[str]] = []
    for marker in LIST_MARKER.finditer(text):
        if int(marker[1]) in (1, int(counted[-1][1]) + 1 if counted else 1):
            counted.append(marker)
    return {marker.start(1) for marker in counted} if len(counted) > 1 else set()  # one line is no list
