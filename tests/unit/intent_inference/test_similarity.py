"""How near texts are in meaning."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from brain.intent_inference import similarity as module
from brain.intent_inference.similarity import Similarity
from brain.language_models import DIMENSIONS, WordLlamaEmbedder


class CountingEmbedder(WordLlamaEmbedder):
    """The local embedder, which keeps count of the texts that it was given."""

    def __init__(self) -> None:
        self.embedded: list[str] = []

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.embedded += texts
        return super().embed(texts)


def test_each_text_is_embedded_once() -> None:
    embedder = CountingEmbedder()
    similarity = Similarity(embedder)
    assert similarity.vectors(["apple", "pear", "apple"]).shape == (3, DIMENSIONS)
    similarity.between("apple", ["pear", "plum"])
    assert embedder.embedded == ["apple", "pear", "plum"]


def test_no_texts_have_no_vectors() -> None:
    assert Similarity(WordLlamaEmbedder()).vectors([]).shape == (0, DIMENSIONS)


def test_fruits_are_nearer_to_each_other_than_to_a_town() -> None:
    pear, town = Similarity(WordLlamaEmbedder()).between("apple", ["pear", "Hamburg"])
    assert pear > town


def test_a_full_memory_is_emptied_and_the_vectors_stay_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_KEPT", 2)
    embedder = CountingEmbedder()
    similarity = Similarity(embedder)
    before = similarity.vectors(["apple", "pear", "plum"])
    assert (similarity.vectors(["apple", "pear", "plum"]) == before).all()
    assert len(embedder.embedded) == 6
