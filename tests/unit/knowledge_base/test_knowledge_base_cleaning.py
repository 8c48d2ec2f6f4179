"""What is stored holds no secret and nothing that PostgreSQL refuses."""

import json
import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brain.config_secrets import Redactor
from brain.knowledge_base.cleaning import Cleaner

CLEANER = Cleaner(Redactor({"TOKEN": "hush-hush"}))


def test_secrets_are_replaced_at_any_depth_in_keys_too() -> None:
    value = {"hush-hush": [{"url": "https://example.com/?key=hush-hush"}], "plain": ("a", 1)}
    assert CLEANER.value(value) == {
        "${secret:TOKEN}": [{"url": "https://example.com/?key=${secret:TOKEN}"}],
        "plain": ["a", 1],
    }


def test_what_postgresql_refuses_is_replaced_visibly() -> None:
    assert CLEANER.text("a\x00b") == "a␀b"
    assert CLEANER.text("half \ud83d of a pair") == "half � of a pair"
    assert CLEANER.text("whole 😀") == "whole 😀"


@pytest.mark.parametrize(("number", "stored"), [(math.nan, None), (math.inf, "Infinity"), (-math.inf, "-Infinity")])
def test_numbers_that_json_does_not_have_are_replaced(number: float, stored: str | None) -> None:
    assert CLEANER.value([number, 1.5]) == [stored, 1.5]


def test_what_is_no_json_is_stored_as_its_text() -> None:
    assert CLEANER.value({1: datetime(2026, 1, 2, tzinfo=UTC)}) == {"1": "2026-01-02 00:00:00+00:00"}


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists))
def test_every_value_becomes_json_that_reads_back_the_same(value: object) -> None:
    text = CLEANER.json(value)
    text.encode()
    assert "\\u0000" not in text
    assert json.loads(text) == CLEANER.value(value)
