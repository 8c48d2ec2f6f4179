"""Tokens of a text: words, numbers, codes, paths and marks, each of a kind and with its place."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

__all__ = ["FUNCTION_WORDS", "NUMBER_LISTS", "Token", "TokenKind", "find_tokens"]

FUNCTION_WORDS = frozenset(
    re.findall(
        r"\S+",
        """a about above across after again against all along also although am among an and any are around as
        at be because been before behind being below beneath beside besides between beyond both but by can
        could did do does doing done down during each either else every few for from further get give given
        had has have having he her here hers him his how however i if in inside instead into is it its
        itself just like made make many may me might mine more most much must my need neither nor not of off
        on once one only onto or other our ours out outside over own per please same shall she should since
        so some such than that the their theirs them then there these they this those though through
        throughout to too toward towards under until unless up upon us use using very via want was we were
        what when where whether which while who whom whose why will with within without would yes you your
        yours let's i'm i'd i'll i've it's that's what's 's""",
    )
)
"""Words that only hold a sentence together."""


class TokenKind(StrEnum):
    """What a token looks like."""

    URL = "url"
    MAIL = "mail"
    PATH = "path"
    DATE = "date"
    TIME = "time"
    HOST = "host"
    ORDINAL = "ordinal"
    NUMBER = "number"
    CODE = "code"
    SHORT = "short"
    WORD = "word"
    MARK = "mark"


FILE_ENDINGS = (
    r"csv|tsv|json|jsonl|parquet|xlsx?|txt|md|html?|xml|pdf|docx?|png|jpe?g|svg|gif|ya?ml|py|js|ts|sql|db|log|zip|gz|"
    r"mp3|mp4|wav"
)
UNITS = re.findall(
    r"\S+",
    """kg g mg lb lbs oz km m cm mm ft mi mph kph nm s ms h hr hrs min mins l ml w kw kwh v mv a ma hz khz
        mhz ghz gb mb kb tb k n j kj pa kpa atm mol c f °c °f ° % x usd eur b bn mn""",
)
"""What may be written right behind a number."""
GLUED = "|".join(re.escape(unit) for unit in sorted(UNITS, key=len, reverse=True))
NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+"
PATTERNS = {
    TokenKind.URL: r"""(?:https?|ftp|s3|gs)://[^\s<>"'`]*[^\s<>"'`.,;:!?)\]]""",
    TokenKind.MAIL: r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
    TokenKind.PATH: (
        r"(?:(?<![\w/])(?:~|\.{1,2}|[A-Za-z]:)?(?:[/\\][\w.-]*\w)+/?"
        rf"|(?:[\w-]+/)*[\w-]+(?:\.[\w-]+)*\.(?:{FILE_ENDINGS})\b)"
    ),
    TokenKind.DATE: (
        r"\d{4}-\d{1,2}-\d{1,2}(?![\d-])|\d{1,2}[/.]\d{1,2}[/.]\d{4}(?!\d)|\d{4}/\d{1,2}/\d{1,2}(?!\d)"
        r"|\d{1,2}-\d{1,2}-\d{4}(?![\d-])"
    ),
    TokenKind.TIME: r"\d{1,2}:\d{2}(?::\d{2})?(?![\d:])",
    TokenKind.HOST: (
        r"(?:\d{1,3}\.){3}\d{1,3}(?:/\d+)?|(?:[\w-]+\.)+(?:com|org|net|io|dev|edu|gov|de|uk)\b(?:/[\w./-]*\w)?"
    ),
    TokenKind.ORDINAL: r"\d+(?:st|nd|rd|th)\b",
    TokenKind.NUMBER: (
        rf"(?:(?<![\w)\]])[-−+])?(?:{NUMBER})(?:[eE][-+]?\d+)?"
        rf"(?=(?i:{GLUED})?(?![\w]|\.\w|-(?![a-z]{{3}})\w)|[-–]\d)"
    ),
    TokenKind.CODE: r"\#?\w*\d[\w]*(?:[-./_:]\w+)*|[^\W_]+(?:[_/]\w+)+|\w+(?:-\w+)*-\d[\w-]*",
    TokenKind.SHORT: r"(?:[A-Z]\.){2,}|(?:Mr|Mrs|Ms|Dr|St|Prof|Jr|Sr|vs)\.(?=\s)",
    TokenKind.WORD: r"[^\W\d_]+(?:[-&.][^\W\d_]+|['’](?!s\b)[^\W\d_]+)*|['’]s\b",
    TokenKind.MARK: r"\S",
}
"""In this order: the first that fits counts."""
TOKEN = re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in PATTERNS.items()))
NUMBER_LISTS = re.compile(r"[(\[{][-\d.,\s]+[)\]}]")
"""Numbers in brackets, where a comma ends a number and does not group its digits."""


@dataclass(frozen=True)
class Token:
    """One token; `start` and `end` are positions in the text."""

    text: str
    kind: TokenKind
    start: int
    end: int

    @cached_property
    def lower(self) -> str:
        """In lower case."""
        return self.text.lower().replace("’", "'")

    @cached_property
    def is_mark(self) -> bool:
        """Whether it is a mark of punctuation or another sign."""
        return self.kind is TokenKind.MARK

    @cached_property
    def is_word(self) -> bool:
        """Whether it is made of letters."""
        return self.kind in (TokenKind.WORD, TokenKind.SHORT)

    @cached_property
    def is_function_word(self) -> bool:
        """Whether it only holds a sentence together."""
        return self.lower in FUNCTION_WORDS

    @cached_property
    def is_telling(self) -> bool:
        """Whether it says something by itself: neither a mark nor a function word."""
        return not self.is_mark and not self.is_function_word

    @cached_property
    def is_content_word(self) -> bool:
        """Whether it is a word that says something by itself."""
        return self.is_word and not self.is_function_word

    @cached_property
    def is_capital(self) -> bool:
        """Whether it begins with a capital."""
        return self.text[:1].isupper()


def find_tokens(text: str) -> Iterator[Token]:
    """Every token in order; none lies in two."""
    lists = [match.span() for match in NUMBER_LISTS.finditer(text)]
    for match in TOKEN.finditer(text):
        yield from _apart(match, lists)


def _apart(match: re.Match[str], lists: list[tuple[int, int]]) -> Iterator[Token]:
    """The token, or the numbers that it is made of where it stands in a list."""
    kind, start = TokenKind(match.lastgroup or TokenKind.MARK), match.start()
    if kind is TokenKind.NUMBER and "," in match[0] and any(first < start < last for first, last in lists):
        for part in re.finditer(r"[^,]+|,", match[0]):
            part_kind = TokenKind.MARK if part[0] == "," else kind
            yield Token(part[0], part_kind, start + part.start(), start + part.end())
    else:
        yield Token(match[0], kind, start, match.end())
