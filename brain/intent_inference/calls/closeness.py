"""How near words of a request are in meaning to the arguments of a tool, and to their options."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from brain.identifiers import split_name
from brain.intent_inference.calls.arguments import Argument
from brain.intent_inference.calls.candidate import Candidate
from brain.intent_inference.calls.reading import Reading
from brain.intent_inference.calls.tokens import FUNCTION_WORDS
from brain.intent_inference.similarity import Similarity

__all__ = ["Closeness", "Fit"]

LEFT_WITHIN, RIGHT_WITHIN = 5, 4
"""Tokens beside a place in which its context is looked for."""
LEFT_WORDS, RIGHT_WORDS = 3, 2
"""Content words of a context."""


class Fit(NamedTuple):
    """A cosine similarity, and by how much it is above the best of the others."""

    own: float
    margin: float


NO_FIT = Fit(0.0, 0.0)


class Closeness:
    """Similarities of what one request says with what one tool takes."""

    def __init__(
        self,
        reading: Reading,
        arguments: Sequence[Argument],
        candidates: Sequence[Sequence[Candidate]],
        similarity: Similarity,
    ) -> None:
        self._reading = reading
        self._arguments = arguments
        self._candidates = candidates
        self._similarity = similarity
        self._lefts: dict[int, str] = {}
        self._rights: dict[int, str] = {}
        self._option_fits: dict[int, dict[str, float]] = {}

    # contexts

    def left(self, first: int) -> str:
        """The content words before a place."""
        if first not in self._lefts:
            self._lefts[first] = " ".join(self._content_between(max(0, first - LEFT_WITHIN), first)[-LEFT_WORDS:])
        return self._lefts[first]

    def right(self, last: int) -> str:
        """The content words behind a place."""
        if last not in self._rights:
            self._rights[last] = " ".join(self._content_between(last, last + RIGHT_WITHIN)[:RIGHT_WORDS])
        return self._rights[last]

    def _content_between(self, first: int, last: int) -> list[str]:
        return [token.text for token in self._reading.tokens[first:last] if token.is_content_word]

    # texts beside arguments

    def text(self, text: str, position: int) -> Fit:
        """Of a candidate's text or context with an argument: its name, or its name and description."""
        row = self._rows[text]
        own, margins = self._text_fits
        return Fit(float(own[row, position]), float(margins[row, position]))

    @cached_property
    def _rows(self) -> dict[str, int]:
        """Every text that candidates stand in or beside, by its row in the table of similarities."""
        texts: set[str] = set()
        for candidates in self._candidates:
            for each in candidates:
                if each.is_placed:
                    texts |= {self.left(each.first), self.right(each.last), self._reading.quote(each.first, each.last)}
        return {text: row for row, text in enumerate(sorted(texts))}

    @cached_property
    def _text_fits(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        described = self._similarity.vectors([argument.text for argument in self._arguments])
        table = self._similarity.vectors(list(self._rows)) @ np.concatenate([described, self._names]).T
        count = len(self._arguments)
        own = np.maximum(table[:, :count], table[:, count:]).astype(np.float64)
        return own, own - _best_other(own) if count > 1 else own

    @cached_property
    def _names(self) -> NDArray[np.float32]:
        return self._similarity.vectors([" ".join(argument.words) for argument in self._arguments])

    # words beside arguments

    def word(self, at: int, position: int) -> Fit:
        """Of a content word with the word that is nearest to it in an argument's name or description."""
        if not 0 <= at < len(self._reading.tokens) or not self._reading.tokens[at].is_content_word:
            return NO_FIT
        own, margins = self._word_fits
        return Fit(float(own[at, position]), float(margins[at, position]))

    @cached_property
    def _word_fits(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        tokens = self._similarity.vectors([token.text for token in self._reading.tokens])
        own = np.zeros((len(tokens), len(self._arguments)))
        for position, argument in enumerate(self._arguments):
            if words := _words_of(argument):
                own[:, position] = (tokens @ self._similarity.vectors(words).T).max(axis=1)
        return own, own - _best_other(own) if len(self._arguments) > 1 else np.zeros_like(own)

    # all content beside options and names

    def option(self, position: int, option: str) -> Fit:
        """Of an option with the word or pair of words that comes nearest to it."""
        fits = self.options(position)
        own = fits.get(option, 0.0)
        return Fit(own, own - max((fit for other, fit in fits.items() if other != option), default=0.0))

    def options(self, position: int) -> Mapping[str, float]:
        """Of every option of an argument; nothing where the request has no content."""
        if position not in self._option_fits:
            self._option_fits[position] = self._fits_of_options(position)
        return self._option_fits[position]

    def _fits_of_options(self, position: int) -> dict[str, float]:
        options = [str(option) for option in self._arguments[position].options]
        if not len(self._content) or not options:
            return {}
        spoken = [" ".join(split_name(option)) or option for option in options]
        table = self._similarity.vectors(spoken) @ self._content.T
        return {option: float(row.max()) for option, row in zip(options, table, strict=True)}

    def name(self, position: int) -> float:
        """Of an argument's name with the word or pair of words that comes nearest to it."""
        return float((self._content @ self._names[position]).max()) if len(self._content) else 0.0

    @cached_property
    def _content(self) -> NDArray[np.float32]:
        """Vectors of single content words and of pairs of neighbours."""
        words = self._content_between(0, len(self._reading.tokens))
        pairs = [" ".join(pair) for pair in pairwise(words)]
        return self._similarity.vectors([*words, *pairs])


def _words_of(argument: Argument) -> list[str]:
    """The words of its name and the telling ones of its description."""
    described = argument.description.lower().replace(".", " ").replace(",", " ").split()
    return list(dict.fromkeys([*argument.words, *(word for word in described if word not in FUNCTION_WORDS)]))


def _best_other(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each entry the highest of the others in its row; there are at least two."""
    second, best = np.partition(table, -2, axis=1)[:, -2:].T
    others = np.repeat(best[:, None], table.shape[1], axis=1)
    rows = np.arange(len(table))
    others[rows, table.argmax(axis=1)] = second
    return others
