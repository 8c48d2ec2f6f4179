"""Facts about the kinds of a text's tokens, beside the kind that the argument is said to take."""

from collections.abc import Iterator

from brain.intent_inference.calls.arguments import Argument
from brain.intent_inference.calls.scene import Fact, Trial
from brain.intent_inference.calls.tokens import Token, TokenKind
from brain.intent_inference.inflection import root

__all__ = ["token_kinds"]


def _roots(words: str) -> frozenset[str]:
    return frozenset(root(word) for word in words.split())


TAKERS = {
    TokenKind.MAIL: _roots("mail email recipient sender"),
    TokenKind.URL: _roots("url link website address page uri endpoint site"),
    TokenKind.PATH: _roots("path file folder directory filename document"),
    TokenKind.HOST: _roots("host ip domain address server website url site"),
    TokenKind.CODE: _roots(
        """id identifier code number serial reference key sku docket ticket order version model formula compound flight
        room zip isbn patent"""
    ),
    TokenKind.NUMBER: _roots("id identifier code number year season zip phone account ticket isbn postal version"),
    TokenKind.DATE: _roots("date day"),
    TokenKind.TIME: _roots("time hour"),
    TokenKind.ORDINAL: _roots("rank place floor edition century"),
}
"""Of each kind of token the words that arguments which take it are called or described by."""
ADDRESSES = _roots("address street location")
UNMISTAKABLE = (TokenKind.MAIL, TokenKind.URL, TokenKind.PATH)
MAY_BE_CODES = (TokenKind.CODE, TokenKind.NUMBER, TokenKind.ORDINAL)


def token_kinds(trial: Trial) -> Iterator[Fact]:
    """Which kinds it holds, and whether the argument wants them."""
    tokens = trial.scene.reading.tokens[trial.first : trial.last]
    for kind in sorted({token.kind for token in tokens} - {TokenKind.WORD}):
        yield f"has {kind}", 1.0
        if len(tokens) == 1:
            yield f"is {kind}", 1.0
    yield from _wanted_kind(trial.argument, tokens[0], is_single=len(tokens) == 1)
    yield from _unmistakable(trial)


def _wanted_kind(argument: Argument, token: Token, *, is_single: bool) -> Iterator[Fact]:
    kind = TokenKind.CODE if _is_code(token) else token.kind
    if kind is TokenKind.WORD:
        return
    if is_single:
        yield f"{kind} alone wanted={not TAKERS.get(kind, frozenset()).isdisjoint(argument.known)}", 1.0
    elif not ADDRESSES.isdisjoint(argument.known):
        yield f"{kind} begins an address", 1.0


def _is_code(token: Token) -> bool:
    """Whether it mixes letters and digits."""
    if token.kind not in MAY_BE_CODES:
        return False
    return any(letter.isdigit() for letter in token.text) and any(letter.isalpha() for letter in token.text)


def _unmistakable(trial: Trial) -> Iterator[Fact]:
    """Whether it is what only one kind of token can be, where the argument wants that and the request has it."""
    wanted = next((kind for kind in UNMISTAKABLE if _takes(trial.argument, kind)), None)
    if wanted and any(token.kind is wanted for token in trial.scene.reading.tokens):
        yield f"is a {wanted} {trial.scene.reading.tokens[trial.first].kind is wanted}", 1.0


def _takes(argument: Argument, kind: TokenKind) -> bool:
    """By its name; mail addresses also by the description."""
    words = argument.known if kind is TokenKind.MAIL else argument.roots
    return not TAKERS[kind].isdisjoint(words)
