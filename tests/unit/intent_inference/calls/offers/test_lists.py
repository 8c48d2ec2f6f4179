"""Lists that are offered."""

from call_scenes import argument_of, values_of

NUMBERS = argument_of("values", type="array", items={"type": "number"})
TEXTS = argument_of("names", type="array", items={"type": "string"})


def test_numbers_one_behind_the_other_are_lists() -> None:
    assert values_of("of 1, 2 and 3", NUMBERS) == [[1], [1, 2], [1, 2, 3], [2], [2, 3], [3]]


def test_all_numbers_may_be_a_list_whatever_stands_between() -> None:
    assert values_of("1 apple, 2 pears, 3 plums", NUMBERS, "all") == [[1, 2, 3]]


def test_a_list_that_is_written_out_is_offered_alone() -> None:
    assert values_of("the mean of [4, 5]", NUMBERS) == [[4, 5]]


def test_phrases_that_are_joined_are_lists_without_articles() -> None:
    found = values_of("apples, the red pears and plums", TEXTS)
    assert ["apples", "red pears", "plums"] in found
    assert ["apples"] in found


def test_quotations_that_are_joined_are_lists() -> None:
    assert ["a", "b c", "d"] in values_of("'a', 'b c' and 'd'", TEXTS)


def test_quotations_with_words_between_are_no_list() -> None:
    assert ["a", "d"] not in values_of("'a' before 'd'", TEXTS)
