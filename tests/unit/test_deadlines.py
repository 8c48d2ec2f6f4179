"""Deadlines as people write them."""

from datetime import timedelta

import pytest

from brain.deadlines import NO_DEADLINE, Deadline


@pytest.mark.parametrize(
    ("written", "seconds", "shown", "doubled"),
    [
        ("10m", 600, "10m", "20m"),
        (" 90s ", 90, "90s", "3m"),
        ("1.5h", 5400, "90m", "3h"),
        ("500ms", 0.5, "0.5s", "1s"),
        ("2d", 172_800, "2d", "4d"),
        ("200d", 17_280_000, "200d", "365d"),
    ],
)
def test_a_deadline_is_a_duration(written: str, seconds: float, shown: str, doubled: str) -> None:
    deadline = Deadline.parse(written)
    assert (deadline.seconds, str(deadline), str(deadline.twice)) == (seconds, shown, doubled)
    assert Deadline.parse(shown) == deadline, "what is stored is read back as it was"


@pytest.mark.parametrize("written", ["none", "None", "off"])
def test_a_word_lifts_it(written: str) -> None:
    assert Deadline.parse(written) == NO_DEADLINE
    assert (NO_DEADLINE.seconds, str(NO_DEADLINE), NO_DEADLINE.twice) == (None, "none", NO_DEADLINE)


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("soon", "'soon' is no deadline; it takes"),
        ("10", "'10' is no deadline; it takes"),
        ("-1m", "'-1m' is no deadline; it takes"),
        ("0s", "'0s' is no deadline, because nothing is done in no time"),
        ("366d", "'366d' is no deadline, because it is longer than a year"),
    ],
)
def test_anything_else_is_no_deadline(written: str, why: str) -> None:
    with pytest.raises(ValueError, match=f"^{why}.*a number and s, m, h or d, as in 10m, or the word none$"):
        Deadline.parse(written)


def test_every_deadline_that_there_may_be_can_be_written_and_read() -> None:
    for after in (timedelta(microseconds=1), timedelta(days=364, microseconds=999_999), timedelta(hours=25)):
        assert Deadline.parse(str(Deadline(after))).after == after
