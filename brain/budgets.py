"""What a run may spend on language models, as people write it: `0.50`, `20000 tokens`, or both."""

import math
import re
from dataclasses import dataclass

__all__ = ["UNLIMITED", "Budget"]

UNLIMITED_WORDS = frozenset({"none", "off"})
PART = re.compile(
    r"(?P<dollar>\$?)\s*(?P<amount>\d{1,15}(?:\.\d{1,9})?)\s*(?P<thousands>[km]?)\s*(?P<unit>usd|dollars?|tokens?|)",
    re.ASCII | re.IGNORECASE,
)
BETWEEN = re.compile(r"\s*,\s*|\s+and\s+", re.IGNORECASE)
THOUSANDS = {"": 1, "k": 1_000, "m": 1_000_000}
TAKES = "takes US dollars (0.50), tokens (20000 tokens), both (0.50, 20000 tokens) or the word none"


@dataclass(frozen=True, slots=True)
class Budget:
    """The most that a run may spend, of each that is given; of neither it may spend what it takes."""

    dollars: float | None = None
    tokens: int | None = None
    """In and out together."""

    @classmethod
    def parse(cls, text: str) -> "Budget":
        """`0.50`, `$0.50`, `0.50 USD`, `20000 tokens`, `20k tokens`, two of them with a comma between, or `none`.

        Raises ValueError on anything else. A bare number is in US dollars.
        """
        if text.strip().lower() in UNLIMITED_WORDS:
            return UNLIMITED
        found: dict[str, float] = {}
        for part in BETWEEN.split(text.strip()):
            unit, amount = _amount(part)
            if unit in found:
                raise ValueError(f"{text[:40]!r} names {unit} twice; a budget {TAKES}")
            found[unit] = amount
        tokens = found.get("tokens")
        return cls(found.get("dollars"), None if tokens is None else math.floor(tokens))

    @property
    def is_unlimited(self) -> bool:
        """Whether it holds nothing back."""
        return self.dollars is None and self.tokens is None

    def __str__(self) -> str:
        """As `parse` reads it."""
        parts = [] if self.dollars is None else [_exact(self.dollars)]
        parts += [] if self.tokens is None else [f"{self.tokens} tokens"]
        return ", ".join(parts) or "none"


UNLIMITED = Budget()


def _amount(text: str) -> tuple[str, float]:
    match = PART.fullmatch(text)
    unit = "tokens" if match and match["unit"].lower().startswith("token") else "dollars"
    if match is None or (unit == "tokens" and match["dollar"]) or (match["thousands"] and not match["unit"]):
        raise ValueError(f"{text[:40]!r} is no budget; it {TAKES}")
    amount = float(match["amount"]) * THOUSANDS[match["thousands"].lower()]
    if amount <= 0 or (unit == "tokens" and amount < 1):
        raise ValueError(f"{text[:40]!r} is no budget, because no question to a model costs so little; it {TAKES}")
    return unit, amount


def _exact(dollars: float) -> str:
    whole, _, behind = f"{dollars:.9f}".partition(".")
    return f"${whole}.{behind.rstrip('0'):0<2}"
