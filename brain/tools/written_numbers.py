"""Numbers as people and spreadsheets write them: thousands separators, decimal commas, currencies, percentages."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from brain.tools.written_values import NotRead, Read

__all__ = ["DECIMALS", "read_numbers"]

DECIMALS = (".", ",")
SPACES = " \u00a0\u2009\u202f"
"""Space, no-break space, thin space, narrow no-break space."""
SYMBOLS = "$€£¥₹₩₽₺₫₴₦฿"
CODES = (
    "USD EUR GBP JPY CNY CHF SEK NOK DKK ISK PLN CZK HUF RON BGN TRY RUB UAH ILS AUD NZD CAD MXN BRL ARS CLP COP INR "
    "KRW SGD HKD TWD THB IDR MYR PHP VND ZAR EGP NGN KES kr zł Kč"
)
"""ISO 4217 of the usual currencies, and short forms."""
CURRENCY = rf"[{SYMBOLS}]|(?:{'|'.join(CODES.split())})(?![A-Za-z])"
WRITTEN = re.compile(
    rf"(?P<open>\()?(?P<sign>[-+−])?[{SPACES}]?(?P<before>{CURRENCY})?[{SPACES}]?(?P<inner>[-−])?"
    rf"(?P<digits>[.,]?[0-9](?:[0-9.,'’{SPACES}]*[0-9])?)(?P<exponent>[eE][-+]?[0-9]{{1,3}})?"
    rf"[{SPACES}]?(?P<percent>%)?[{SPACES}]?(?P<after>{CURRENCY})?(?P<close>\))?"
)
GROUPED = r"[1-9][0-9]{{0,2}}(?:(?P<group>[{group}'’{spaces}])[0-9]{{3}})(?:(?P=group)[0-9]{{3}})*"
PLAIN = {
    decimal: re.compile(
        rf"(?P<whole>[0-9]+|{GROUPED.format(group=group, spaces=SPACES)})?(?:{re.escape(decimal)}(?P<part>[0-9]+))?"
    )
    for decimal, group in ((".", ","), (",", "."))
}
"""Digits with the decimal sign of a convention; the sign of the other one groups thousands."""
PHONE_DIGITS = 7
"""A plus sign and so many digits are a telephone number."""
LARGEST = 2**63
LONGEST = 64
"""Characters of a number; nothing longer is looked at."""


@dataclass(frozen=True, slots=True)
class _Written:
    """A number taken apart, before it is known what its points and commas mean."""

    text: str
    digits: str
    is_negative: bool
    exponent: int | None
    is_percent: bool
    currency: str

    def value(self, decimal: str) -> int | float | None:
        """The number under a convention; None where that cannot be, or where digits would be lost."""
        match = PLAIN[decimal].fullmatch(self.digits)
        if match is None:
            return None
        whole, part = re.sub(r"[^0-9]", "", match["whole"] or ""), match["part"]
        if len(whole) > 1 and whole.startswith("0"):
            return None
        sign = "-" if self.is_negative else ""
        if part is None and self.exponent is None and not self.is_percent:
            number = int(f"{sign}{whole}")
            return number if -LARGEST <= number < LARGEST else None
        exponent = (self.exponent or 0) - 2 * self.is_percent
        number_or_infinity = float(f"{sign}{whole or '0'}.{part or '0'}e{exponent}")
        return number_or_infinity if math.isfinite(number_or_infinity) else None


def read_numbers(texts: Sequence[str], decimal: str | None = None) -> Read | NotRead:
    """A number for each text; what a point or comma means must follow from the texts, or be told.

    Percentages become fractions: 12% is 0.12. Texts that begin with a zero, such as codes, are no numbers.
    """
    written = [_taken_apart(text) for text in texts]
    taken = [each for each in written if each is not None]
    share = len(taken) / max(len(texts), 1)
    if len(taken) < len(texts):
        return NotRead(f"{_shown(texts[written.index(None)])} is no number", share)
    if odd := _mixture(taken):
        return NotRead(odd)
    readings = {sign: [each.value(sign) for each in taken] for sign in ([decimal] if decimal else DECIMALS)}
    whole = {sign: values for sign, values in readings.items() if None not in values}
    if not whole:
        best = max(readings, key=lambda sign: -readings[sign].count(None))
        first = taken[readings[best].index(None)]
        return NotRead(_why_none(first), 1 - readings[best].count(None) / len(taken) * (not first.digits.isdigit()))
    if len(whole) > 1 and (unclear := _unclear(taken, whole)):
        return NotRead(unclear)
    sign, values = next(iter(whole.items()))
    return _read(values, taken, sign)


def _taken_apart(text: str) -> _Written | None:
    match = WRITTEN.fullmatch(text) if len(text) <= LONGEST else None
    if match is None or bool(match["open"]) != bool(match["close"]) or (match["before"] and match["after"]):
        return None
    digits = match["digits"]
    is_phone = match["sign"] == "+" and digits.isdigit() and len(digits) >= PHONE_DIGITS
    is_code = match["exponent"] and digits.isdigit() and match["exponent"][1].isdigit()
    if is_phone or is_code:
        return None
    return _Written(
        text=text,
        digits=digits,
        is_negative=bool(match["open"] or match["inner"] or match["sign"] in ("-", "−")),
        exponent=int(match["exponent"][1:]) if match["exponent"] else None,
        is_percent=bool(match["percent"]),
        currency=match["before"] or match["after"] or "",
    )


def _mixture(written: Sequence[_Written]) -> str | None:
    currencies = sorted({each.currency for each in written} - {""})
    if len(currencies) > 1:
        return f"it mixes currencies ({', '.join(currencies)})"
    percent = next((each for each in written if each.is_percent), None)
    other = next((each for each in written if not each.is_percent), None)
    if percent and other:
        return f"it mixes {_shown(percent.text)} with {_shown(other.text)}"
    return None


def _unclear(written: Sequence[_Written], readings: dict[str, list[int | float | None]]) -> str | None:
    """A number that is one thing with a decimal point and another with a decimal comma."""
    for each, point, comma in zip(written, *(readings[sign] for sign in DECIMALS), strict=True):
        if point != comma:
            return f"{_shown(each.text)} may be {point} or {comma}; set decimal to . or ,"
    return None


def _why_none(written: _Written) -> str:
    if written.digits.startswith("0") and written.digits.isdigit():
        return f"{_shown(written.text)} begins with a zero, as codes do"
    if written.digits.isdigit():
        return f"{_shown(written.text)} has more digits than a number keeps"
    return f"{_shown(written.text)} is no number in the manner of the others"


def _read(values: Sequence[int | float | None], written: Sequence[_Written], decimal: str) -> Read:
    if all(isinstance(value, int) for value in values):
        return Read(list(values), pa.int64(), "whole numbers")
    has_comma = decimal == "," and any("," in each.digits for each in written)
    is_percent = any(each.is_percent for each in written)
    what = f"numbers{' (with a decimal comma)' if has_comma else ''}{' (1% is 0.01)' if is_percent else ''}"
    return Read([None if value is None else float(value) for value in values], pa.float64(), what)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:39]}…")  # noqa: PLR2004 - characters that fit a message
