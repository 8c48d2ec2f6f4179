"""Whether what a model says stands in a text: quotes word for word, values as they are or written in another way."""

import re
from bisect import bisect_left
from fractions import Fraction
from functools import cached_property

from brain.tools.text_values import date_pattern, find_numbers, read_number, written_numbers
from brain.tools.text_words import WORD, plain, words

__all__ = ["Original"]

SHORTEST_QUOTE = 3
"""Words; fewer stand in any text, and count only where they are all of it."""
LIST_MARKER = re.compile(r"^\s*\d+[.)]\s", re.MULTILINE)


class Original:
    """A text that quotes and values are to come from."""

    def __init__(self, text: str) -> None:
        self.text = text

    def wording(self, quote: str) -> str | None:
        """How the text itself puts a quote, spaces and line ends apart; None where it does not stand there.

        Case and punctuation may differ, words and their order may not.
        """
        quote, (start, end) = _one_line(quote), self._span(words(quote))
        if start == end:
            is_sign = not words(quote) and quote and quote in self.text
            return quote if is_sign else None
        return quote if quote in self._flat else _one_line(self.text[start:end])

    def quote(self, said: str) -> str | None:
        """How the text puts a quote that is long enough to show something; None where there is none."""
        wording = self.wording(said)
        said_words = words(wording or "")
        return wording if len(said_words) >= SHORTEST_QUOTE or (said_words and said_words == words(self.text)) else None

    def value(self, said: str) -> str | None:
        """A value as the text puts it, or as it was said where the text writes the same number or day differently."""
        wording = self.wording(said)
        if wording == _one_line(said):
            return wording
        number = None if said.strip().startswith("0") else read_number(said)
        if number is not None:
            return said if number in self.numbers else None
        if date_pattern(said.strip()) is not None:
            return said.strip() if self.has_day(said.strip()) else None
        return wording

    def has_number(self, number: float) -> bool:
        """Whether the number stands in the text, however it is written there."""
        return Fraction(str(number)) in self.numbers

    def has_day(self, day: str) -> bool:
        """Whether the day (`2024-05-03`) stands in the text, however it is written there."""
        pattern = date_pattern(day)
        return pattern is not None and pattern.search(self.text) is not None

    def strange_numbers(self, said: str) -> list[str]:
        """The numbers of another text that this one does not hold, as they are written there."""
        numbers = written_numbers(LIST_MARKER.sub("", said))
        return list(dict.fromkeys(written for written, values in numbers if not values & self.numbers))

    @cached_property
    def numbers(self) -> frozenset[Fraction]:
        """Every value that a number in the text may have."""
        return find_numbers(self.text)

    @cached_property
    def _flat(self) -> str:
        return _one_line(self.text)

    @cached_property
    def _index(self) -> tuple[str, list[int], list[re.Match[str]]]:
        """The words with spaces around them, where each begins there, and where it stands in the text."""
        found = list(WORD.finditer(self.text))
        starts, joined, length = [], [" "], 1
        for match in found:
            word = plain(match[0])
            starts.append(length)
            joined.append(f"{word} ")
            length += len(word) + 1
        return "".join(joined), starts, found

    def _span(self, quoted: list[str]) -> tuple[int, int]:
        """Where the words stand one after the other; an empty span where they do not."""
        joined, starts, found = self._index
        at = joined.find(f" {' '.join(quoted)} ") if quoted else -1
        if at < 0:
            return 0, 0
        first = bisect_left(starts, at + 1)
        return found[first].start(), found[first + len(quoted) - 1].end()


def _one_line(text: str) -> str:
    return " ".join(text.split())
