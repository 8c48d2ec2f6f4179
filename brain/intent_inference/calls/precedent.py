"""What an earlier call for a similar request gave its arguments, and what that says about new candidates for them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from brain.intent_inference.calls.arguments import Argument, ArgumentPath
from brain.intent_inference.calls.candidate import Candidate, Rule
from brain.intent_inference.calls.contents import Contents
from brain.intent_inference.calls.offer import Offer
from brain.intent_inference.calls.reading import Range, Reading
from brain.intent_inference.calls.scene import Fact, Trial
from brain.intent_inference.calls.tokens import find_tokens
from brain.runs import Json

__all__ = ["Given", "OfferBeside", "Precedent", "Used", "is_same", "precedent_facts"]

type Used = list[tuple[Range, Candidate]]
"""Where the earlier request says a value, and the candidate of the new one that has replaced it."""

LONGER = 3
"""Tokens that a text has more, or less, than the earlier one; more make no difference."""


def is_same(one: Json, other: Json) -> bool:
    """Whether two values are one; capitals do not count, and true is not 1."""
    match one, other:
        case str(), str():
            return one.casefold() == other.casefold()
        case (bool(), _) | (_, bool()):
            return one is other
        case list(), list():
            return len(one) == len(other) and all(map(is_same, one, other))
        case _:
            return bool(one == other)


@dataclass(frozen=True)
class Given:
    """What the earlier call gave an argument, and where the earlier request says it."""

    value: Json
    reading: Reading
    said: tuple[Candidate, ...]
    """Every candidate with this value; none where the request does not say it."""

    @cached_property
    def placed(self) -> list[Candidate]:
        """Those that stand in the request."""
        return [each for each in self.said if each.is_placed]

    @cached_property
    def texts(self) -> list[str]:
        """The words that say it."""
        return [self.reading.quote(each.first, each.last) for each in self.placed]

    @cached_property
    def roots(self) -> frozenset[str]:
        """Of the words that say it."""
        return frozenset(root for each in self.placed for root in self.reading.roots[each.first : each.last])

    def stands_at(self, place: Range) -> bool:
        """Whether the earlier request says it there."""
        return any((each.first, each.last) == place for each in self.placed)


@dataclass(frozen=True)
class Precedent:
    """An earlier call: its request, and what it gave to which arguments."""

    reading: Reading
    given: Mapping[ArgumentPath, Given]
    used: Used
    """What calls before it took."""

    @classmethod
    def of(cls, offer: "OfferBeside", arguments: Sequence[Argument], used: Used) -> "Precedent":
        """A call whose values the offer of the earlier request knows."""
        reading, given = offer.contents.reading, {}
        for argument in arguments:
            if argument.path in offer.values:
                value = offer.values[argument.path]
                said = (each for each in offer.of(argument) if not each.is_absent and is_same(each.value, value))
                given[argument.path] = Given(value, reading, tuple(said))
        return cls(reading, given, used)


class OfferBeside(Offer):
    """The candidates of a request, and an earlier call's values where they stand in it as they are."""

    def __init__(self, contents: Contents, values: Mapping[ArgumentPath, Json]) -> None:
        self.contents = contents
        self.values = values

    def of(self, argument: Argument) -> list[Candidate]:
        """As of any offer, and the earlier value."""
        found, value = super().of(argument), self.values.get(argument.path)
        if isinstance(value, str) and not any(is_same(each.value, value) for each in found):
            found += [Candidate(value, *place, Rule.PHRASE) for place in _places(self.contents.reading, value)]
        return found


def _places(reading: Reading, text: str) -> Iterator[Range]:
    """Where a text stands, token by token."""
    wanted = [token.lower for token in find_tokens(text)]
    for first in range(len(reading.tokens) - len(wanted) + 1):
        if wanted and reading.lowers[first : first + len(wanted)] == wanted:
            yield first, first + len(wanted)


def precedent_facts(trial: Trial, precedent: Precedent) -> Iterator[Fact]:
    """What the earlier call says about a candidate for the same argument."""
    argument, candidate = trial.argument, trial.candidate
    given = precedent.given.get(argument.path)
    if candidate.is_placed:
        yield from _taken(candidate, given, precedent)
    if given is None:
        yield f"absent again {argument.need}" if candidate.is_absent else f"new {argument.need}", 1.0
    elif candidate.is_absent:
        yield f"gone {argument.need}" if given.said else "unsaid again", 1.0
    elif not given.said:
        yield f"unsaid {'kept' if is_same(given.value, candidate.value) else 'changed'}", 1.0
    else:
        yield from _beside(trial, precedent, given)


def _taken(candidate: Candidate, given: Given | None, precedent: Precedent) -> Iterator[Fact]:
    """Whether a call before this one took the words, for the same words of the earlier request or for others."""
    for place, taken in precedent.used:
        if candidate.overlaps(taken):
            yield "taken alike" if given is not None and given.stands_at(place) else "taken", 1.0


def _beside(trial: Trial, precedent: Precedent, given: Given) -> Iterator[Fact]:
    candidate = trial.candidate
    yield f"same value {is_same(given.value, candidate.value)}", 1.0
    yield f"same rule {any(each.rule_family == candidate.rule_family for each in given.said)}", 1.0
    if not candidate.is_placed:
        return
    if not given.placed:
        yield "said nowhere before", 1.0
        return
    yield from _alike(trial, given)
    if not is_same(given.value, candidate.value):
        yield from _instead(trial, precedent, given)


def _alike(trial: Trial, given: Given) -> Iterator[Fact]:
    """What it looks like, and what stands beside it."""
    reading, now = trial.scene.reading, trial.candidate
    for name, look in (("left", _left), ("right", _right), ("case", _case), ("kinds", _kinds)):
        yield f"same {name} {any(look(reading, now) == look(given.reading, each) for each in given.placed)}", 1.0
    longer = min((now.length - each.length for each in given.placed), key=abs)
    yield f"longer {max(-LONGER, min(longer, LONGER))}", 1.0


def _instead(trial: Trial, precedent: Precedent, given: Given) -> Iterator[Fact]:
    """Of another value than the earlier one: how near it is, and whether the earlier request had its words too."""
    reading, known = trial.scene.reading, frozenset(precedent.reading.roots)
    telling = [at for at in range(trial.first, trial.last) if reading.tokens[at].is_telling]
    yield "similar", max(trial.scene.similarity.between(trial.text, given.texts))
    yield "said before", sum(reading.roots[at] in known for at in telling) / max(len(telling), 1)
    yield f"leaves what it was {given.roots <= trial.scene.said}", 1.0


def _left(reading: Reading, each: Candidate) -> str:
    return reading.roots[each.first - 1] if each.first else ""


def _right(reading: Reading, each: Candidate) -> str:
    return reading.roots[each.last] if each.last < len(reading.roots) else ""


def _case(reading: Reading, each: Candidate) -> str:
    return str(reading.case(each.first, each.last))


def _kinds(reading: Reading, each: Candidate) -> frozenset[str]:
    return frozenset(token.kind for token in reading.tokens[each.first : each.last])
