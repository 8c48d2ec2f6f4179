"""Rates as people write them."""

import pytest

from brain.rates import Rate, parse_rate

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


@pytest.mark.parametrize(
    ("written", "means", "words"),
    [
        ("5/s", Rate(5, "s"), "5 a second"),
        (" 10 / m ", Rate(10, "m"), "10 a minute"),
        ("5000/h", Rate(5000, "h"), "5,000 an hour"),
        ("1/d", Rate(1, "d"), "1 a day"),
    ],
)
def test_a_rate_is_an_amount_and_a_unit(written: str, means: Rate, words: str) -> None:
    assert parse_rate(written) == means
    assert parse_rate(str(means)) == means
    assert means.words == words


@pytest.mark.parametrize("written", ["", "5", "5/", "/s", "0/s", "-1/s", "0.5/s", "5 per second", "5/ms", "5/w", "٥/s"])
def test_anything_else_is_no_rate(written: str) -> None:
    with pytest.raises(ValueError, match=r"is no rate; it takes a whole number, a slash and s, m, h or d, as in 5/s"):
        parse_rate(written)


@pytest.mark.parametrize(
    ("written", "burst", "window"),
    [("5/s", 5, 1), ("10/m", 1, 6), ("600/m", 10, 1), ("1000/m", 10, 0.6), ("1/d", 1, 86_400), ("1000/s", 100, 0.1)],
)
def test_a_seconds_share_may_begin_at_once_and_at_least_one(written: str, burst: int, window: float) -> None:
    rate = parse_rate(written)
    assert (rate.burst, rate.window) == (burst, pytest.approx(window))


@pytest.mark.parametrize("written", ["5/s", "7/s", "10/m", "90/m", "997/m", "1000/m", "1000/s", "5000/h", "1234567/d"])
def test_bursts_one_after_another_never_add_up_to_more_than_the_rate(written: str) -> None:
    rate = parse_rate(written)
    begun_in_a_unit = rate.burst * UNITS[rate.unit] / rate.window
    assert rate.amount * 0.9999 < begun_in_a_unit <= rate.amount
    assert rate.amount % rate.burst == 0
