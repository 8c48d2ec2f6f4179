"""Text in a table as what it stands for: numbers, dates, true and false, and nothing where nothing was meant."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pyarrow as pa

from brain.errors import ToolError
from brain.tool_registry.context import ToolContext
from brain.tools.columns import column_of, is_text
from brain.tools.notes import tell
from brain.tools.written_dates import check_format, read_dates, read_formatted_dates
from brain.tools.written_numbers import DECIMALS, read_numbers
from brain.tools.written_values import NotRead, Read, read_flags

__all__ = ["MISSING_WORDS", "clean"]

MISSING_WORDS = ("", "na", "n/a", "#n/a", "nan", "null", "none", "-", "--", "–", "—")
INVISIBLE = "\u200b\u200e\u200f\u2060\ufeff"
"""Characters without width, which Python does not count as space: zero-width space, marks of direction, joiner, BOM."""
WORTH_TELLING = 0.5
"""The share of a column's texts that look like a number or a date, from which on it is told why it stays text."""
TRIED = 200
"""Texts that are read first, because most columns of words need no more to be known as such."""
NAMES_TOLD = 20
WORD_STARTS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass(frozen=True, slots=True)
class _Told:
    """What the caller says about how the values are written."""

    decimal: str | None = None
    date_format: str | None = None
    day_first: bool | None = None
    missing: frozenset[str] = frozenset(MISSING_WORDS)


@dataclass(slots=True)
class _Changes:
    """What happened, by column, for the notes."""

    became: dict[str, list[str]] = field(default_factory=dict)
    stays: list[str] = field(default_factory=list)
    trimmed: dict[str, int] = field(default_factory=dict)
    emptied: dict[str, int] = field(default_factory=dict)
    renamed: list[str] = field(default_factory=list)

    def notes(self) -> Iterator[str]:
        for what, names in self.became.items():
            yield f"Text became {what} in {_listed(names)}."
        if self.stays:
            yield f"Left as text: {_listed(self.stays, '; ')}."
        if self.emptied:
            yield f"Words for nothing became missing values: {_listed(_counted(self.emptied))}."
        if self.trimmed:
            yield f"Spaces around values were cut: {_listed(_counted(self.trimmed))}."
        if self.renamed:
            yield f"Columns were renamed: {_listed(self.renamed)}."


def clean(
    table: pa.Table,
    columns: list[str] | None = None,
    *,
    decimal: str | None = None,
    date_format: str | None = None,
    day_first: bool | None = None,
    missing: list[str] | None = None,
    snake_case: bool = False,
    context: ToolContext,
) -> pa.Table:
    """The table with its text columns trimmed and, where every value of one can be read so, in their real type.

    What was done, and which columns could nearly be read but stay text, is said in the table's notes.
    """
    if decimal not in (None, *DECIMALS):
        raise ToolError(f"decimal takes {' or '.join(map(repr, DECIMALS))}, not {decimal!r}.")
    if date_format is not None:
        check_format(date_format)
    words = MISSING_WORDS if missing is None else ("", *missing)
    told = _Told(decimal, date_format, day_first, frozenset(word.strip().casefold() for word in words))
    changes = _Changes()
    for name in table.column_names if columns is None else columns:
        values = column_of(table, name)
        if is_text(values.type):
            table = table.set_column(table.column_names.index(name), name, _cleaned(name, values, told, changes))
    return tell(_renamed(table, changes) if snake_case else table, list(changes.notes()), context)


def _cleaned(name: str, values: pa.ChunkedArray, told: _Told, changes: _Changes) -> pa.ChunkedArray:
    """Each different text is read once."""
    encoded = values.cast(pa.large_string()).combine_chunks().dictionary_encode()
    written = encoded.dictionary.to_pylist()
    texts = [_trimmed(text, told) for text in written]
    _count(name, encoded, texts, changes)
    known = list(dict.fromkeys(text for text in texts if text is not None))
    outcome = _read(known, told) if known else NotRead("", 0.0)
    if isinstance(outcome, NotRead):
        if outcome.share >= WORTH_TELLING:
            changes.stays.append(f"{name}, because {outcome.reason}")
        return pa.chunked_array([pa.array(texts, pa.string()).take(encoded.indices)])
    changes.became.setdefault(outcome.what, []).append(name)
    by_text = dict(zip(known, outcome.values, strict=True))
    read = pa.array([None if text is None else by_text[text] for text in texts], outcome.kind)
    return pa.chunked_array([read.take(encoded.indices)])


def _trimmed(text: str, told: _Told) -> str | None:
    trimmed = text.strip().strip(INVISIBLE).strip()
    return None if trimmed.casefold() in told.missing else trimmed


def _count(name: str, encoded: pa.DictionaryArray, texts: Sequence[str | None], changes: _Changes) -> None:
    """How many values were trimmed, and how many mean nothing."""
    times = np.bincount(encoded.indices.drop_null().to_numpy(), minlength=len(texts))
    pairs = list(zip(encoded.dictionary.to_pylist(), texts, times.tolist(), strict=True))
    if emptied := sum(count for _, text, count in pairs if text is None):
        changes.emptied[name] = emptied
    if trimmed := sum(count for written, text, count in pairs if text is not None and text != written):
        changes.trimmed[name] = trimmed


def _read(texts: Sequence[str], told: _Told) -> Read | NotRead:
    """The first kind of value that all texts are, else why they are not the kind that most of them look like."""
    outcomes: list[NotRead] = []
    for reader in _readers(told):
        outcome = reader(texts[:TRIED])
        if isinstance(outcome, Read) or outcome.share >= WORTH_TELLING:
            outcome = reader(texts)
        if isinstance(outcome, Read):
            return outcome
        outcomes.append(outcome)
    return max(outcomes, key=lambda outcome: outcome.share)


def _readers(told: _Told) -> Iterator[Callable[[Sequence[str]], Read | NotRead]]:
    yield read_flags
    if told.date_format is not None:
        yield partial(read_formatted_dates, date_format=told.date_format)
    yield partial(read_numbers, decimal=told.decimal)
    yield partial(read_dates, day_first=told.day_first)


def _renamed(table: pa.Table, changes: _Changes) -> pa.Table:
    names: list[str] = []
    for number, name in enumerate(table.column_names, start=1):
        plain = _snake_case(name) or f"column_{number}"
        taken = (plain, *(f"{plain}_{count}" for count in range(2, number + 1)))
        names.append(next(each for each in taken if each not in names))
        if names[-1] != name:
            changes.renamed.append(f"{name} to {names[-1]}")
    return table.rename_columns(names)


def _snake_case(name: str) -> str:
    return re.sub(r"[\W_]+", "_", WORD_STARTS.sub("_", name)).strip("_").lower()


def _counted(counts: dict[str, int]) -> list[str]:
    return [f"{name} ({count:,})" for name, count in counts.items()]


def _listed(names: Sequence[str], between: str = ", ") -> str:
    more = f" and {len(names) - NAMES_TOLD} more" if len(names) > NAMES_TOLD else ""
    return between.join(names[:NAMES_TOLD]) + more
