"""What stands in a request, word for word: words, numbers, dates, quotations, paths, addresses, each with its place."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property

from brain.intent_inference.inflection import root
from brain.intent_inference.spans import Spanned, overlap, starts_in
from brain.shortened import shortened
from brain.written_numbers import find_numbers

__all__ = ["SENTENCE_START", "Kind", "Mention", "Request", "Word"]

ASKING_WORDS = frozenset(
    re.findall(r"\w+", "day days display find get give list look looking make need report see show tell view want")
)
"""Words that say nothing in most requests, though a table may have them for names of its own: a column `days`."""
STOP_WORDS = ASKING_WORDS | frozenset(
    re.findall(
        r"\w+",
        """a about all an and any are as at be been but by can could did do does each every for from had has have how i
        in into is it its just let like me my no not of on only or our over per please s should so t than that the
        their them then there these this those to under us was we were what when where which who why will with would
        you your much during among within near between since until till before after through""",
    )
)
LIGHT = frozenset(
    root(word)
    for word in re.findall(
        r"\w+",
        """come came go went live stay stayed see saw seen make made get got gotten bring brought take took taken place
        hold held keep kept happen occur work earn exist belong run ran record measure observe take give gave given
        put draw drawn drew compute calculated know known may out up there each overall altogether usually normally
        typically generally exactly far too also then still ever simply quickly kindly hello hi thanks thank""",
    )
)
"""Verbs and adverbs that only carry what the rest of the sentence says."""
LONGEST_QUOTE = 200
"""Characters."""
FIRST_YEAR, LAST_YEAR = 1800, 2199
"""A bare four-digit number in this range may be a year."""


class Kind(StrEnum):
    """What a mention is."""

    NUMBER = "number"
    DATE = "date"
    QUOTED = "quoted"
    PATH = "path"
    URL = "url"


ENDINGS = (
    r"\.(?:csv|tsv|parquet|jsonl?|ndjson|xlsx?|xlsm|ods|txt|md|html?|xml|pdf|docx?|odt|png|jpe?g|svg|gif|ya?ml|toml|ini|log|"
    r"sql|db|sqlite3?|duckdb|feather|arrow|avro|orc|hdf5?|h5|sav|dta|rds|pkl|npy|dat|zip|gz|bz2|xz|7z|tar)\b"
)
"""Of files, also of those that no tool opens: what is called so is no value and no word."""
PATTERNS = {
    Kind.URL: re.compile(r"https?://[^\s<>\"'`]+[^\s<>\"'`.,;:!?)\]]"),
    Kind.QUOTED: re.compile(r"\"([^\"\n]+)\"|“([^”\n]+)”|‘([^’\n]+)’|`([^`\n]+)`|(?<!\w)'([^'\n]+)'(?!\w)"),
    Kind.PATH: re.compile(
        rf"(?<![\w/\\~])(?:[a-z]:[\\/]|~?[\\/])?(?:[\w.-]+[\\/])*[\w-][\w.-]*{ENDINGS}"
        r"|(?<![\w/\\~.])(?:[a-z]:\\|~?/)[\w.-]+(?:[\\/][\w.-]+)+",
        re.IGNORECASE,
    ),
    Kind.DATE: re.compile(r"(?<![\w-])\d{4}-\d{2}(?:-\d{2})?(?![\w-])"),
}
FILE_NAME = re.compile(rf"[^\n]*\w{ENDINGS}", re.IGNORECASE)
WORD = re.compile(r"\d*[^\W\d_][^\W_]*(?:['’][a-z]+)?|\d[\d,.]{18,}")
"""Letters, also with digits among them: `CO2`, `q1`, `30mm`; and digits that are too many for a number."""


SENTENCE_START = re.compile(r"(?:^|[.!?:]\s)[\s\"'“‘(]*$")
"""Before a word whose capital says nothing."""
COMPARATIVE = re.compile(
    r"\b(?!(?:other|rather|over|under)\b)\w{2,}er(?=\s+than\b)|(?<=\bor\s)(?!over|under)\w{2,}er\b", re.IGNORECASE
)
"""`hotter` in `hotter than 30` and in `30 or hotter`."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A value that the request states; `start` and `end` are positions in its text."""

    kind: Kind
    value: str | int | float
    start: int
    end: int

    @property
    def may_be_year(self) -> bool:
        """Whether the number could mean a year."""
        return self.kind is Kind.NUMBER and isinstance(self.value, int) and FIRST_YEAR <= self.value <= LAST_YEAR


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the request in lower case, and where it stands."""

    text: str
    start: int
    end: int
    is_comparative: bool = False
    """Whether it compares, as `hotter` in `hotter than 30` or `30 or hotter`."""
    is_stop: bool = False
    """Whether it says nothing about the subject."""

    @property
    def is_superlative(self) -> bool:
        """Whether the word is an English superlative by its ending; the stem must be long enough to be one."""
        return self.text in ("most", "least", "best", "worst", "top", "bottom", "fewest") or (
            self.text.endswith("est") and len(self.text) > len("guest") and self.text not in NOT_SUPERLATIVE
        )


NOT_SUPERLATIVE = frozenset(
    {"interest", "request", "forest", "honest", "modest", "harvest", "suggest", "invest", "protest", "contest"}
)
"""Common words that only look like superlatives."""


@dataclass(frozen=True)
class Request:
    """A request, taken apart."""

    text: str
    subjects: frozenset[str] = frozenset()
    """Roots of the words that the data has for names, so that they say something here."""
    mentions: tuple[Mention, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "mentions", tuple(_mentions(self.text)))

    @cached_property
    def words(self) -> tuple[Word, ...]:
        """Every word outside paths and addresses, in order."""
        places = [m for m in self.mentions if m.kind in (Kind.PATH, Kind.URL)]
        figures = [m for m in self.mentions if m.kind is Kind.NUMBER and self.text[m.start].isdigit()]
        comparatives = {match.start() for match in COMPARATIVE.finditer(self.text)}
        words = (Word(m[0].lower().replace("’", "'"), m.start(), m.end()) for m in WORD.finditer(self.text))
        return tuple(
            replace(word, is_comparative=word.start in comparatives, is_stop=self.says_nothing(word))
            for word in words
            if not starts_in(word, (*places, *figures))
        )

    def about(self, names: Iterable[str]) -> "Request":
        """The same request of data that has these words for names."""
        return replace(self, subjects=frozenset(root(name) for name in names))

    def says_nothing(self, word: Word) -> bool:
        """Whether it is a word of the language, which no name of the data has made its own."""
        is_name = word.text in ASKING_WORDS and root(word.text) in self.subjects
        is_order = word.text not in ("day", "days") and SENTENCE_START.search(self.text[: word.start])
        return word.text in STOP_WORDS and not (is_name and not is_order)

    def stands_out(self, word: Word) -> bool:
        """Whether the word has a capital in mid-sentence, unless the whole request is written so."""
        is_capital = self.text[word.start].isupper() and not SENTENCE_START.search(self.text[: word.start])
        capitals = [each for each in self.words if self.text[each.start].isupper()]
        return is_capital and 2 * len(capitals) <= len(self.words)

    def before(self, place: Spanned, characters: int = 60) -> str:
        """The text that leads up to a place."""
        return self.text[max(0, place.start - characters) : place.start]

    def quote(self, start: int, end: int) -> str:
        """Words of the request, for people."""
        return f"“{shortened(self.text[start:end], LONGEST_QUOTE)}”"

    def of(self, kind: Kind) -> tuple[Mention, ...]:
        """The mentions of one kind, in order."""
        return tuple(mention for mention in self.mentions if mention.kind is kind)

    def phrases(self, longest: int = 3) -> Iterator[tuple[Word, ...]]:
        """Every run of one to `longest` neighbouring words that neither starts nor ends with a stop word."""
        words = self.words
        for size in range(1, longest + 1):
            for start in range(len(words) - size + 1):
                phrase = words[start : start + size]
                if not phrase[0].is_stop and not phrase[-1].is_stop and all(word.text != "than" for word in phrase):
                    yield phrase


def _mentions(text: str) -> list[Mention]:
    found: list[Mention] = []
    for kind, pattern in PATTERNS.items():
        for match in pattern.finditer(text):
            value = _value(kind, match)
            is_file = kind is Kind.QUOTED and FILE_NAME.fullmatch(value)
            mention = Mention(Kind.PATH if is_file else kind, value, match.start(), match.end())
            if not any(overlap(mention, other) for other in found):
                found.append(mention)
    numbers = [Mention(Kind.NUMBER, *number) for number in find_numbers(text)]
    found += [number for number in numbers if not any(overlap(number, other) for other in found)]
    return sorted(found, key=lambda mention: mention.start)


def _value(kind: Kind, match: re.Match[str]) -> str:
    if kind is Kind.QUOTED:
        return next(group for group in match.groups() if group is not None)
    return match[0]
