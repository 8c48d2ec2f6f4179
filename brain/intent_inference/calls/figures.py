"""Numbers of a request with what stands around them: sign, scale, percent, currency, unit, order."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from brain.intent_inference.calls.reading import Reading, Token
from brain.written_numbers import find_numbers

__all__ = ["Figure", "TIME_UNITS", "find_figures", "time_unit"]

SCALES = {
    "hundred": 100, "thousand": 1000, "k": 1000, "million": 10**6, "mn": 10**6, "m": 10**6, "billion": 10**9, "bn": 10**9,
    "b": 10**9, "trillion": 10**12, "lakh": 10**5, "crore": 10**7, "dozen": 12,
}  # fmt: skip
CURRENCIES = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR"}
FREQUENCIES = {
    "annually": 1, "annual": 1, "yearly": 1, "semiannually": 2, "semi-annually": 2, "semi-annual": 2, "half-yearly": 2, "biannually": 2,
    "quarterly": 4, "bimonthly": 6, "monthly": 12, "biweekly": 26, "fortnightly": 26, "weekly": 52, "daily": 365,
}  # fmt: skip
COUNTS = {"once": 1, "single": 1, "couple": 2, "pair": 2, "twice": 2, "both": 2, "thrice": 3, "triple": 3, "double": 2, "half-dozen": 6}
ORDINALS = dict(zip(
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split(), range(1, 13), strict=True
))  # fmt: skip
PARTS = {"half": Fraction(1, 2), "quarter": Fraction(1, 4), "third": Fraction(1, 3), "tenth": Fraction(1, 10)}
TIME_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 7 * 86400, "month": 30 * 86400, "year": 365 * 86400}
"""Seconds."""
SPANS = {"fortnight": ("week", 2), "decade": ("year", 10), "century": ("year", 100), "semester": ("month", 6)}
SHORT_UNITS = {"s": "second", "sec": "second", "min": "minute", "mins": "minute", "h": "hour", "hr": "hour", "hrs": "hour", "yr": "year", "yrs": "year"}
BEFORE_SPAN = frozenset("a an one next last past previous this coming upcoming following per each every".split())
DOWNWARD = frozenset({"s", "w", "south", "west"})
"""Directions in which latitudes and longitudes are negative."""
HEAT = re.compile(r"temperature|kelvin|heat|thermal|therm|°", re.IGNORECASE)
"""Where a K behind a number is no thousand."""
JOINTS = frozenset({",", "and", "or", "&", "to", ""})
SHORTHAND = frozenset({"k", "m", "b", "mn", "bn"})


@dataclass(frozen=True, slots=True)
class Figure:
    """A number at a half-open range of tokens."""

    first: int
    last: int
    value: int | float
    kind: str
    """`digits`, `words`, `percent`, `scaled`, `ordinal`, `frequency`, `count`, `part`, `span`, `power`"""
    unit: str = ""
    """The word behind it in lower case."""
    currency: str = ""


def find_figures(reading: Reading) -> tuple[Figure, ...]:
    """Every number, in order; one place may be read in two ways."""
    found = [*_in_digits(reading), *_in_words(reading), *_by_word(reading)]
    if HEAT.search(reading.text):
        found = [_in_kelvin(reading, figure) for figure in found]
    ordered = sorted(set(found), key=lambda figure: (figure.first, -figure.last, figure.kind))
    return tuple(_sharing_units(reading, [figure for figure in ordered if not _enumerates(reading, figure, ordered)]))


def _enumerates(reading: Reading, figure: Figure, found: list[Figure]) -> bool:
    """Whether a word only counts the parts of the request: `the first circle ..., the second circle ...`."""
    words = {reading.tokens[other.first].lower for other in found if other.kind == "ordinal"}
    return figure.kind in ("ordinal", "part") and reading.tokens[figure.first].is_word and {"first", "second"} <= words


def _sharing_units(reading: Reading, found: list[Figure]) -> Iterator[Figure]:
    """In `15, 20 and 30 years` all three are years."""
    unit, begins = "", -1
    shared: list[Figure] = []
    for figure in reversed(found):
        between = {token.lower for token in reading.tokens[figure.last : begins]} if begins > figure.last else {"none"}
        if figure.unit in JOINTS and between <= JOINTS and unit:
            figure = replace(figure, unit=unit)
        elif figure.unit not in JOINTS:
            unit = figure.unit
        begins = figure.first
        shared.append(figure)
    yield from reversed(shared)


def _in_kelvin(reading: Reading, figure: Figure) -> Figure:
    """`300K` of a text about heat."""
    is_kelvin = figure.kind == "scaled" and figure.last - figure.first == 2 and reading.tokens[figure.last - 1].text == "K"  # noqa: PLR2004
    value = _parsed(reading.tokens[figure.first].text) if is_kelvin else 0
    return replace(figure, value=value, last=figure.first + 1, kind="digits", unit="k") if is_kelvin else figure


def time_unit(word: str) -> str | None:
    """The unit of time that a word names."""
    word = SHORT_UNITS.get(word, word)
    return word if word in TIME_UNITS else word[:-1] if word[:-1] in TIME_UNITS and word.endswith("s") else None


def _in_digits(reading: Reading) -> Iterator[Figure]:
    tokens = reading.tokens
    for place, token in enumerate(tokens):
        if token.kind == "ordinal":
            yield Figure(place, place + 1, int(token.text[:-2]), "ordinal", _word(tokens, place + 1))
        if token.kind == "code" and (year := re.fullmatch(r"((?:1|2)\d{3})s", token.text)):
            yield Figure(place, place + 1, int(year[1]), "digits", "s")
        if token.kind == "number":
            yield from _number(tokens, place)


def _number(tokens: tuple[Token, ...], place: int) -> Iterator[Figure]:
    value = _parsed(tokens[place].text)
    before = tokens[place - 1] if place else None
    currency = CURRENCIES.get(before.text, "") if before else ""
    last = place + 1
    if power := _power(tokens, place):
        yield Figure(place, place + 5, value * 10.0**power if power < 0 else value * 10**power, "power", _word(tokens, place + 5))
        return
    if _texts(tokens, last, 2)[0] == "/" and _kind(tokens, last + 1) == "number":
        below = _parsed(tokens[last + 1].text)
        if below:
            yield Figure(place, last + 2, value / below, "part", _word(tokens, last + 2))
    word = _word(tokens, last)
    if word in ("%", "percent", "pct", "percentage"):
        yield Figure(place, last + 1, value, "percent", "percent")
    elif word in SCALES and _scales(tokens, place, currency):
        end, scaled = last, Fraction(tokens[place].text.replace(",", "").replace("−", "-")) if re.fullmatch(r"[-−+]?[\d,.]+", tokens[place].text) else Fraction(0)
        while _word(tokens, end) in SCALES:
            scaled *= SCALES[_word(tokens, end)]
            end += 1
        unit = _word(tokens, end)
        if unit in ("%", "percent"):
            yield Figure(place, end + 1, _plain(scaled), "percent", "percent")
        else:
            yield Figure(place, end, _plain(scaled), "scaled", unit, currency or _currency(unit))
    elif (at := last + (word == "°")) and _word(tokens, at) in DOWNWARD and isinstance(value, float):
        yield Figure(place, at + 1, -value, "southern or western", word)
    else:
        yield Figure(place, last, value, "digits", word, currency or _currency(word))


def _scales(tokens: tuple[Token, ...], place: int, currency: str) -> bool:
    """Whether the letter behind a number scales it: `5k` and `$2 M`, but not `300 K` or `100m`."""
    letter = tokens[place + 1]
    if letter.lower not in SHORTHAND or currency:
        return True
    is_glued = letter.start == tokens[place].end
    return is_glued and letter.text in ("k", "K", "M", "B", "bn", "mn", "Bn", "Mn", "BN", "MN")


def _power(tokens: tuple[Token, ...], place: int) -> int | None:
    """Of `3 x 10^8`."""
    times, ten, raised, power = _texts(tokens, place + 1, 4)
    if times in ("x", "×", "*") and ten == "10" and raised in ("^", "**") and re.fullmatch(r"[-+]?\d+", power):
        return int(power)
    return None


def _in_words(reading: Reading) -> Iterator[Figure]:
    for value, start, end in find_numbers(reading.text):
        if any(letter.isdigit() for letter in reading.text[start:end]):
            continue
        place = reading.tokens_between(start, end)
        if place is None:
            continue
        unit = _word(reading.tokens, place[1])
        if unit in ("%", "percent"):
            yield Figure(place[0], place[1] + 1, value, "percent", "percent")
        else:
            yield Figure(*place, value, "words", unit, _currency(unit))


def _by_word(reading: Reading) -> Iterator[Figure]:
    tokens = reading.tokens
    for place, token in enumerate(tokens):
        word = token.lower
        if word in FREQUENCIES:
            yield Figure(place, place + 1, FREQUENCIES[word], "frequency")
        if word in COUNTS:
            yield Figure(place, place + 1, COUNTS[word], "count", _word(tokens, place + 1))
        if word in ORDINALS:
            yield Figure(place, place + 1, ORDINALS[word], "ordinal", _word(tokens, place + 1))
        if word == "one":
            yield Figure(place, place + 1, 1, "words", _word(tokens, place + 1))
        if word in PARTS:
            yield Figure(place, place + 1, float(PARTS[word]), "part", _word(tokens, place + 1))
        before = tokens[place - 1].lower if place else ""
        if word == "rest" and before in ("from", "at"):
            yield Figure(place, place + 1, 0, "at rest")
        if before in BEFORE_SPAN:
            if word in SPANS:
                unit, count = SPANS[word]
                yield Figure(place, place + 1, count, "span", unit)
            elif word in TIME_UNITS:
                yield Figure(place, place + 1, 1, "span", word)
        elif word.rstrip("s") in SPANS and place and tokens[place - 1].kind in ("number", "word"):
            unit, count = SPANS[word.rstrip("s")]
            for value, start, end in find_numbers(tokens[place - 1].text):
                yield Figure(place - 1, place + 1, value * count, "span", unit)


def _parsed(text: str) -> int | float:
    plain = text.replace(",", "").replace("−", "-").lstrip("+")
    return float(plain) if re.search(r"[.eE]", plain) else int(plain)


def _plain(value: Fraction) -> int | float:
    return int(value) if value.denominator == 1 else float(value)


def _currency(word: str) -> str:
    return {"dollar": "USD", "dollars": "USD", "usd": "USD", "euros": "EUR", "eur": "EUR", "pounds": "GBP", "yen": "JPY", "rupees": "INR"}.get(word, "")


def _word(tokens: tuple[Token, ...], place: int) -> str:
    return tokens[place].lower if place < len(tokens) else ""


def _texts(tokens: tuple[Token, ...], place: int, count: int) -> list[str]:
    return [tokens[at].lower if at < len(tokens) else "" for at in range(place, place + count)]


def _kind(tokens: tuple[Token, ...], place: int) -> str:
    return tokens[place].kind if place < len(tokens) else ""
