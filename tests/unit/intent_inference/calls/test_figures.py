"""Numbers of a request, with what stands around them."""

import pytest

from brain.intent_inference.calls.figure import Figure, FigureKind
from brain.intent_inference.calls.figures import find_figures
from brain.intent_inference.calls.reading import Reading


def figures(text: str) -> tuple[Figure, ...]:
    return find_figures(Reading(text))


def values(text: str, kind: FigureKind) -> list[float]:
    return [figure.value for figure in figures(text) if figure.kind is kind]


@pytest.mark.parametrize(
    ("text", "kind", "found"),
    [
        ("5k, 2.5 million and 3 lakh", FigureKind.SCALED, [5_000, 2_500_000, 300_000]),
        ("a $2 M house 100m away", FigureKind.SCALED, [2_000_000]),
        ("12 %, 7 percent, 3 pct and ten percent", FigureKind.PERCENT, [12, 7, 3, 10]),
        ("3/4 of a cup, or half a cup", FigureKind.PART, [0.75, 0.5]),
        ("3 x 10^8 and 2 x 10^-3", FigureKind.POWER, [300_000_000, 0.002]),
        ("paid monthly, weekly or semi-annually", FigureKind.FREQUENCY, [12, 52, 2]),
        ("the third attempt and the 21st", FigureKind.ORDINAL, [3, 21]),
        ("twice, a couple, half-dozen", FigureKind.COUNT, [2, 2, 6]),
        ("the next decade, two centuries, two decades", FigureKind.SPAN, [10, 20]),
        ("per week", FigureKind.SPAN, [1]),
        ("it starts from rest", FigureKind.AT_REST, [0]),
        ("33.9 S and 18.4° W", FigureKind.DIRECTION, [-33.9, -18.4]),
        ("twenty-five apples and one pear", FigureKind.WORDS, [25, 1]),
    ],
)
def test_a_number_is_read_as_it_is_said(text: str, kind: FigureKind, found: list[float]) -> None:
    assert values(text, kind) == pytest.approx(found)


@pytest.mark.parametrize(
    ("text", "currency"),
    [("€5", "EUR"), ("20 dollars", "USD"), ("£3 million", "GBP"), ("ten yen", "JPY"), ("5 kg", "")],
)
def test_an_amount_of_money_has_its_currency(text: str, currency: str) -> None:
    assert figures(text)[0].currency == currency


def test_numbers_of_a_list_share_the_unit_behind_the_last() -> None:
    assert [figure.unit for figure in figures("15, 20 and 30 years, or 4 apples")] == ["years"] * 3 + ["apples"]


def test_ordinals_that_enumerate_the_parts_of_a_request_are_no_numbers() -> None:
    assert [figure.value for figure in figures("the first side is 3 and the second side 4")] == [3, 4]


def test_a_k_is_a_thousand_but_where_there_is_heat_kelvin() -> None:
    assert [(figure.value, figure.unit) for figure in figures("it cost 300K")] == [(300_000, "")]
    assert [(figure.value, figure.unit) for figure in figures("a temperature of 300K")] == [(300, "k")]


def test_a_letter_apart_from_its_number_is_a_unit() -> None:
    assert [(figure.value, figure.unit) for figure in figures("300 K and 100m")] == [(300, "k"), (100, "m")]


@pytest.mark.parametrize("text", ["9" * 5000, "1e999", "1 " + "trillion " * 40])
def test_a_number_beyond_all_floats_is_none(text: str) -> None:
    assert figures(text) == ()


def test_a_division_by_zero_is_no_fraction() -> None:
    assert values("7/0", FigureKind.PART) == []
