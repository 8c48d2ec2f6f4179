"""Arguments of which one comes before the other."""

import pytest
from call_scenes import schema_of

from brain.intent_inference.calls.argument_order import ordered_pairs
from brain.intent_inference.calls.arguments import arguments_of


@pytest.mark.parametrize(
    ("names", "pairs"),
    [
        (["a", "b"], [(0, 1)]),
        (["x1", "y1", "x2"], [(0, 2)]),
        (["first_number", "second_number"], [(0, 1)]),
        (["from_city", "to_city"], [(0, 1)]),
        (["end_date", "start_date"], []),
        (["radius", "height"], []),
        (["_", "a"], []),
    ],
)
def test_names_say_an_order(names: list[str], pairs: list[tuple[int, int]]) -> None:
    arguments = arguments_of(schema_of({name: {"type": "string"} for name in names}))
    assert list(ordered_pairs(arguments)) == pairs


def test_arguments_of_two_kinds_have_no_order() -> None:
    arguments = arguments_of(schema_of({"a": {"type": "string"}, "b": {"type": "number"}}))
    assert list(ordered_pairs(arguments)) == []
