"""What tokens cost, by the price list that comes with genai-prices."""

import subprocess
import sys

import pytest

from brain.language_models import FREE, Price


def test_a_model_of_the_list_has_the_price_of_the_list() -> None:
    price = Price("gpt-4o-mini")
    assert price.cost(1_000_000, 0) == pytest.approx(0.15)
    assert price.cost(0, 1_000_000) == pytest.approx(0.60)
    assert price.cost(1_000_000, 0, 1_000_000) == pytest.approx(0.075)
    assert price.cost(10, 0, 20) == price.cost(10, 0, 10), "a server that counts wrongly is not believed"
    assert price.is_known


@pytest.mark.parametrize(
    "price",
    [
        Price("gpt-99-imaginary"),
        Price("gpt-4o-mini", "http://127.0.0.1:11434/v1"),
        Price("gpt-4o-mini", "https://example.com/api.openai.com/v1"),
        Price("", "not an address"),
    ],
)
def test_a_place_or_model_that_the_list_does_not_know_has_no_price_whatever_it_is_called(price: Price) -> None:
    assert price.cost(1000, 1000) is None
    assert not price.is_known
    assert price.cost(0, 0) == 0


def test_other_places_have_prices_of_their_own() -> None:
    assert Price("gpt-4o-mini", "https://api.openai.com/v1").cost(1000, 10) == Price("gpt-4o-mini").cost(1000, 10)
    assert Price("llama-3.3-70b-versatile", "https://api.groq.com/openai/v1").is_known


def test_a_model_on_this_machine_costs_nothing_and_loads_no_list() -> None:
    assert FREE.cost(1000, 1000) == 0
    program = (
        "import sys; from brain.language_models import FREE; FREE.cost(9, 9); print('genai_prices' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"genai_prices", "openai", "pandas", "numpy"} & set(done.stdout.split())
