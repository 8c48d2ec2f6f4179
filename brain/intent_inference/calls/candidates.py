"""What a request offers for an argument: every value of the argument's kind that stands in it, and by which rule."""

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from brain.intent_inference.calls.arguments import Argument, Kind
from brain.intent_inference.calls.dates import find_dates, find_times
from brain.intent_inference.calls.figures import CURRENCIES, TIME_UNITS, Figure, find_figures, time_unit
from brain.intent_inference.calls.reading import FUNCTION_WORDS, Reading
from brain.intent_inference.inflection import root
from brain.runs import Json

__all__ = ["ABSENT", "Candidate", "Offer"]

NEGATIONS = frozenset({"no", "not", "without", "don't", "never", "exclude", "excluding", "except", "skip", "omit", "doesn't", "ignore", "neither", "nor", "isn't", "false", "off", "instead", "rather"})
LONGEST = 12
"""Tokens of a phrase."""
BREAKS = frozenset('.?!;:"“”()[]{}=')
JOINS = frozenset({",", "and", "or", "&", "/"})
LITERAL = re.compile(r"\[\s*\[[^\[\]]*\](?:\s*,\s*\[[^\[\]]*\])*\s*\]|\[[^\[\]]*\]|\{[^{}]*\}")
TERM = r"(?:\b(?:sin|cos|tan|exp|log|ln|sqrt|e|pi|[a-z])\b|\d+(?:\.\d+)?[a-z]?|[a-z]\d|\((?:[^()]|\([^()]*\))*\))"
EXPRESSION = re.compile(rf"(?<![\w.]){TERM}(?:\s*(?:\*\*|[-+*/^=<>]=?|(?<=[a-z\d)])(?=\())\s*-?{TERM}|(?<=\d){TERM}|(?<=\)){TERM})*(?![\w])", re.IGNORECASE)
"""`3x^2 + 2x - 4`, `f(x) = sin(x)`."""
OPERATOR = re.compile(r"[-+*/^=<>]|\b(?:sin|cos|tan|exp|log|ln|sqrt)\b")
ANNOUNCING = frozenset({":", "of", "say", "(", "are", "namely", ",", "-", "with", "[", "like", "as", "–"})
MOST_LISTED = 12
NOUN_LINKS = frozenset("of the in and for a an on to at from with by de la le & 's - / , vs".split())


@dataclass(frozen=True, slots=True)
class Candidate:
    """A value for an argument, the tokens that it stands in, and the rule that made it; no tokens: nothing is said."""

    value: Json
    first: int
    last: int
    rule: str

    @property
    def is_absent(self) -> bool:
        """Whether it stands for no value."""
        return self.rule == "absent"


ABSENT = Candidate(None, -1, -1, "absent")


