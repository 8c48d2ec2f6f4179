"""A request, taken apart into tokens, and what stands in quotation marks."""

import re
from dataclasses import dataclass
from functools import cached_property

from brain.intent_inference.calls.tokens import Token, TokenKind, find_tokens
from brain.intent_inference.inflection import root

__all__ = ["Case", "Range", "Reading"]

type Range = tuple[int, int]
"""Half-open, of tokens."""

QUOTES = re.compile(
    r"\"([^\"\n]+)\"|“([^”\n]+)”|«([^»\n]+)»|`([^`\n]+)`"
    r"|(?<![\w])'((?:[^'\n]|(?<=\w)'(?=\w))+)'(?!\w)|(?<!\w)‘([^\n]+?)’(?!\w)"
)
MANY_CAPITALS = 0.6
"""Share of words with a capital from which capitals tell no names: a title, or a text in capitals."""
SENTENCE_ENDS = frozenset(".?!:")
EDGE = "edge"
"""The shape of what is before the first token and behind the last."""


@dataclass(frozen=True, slots=True)
class Case:
    """How many of the telling words of a text begin with a capital."""

    capitals: int
    words: int

    def __str__(self) -> str:
        if self.capitals == self.words:
            return "all"
        return "some" if self.capitals else "none"


@dataclass(frozen=True)
class Reading:
    """A request, taken apart."""

    text: str

    @cached_property
    def tokens(self) -> tuple[Token, ...]:
        """Every token in order; none lies in two."""
        return tuple(find_tokens(self.text))

    @cached_property
    def lowers(self) -> list[str]:
        """The tokens in lower case."""
        return [token.lower for token in self.tokens]

    @cached_property
    def roots(self) -> list[str]:
        """The roots of the tokens."""
        return [root(lower) for lower in self.lowers]

    @cached_property
    def quotes(self) -> tuple[Range, ...]:
        """What stands in quotation marks, without the marks."""
        matches = [(match, match.lastindex or 0) for match in QUOTES.finditer(self.text)]
        places = [self.tokens_between(match.start(group), match.end(group)) for match, group in matches]
        return tuple(place for place in places if place is not None)

    @cached_property
    def has_telling_capitals(self) -> bool:
        """Whether a capital says that something is a name: not where most words have one."""
        words = [token for token in self.tokens if token.is_word]
        return sum(token.is_capital for token in words) / max(len(words), 1) < MANY_CAPITALS

    @cached_property
    def sentence_starts(self) -> frozenset[int]:
        """Positions of tokens whose capital says nothing."""
        starts, fresh = set(), True
        for at, token in enumerate(self.tokens):
            if fresh and not token.is_mark:
                starts.add(at)
                fresh = False
            if token.text in SENTENCE_ENDS:
                fresh = True
        return frozenset(starts)

    @cached_property
    def shapes(self) -> list[str]:
        """Function words and marks as they are, of other tokens only what they look like."""
        return [self._shape(at) for at in range(len(self.tokens))]

    def _shape(self, at: int) -> str:
        token = self.tokens[at]
        if not token.is_telling:
            return token.lower
        if token.kind is not TokenKind.WORD:
            return token.kind
        if at in self.sentence_starts:
            return "opening"
        return "capital" if token.is_capital else "content"

    def shape(self, at: int) -> str:
        """The shape of a token; `edge` outside of the text."""
        return self.shapes[at] if 0 <= at < len(self.shapes) else EDGE

    def is_capital(self, at: int) -> bool:
        """Whether a token is there that begins with a capital."""
        return 0 <= at < len(self.tokens) and self.tokens[at].is_capital

    def starts_sentence(self, at: int) -> bool:
        """Whether the capital of a token says nothing."""
        return at in self.sentence_starts

    def case(self, first: int, last: int) -> Case:
        """How the telling words of a range are written."""
        words = [token.is_capital for token in self.tokens[first:last] if token.is_telling]
        return Case(sum(words), len(words))

    def cuts_name_before(self, first: int) -> bool:
        """Whether a range that begins here leaves out the beginning of a name."""
        return self.is_capital(first - 1) and self.is_capital(first) and not self.starts_sentence(first - 1)

    def cuts_name_behind(self, last: int) -> bool:
        """Whether a range that ends here leaves out the end of a name."""
        return self.is_capital(last) and self.is_capital(last - 1)

    def whole_name(self, first: int, last: int) -> Range:
        """The range, widened to the whole of a name that it begins or ends in."""
        if self.has_telling_capitals:
            while self.cuts_name_before(first):
                first -= 1
            while self.cuts_name_behind(last):
                last += 1
        return first, last

    def tokens_between(self, start: int, end: int) -> Range | None:
        """The range of tokens that begin within these characters."""
        inside = [at for at, token in enumerate(self.tokens) if start <= token.start < end]
        return (inside[0], inside[-1] + 1) if inside else None

    def quote(self, first: int, last: int) -> str:
        """The text of a range of tokens."""
        return self.text[self.tokens[first].start : self.tokens[last - 1].end]
