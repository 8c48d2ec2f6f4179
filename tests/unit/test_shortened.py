from datetime import date
from typing import Any

from hypothesis import given
from strategies import json_values

from brain.shortened import shortened, shown


def test_a_text_that_fits_stays_as_it_is_and_a_longer_one_ends_in_an_ellipsis() -> None:
    assert shortened("rain", 4) == "rain"
    assert shortened("rains", 4) == "rai…"


def test_a_value_is_shown_as_json_and_what_json_has_no_form_for_as_its_text() -> None:
    assert shown({"day": date(2012, 1, 1), "rain": "Regen – ja"}) == '{"day": "2012-01-01", "rain": "Regen – ja"}'


@given(json_values())
def test_any_value_is_shown_in_one_short_line(value: Any) -> None:
    assert len(shown(value)) <= 60
    assert "\n" not in shown(value)
