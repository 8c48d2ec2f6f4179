"""A request as tokens: words, numbers, codes, paths and marks, each with its place, and what stands in quotation marks."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

__all__ = ["FUNCTION_WORDS", "Reading", "Token", "split_name"]

FUNCTION_WORDS = frozenset(
    """a about above across after again against all along also although am among an and any are around as at be because
    been before behind being below beneath beside besides between beyond both but by can could did do does doing done
    down during each either else every few for from further get give given had has have having he her here hers him his
    how however i if in inside instead into is it its itself just like made make many may me might mine more most much
    must my need neither nor not of off on once one only onto or other our ours out outside over own per please same
    shall she should since so some such than that the their theirs them then there these they this those though through
    throughout to too toward towards under until unless up upon us use using very via want was we were what when where
    whether which while who whom whose why will with within without would yes you your yours let's i'm i'd i'll i've
    it's that's what's 's""".split()
)
ENDINGS = "csv tsv json jsonl parquet xlsx? txt md html? xml pdf docx? png jpe?g svg gif ya?ml py js ts sql db log zip gz mp3 mp4 wav"
GLUED = "kg g mg lb lbs oz km m cm mm ft mi mph kph nm s ms h hr hrs min mins l ml w kw kwh v mv a ma hz khz mhz ghz gb mb kb tb k n j kj pa kpa atm mol c f °c °f ° % x usd eur b bn mn"
WORD = r"[^\W\d_]+(?:[-&.][^\W\d_]+|['’](?!s\b)[^\W\d_]+)*"
NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+"
TOKEN = re.compile(
    rf"""(?P<url>(?:https?|ftp|s3|gs)://[^\s<>"'`]*[^\s<>"'`.,;:!?)\]])
    |(?P<mail>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)
    |(?P<path>(?:(?<![\w/])(?:~|\.{{1,2}}|[A-Za-z]:)?(?:[/\\][\w.-]*\w)+/?|(?:[\w-]+/)*[\w-]+(?:\.[\w-]+)*\.(?:{"|".join(ENDINGS.split())})\b))
    |(?P<date>\d{{4}}-\d{{1,2}}-\d{{1,2}}(?![\d-])|\d{{1,2}}[/.]\d{{1,2}}[/.]\d{{4}}(?!\d)|\d{{4}}/\d{{1,2}}/\d{{1,2}}(?!\d)|\d{{1,2}}-\d{{1,2}}-\d{{4}}(?![\d-]))
    |(?P<time>\d{{1,2}}:\d{{2}}(?::\d{{2}})?(?![\d:]))
    |(?P<host>(?:\d{{1,3}}\.){{3}}\d{{1,3}}(?:/\d+)?|(?:[\w-]+\.)+(?:com|org|net|io|dev|edu|gov|de|uk)\b(?:/[\w./-]*\w)?)
    |(?P<ordinal>\d+(?:st|nd|rd|th)\b)
    |(?P<number>(?:(?<![\w)\]])[-−+])?(?:{NUMBER})(?:[eE][-+]?\d+)?(?=(?i:{"|".join(map(re.escape, sorted(GLUED.split(), key=len, reverse=True)))})?(?![\w]|\.\w|-(?![a-z]{{3}})\w)|[-–]\d))
    |(?P<code>\#?\w*\d[\w]*(?:[-./_:]\w+)*|[^\W_]+(?:[_/]\w+)+|\w+(?:-\w+)*-\d[\w-]*)
    |(?P<short>(?:[A-Z]\.){{2,}}|(?:Mr|Mrs|Ms|Dr|St|Prof|Jr|Sr|vs)\.(?=\s))
    |(?P<word>{WORD}|['’]s\b)
    |(?P<mark>\S)""",
    re.VERBOSE,
)
QUOTES = re.compile(
    r"\"([^\"\n]+)\"|“([^”\n]+)”|«([^»\n]+)»|`([^`\n]+)`|(?<![\w])'((?:[^'\n]|(?<=\w)'(?=\w))+)'(?!\w)|(?<!\w)‘([^\n]+?)’(?!\w)"
)
LISTED = re.compile(r"[(\[{][-\d.,\s]+[)\]}]")
"""Numbers in brackets, where a comma ends a number and does not group its digits."""
CLAUSE_END = frozenset(".?!;")


@dataclass(frozen=True, slots=True)
class Token:
    """One token; `start` and `end` are positions in the text."""

    text: str
    kind: str
    start: int
    end: int

    @property
    def lower(self) -> str:
        """In lower case."""
        return self.text.lower().replace("’", "'")

    @property
    def is_word(self) -> bool:
        """Whether it is made of letters."""
        return self.kind in ("word", "short")

    @property
    def is_function_word(self) -> bool:
        """Whether it only holds a sentence together."""
        return self.lower in FUNCTION_WORDS

    @property
    def is_capital(self) -> bool:
        """Whether it begins with a capital."""
        return self.text[:1].isupper()


@dataclass(frozen=True)
class Reading:
    """A request, taken apart."""

    text: str

    @cached_property
    def tokens(self) -> tuple[Token, ...]:
        """Every token in order; none lies in two."""
        listed = [match.span() for match in LISTED.finditer(self.text)]
        return tuple(token for match in TOKEN.finditer(self.text) for token in _apart(match, listed))

    @cached_property
    def quotes(self) -> tuple[tuple[int, int], ...]:
        """The ranges of tokens, half open, that stand in quotation marks, without the marks."""
        found = []
        for match in QUOTES.finditer(self.text):
            inner = next(number for number, group in enumerate(match.groups(), start=1) if group is not None)
            if (place := self.tokens_between(match.start(inner), match.end(inner))) is not None:
                found.append(place)
        return tuple(found)

    @cached_property
    def capitals(self) -> float:
        """The share of words that begin with a capital."""
        words = [token for token in self.tokens if token.is_word]
        return sum(token.is_capital for token in words) / max(len(words), 1)

    @cached_property
    def sentence_starts(self) -> frozenset[int]:
        """Positions of tokens whose capital says nothing."""
        starts, fresh = set(), True
        for number, token in enumerate(self.tokens):
            if fresh and token.kind != "mark":
                starts.add(number)
                fresh = False
            if token.text in (".", "?", "!", ":", "\n"):
                fresh = True
        return frozenset(starts)

    def tokens_between(self, start: int, end: int) -> tuple[int, int] | None:
        """The range of tokens that begin within these characters."""
        inside = [number for number, token in enumerate(self.tokens) if start <= token.start < end]
        return (inside[0], inside[-1] + 1) if inside else None

    def quote(self, first: int, last: int) -> str:
        """The text of a half-open range of tokens."""
        return self.text[self.tokens[first].start : self.tokens[last - 1].end]

    def clauses(self) -> Iterator[tuple[int, int]]:
        """Ranges of tokens that no mark of a sentence's end interrupts."""
        begin = 0
        for number, token in enumerate(self.tokens):
            if token.text in CLAUSE_END:
                if number > begin:
                    yield begin, number
                begin = number + 1
        if begin < len(self.tokens):
            yield begin, len(self.tokens)


def _apart(match: re.Match[str], listed: list[tuple[int, int]]) -> Iterator[Token]:
    """The token, or the numbers that it is made of where it stands in a list."""
    kind, start = match.lastgroup or "mark", match.start()
    if kind == "number" and "," in match[0] and any(first < start < last for first, last in listed):
        for part in re.finditer(r"[^,]+|,", match[0]):
            yield Token(part[0], "mark" if part[0] == "," else kind, start + part.start(), start + part.end())
    else:
        yield Token(match[0], kind, start, match.end())


def split_name(name: str) -> list[str]:
    """The words of an identifier: `firstName`, `first_name` and `first-name` have two."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return [word.lower() for word in re.findall(r"[^\W_]+", spaced)]
