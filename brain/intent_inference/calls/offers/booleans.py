"""True and false: said by the argument's own words, by `yes` and `no`, or implied."""

from collections.abc import Iterator

from brain.intent_inference.calls.arguments import Argument
from brain.intent_inference.calls.candidate import Candidate, Rule
from brain.intent_inference.calls.contents import Contents
from brain.intent_inference.calls.negation import DENIALS, EXCLUSIONS
from brain.intent_inference.calls.reading import Reading

__all__ = ["booleans"]

TRUE = frozenset({"true", "yes", "enable", "enabled"})
FALSE = frozenset({"false", "disable", "disabled"})
DENYING_ENDINGS = ("-free", "less")


def booleans(contents: Contents, argument: Argument) -> Iterator[Candidate]:
    """Both values at every word that may say one, and both without a word."""
    yield from _by_own_words(contents.reading, argument)
    for place in range(len(contents.reading.tokens)):
        yield from _by_word(contents.reading, place)
    yield Candidate.unplaced(value=True, rule=Rule.IMPLIED)
    yield Candidate.unplaced(value=False, rule=Rule.IMPLIED)


def _by_own_words(reading: Reading, argument: Argument) -> Iterator[Candidate]:
    is_denied = any(lower in DENIALS or lower.endswith(DENYING_ENDINGS) for lower in reading.lowers)
    for place, token in enumerate(reading.tokens):
        if reading.roots[place] in argument.known and not token.is_function_word:
            yield Candidate(True, place, place + 1, Rule.SAID)
            if is_denied:
                yield Candidate(False, place, place + 1, Rule.DENIED)


def _by_word(reading: Reading, place: int) -> Iterator[Candidate]:
    word = reading.lowers[place]
    if word in TRUE:
        yield Candidate(True, place, place + 1, Rule.TRUE)
    if word in FALSE:
        yield Candidate(False, place, place + 1, Rule.FALSE)
    if word in EXCLUSIONS:
        end = min(place + 2, len(reading.tokens))
        yield Candidate(False, place, end, Rule.NEGATION)
        yield Candidate(True, place, end, Rule.NEGATION)