class Offer:
    """The candidates of one request."""

    def __init__(self, reading: Reading, as_of: date | None = None) -> None:
        self.reading = reading
        self._as_of = as_of

    def of(self, argument: Argument) -> list[Candidate]:
        """Every candidate, each once, and the absence of a value."""
        found: Iterable[Candidate] = self._lists(argument) if argument.is_list else self._singles(argument)
        if argument.takes_currency or argument.is_list:
            found = list(found)
            whole = [each for each in found if each.rule in ("currency", "literal")]
            found = [each for each in found if each in whole or not any(each.first < one.last and one.first < each.last for one in whole)]
        unique: dict[tuple[str, int, int], Candidate] = {}
        for each in found:
            unique.setdefault((repr(each.value), each.first, each.last), each)
        return [ABSENT, *unique.values()]

    def _singles(self, argument: Argument) -> Iterator[Candidate]:
        match argument.kind:
            case Kind.INTEGER | Kind.NUMBER:
                if argument.options:
                    yield from self._options(argument)
                else:
                    yield from self._numbers(argument)
            case Kind.BOOLEAN:
                yield from self._booleans(argument)
            case Kind.OPTION:
                yield from self._options(argument)
                if not argument.is_closed:
                    yield from self._texts(argument)
            case Kind.DATE:
                yield from self._dates(argument)
                yield from self._texts(argument)
            case Kind.TIME:
                for first, last, moment in self.times:
                    yield Candidate(moment.strftime("%H:%M"), first, last, "time")
                yield from self._texts(argument)
            case Kind.TEXT:
                yield from self._texts(argument)
            case Kind.OTHER:
                yield from self.literals

    @cached_property
    def figures(self) -> tuple[Figure, ...]:
        """The numbers of the request, without those that only say how many follow: `two numbers: 40 and 50`."""
        found = find_figures(self.reading)
        return tuple(figure for figure in found if not self._announces(figure, found))

    def _announces(self, figure: Figure, found: Sequence[Figure]) -> bool:
        lowers = [token.lower for token in self.reading.tokens[figure.last : figure.last + 5]]
        plural = next((at for at, word in enumerate(lowers[:3]) if word.endswith("s") and len(word) > 3), None)  # noqa: PLR2004
        if plural is None or figure.value not in (2, 3, 4, 5, 6) or plural + 1 >= len(lowers):
            return False
        behind = {other.first for other in found if other.first >= figure.last + plural and other.kind not in ("count", "part", "ordinal")}
        return lowers[plural + 1] in ANNOUNCING and len(behind) == figure.value and not time_unit(lowers[plural])

    @cached_property
    def dates(self) -> tuple:
        """The dates of the request."""
        return find_dates(self.reading, self._as_of)

    @cached_property
    def times(self) -> tuple:
        """The times of day in the request."""
        return tuple(find_times(self.reading))

    # numbers

    def _numbers(self, argument: Argument) -> Iterator[Candidate]:
        for figure in self.figures:
            yield from _of_figure(figure, argument)
        part = next((unit for unit in ("hour", "minute") if {unit, f"{unit}s"} & set(argument.words)), None)
        for first, last, moment in self.times if part else ():
            yield Candidate(getattr(moment, part), first, last, f"{part} of a time")
            if part == "hour" and moment.hour > 12:  # noqa: PLR2004 - of a clock
                yield Candidate(moment.hour - 12, first, last, "hour on a clock")

    # booleans

    def _booleans(self, argument: Argument) -> Iterator[Candidate]:
        words = argument.roots | argument.described
        near = [place for place, token in enumerate(self.reading.tokens) if root(token.lower) in words and not token.is_function_word]
        is_denied = any(token.lower in NEGATIONS or token.lower.endswith(("-free", "less")) for token in self.reading.tokens)
        for place in near:
            yield Candidate(True, place, place + 1, "said")
            if is_denied:
                yield Candidate(False, place, place + 1, "denied")
        for place, token in enumerate(self.reading.tokens):
            if token.lower in ("true", "yes", "enable", "enabled"):
                yield Candidate(True, place, place + 1, "true")
            if token.lower in ("false", "disable", "disabled"):
                yield Candidate(False, place, place + 1, "false")
            if token.lower in ("no", "without", "not", "don't", "exclude", "excluding"):
                yield Candidate(False, place, min(place + 2, len(self.reading.tokens)), "negation")
                yield Candidate(True, place, min(place + 2, len(self.reading.tokens)), "negation")
        yield Candidate(True, -1, -1, "implied")
        yield Candidate(False, -1, -1, "implied")

    # options

    def _options(self, argument: Argument) -> Iterator[Candidate]:
        for option in argument.options:
            places = list(self._places_of(str(option)))
            for first, last in places:
                yield Candidate(option, first, last, "option")
            if not places:
                yield Candidate(option, -1, -1, "meant")

    def _places_of(self, option: str) -> Iterator[tuple[int, int]]:
        """Where all words of an option stand side by side, whatever their endings."""
        wanted = [root(word) for word in re.findall(r"[^\W_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", option).lower())]
        for first in range(len(self._roots) - len(wanted) + 1 if wanted else 0):
            if self._roots[first : first + len(wanted)] == wanted:
                yield first, first + len(wanted)

    @cached_property
    def _roots(self) -> list[str]:
        return [root(token.lower) for token in self.reading.tokens]

    # dates

    def _dates(self, argument: Argument) -> Iterator[Candidate]:
        for found in self.dates:
            pattern = argument.date_format or ("%Y-%m-%d" if found.rule != "date" else None)
            if pattern and (text := found.written(pattern)):
                yield Candidate(text, found.first, found.last, found.rule)
            elif found.rule == "date":
                yield Candidate(self.reading.quote(found.first, found.last), found.first, found.last, "date as written")

    # texts

    def _texts(self, argument: Argument) -> Iterator[Candidate]:
        for first, last in self.phrases:
            yield Candidate(self.reading.quote(first, last), first, last, "phrase")
        for first, last in self.reading.quotes:
            yield Candidate(self.reading.quote(first, last), first, last, "quoted")
        for place, token in enumerate(self.reading.tokens):
            if token.kind == "word" and "-" in token.text:
                yield Candidate(token.text.partition("-")[0], place, place + 1, "part of a compound")
        for first, last in self.expressions:
            yield Candidate(self.reading.quote(first, last), first, last, "expression")
        if argument.takes_currency:
            yield from self._currencies()

    def _currencies(self) -> Iterator[Candidate]:
        taken = -1
        for place in range(len(self.reading.tokens)):
            for last in (place + 2, place + 1):
                if place >= taken and last <= len(self.reading.tokens) and (code := _currency_codes().get(self.reading.quote(place, last).lower())):
                    yield Candidate(code, place, last, "currency")
                    taken = last

    @cached_property
    def expressions(self) -> list[tuple[int, int]]:
        """Ranges of tokens that an operator of arithmetic or a comparison holds together, also the part behind `=`."""
        found = []
        for match in EXPRESSION.finditer(self.reading.text):
            text = match[0].rstrip(" ,.")
            if not OPERATOR.search(text):
                continue
            begins = {match.start()} | {match.start() + each.end() for each in re.finditer(r"=\s*", text)}
            for begin in sorted(begins):
                place = self.reading.tokens_between(begin, match.start() + len(text))
                if place is not None and place[1] - place[0] > 1:
                    found.append(place)
        return found

    @cached_property
    def phrases(self) -> list[tuple[int, int]]:
        """Ranges of tokens that may name something: no mark inside that parts, no function word at an end."""
        tokens, found = self.reading.tokens, []
        edges = {edge for quote in self.reading.quotes for edge in (quote[0] - 1, quote[1])}
        for first, token in enumerate(tokens):
            is_name = token.is_capital and first not in self.reading.sentence_starts
            if token.kind == "mark" or (token.is_function_word and not is_name and token.lower != "one"):
                continue
            for last in range(first + 1, min(first + LONGEST, len(tokens)) + 1):
                behind = tokens[last - 1]
                if behind.text in BREAKS or last - 1 in edges:
                    break
                if behind.kind == "mark" and behind.text not in "%°+":
                    continue
                if behind.is_function_word and last - first > 1:
                    continue
                if token.is_function_word and last - first == 1 and not token.is_capital:
                    continue
                found.append((first, last))
                if behind.is_capital and last < len(tokens) and tokens[last].lower == "'s":
                    found.append((first, last + 1))
        return found

    # lists

    def _lists(self, argument: Argument) -> Iterator[Candidate]:
        one = _single(argument)
        yield from self.literals
        if argument.kind in (Kind.INTEGER, Kind.NUMBER):
            yield from self._number_lists(one)
        elif argument.kind is Kind.OPTION:
            yield from self._option_lists(one)
            if not argument.is_closed:
                yield from self._text_lists()
        elif argument.kind in (Kind.TEXT, Kind.DATE):
            yield from self._text_lists()
        elif argument.kind is Kind.OTHER:
            yield from self._number_lists(one, is_free=True)

    @cached_property
    def literals(self) -> list[Candidate]:
        """Lists and objects that the request writes out as JSON or Python would."""
        found = []
        for match in LITERAL.finditer(self.reading.text):
            place = self.reading.tokens_between(match.start(), match.end())
            try:
                value = ast.literal_eval(match[0])
            except (ValueError, SyntaxError, MemoryError, RecursionError):
                continue
            if place is not None and isinstance(value, list | dict):
                found.append(Candidate(value, *place, "literal"))
        return found

    def _number_lists(self, argument: Argument, *, is_free: bool = False) -> Iterator[Candidate]:
        figures: list[tuple[int, int, Json]] = []
        for figure in self.figures:
            if figures and figure.first < figures[-1][1]:
                continue
            for candidate in _of_figure(figure, argument):
                figures.append((candidate.first, candidate.last, candidate.value))
                break
        for at, (first, last, value) in enumerate(figures):
            yield Candidate([value], first, last, "list")
            run = [value]
            for begin, end, other in figures[at + 1 :]:
                between = {token.lower for token in self.reading.tokens[last:begin]}
                if not between <= _BETWEEN_NUMBERS:
                    break
                run.append(other)
                last = end
                yield Candidate(list(run), first, last, "list")
        if len(figures) > 2:  # noqa: PLR2004 - a list of all numbers, whatever stands between
            yield Candidate([value for _, _, value in figures], figures[0][0], figures[-1][1], "all")

    def _option_lists(self, argument: Argument) -> Iterator[Candidate]:
        placed = sorted(
            ((first, last, option) for option in argument.options for first, last in self._places_of(str(option))),
            key=lambda each: each[:2],
        )
        chosen = list(dict.fromkeys(option for _, _, option in placed))
        if chosen:
            yield Candidate(chosen, placed[0][0], placed[-1][1], "option")
        for option in argument.options:
            yield Candidate([option], -1, -1, "meant")
        if any(token.lower in ("all", "every", "both") for token in self.reading.tokens):
            yield Candidate(list(argument.options), -1, -1, "meant")

    def _text_lists(self) -> Iterator[Candidate]:
        for first, last in [*self.phrases, *self.reading.quotes]:
            yield Candidate([self.reading.quote(first, last)], first, last, "list")
        if len(self.reading.quotes) > 1:
            for begin in range(len(self.reading.quotes)):
                for end in range(begin + 2, len(self.reading.quotes) + 1):
                    run = self.reading.quotes[begin:end]
                    if all(self._joined(one[1] + 1, two[0] - 1) for one, two in zip(run, run[1:], strict=False)):
                        yield Candidate([self.reading.quote(*each) for each in run], run[0][0], run[-1][1], "list")
        yield from self._coordinated()

    def _joined(self, first: int, last: int) -> bool:
        return 0 < last - first <= 3 and all(token.lower in JOINS for token in self.reading.tokens[first:last])  # noqa: PLR2004

    def _coordinated(self) -> Iterator[Candidate]:
        """`apples, pears and plums`: around every `and` or comma, members of up to six tokens to both sides."""
        tokens = self.reading.tokens
        joints = [
            place for place, token in enumerate(tokens) if token.lower in JOINS and 0 < place < len(tokens) - 1
        ]
        groups: list[list[int]] = []
        for joint in joints:
            if groups and joint - groups[-1][-1] <= 7:  # noqa: PLR2004 - tokens of a member
                groups[-1].append(joint)
            else:
                groups.append([joint])
        for group in groups:
            for begin in range(len(group)):
                for end in range(begin + 1, len(group) + 1):
                    yield from self._members(group[begin:end])

    def _members(self, joints: Sequence[int]) -> Iterator[Candidate]:
        tokens = self.reading.tokens
        inner = [self._without_article(one + 1, two) for one, two in zip(joints, joints[1:], strict=False) if two > one + 1]
        if len(inner) + 2 > MOST_LISTED or any(not self._is_member(*each) for each in inner):
            return
        middle = [self.reading.quote(*each) for each in inner]
        for first in range(joints[0] - 1, max(joints[0] - 6, -1), -1):
            if tokens[first].text in BREAKS or tokens[first].lower in JOINS:
                break
            if not self._is_member(first, joints[0]):
                continue
            for last in range(joints[-1] + 2, min(joints[-1] + 7, len(tokens) + 1)):
                if tokens[last - 1].text in BREAKS or tokens[last - 1].lower in JOINS:
                    break
                end = self._without_article(joints[-1] + 1, last)
                if self._is_member(*end):
                    value = [self.reading.quote(first, joints[0]), *middle, self.reading.quote(*end)]
                    yield Candidate(value, first, last, "list")

    def _without_article(self, first: int, last: int) -> tuple[int, int]:
        has_article = self.reading.tokens[first].text in ("the", "a", "an") and last - first > 1
        return (first + 1, last) if has_article else (first, last)

    def _is_member(self, first: int, last: int) -> bool:
        tokens = self.reading.tokens
        ends = (tokens[first], tokens[last - 1])
        return not any(end.is_function_word and not end.is_capital or end.text in BREAKS or end.kind == "mark" for end in ends)


