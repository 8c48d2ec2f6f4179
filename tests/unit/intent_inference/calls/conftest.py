"""Requests beside tools, compared by the real embedder."""

from collections.abc import Mapping
from typing import Any

import pytest
from call_scenes import FactsOf, WorthsOf, worths_of

from brain.intent_inference.calls.ranker import Worths
from brain.intent_inference.similarity import Similarity
from brain.language_models import WordLlamaEmbedder


@pytest.fixture(scope="session")
def similarity(embedder: WordLlamaEmbedder) -> Similarity:
    return Similarity(embedder)


@pytest.fixture
def worths(similarity: Similarity) -> WorthsOf:
    def beside(text: str, properties: Mapping[str, Any], weights: Mapping[str, float], name: str = "tool") -> Worths:
        return worths_of(text, properties, weights, similarity, name)

    return beside


@pytest.fixture
def facts(worths: WorthsOf) -> FactsOf:
    def about(text: str, properties: Mapping[str, Any], value: object, name: str = "tool") -> dict[str, float]:
        tried = worths(text, properties, {}, name)
        candidates = tried.scene.candidates[0]
        number = next(number for number, each in enumerate(candidates) if each.value == value)
        features = tried.features.alone(0, number)
        return {feature.partition(":")[2]: weight for feature, weight in features.items()}

    return about
