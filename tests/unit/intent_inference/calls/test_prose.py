"""What descriptions say in prose."""

import pytest

from brain.intent_inference.calls.prose import default_in, examples_in, options_in, unit_in


@pytest.mark.parametrize(
    ("description", "options"),
    [
        ("Options: 'celsius', 'fahrenheit'.", ("celsius", "fahrenheit")),
        ('Can be "a" or "b".', ("a", "b")),
        ("'asc' for ascending, 'desc' for descending", ("asc", "desc")),
        ("'low', 'medium' or 'high'.", ("low", "medium", "high")),
        ("Name such as 'Paris' or 'Rome'.", ()),
        ("The unit.", ()),
    ],
)
def test_options_are_listed_in_quotation_marks(description: str, options: tuple[str, ...]) -> None:
    assert options_in(description) == options


@pytest.mark.parametrize(
    ("description", "examples"),
    [
        ("City, e.g. Paris, Rome or Oslo.", ["Paris", "Rome", "Oslo"]),
        ("Like 'Boston, MA'.", ["Boston, MA"]),
        ("Fruit such as apples, etc.", ["apples"]),
        ("The name.", []),
    ],
)
def test_examples_follow_words_that_introduce_them(description: str, examples: list[str]) -> None:
    assert list(examples_in(description)) == examples


@pytest.mark.parametrize(
    ("description", "default"),
    [
        ("Default is 5.", "5"),
        ("defaults to 'metric'", "metric"),
        ("Default value is set to 0.5, if any", "0.5"),
        ("Default: [1, 2]", "[1, 2]"),
        ("Chosen by default", None),
    ],
)
def test_a_default_is_told(description: str, default: str | None) -> None:
    assert default_in(description) == default


@pytest.mark.parametrize(
    ("name", "description", "unit"),
    [
        ("duration_minutes", "", "minute"),
        ("length", "Length in hours.", "hour"),
        ("time", "Number of days", "day"),
        ("years", "How long.", "year"),
        ("year", "The year.", "year"),
        ("radius", "In meters.", ""),
    ],
)
def test_a_unit_of_time_is_in_the_name_or_behind_in(name: str, description: str, unit: str) -> None:
    assert unit_in(name, description) == unit
