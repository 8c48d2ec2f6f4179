"""English word endings."""

import pytest

from brain.intent_inference.inflection import positive


@pytest.mark.parametrize(
    ("word", "made_from"),
    [
        ("rainiest", "rainy"), ("hottest", "hot"), ("coldest", "cold"), ("warmer", "warm"), ("largest", "large"),
        ("youngest", "young"), ("widest", "wide"), ("cheapest", "cheap"), ("tallest", "tall"), ("simplest", "simple"),
        ("slower", "slow"), ("most", "most"),
    ],
)  # fmt: skip
def test_what_a_superlative_is_made_from(word: str, made_from: str) -> None:
    assert positive(word) == made_from
