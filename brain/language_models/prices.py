"""What the tokens of a model cost, by the price list of the `genai-prices` package, which comes with it as data."""

import logging
from dataclasses import dataclass

__all__ = ["FREE", "UNKNOWN", "Price"]

log = logging.getLogger(__name__)

PROVIDER = "openai"
"""Whom the key pays where no base URL is set."""


@dataclass(frozen=True, slots=True)
class Price:
    """What one model costs at one place."""

    model: str
    base_url: str | None = None
    """None means OpenAI itself. A place that the list does not know has no price, whatever the model is called."""
    is_free: bool = False
    """Whether it runs on this machine, and nobody is paid."""

    def cost(self, tokens_in: int, tokens_out: int, tokens_cached: int = 0) -> float | None:
        """In US dollars, at today's price; None where it is not known."""
        if self.is_free or tokens_in == tokens_out == 0:
            return 0.0
        from genai_prices import Usage, calc_price

        cached = min(tokens_cached, tokens_in)
        usage = Usage(input_tokens=tokens_in, output_tokens=tokens_out, cache_read_tokens=cached)
        try:
            if self.base_url is None:
                return float(calc_price(usage, self.model, provider_id=PROVIDER).total_price)
            return float(calc_price(usage, self.model, provider_api_url=self.base_url).total_price)
        except (LookupError, ValueError) as exc:
            log.debug("No price: %s", exc)
            return None

    @property
    def is_known(self) -> bool:
        """Whether there is one."""
        return self.cost(1, 1) is not None


FREE = Price("", is_free=True)
UNKNOWN = Price("", base_url="unknown:")
