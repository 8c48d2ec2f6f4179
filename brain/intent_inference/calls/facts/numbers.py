"""Facts about a number: its type, unit, sign and size, and whether it is money, a share, a year or a count."""

from collections.abc import Iterator

from brain.intent_inference.calls.contents import ANNOUNCED_COUNTS
from brain.intent_inference.calls.currencies import SYMBOLS
from brain.intent_inference.calls.figure import FigureKind
from brain.intent_inference.calls.scene import Fact, Trial
from brain.intent_inference.calls.time_units import time_unit
from brain.intent_inference.calls.tokens import TokenKind
from brain.intent_inference.inflection import root

__all__ = ["numbers"]


def _roots(words: str) -> frozenset[str]:
    return frozenset(root(word) for word in words.split())


MONEY = _roots(
    """price amount cost salary income payment budget principal investment loan value revenue money dollars usd fee
    deposit balance capital profit debt"""
)
RATE = _roots(
    """rate percent percentage interest yield growth probability tax discount inflation share efficiency concentration
    return margin fraction ratio level"""
)
DATE = _roots("day month year date")
YEAR = root("year")
FIRST_YEAR, LAST_YEAR = 1000, 2100
PLURAL_WITHIN = 3
"""Tokens behind a number in which its noun stands."""
COLON_WITHIN = 4
"""Tokens behind a number that announces others."""


def numbers(trial: Trial) -> Iterator[Fact]:
    """All of them; the candidate is one number that stands in the request."""
    value = trial.candidate.value
    is_whole = float(value).is_integer() and "." not in trial.scene.reading.tokens[trial.first].text
    yield f"type {trial.argument.kind} {'whole' if is_whole else 'decimal'}", 1.0
    yield from _units(trial)
    yield from _money_and_shares(trial)
    yield from _dates(trial)
    yield from _surroundings(trial)
    yield from _announcing(trial)
    yield f"sign={'-' if value < 0 else '0' if value == 0 else '+'}", 1.0
    yield f"share={0 <= value <= 1} decimal={trial.argument.takes_decimal}", 1.0


def _units(trial: Trial) -> Iterator[Fact]:
    argument, unit = trial.argument, trial.scene.contents.units.get(trial.first, "")
    if unit and root(unit) in argument.known:
        yield "unit fits", 1.0
    elif time_unit(unit):
        yield f"time unit, wanted={bool(argument.unit)}", 1.0
    if argument.unit and not time_unit(unit) and trial.candidate.rule not in (FigureKind.SPAN, FigureKind.FREQUENCY):
        yield "wants time unit", 1.0


def _money_and_shares(trial: Trial) -> Iterator[Fact]:
    lowers, known = trial.scene.reading.lowers, trial.argument.known
    is_money = trial.first > 0 and lowers[trial.first - 1] in SYMBOLS
    yield f"money={is_money} wanted={not MONEY.isdisjoint(known)}", 1.0
    unit = trial.scene.contents.units.get(trial.first, "")
    is_percent = "%" in lowers[trial.first : trial.last + 1] or unit.startswith("percent")
    yield f"percent={is_percent} wanted={not RATE.isdisjoint(known)}", 1.0


def _dates(trial: Trial) -> Iterator[Fact]:
    token, value, argument = trial.scene.reading.tokens[trial.first], trial.candidate.value, trial.argument
    is_bare = token.kind is TokenKind.NUMBER and "," not in token.text
    is_year = is_bare and FIRST_YEAR <= value <= LAST_YEAR and float(value).is_integer()
    yield f"year={is_year} wanted={YEAR in argument.roots}", 1.0
    if any(found.first <= trial.first < found.last for found in trial.scene.contents.dates):
        yield f"in date wanted={not DATE.isdisjoint(argument.roots)}", 1.0


def _surroundings(trial: Trial) -> Iterator[Fact]:
    reading = trial.scene.reading
    if any(first <= trial.first < last for first, last in reading.quotes):
        yield "in quotation marks", 1.0
    if reading.shape(trial.first - 1) == "capital" or reading.tokens[trial.first].kind is TokenKind.CODE:
        yield "behind a name", 1.0


def _announcing(trial: Trial) -> Iterator[Fact]:
    """Whether it only says how many numbers follow: `of three values 4, 5 and 6`, `five lengths: 4, 5, ...`."""
    lowers, last = trial.scene.reading.lowers, trial.last
    behind = sum(start >= last for start in trial.scene.contents.figure_starts)
    if not any(word.endswith("s") for word in lowers[last : last + PLURAL_WITHIN]):
        return
    if trial.candidate.value == behind and behind in ANNOUNCED_COUNTS:
        yield "announces the others", 1.0
    if behind and ":" in lowers[last : last + COLON_WITHIN]:
        yield "before a colon", 1.0
