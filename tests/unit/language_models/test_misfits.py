"""Whether an answer follows its schema."""

import pytest

from brain.language_models.schemas import misfit

SCHEMA = {
    "type": "object",
    "properties": {
        "maxLength": {"type": "string", "maxLength": 3},
        "marks": {"type": "array", "items": {"enum": [1, 2]}},
    },
    "required": ["maxLength"],
}


@pytest.mark.parametrize("value", [{"maxLength": "longer"}, {"maxLength": "a", "marks": [1, 2], "more": None}])
def test_lengths_and_what_nobody_asked_for_do_not_matter(value: object) -> None:
    assert misfit(value, SCHEMA) == ""


def test_what_is_wrong_is_told_with_its_place_and_without_what_the_model_said() -> None:
    assert misfit({"maxLength": 7}, SCHEMA) == '["maxLength"] what is there is not of type "string"'
    assert (
        misfit({"maxLength": "a", "marks": [1, "x" * 1000]}, SCHEMA)
        == '["marks"][1] what is there is not one of 1 or 2'
    )
    assert len(misfit({}, {"required": ["x" * 1000]})) <= 160


def test_a_schema_that_is_none_holds_nobody_up() -> None:
    assert misfit(1, {"type": "nonsense"}) == ""
