"""Options that are offered."""

from call_scenes import argument_of, offered, said, values_of

COLOR = argument_of("color", enum=["darkBlue", "red", "green"])


def test_an_option_is_offered_where_its_words_stand_and_without_a_place_otherwise() -> None:
    text = "in dark blues, not red"
    found = [(each.value, each.is_placed and said(text, each)) for each in offered(text, COLOR)]
    assert found == [("darkBlue", "dark blues"), ("red", "red"), ("green", False)]


def test_other_texts_are_offered_only_where_the_options_are_not_all_there_is() -> None:
    assert "purple" not in values_of("in purple", COLOR)
    assert "purple" in values_of("in purple", argument_of("color", "Options: 'red', 'green'."))


def test_all_options_that_stand_in_the_request_are_a_list() -> None:
    colors = argument_of("colors", type="array", items={"type": "string", "enum": ["red", "green", "blue"]})
    assert values_of("greens and reds", colors, "option") == [["green", "red"]]
    assert ["red", "green", "blue"] in values_of("in every color", colors)
