import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brain.progress_tracker.wire import decode, encode

PLAIN_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
PLAIN_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | PLAIN_TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(PLAIN_TEXT, inner),
)


@given(PLAIN_JSON)
def test_ordinary_json_comes_back_unchanged(value: Any) -> None:
    assert decode(encode(value)) == value


@given(st.lists(st.text(st.characters()) | st.floats()))
def test_any_text_and_any_number_become_json_that_postgresql_takes(values: list[Any]) -> None:
    text = encode(values).decode()
    kept = json.loads(text, parse_constant=lambda constant: pytest.fail(f"{constant} is not JSON"))
    assert len(kept) == len(values)
    assert not any("\0" in str(value) for value in kept)


def test_a_backslash_before_u0000_is_no_nul() -> None:
    assert decode(encode("\\u0000")) == "\\u0000"


def test_a_value_that_contains_itself_is_cut() -> None:
    value: list[Any] = []
    value.append(value)
    assert "…" in encode(value).decode()


def test_objects_become_their_text() -> None:
    assert decode(encode({1: {"set"}, (2,): 1 + 0j})) == {"1": "{'set'}", "(2,)": "(1+0j)"}
