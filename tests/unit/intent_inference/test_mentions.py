"""What stands in a request, word for word."""

import pytest

from brain.intent_inference.inflection import forms, is_plural, noun, points_down, root, singular
from brain.intent_inference.mentions import Kind, Request


def found(text: str) -> list[tuple[str, object]]:
    return [(mention.kind.value, mention.value) for mention in Request(text).mentions]


@pytest.mark.parametrize(
    ("text", "mentions"),
    [
        ("more than 1,250.5 of 3", [("number", 1250.5), ("number", 3)]),
        ("-4 degrees, 30mm and 45%", [("number", -4), ("number", 30), ("number", 45)]),
        ("twenty days, Ten more", [("number", 20), ("number", 10)]),
        ("pages 10-20", [("number", 10), ("number", 20)]),
        ("on 2024-03-01, not 3", [("date", "2024-03-01"), ("number", 3)]),
        ("named \"Fjord 5\" or 'x y' or “z”", [("quoted", "Fjord 5"), ("quoted", "x y"), ("quoted", "z")]),
        ("Ada's and Bo's", []),
        ("read data/a-b.csv, then out/x.parquet.", [("path", "data/a-b.csv"), ("path", "out/x.parquet")]),
        ("see https://example.org/a.html?b=1, (http://x.org/y).", [("url", "https://example.org/a.html?b=1"), ("url", "http://x.org/y")]),
        ("5k, 3rd, CO2, q1, v2.5x, 1.2.3", []),
        ("", []),
        ("3 million or 2.5 thousand", [("number", 3_000_000), ("number", 2500)]),
        ("two dozen, a hundred, half a million", [("number", 24), ("number", 100), ("number", 500_000)]),
        ("twenty-five, twenty one, one of them", [("number", 25), ("number", 21)]),
        ("5 and a half, two and a half million", [("number", 5.5), ("number", 2_500_000)]),
        ("minus 4 or negative ten", [("number", -4), ("number", -10)]),
        ("the 1990s", []),
        ("9" * 5000, []),
        (f"0.{'3' * 40}", []),
        ("in 2013-06", [("date", "2013-06")]),
        ("in /home/me/other.csv or ~/x/Y.CSV", [("path", "/home/me/other.csv"), ("path", "~/x/Y.CSV")]),
        ("in `my data.ods` and C:\\x\\y.xlsx", [("path", "my data.ods"), ("path", "C:\\x\\y.xlsx")]),
        ("in /etc/passwd, at 5 km/h", [("path", "/etc/passwd"), ("number", 5)]),
    ],
)  # fmt: skip
def test_values_are_found_where_they_stand_and_nothing_else_is(text: str, mentions: list[tuple[str, object]]) -> None:
    assert found(text) == mentions


def test_a_mention_knows_its_place() -> None:
    request = Request("over 30 days in data/a.csv")
    assert [request.text[mention.start : mention.end] for mention in request.mentions] == ["30", "data/a.csv"]


@pytest.mark.parametrize(
    ("value", "may_be"), [("1799", False), ("1800", True), ("2199", True), ("2200", False), ("2012.0", False)]
)
def test_a_bare_number_of_the_right_size_may_be_a_year(value: str, may_be: bool) -> None:
    (mention,) = Request(value).of(Kind.NUMBER)
    assert mention.may_be_year is may_be


def test_words_are_what_is_no_path_address_or_figure() -> None:
    words = [word.text for word in Request("Don’t read a.csv at https://x.org: CO2 over 30mm, ÄRGER").words]
    assert words == ["don't", "read", "at", "co2", "over", "ärger"]


def test_phrases_neither_start_nor_end_with_a_word_that_says_nothing() -> None:
    phrases = [" ".join(word.text for word in phrase) for phrase in Request("the kind of weather by month").phrases()]
    assert phrases == ["kind", "weather", "month", "kind of weather", "weather by month"]


@pytest.mark.parametrize("text", ["hotter than 3", "3 or hotter", "a day older than that"])
def test_comparatives_are_known_by_what_stands_beside_them(text: str) -> None:
    assert [word.text for word in Request(text).words if word.is_comparative] in (["hotter"], ["older"])


@pytest.mark.parametrize("text", ["other than 3", "rather than", "a number of waters", "over or under 3"])
def test_words_that_only_end_like_comparatives_are_none(text: str) -> None:
    assert not [word for word in Request(text).words if word.is_comparative]


@pytest.mark.parametrize(
    "word",
    ["driest", "coldest", "fewest", "smallest", "least", "youngest", "cheaper", "lower", "thinner", "bottom", "worst"],
)
def test_adjectives_for_little_point_down(word: str) -> None:
    assert points_down(word)


@pytest.mark.parametrize(
    "word", ["wettest", "hottest", "most", "largest", "oldest", "heavier", "top", "best", "latest", "higher", "longest"]
)
def test_adjectives_for_much_point_up(word: str) -> None:
    assert not points_down(word)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("lamps", "lamp"),
        ("cities", "city"),
        ("sorted", "sort"),
        ("rainy", "rain"),
        ("boxes", "box"),
    ],
)
def test_endings_do_not_part_what_is_one_word(one: str, other: str) -> None:
    assert root(one) == root(other)


@pytest.mark.parametrize(
    ("one", "several"),
    [
        ("city", "cities"), ("order", "orders"), ("box", "boxes"), ("match", "matches"), ("person", "people"),
        ("glass", "glasses"), ("status", "status"), ("gas", "gas"), ("tie", "ties"),
    ],
)  # fmt: skip
def test_a_word_for_several_is_led_back_to_the_word_for_one(one: str, several: str) -> None:
    assert singular(several) == singular(one) == one
    assert {one, several} <= forms(one) & forms(several)


@pytest.mark.parametrize("said", ["snowy", "snow", "snowed", "snowing"])
def test_an_adjective_leads_to_the_noun_that_is_known(said: str) -> None:
    assert noun(said, {"snow", "sun"}) == "snow"
    assert noun("sunny", {"snow", "sun"}) == "sun"


@pytest.mark.parametrize(
    ("word", "plural"), [("orders", True), ("people", True), ("gas", False), ("glass", False), ("rain", False)]
)
def test_plurals_are_known(word: str, plural: bool) -> None:
    assert is_plural(word) is plural
