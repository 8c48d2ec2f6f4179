"""Numbers as people read them, in answers and in tables alike."""

import pandas as pd
import pytest

from brain.cli import tables
from brain.figures import dollars, plain

FIGURES = {
    3.78712: "3.787",
    9319.87: "9,319.87",
    12249.909999999996: "12,249.91",
    0.38871: "0.3887",
    1200.5: "1,200.5",
    4448.0: "4,448",
    9999.999: "10,000",
    0.000012345: "0.00001234",
    -1234567.891: "-1,234,567.89",
    6781: "6,781",
    0.1 + 0.2: "0.3",
    2e20: "2e+20",
}


@pytest.mark.parametrize(("value", "text"), FIGURES.items())
def test_a_number_keeps_its_cents_and_four_digits(value: float, text: str) -> None:
    assert plain(value) == text


def test_a_year_has_no_separator() -> None:
    assert (plain(2012, "year"), plain(2012.5, "year"), plain(2012, "amount")) == ("2012", "2012.5", "2,012")


def test_a_table_shows_the_figures_of_the_answer(capsys: pytest.CaptureFixture[str]) -> None:
    table = pd.DataFrame({"year": [2012] * len(FIGURES), "amount": pd.Series(list(FIGURES), dtype=object)})
    tables.frame(table, as_json=False)
    assert [line.split() for line in capsys.readouterr().out.splitlines()[1:]] == [
        ["2012", text] for text in FIGURES.values()
    ]


@pytest.mark.parametrize(
    ("amount", "text"),
    [(0, "$0"), (0.00045, "$0.00045"), (0.0432, "$0.043"), (0.05, "$0.05"), (0.999, "$1.00"), (1234.5, "$1,234.50")],
)
def test_dollars_have_cents_and_of_less_the_first_two_digits(amount: float, text: str) -> None:
    assert dollars(amount) == text
