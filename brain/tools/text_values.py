"""Numbers and dates as texts write them, to tell whether a value stands in a text."""

import re
from collections.abc import Iterator
from datetime import date
from fractions import Fraction

__all__ = ["date_pattern", "find_numbers", "read_number", "written_numbers"]

NUMBER = re.compile(
    r"(?P<sign>(?<![\w.,)])[-+\u2212])?"
    r"(?<![^\W\d_])(?P<digits>\d+(?:[.,'\u2019\u00a0\u202f ]\d+)*)"
    r"(?P<share>\s?[%\u2030])?(?:\s?(?P<scale>[^\W\d_]+))?"
)
"""Digits with the marks between them; a minus counts only where it cannot be a dash behind something."""
CURRENCY_NUMBER = re.compile(r"\b[A-Z]{2,3}(?=\d)")
"""As in USD12: the only letters that may stand directly before a number."""
GROUPED = re.compile(
    r"\d{1,3}([.,'\u2019\u00a0\u202f ])\d{3}(?:\1\d{3})*(?:(?!\1)[.,]\d+)?|\d{1,3}(?:,\d{2})*,\d{3}(?:\.\d+)?"
)
"""Thousands in groups of three, or as in India."""
DECIMAL = re.compile(r"\d+[.,]\d+")
SCALES = {
    "thousand": 3, "k": 3, "tsd": 3,
    "million": 6, "millions": 6, "mn": 6, "mio": 6, "M": 6, "millionen": 6, "millones": 6, "milioni": 6,
    "billion": 9, "billions": 9, "bn": 9, "mrd": 9, "milliarden": 9, "milliards": 9, "miliardi": 9,
    "trillion": 12, "trillions": 12, "tn": 12,
}  # fmt: skip
"""Power of ten by the word behind a number; a small m is a metre."""
ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
WORDS = {**{word: value for value, word in enumerate(ONES)}, **{word: 10 * n for n, word in enumerate(TENS, start=2)}}
SPELT = re.compile(rf"\b({'|'.join(TENS)})[- ]({'|'.join(ONES[1:10])})\b|\b({'|'.join(WORDS)})\b", re.IGNORECASE)
MONTHS = (
    "jan|ene|gen|янв", "feb|f[ée]v|февр?", "mar|m[äa]r|mrz|maa|мар", "apr|avr|abr|апр", "ma[iyjg]|mei|ма[йя]",
    "jun|juin|giu|июн", "jul|juil|lug|июл", "aug|ao[uû]|ago|авг", "sep|set|сен", "oct|okt|out|ott|окт", "nov|ноя",
    "de[czs]|d[ée]c|dic|дек",
)  # fmt: skip
"""How the names of the months begin in English, German, French, Spanish, Italian, Portuguese, Dutch and Russian."""
BETWEEN = r"[\s,./\u2010-\u2015\u5e74\u6708-]{1,3}(?:(?:of|de|del|the|den)\s)?"
"""What stands between day, month and year; years and months in Chinese and Japanese end in \u5e74 and \u6708."""
BEHIND_DAY = r"(?:st|nd|rd|th|er|\.|º|ª)?"


def read_number(text: str) -> Fraction | None:
    """The number that a text is, written as in JSON or as people do where that has one meaning; else None."""
    match = NUMBER.fullmatch(text.strip())
    if match is None or match["share"] or match["scale"]:
        return None
    values = set(_meanings(match["digits"]))
    if len(values) != 1:
        return None
    return -values.pop() if match["sign"] in ("-", "\u2212") else values.pop()


def find_numbers(text: str) -> frozenset[Fraction]:
    """Every value that a number in the text may have: `1.234` is 1234 for some, and 12 % is 12 and 0.12."""
    in_digits = (value for _, values in written_numbers(text) for value in values)
    return frozenset((*in_digits, *_spelt(text)))


def written_numbers(text: str) -> Iterator[tuple[str, frozenset[Fraction]]]:
    """Each number in digits as it is written, and the values that it may have."""
    for match in NUMBER.finditer(CURRENCY_NUMBER.sub(lambda found: " " * len(found[0]), text)):
        sign = -1 if match["sign"] in ("-", "\u2212") else 1
        values = (scaled for value in _meanings(match["digits"]) for scaled in _scaled(sign * value, match))
        yield f"{match['sign'] or ''}{match['digits']}{match['share'] or ''}", frozenset(values)


def _spelt(text: str) -> Iterator[Fraction]:
    for match in SPELT.finditer(text):
        tens, one, word = match.groups()
        value = WORDS[tens.lower()] + WORDS[one.lower()] if tens else WORDS[word.lower()]
        if value != 1:  # "one" is a pronoun as often
            yield Fraction(value)


def _scaled(value: Fraction, match: re.Match[str]) -> Iterator[Fraction]:
    yield value
    if match["share"]:
        yield value / (1000 if match["share"].strip() == "\u2030" else 100)
    scale = match["scale"] or ""
    if power := SCALES.get(scale) or SCALES.get(scale.lower()):
        yield value * 10**power


def _meanings(digits: str) -> Iterator[Fraction]:
    """The values of digits with marks between them; of a list or a date (`3.5.2024`) those of its parts."""
    is_grouped, is_decimal = GROUPED.fullmatch(digits), DECIMAL.fullmatch(digits)
    if is_grouped:
        mark = is_grouped[1] or ","
        yield Fraction(re.sub(r"[^\d.]", "", digits.replace(mark, "").replace(",", ".")))
    if is_decimal:
        yield Fraction(digits.replace(",", "."))
    if " " in digits or not (is_grouped or is_decimal):
        yield from map(Fraction, re.findall(r"\d+", digits))


def date_pattern(value: str) -> re.Pattern[str] | None:
    """What a day (`2024-05-03`) looks like in a text, in any order and with the month's name; None: it is no day."""
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return None
    d, y = rf"0?{day.day}{BEHIND_DAY}", rf"(?:{day.year:04}|['\u2019]?{day.year % 100:02})"
    m = rf"(?:0?{day.month}|(?:{MONTHS[day.month - 1]})\w*\.?)"
    orders = (f"{d}{BETWEEN}{m}{BETWEEN}{y}", f"{m}{BETWEEN}{d}{BETWEEN}{y}", f"{day.year:04}{BETWEEN}{m}{BETWEEN}{d}")
    solid = f"{day.year:04}{day.month:02}{day.day:02}"
    return re.compile(rf"(?<![\w])(?:{'|'.join((*orders, solid))})(?!\d)", re.IGNORECASE)
