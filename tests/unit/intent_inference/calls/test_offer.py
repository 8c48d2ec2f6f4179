"""What a request offers for an argument."""

from call_scenes import argument_of, values_of

from brain.intent_inference.calls.candidate import ABSENT
from brain.intent_inference.calls.offer import Offer
from brain.intent_inference.calls.reading import Reading


def test_the_absence_of_a_value_is_always_offered_first() -> None:
    assert Offer(Reading("")).of(argument_of())[0] is ABSENT


def test_a_value_at_a_place_is_offered_once() -> None:
    assert values_of("say 'hello'", argument_of()).count("hello") == 1


def test_the_same_value_at_two_places_is_offered_twice() -> None:
    assert values_of("5 and 5", argument_of(type="number")) == [5, 5]


def test_an_object_of_no_known_fields_takes_what_is_written_out() -> None:
    assert values_of('set {"a": 1}', argument_of(type="object")) == [{"a": 1}]


def test_an_object_of_no_known_fields_takes_no_list() -> None:
    assert values_of("set [1, 2]", argument_of(type="object")) == []


def test_values_that_the_schema_refuses_are_not_offered() -> None:
    assert values_of("between 5 and 50", argument_of(type="integer", maximum=10)) == [5]
    assert values_of("code AB or 12", argument_of(type="string", pattern=r"^\d+$")) == ["12"]


def test_a_list_that_is_written_out_with_members_of_another_type_is_not_offered() -> None:
    numbers = argument_of(type="array", items={"type": "number"})
    assert values_of("x=data['sales']", numbers) == []
    assert [1, 2] in values_of("x=[1, 2]", numbers)
