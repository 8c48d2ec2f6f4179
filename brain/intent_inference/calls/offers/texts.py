"""Texts: phrases, quotations, parts of compounds, expressions and codes of currencies."""

from collections.abc import Iterator

from brain.intent_inference.calls.candidate import Candidate, Rule
from brain.intent_inference.calls.contents import Contents
from brain.intent_inference.calls.currencies import codes_by_name
from brain.intent_inference.calls.reading import Reading
from brain.intent_inference.calls.tokens import TokenKind

__all__ = ["currencies", "texts"]

POINTERS = (["this"], ["that"], ["these"], ["those"], ["following"])
POINTED_AT = frozenset(
    {"text", "sentence", "paragraph", "passage", "document", "article", "message", "review", "page", "note", "word"}
)
LEAST_REST = 3
"""Tokens from a colon on; what is shorter is a phrase."""
LONGEST_CURRENCY = 2
"""Tokens of its name."""


def texts(contents: Contents) -> Iterator[Candidate]:
    """Everything that may be a text of its own."""
    reading = contents.reading
    named = (place for place in contents.phrases if not _points(reading, *place))
    yield from (Candidate(reading.quote(*place), *place, Rule.PHRASE) for place in named)
    yield from (Candidate(reading.quote(*place), *place, Rule.QUOTED) for place in reading.quotes)
    yield from _rests(reading)
    yield from _parts_of_compounds(reading)
    yield from (Candidate(reading.quote(*place), *place, Rule.EXPRESSION) for place in contents.expressions)


def _points(reading: Reading, first: int, last: int) -> bool:
    """Whether it only points at a text that stands elsewhere: `this sentence`."""
    return last - first == 1 and reading.lowers[first] in POINTED_AT and reading.lowers[first - 1 : first] in POINTERS


def _rests(reading: Reading) -> Iterator[Candidate]:
    """All that stands behind the first colon: `Summarize this: ...`."""
    colon = next((at for at, token in enumerate(reading.tokens) if token.text == ":"), None)
    if colon is not None and len(reading.tokens) - colon > LEAST_REST:
        place = colon + 1, len(reading.tokens)
        yield Candidate(reading.quote(*place), *place, Rule.REST)


def _parts_of_compounds(reading: Reading) -> Iterator[Candidate]:
    """`jazz` of `jazz-themed`."""
    for place, token in enumerate(reading.tokens):
        if token.kind is TokenKind.WORD and "-" in token.text:
            yield Candidate(token.text.partition("-")[0], place, place + 1, Rule.PART_OF_A_COMPOUND)


def currencies(reading: Reading) -> Iterator[Candidate]:
    """The codes of the currencies that are named, longer names first."""
    taken = -1
    for place in range(len(reading.tokens)):
        for last in range(place + LONGEST_CURRENCY, place, -1):
            if place < taken or last > len(reading.tokens):
                continue
            if code := codes_by_name().get(reading.quote(place, last).lower()):
                yield Candidate(code, place, last, Rule.CURRENCY)
                taken = last
