"""Whether an answer that a model wrote rests on the results: its numbers, and the steps that it cites."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from brain.written_numbers import find_numbers

__all__ = ["cited_steps", "known_numbers", "unknown_numbers"]

SCALES = {
    "k": 10**3, "thousand": 10**3, "million": 10**6, "mn": 10**6, "billion": 10**9, "bn": 10**9, "trillion": 10**12,
}  # fmt: skip
NUMBER = re.compile(
    rf"(?<![\w.])(?P<digits>\d+(?:,\d{{3}})*(?:\.\d+)?|\.\d+)"
    rf"(?:(?P<percent>\s?%)|\s?(?P<scale>{'|'.join(SCALES)})\b)?",
    re.IGNORECASE,
)
LIST_MARKER = re.compile(r"^[ \t]*(\d{1,3})[.)](?=\s)", re.MULTILINE)
CITATION = re.compile(r"\[([a-z_][a-z0-9_]*)\](?!\()")
"""`[monthly]`, but not the text of a link."""


@dataclass(frozen=True, slots=True)
class _Number:
    """A number as it is written in a text, without its sign, which may be a word."""

    text: str
    value: float
    half: float
    """Half of what its last digit stands for."""
    is_percentage: bool = False

    def is_one_of(self, known: Iterable[float]) -> bool:
        """Whether one of the known numbers is written so, rounded to the digits that are shown, or as a percentage."""
        scales = (1, 100) if self.is_percentage else (1,)
        return any(abs(other * scale - self.value) <= self.half for other in known for scale in scales)


def known_numbers(text: str) -> set[float]:
    """Every number that a text holds."""
    return {number.value for number in _numbers(text)}


def unknown_numbers(text: str, known: Iterable[float]) -> list[str]:
    """The numbers of a text that are none of the known ones, in digits or in words; list markers count nothing."""
    sizes = {abs(number) for number in known}
    return [number.text for number in _numbers(_without_markers(text)) if not number.is_one_of(sizes)]


def cited_steps(text: str, results: str) -> list[str]:
    """The steps in square brackets, without what stands so in a result itself, as `[edit]` does on many pages."""
    return [step for step in CITATION.findall(text) if f"[{step}]" not in results]


def _numbers(text: str) -> Iterator[_Number]:
    for match in NUMBER.finditer(text):
        digits = match["digits"].replace(",", "")
        scale = SCALES[match["scale"].lower()] if match["scale"] else 1
        half = 0.5 * 10 ** -len(digits.partition(".")[2]) * scale * (1 + 1e-9)
        yield _Number(match[0], float(digits) * scale, half, match["percent"] is not None)
    for value, start, end in find_numbers(text):
        if not any(letter.isdigit() for letter in text[start:end]):
            yield _Number(text[start:end], abs(value), 0.5 * (1 + 1e-9) if isinstance(value, int) else 1e-9)


def _without_markers(text: str) -> str:
    """The text without the numbers that count the lines of a list from 1 on."""
    counted: list[re.Match[str]] = []
    for marker in LIST_MARKER.finditer(text):
        if int(marker[1]) in (1, int(counted[-1][1]) + 1 if counted else 1):
            counted.append(marker)
    if len(counted) < 2:  # noqa: PLR2004 - one line is no list
        return text
    for marker in reversed(counted):
        text = text[: marker.start()] + text[marker.end() :]
    return text
