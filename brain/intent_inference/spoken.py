"""Where a value stands in what a person said: the request, or an answer to a question about it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import chain

from brain.identifiers import pieces_of, split_name
from brain.intent_inference.inflection import root, singular
from brain.intent_inference.mentions import STOP_WORDS, Kind, Request
from brain.intent_inference.plan import Origin
from brain.intent_inference.spoken_dates import SpokenDays, read_moment, spoken_days, spoken_times, stated_today
from brain.intent_inference.spoken_durations import days_reached
from brain.intent_inference.spoken_numbers import SpokenNumber, spoken_numbers
from brain.runs import Json
from brain.shortened import shortened

__all__ = ["Found", "Spoken", "said_by"]

CLOSE_ENOUGH = 1e-9
"""Relative difference of two numbers that are one, written in different ways."""
MOST_WORDS = 12
"""Of a value whose words may stand in another form or order."""
LONGEST_WORDS = 80
"""Characters of the text's words that a person is shown."""
CURRENCIES = {
    "USD": ("$", "dollar", "dollars", "us dollar"), "EUR": ("€", "euro", "euros"), "GBP": ("£", "pound", "pounds"),
    "JPY": ("¥", "yen"), "INR": ("₹", "rupee", "rupees"), "CHF": ("franc", "francs"), "CNY": ("yuan", "renminbi"),
}  # fmt: skip
NUMERIC = re.compile(r"[-+]?\d+(?:\.\d+)?")
ONE_NAME = re.compile(r"[/\\\\@]|\w\.\w")
"""In addresses, paths and hosts, whose words are none by themselves."""
LAST_MOMENTS = ("23:59", "00:00")


@dataclass(frozen=True, slots=True)
class Found:
    """Where a value comes from, in words for people, and what kind of place that is."""

    origin: str
    kind: Origin


