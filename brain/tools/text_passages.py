"""The passages of documents that speak of something: BM25 over pieces of a few sentences."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from brain.language_models.text_parts import cut
from brain.language_models.tokens import tokens_of
from brain.tools.text_words import terms

__all__ = ["Excerpt", "excerpts"]

PASSAGE_TOKENS = 250
DOCUMENT_TOKENS = 100
"""Around the text of one document in a prompt: the names of its block and its title."""
LEFT_OUT = "\n[…]\n"


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Of one document (its place among the others, from 0) what a model is shown."""

    document: int
    runs: tuple[str, ...]
    """Pieces of the document, with something left out between them."""

    @property
    def text(self) -> str:
        """The pieces together."""
        return LEFT_OUT.join(self.runs)


@dataclass(frozen=True, slots=True)
class _Passage:
    document: int
    position: int
    text: str


def excerpts(documents: Sequence[str], question: str, tokens: int) -> tuple[list[Excerpt], int]:
    """All of the documents where they fit into so many tokens, else the passages that are nearest to the question.

    With how many passages were left out.
    """
    passages = [
        _Passage(document, position, text)
        for document, whole in enumerate(documents)
        for position, text in enumerate(cut(whole, PASSAGE_TOKENS))
    ]
    kept = sorted(_fitting(_ranked(passages, question), tokens), key=lambda each: (each.document, each.position))
    read = [_excerpt(document, list(group)) for document, group in groupby(kept, lambda each: each.document)]
    return read, len(passages) - len(kept)


def _ranked(passages: Sequence[_Passage], question: str) -> list[_Passage]:
    """The nearest first; those that share no word with the question by their place in the documents, in turns."""
    scores = _scores(passages, terms(question))
    order = sorted(range(len(passages)), key=lambda index: (-scores[index], passages[index].position, index))
    return [passages[index] for index in order]


def _scores(passages: Sequence[_Passage], asked: Sequence[str]) -> list[float]:
    import bm25s

    # The library sets its own logger to DEBUG, so that it would talk wherever logging is set up.
    logging.getLogger("bm25s").setLevel(logging.WARNING)
    index = bm25s.BM25()
    index.index([terms(passage.text) or [""] for passage in passages], show_progress=False)
    known = [term for term in dict.fromkeys(asked) if term in index.vocab_dict]
    scores: list[float] = index.get_scores(known).tolist() if known else [0.0] * len(passages)
    return scores


def _fitting(ranked: Sequence[_Passage], tokens: int) -> list[_Passage]:
    """The first ones, as long as they fit."""
    kept: list[_Passage] = []
    left, shown = float(tokens), set[int]()
    for passage in ranked:
        left -= tokens_of(passage.text) + DOCUMENT_TOKENS * (passage.document not in shown)
        if left < 0 and kept:
            break
        kept.append(passage)
        shown.add(passage.document)
    return kept


def _excerpt(document: int, passages: Sequence[_Passage]) -> Excerpt:
    runs = [passages[0].text]
    for before, passage in pairwise(passages):
        if passage.position == before.position + 1:
            runs[-1] += passage.text
        else:
            runs.append(passage.text)
    return Excerpt(document, tuple(run.strip() for run in runs))
