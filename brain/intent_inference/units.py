"""Units of measurement: by which words people name them, and how they stand in the names of columns."""

import re

__all__ = ["SYMBOLS", "unit_of_name", "unit_of_word"]

SYMBOLS = frozenset(
    re.findall(
        r"\w+",
        """mm cm m km g kg mg lb oz c f k ppm ppb pct usd eur gbp ml l ms s h hz w kw kwh v mv hpa mb db""",
    )
)
"""As they end the names of columns."""
WORDS = {
    "mm": "millimetre millimeter", "cm": "centimetre centimeter", "m": "metre meter", "km": "kilometre kilometer",
    "in": "inch inches", "ft": "ft foot feet", "mi": "mi mile", "mg": "milligram", "g": "gram gramme",
    "kg": "kilo kilogram", "lb": "lbs pound", "oz": "ounce", "t": "tonne ton", "ml": "millilitre milliliter",
    "l": "litre liter", "ms": "millisecond", "s": "sec secs second", "min": "min mins minute", "h": "hr hrs hour",
    "d": "day", "wk": "week", "mo": "month", "yr": "yr yrs year", "pct": "percent", "hz": "hertz", "v": "volt",
    "mv": "millivolt", "w": "watt", "kw": "kilowatt", "db": "decibel", "usd": "dollar", "eur": "euro", "c": "celsius",
    "f": "fahrenheit", "k": "kelvin", "": "degree time point",
}  # fmt: skip
"""Of each unit the words for it, in singular; the last are words that go with any."""
UNITS = {symbol: symbol for symbol in SYMBOLS} | {word: unit for unit, words in WORDS.items() for word in words.split()}


def unit_of_word(word: str) -> str | None:
    """The unit that a word behind a number names; empty where it goes with any, None where it is no unit."""
    return UNITS.get(word, UNITS.get(word.removesuffix("s")))


def unit_of_name(name: str) -> str | None:
    """The unit that a column's name holds, if it says one; a single letter is one at the end only."""
    parts = re.findall(r"[^\W\d_]+", re.sub(r"(?<=[a-z]{2})(?=[A-Z])", " ", name).lower())
    units = [UNITS[part] for part in parts if part in UNITS and (len(part) > 1 or part == parts[-1])]
    return units[-1] if units else None