@dataclass(frozen=True)
class Spoken:
    """Something that a person said."""

    request: Request
    as_of: date | None = None
    answer_to: str = ""
    """The name of the question that it answers; empty for the request."""

    def text(self, value: str) -> Found | None:
        """A text: as it stands, in other forms of its words, as a date, a number, a currency or initials."""
        if (found := self.verbatim(value)) is not None:
            return found
        if NUMERIC.fullmatch(value):
            return self.number(float(value))
        if (moment := self.moment(value)) is not None:
            return moment
        if words := self._other_forms(value):
            return self._found(words, "other forms of the words")
        return self._by_table(value)

    def verbatim(self, value: str) -> Found | None:
        """A text as it stands."""
        return None if (place := self._verbatim(value)) is None else self._found(place)

    def number(self, value: float) -> Found | None:
        """A number, as it stands or by a rule."""
        for spoken in self._numbers:
            if abs(spoken.value - value) <= CLOSE_ENOUGH * max(1.0, abs(value)):
                return self._found(spoken.words, spoken.rule)
        return None

    def moment(self, value: str) -> Found | None:
        """A day, or a moment, of the spans that are spoken of."""
        read = read_moment(value)
        if read is None:
            return None
        day, at = read
        if at is not None and f"{at:%H:%M}" not in (*LAST_MOMENTS, *(f"{time:%H:%M}" for time, _ in self._times)):
            return None
        named = (days for days in self._days if day in (days.first, days.last))
        reached = (days for days in self._reached if day == days.first)
        beside = (days for days in self._days if day in days.bounds)
        today = (days for days in self._days if days.is_relative and day == self.as_of)
        days = next(chain(named, reached, beside, today), None)
        if days is None:
            return None
        if days.after:
            return self._found(f"{days.words} … {days.after}", "date and duration")
        return self._found(days.words, f"date counted from {self.as_of}" if days.is_relative else "date")

    def clock(self, value: str) -> Found | None:
        """A time of day."""
        if not re.fullmatch(r"\d{1,2}:\d{2}(?::\d{2})?", value):
            return None
        same = (words for time, words in self._times if f"{time:%H:%M}" == value[:5].rjust(5, "0"))
        return self._found(words, "time of day") if (words := next(same, None)) else None

    def host(self, host: str) -> Found | None:
        """A host name, not as a part of another one."""
        found = re.search(rf"(?<![\w-]){re.escape(host)}(?![\w-]|\.\w)", self.request.text, re.IGNORECASE)
        return None if found is None else self._found(found[0])

    def urls_at(self, host: str) -> list[str]:
        """The whole addresses at a host that are spoken of, without their ends."""
        urls = (str(mention.value) for mention in self.request.of(Kind.URL))
        return [
            url.rstrip("/") for url in urls if re.match(rf"https?://{re.escape(host)}(?=[/?#:]|$)", url, re.IGNORECASE)
        ]

    def names(self, words: str) -> bool:
        """Whether each of these words stands there in some form."""
        return bool(self._other_forms(words))

    def _found(self, words: str, rule: str = "") -> Found:
        quoted = f"“{shortened(' '.join(words.split()), LONGEST_WORDS)}”"
        if self.answer_to:
            return Found(f"answered: {self.answer_to}" + (f" ({rule})" if rule else ""), Origin.ANSWER)
        return Found(f"{quoted} ({rule})", Origin.RULE) if rule else Found(quoted, Origin.SPAN)

    def _verbatim(self, value: str) -> str | None:
        pieces = value.split()
        if not pieces or not re.search(r"\w", value):
            return None
        pattern = r"\s+".join(map(re.escape, pieces))
        before = r"(?<![\w])(?<!\w[./@-])" if pieces[0][0].isalnum() else ""
        after = r"(?![\w])(?![./@-]\w)" if pieces[-1][-1].isalnum() else ""
        found = re.search(f"{before}{pattern}{after}", self.request.text, re.IGNORECASE)
        return None if found is None else found[0]

    def _other_forms(self, value: str) -> str:
        """The words of the text that the value is made of, in its own order; empty where it has another one too."""
        wanted = split_name(value)
        telling = [piece for piece in wanted if piece not in STOP_WORDS]
        if not telling or len(wanted) > MOST_WORDS or ONE_NAME.search(value):
            return ""
        found = [self._forms.get(root(singular(piece)), "") or self._forms.get(root(piece), "") for piece in telling]
        return " ".join(found) if all(found) else ""

    def _by_table(self, value: str) -> Found | None:
        for word in CURRENCIES.get(value, ()):
            pattern = rf"\b{word}\b" if word.isalpha() else re.escape(word)
            if found := re.search(pattern, self.request.text, re.IGNORECASE):
                return self._found(found[0], "code of the currency")
        if re.fullmatch(r"[A-Z]{2,5}", value):
            initials = r"\b" + r"\s+(?:of\s+|the\s+|and\s+)*".join(rf"{letter}[a-z]+" for letter in value) + r"\b"
            if found := re.search(initials, self.request.text):
                return self._found(found[0], "initials")
        return self.clock(value)

    @cached_property
    def _forms(self) -> dict[str, str]:
        """The words of the text by their roots."""
        pieces = pieces_of(self.request.text)
        forms = {root(piece.lower()): piece for piece in reversed(pieces)}
        return {root(singular(piece.lower())): piece for piece in reversed(pieces)} | forms

    @cached_property
    def _numbers(self) -> tuple[SpokenNumber, ...]:
        return tuple(spoken_numbers(self.request, self.as_of))

    @cached_property
    def _days(self) -> tuple[SpokenDays, ...]:
        return tuple(spoken_days(self.request.text, self.as_of))

    @cached_property
    def _reached(self) -> tuple[SpokenDays, ...]:
        return tuple(days_reached(self.request.text, self._days))

    @cached_property
    def _times(self) -> tuple[tuple[object, str], ...]:
        return tuple(spoken_times(self.request.text))


def said_by(request: Request, answers: Mapping[str, Json], as_of: date | None) -> Iterator[Spoken]:
    """The request, and each answer."""
    as_of = stated_today(request.text) or as_of
    yield Spoken(request, as_of)
    for name, value in answers.items():
        yield Spoken(Request(value if isinstance(value, str) else str(value)), as_of, name)
