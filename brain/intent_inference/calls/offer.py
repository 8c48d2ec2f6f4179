"""What a request offers for an argument: every value of the argument's kind that stands in it."""

from collections.abc import Collection, Iterable, Iterator
from datetime import date

from brain.intent_inference.calls.arguments import Argument, Kind
from brain.intent_inference.calls.candidate import ABSENT, Candidate, Rule
from brain.intent_inference.calls.contents import Contents
from brain.intent_inference.calls.offers.booleans import booleans
from brain.intent_inference.calls.offers.dates import dates, times
from brain.intent_inference.calls.offers.lists import number_lists, text_lists
from brain.intent_inference.calls.offers.numbers import numbers
from brain.intent_inference.calls.offers.options import option_lists, options
from brain.intent_inference.calls.offers.texts import currencies, texts
from brain.intent_inference.calls.reading import Reading
from brain.intent_inference.calls.tokens import TokenKind
from brain.pipeline_builder.schemas import Validator

__all__ = ["Offer"]

CONSTRAINTS = frozenset(
    {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "pattern", "minLength", "maxLength",
     "minItems", "maxItems", "uniqueItems"}
)  # fmt: skip
"""What a schema may ask of a value beside its type."""
FORMATS = {
    "uri": (TokenKind.URL,), "url": (TokenKind.URL,), "email": (TokenKind.MAIL,), "path": (TokenKind.PATH,),
    "hostname": (TokenKind.HOST,), "ipv4": (TokenKind.HOST,),
}  # fmt: skip
"""What texts of a `format` look like; no other words are taken for them."""
UNDIVIDED = (Rule.CURRENCY, Rule.LITERAL)
"""Rules of values of which no part is a value of its own."""


class Offer:
    """The candidates of one request; `tomorrow` and the like count from `as_of`."""

    def __init__(self, reading: Reading, as_of: date | None = None) -> None:
        self.contents = Contents(reading, as_of)

    def of(self, argument: Argument) -> list[Candidate]:
        """The absence of a value, and every candidate, each once."""
        found = list(self._lists(argument) if argument.is_list else self._singles(argument))
        if argument.takes_currency or argument.is_list:
            found = _without_parts(found)
        is_demanding = argument.kind is Kind.OTHER or not CONSTRAINTS.isdisjoint(argument.schema)
        if doubtful := [each for each in found if is_demanding or each.rule == Rule.LITERAL]:
            fits = Validator(argument.schema).fits
            misfits = [each for each in doubtful if not fits(each.value)]
            found = [each for each in found if each not in misfits]
        unique: dict[tuple[str, int, int], Candidate] = {}
        for each in found:
            unique.setdefault((repr(each.value), each.first, each.last), each)
        return [ABSENT, *unique.values()]

    def _singles(self, argument: Argument) -> Iterator[Candidate]:
        match argument.kind:
            case Kind.INTEGER | Kind.NUMBER:
                yield from (options if argument.options else numbers)(self.contents, argument)
            case Kind.BOOLEAN:
                yield from booleans(self.contents, argument)
            case Kind.OTHER:
                yield from self.contents.literals
            case _:
                yield from self._texts(argument)

    def _texts(self, argument: Argument) -> Iterator[Candidate]:
        """Values of a kind of text, and, where others are valid as well, any text."""
        match argument.kind:
            case Kind.OPTION:
                yield from options(self.contents, argument)
            case Kind.DATE:
                yield from dates(self.contents, argument)
            case Kind.TIME:
                yield from times(self.contents)
        if argument.kind is not Kind.OPTION or not argument.is_closed:
            wanted = FORMATS.get(argument.schema.get("format", ""))
            yield from (each for each in texts(self.contents) if wanted is None or self._is_one(each, wanted))
        if argument.takes_currency:
            yield from currencies(self.contents.reading)

    def _is_one(self, candidate: Candidate, kinds: Collection[str]) -> bool:
        """Whether it is a single token of one of these kinds."""
        return candidate.length == 1 and self.contents.reading.tokens[candidate.first].kind in kinds

    def _lists(self, argument: Argument) -> Iterator[Candidate]:
        yield from self.contents.literals
        if argument.is_numeric or argument.kind is Kind.OTHER:
            yield from number_lists(self.contents, argument)
        if argument.kind is Kind.OPTION:
            yield from option_lists(self.contents, argument)
        if argument.kind in (Kind.TEXT, Kind.DATE) or (argument.kind is Kind.OPTION and not argument.is_closed):
            yield from text_lists(self.contents)


def _without_parts(found: Iterable[Candidate]) -> list[Candidate]:
    """Without what stands in a literal or in the name of a currency."""
    found = list(found)
    whole = [each for each in found if each.rule in UNDIVIDED]
    return [each for each in found if each in whole or not any(each.overlaps(one) for one in whole)]