_BETWEEN_NUMBERS = frozenset({",", "and", "or", "to", "-", "–", "&", ";", "", "then", "by", "x", "%", "$", "€", "£", "cm", "m", "kg", "x", "y", "=", "and", "n", "e", "°"})


def _single(argument: Argument) -> Argument:
    from dataclasses import replace

    return replace(argument, is_list=False)


def _of_figure(figure: Figure, argument: Argument) -> Iterator[Candidate]:
    for value, rule in _readings(figure, argument):
        if argument.kind is Kind.INTEGER:
            if float(value).is_integer():
                yield Candidate(int(value), figure.first, figure.last, rule)
        else:
            yield Candidate(value, figure.first, figure.last, rule)


def _readings(figure: Figure, argument: Argument) -> Iterator[tuple[int | float, str]]:
    value = figure.value
    if figure.kind == "percent":
        if argument.kind is Kind.NUMBER and not argument.takes_percent:
            yield round(value / 100, 12), "percent"
        else:
            yield value, "digits"
        return
    unit = time_unit(figure.unit) if figure.kind in ("digits", "words", "span", "scaled", "count") else None
    if unit and argument.unit and unit != argument.unit:
        if converted := _converted(value, unit, argument.unit):
            yield converted, f"{unit}s to {argument.unit}s"
        yield value, "other unit"
        return
    yield value, figure.kind


