"""What a suite says of one value: what holds, and what is told where it does not."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from brain.evaluator.assertions import Assertion, Expected

EXPECTED: TypeAdapter[Assertion] = TypeAdapter(Expected)


def wrong(written: Any, value: Any) -> list[str]:
    return list(EXPECTED.validate_python(written).misfits(value))


HOLD: list[tuple[Any, Any]] = [
    (12, 12),
    (12, 12.0),
    (None, None),
    (True, True),
    ("mean", "mean"),
    ({"column": "date", "part": "month"}, {"part": "month", "column": "date"}),
    ([1, "a", {"b": 2}], [1.0, "a", {"b": 2}]),
    ({"equals": {"approx": 3}}, {"approx": 3}),
    ({"approx": 3.4}, 3.43),
    ({"approx": 3.4}, 3.366),
    ({"approx": -3.4}, -3.43),
    ({"approx": 0}, 0),
    ({"approx": 3.4, "within": 0.1}, 3.5),
    ({"approx": 3.4}, "3.40"),
    ({"at_least": 3, "at_most": 3}, 3),
    ({"above": "2014-01-01", "below": "2015-01-01"}, "2014-08-11"),
    ({"contains": "novem"}, "In November it rained."),
    ({"contains": ["rain", 12.0]}, "12 days of rain"),
    ({"contains": "b"}, ["a", "b"]),
    ({"contains": 1}, [1.0]),
    ({"contains": "month"}, {"month": 1}),
    ({"lacks": ["snow", "hail"]}, "rain"),
    ({"matches": r"\d+ mm"}, "about 12 mm"),
    ({"one_of": ["mean", "median"]}, "median"),
    ({"length": 2}, ["a", "b"]),
    ({"exists": True}, 0),
    ({"exists": False}, None),
]


@pytest.mark.parametrize(("written", "value"), HOLD)
def test_it_holds(written: Any, value: Any) -> None:
    assert wrong(written, value) == []


DO_NOT: list[tuple[Any, Any, str]] = [
    (12, 11, "is 11, not 12"),
    (1, True, "is true, not 1"),
    (False, 0, "is 0, not false"),
    ("1", 1, 'is 1, not "1"'),
    ([1, 2], [2, 1], "is [2, 1], not [1, 2]"),
    ({"approx": 3.4}, 3.5, "is 3.5, not 3.4 within 0.034"),
    ({"approx": 3.4, "within": 0.05}, 3.46, "is 3.46, not 3.4 within 0.05"),
    ({"approx": 0}, 0.001, "is 0.001, not 0 within 0"),
    ({"approx": 3}, None, "is null, not 3 within 0.03"),
    ({"approx": 1}, True, "is true, not 1 within 0.01"),
    ({"approx": 1}, float("nan"), "is NaN, not 1 within 0.01"),
    ({"above": 50}, 50, "is 50, not above 50"),
    ({"below": 50}, "many", 'is "many", not below 50'),
    ({"at_most": "2014"}, 2013, 'is 2013, not at most "2014"'),
    ({"contains": ["rain", "sun"]}, "rain", 'is "rain" without "sun"'),
    ({"contains": "rain"}, None, 'is null without "rain"'),
    ({"lacks": "rain"}, "Rainy", 'is "Rainy" with "rain"'),
    ({"matches": "^a"}, "ba", 'is "ba", which does not match ^a'),
    ({"one_of": [1, 2]}, 3, "is 3, none of 1, 2"),
    ({"length": 2}, 7, "is 7, which has no length"),
    ({"length": 2}, "abc", "has a length of 3, not 2"),
    ({"exists": True}, None, "is not there"),
    ({"exists": False}, 3, "is 3 and should not be there"),
]


@pytest.mark.parametrize(("written", "value", "told"), DO_NOT)
def test_it_does_not_hold_and_says_why(written: Any, value: Any, told: str) -> None:
    assert wrong(written, value) == [told]


def test_all_that_is_said_must_hold_and_each_is_told() -> None:
    assert wrong({"at_least": 3, "one_of": [1]}, 2) == ["is 2, not at least 3", "is 2, none of 1"]


REFUSED: list[tuple[Any, str]] = [
    ({"aprox": 3}, "'aprox' is no operator. Did you mean approx?"),
    ({"contains": "a", "foo": 1}, "has no operator 'foo'"),
    ({"within": 3}, "`within` says how far from `approx`"),
    ({"approx": "much"}, "valid number"),
    ({"approx": float("inf")}, "finite"),
    ({"approx": 3, "within": -1}, "greater than or equal to 0"),
    ({"matches": "("}, "is no regular expression"),
    ({"at_least": [1]}, "takes a number, or text such as a date"),
    ({"at_least": True}, "takes a number, or text such as a date"),
    ({"one_of": []}, "at least 1 item"),
    ({"length": -1}, "greater than or equal to 0"),
]


@pytest.mark.parametrize(("written", "told"), REFUSED)
def test_what_cannot_be_meant_is_refused(written: Any, told: str) -> None:
    with pytest.raises(ValidationError) as refused:
        EXPECTED.validate_python(written)
    assert told in str(refused.value)
