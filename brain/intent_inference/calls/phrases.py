"""Ranges of tokens that may name something, or that an operator holds together."""

import re
from collections.abc import Iterator

from brain.intent_inference.calls.reading import Range, Reading
from brain.intent_inference.calls.tokens import Token

__all__ = ["BREAKS", "find_expressions", "find_phrases"]

LONGEST = 12
"""Tokens of a phrase."""
BREAKS = frozenset('.?!;:"“”()[]{}=')
"""Marks that no phrase goes across."""
OF_ONESELF = frozenset({"i", "i'm", "i'd", "i'll", "i've"})
"""Written with a capital without being names."""
ENDING_MARKS = frozenset("%°+")
TERM = r"(?:\b(?:sin|cos|tan|exp|log|ln|sqrt|e|pi|[a-z])\b|\d+(?:\.\d+)?[a-z]?|[a-z]\d|\((?:[^()]|\([^()]*\))*\))"
EXPRESSION = re.compile(
    rf"(?<![\w.]){TERM}(?:\s*(?:\*\*|[-+*/^=<>]=?|(?<=[a-z\d)])(?=\())\s*-?{TERM}|(?<=\d){TERM}|(?<=\)){TERM})*(?![\w])",
    re.IGNORECASE,
)
"""`3x^2 + 2x - 4`, `f(x) = sin(x)`."""
OPERATOR = re.compile(r"[-+*/^=<>]|\b(?:sin|cos|tan|exp|log|ln|sqrt)\b")
EQUALS = re.compile(r"=\s*")


def find_phrases(reading: Reading) -> list[Range]:
    """Ranges that may name something: no mark inside that parts, no function word at an end."""
    edges = {edge for first, last in reading.quotes for edge in (first - 1, last)}
    begins = [first for first in range(len(reading.tokens)) if _may_begin(reading, first)]
    return [place for first in begins for place in _phrases_from(reading, first, edges)]


def _may_begin(reading: Reading, first: int) -> bool:
    token = reading.tokens[first]
    is_name = token.is_capital and first not in reading.sentence_starts and token.lower not in OF_ONESELF
    return token.is_telling or (token.is_function_word and (is_name or token.lower == "one"))


def _phrases_from(reading: Reading, first: int, edges: set[int]) -> Iterator[Range]:
    tokens = reading.tokens
    for end in range(first, min(first + LONGEST, len(tokens))):
        if tokens[end].text in BREAKS or end in edges:
            return
        if not _may_end(tokens[end], is_single=end == first):
            continue
        yield first, end + 1
        if tokens[end].is_capital and reading.lowers[end + 1 : end + 2] == ["'s"]:
            yield first, end + 2


def _may_end(token: Token, *, is_single: bool) -> bool:
    if token.is_mark and token.text not in ENDING_MARKS:
        return False
    return not token.is_function_word or (is_single and token.is_capital)


def find_expressions(reading: Reading) -> list[Range]:
    """What an operator of arithmetic or a comparison holds together, also the part behind `=`."""
    found = []
    for match in EXPRESSION.finditer(reading.text):
        text = match[0].rstrip(" ,.")
        if not OPERATOR.search(text):
            continue
        begins = {match.start()} | {match.start() + each.end() for each in EQUALS.finditer(text)}
        for begin in sorted(begins):
            place = reading.tokens_between(begin, match.start() + len(text))
            if place is not None and place[1] - place[0] > 1:
                found.append(place)
    return found