def _converted(value: float, unit: str, wanted: str) -> int | float | None:
    if (unit, wanted) == ("year", "month"):
        return value * 12
    if (unit, wanted) == ("month", "year"):
        return value / 12
    made = value * TIME_UNITS[unit] / TIME_UNITS[wanted]
    return int(made) if made == int(made) else made if made < 1000 else None  # noqa: PLR2004


def _currency_codes() -> dict[str, str]:
    global _CODES  # noqa: PLW0603 - read once
    if not _CODES:
        from babel import Locale

        locale = Locale("en")
        for code, name in locale.currencies.items():
            _CODES[name.lower()] = code
        _CODES |= {
            "dollars": "USD", "dollar": "USD", "us dollars": "USD", "us dollar": "USD", "american dollars": "USD", "euros": "EUR", "euro": "EUR",
            "pounds": "GBP", "british pounds": "GBP", "pounds sterling": "GBP", "yen": "JPY", "japanese yen": "JPY", "rupees": "INR", "indian rupees": "INR",
            "yuan": "CNY", "chinese yuan": "CNY", "swiss francs": "CHF", "canadian dollars": "CAD", "australian dollars": "AUD", "pesos": "MXN",
        }  # fmt: skip
        _CODES |= {code.lower(): code for code in set(_CODES.values())} | CURRENCIES
        _CODES |= {f"{name}s": code for name, code in list(_CODES.items()) if not name.endswith("s")}
    return _CODES


_CODES: dict[str, str] = {}
