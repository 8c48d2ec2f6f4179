"""What a text holds that must come from somewhere although its words are the model's own: addresses, numbers, names."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from brain.intent_inference.mentions import PATTERNS, SENTENCE_START, Kind
from brain.intent_inference.spoken_dates import ABSOLUTE
from brain.written_numbers import find_numbers

__all__ = ["ADDRESS", "HOST", "MAIL", "Telling", "TellingKind", "telling_parts"]

ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://[^\s\"'<>\\]+", re.IGNORECASE)
MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
HOST = re.compile(
    r"(?<![\w@./-])(?:[a-z0-9-]+\.)+[a-z]{2,}(?::\d+)?(?![\w-]|\.\w)|\b\d{1,3}(?:\.\d{1,3}){3}\b", re.IGNORECASE
)
CAPITAL = re.compile(r"\b[A-Z][^\W\d_]*(?:['’-][^\W\d_]+)*")
TECHNICAL = frozenset({"AI", "CSV", "HTML", "HTTP", "I", "ID", "ISO", "JSON", "OK", "PDF", "SQL", "URL", "UTC", "XML"})


class TellingKind(StrEnum):
    """What such a part is."""

    ADDRESS = "address"
    MAIL = "mail"
    PATH = "path"
    HOST = "host"
    DATE = "date"
    NUMBER = "number"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Telling:
    """One part."""

    kind: TellingKind
    text: str
    number: float = 0


def telling_parts(text: str, *, only_places: bool = False) -> Iterator[Telling]:
    """Every such part; with `only_places` what leads somewhere, and neither numbers nor names."""
    patterns = [
        (TellingKind.ADDRESS, ADDRESS), (TellingKind.MAIL, MAIL), (TellingKind.PATH, PATTERNS[Kind.PATH]),
        (TellingKind.HOST, HOST),
    ]  # fmt: skip
    if not only_places:
        patterns.append((TellingKind.DATE, ABSOLUTE))
    for kind, pattern in patterns:
        for match in pattern.finditer(text):
            if kind is not TellingKind.DATE or any(letter.isdigit() for letter in match[0]):
                yield Telling(kind, match[0])
        text = pattern.sub(lambda found: " " * len(found[0]), text)
    if not only_places:
        yield from (Telling(TellingKind.NUMBER, text[start:end], value) for value, start, end in find_numbers(text))
        yield from _names(text)


def _names(text: str) -> Iterator[Telling]:
    """Words with a capital in mid-sentence, unless most words have one, as in a heading."""
    words = re.findall(r"[^\W\d_]+", text)
    capitals = [match for match in CAPITAL.finditer(text) if match[0] not in TECHNICAL]
    if 2 * len(capitals) > len(words):
        return
    for match in capitals:
        if not SENTENCE_START.search(text[: match.start()]) and match.start():
            yield Telling(TellingKind.NAME, match[0])
