"""Facts about a text: its length, its ends, what stands in quotation marks, and the lists that it goes on in."""

from collections.abc import Iterator

from brain.intent_inference.calls.facts.capitals import capitals
from brain.intent_inference.calls.facts.examples import examples
from brain.intent_inference.calls.facts.own_words import own_words
from brain.intent_inference.calls.facts.token_kinds import token_kinds
from brain.intent_inference.calls.scene import Fact, Trial
from brain.intent_inference.calls.tokens import Token, TokenKind
from brain.intent_inference.inflection import root

__all__ = ["texts"]

MOST_COUNTED, LONG = 5, 7
"""Tokens: lengths from 5 to 6 are one, those from 7 another."""
WORD_ENDINGS = (
    "ed", "ing", "ly", "ness", "tion", "ity", "ment", "er", "al", "ic", "ive", "ous", "es", "s", "e", "y",
)  # fmt: skip
"""In this order: the first that fits counts."""
EQUATION = root("equation")
JOINS = frozenset({"and", ",", "or"})


def texts(trial: Trial) -> Iterator[Fact]:
    """All of them; the candidate is a text, or a list, that stands in the request."""
    length = trial.candidate.length
    yield f"length {LONG if length >= LONG else min(length, MOST_COUNTED)}", 1.0
    yield from _quotation(trial)
    yield from capitals(trial)
    yield from token_kinds(trial)
    yield from own_words(trial)
    yield from examples(trial)
    yield from _ends(trial)
    yield from _inside(trial)
    yield from _sentence(trial)
    if not trial.argument.is_list:
        yield from _goes_on(trial)


def _quotation(trial: Trial) -> Iterator[Fact]:
    first, last, quotes = trial.first, trial.last, trial.scene.reading.quotes
    touched = [quote for quote in quotes if quote[0] < last and first < quote[1]]
    if (first, last) in touched:
        yield "quote whole", 1.0
        yield f"quote whole {trial.argument.need}", 1.0
    elif touched:
        is_part = touched[0][0] <= first and last <= touched[0][1]
        yield f"quote {'part' if is_part else 'across'}", 1.0
    elif quotes:
        yield "other text is quoted", 1.0


def _ends(trial: Trial) -> Iterator[Fact]:
    """The endings of plain words at both ends."""
    tokens = trial.scene.reading.tokens
    for side, token in (("first", tokens[trial.first]), ("last", tokens[trial.last - 1])):
        if token.kind is TokenKind.WORD and not token.is_capital:
            yield f"{side} ends {_ending(token)}", 1.0


def _ending(token: Token) -> str:
    return next((ending for ending in WORD_ENDINGS if token.lower.endswith(ending)), "")


def _inside(trial: Trial) -> Iterator[Fact]:
    """Function words, marks, equations and dates."""
    reading, first, last = trial.scene.reading, trial.first, trial.last
    if "=" in reading.lowers[first:last]:
        yield f"holds = {EQUATION in trial.argument.known}", 1.0
    for found in trial.scene.contents.dates:
        if found.first < last and first < found.last:
            yield f"date {'whole' if (found.first, found.last) == (first, last) else 'cut'}", 1.0
    inner = (token for token in reading.tokens[first + 1 : last - 1] if not token.is_telling)
    for word in sorted({token.lower for token in inner}):
        yield f"inside {word}", 1.0


def _sentence(trial: Trial) -> Iterator[Fact]:
    reading = trial.scene.reading
    if reading.starts_sentence(trial.first) and not reading.tokens[trial.first].is_word:
        yield "starts the sentence without a word", 1.0
    if trial.last < len(reading.tokens) and reading.lowers[trial.last] == "'s":
        yield "possessive behind", 1.0


def _goes_on(trial: Trial) -> Iterator[Fact]:
    """Whether it looks like one member of a list."""
    reading, first, last = trial.scene.reading, trial.first, trial.last
    is_joined = last + 1 < len(reading.tokens) and reading.lowers[last] in JOINS
    if is_joined and reading.is_capital(last + 1) == reading.is_capital(first):
        yield "goes on in a list", 1.0
    if first > 1 and reading.lowers[first - 1] == "and":
        yield "behind and", 1.0
