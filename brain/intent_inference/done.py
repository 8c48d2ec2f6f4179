"""A plan as it is written beside the request that it is for: what its steps have made use of, and what they leave."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from brain.intent_inference.draft import DraftStep
from brain.intent_inference.mentions import Kind, Mention, Request
from brain.intent_inference.slots import DEFAULT
from brain.intent_inference.sources import Source, ends_with, makes_table
from brain.intent_inference.spans import Place, Spanned, overlap
from brain.runs import Json

__all__ = ["Done", "is_used"]


@dataclass(frozen=True, slots=True)
class Done:
    """A plan as it is written, and the words of the request that made it so."""

    request: Request
    source: Source
    used: tuple[Spanned, ...]
    steps: Sequence[DraftStep]

    def leaves(self, place: Spanned) -> bool:
        """Whether the plan does nothing about these words."""
        return not is_used(place, self.used)

    def quote(self, place: Spanned) -> str:
        """The words, for people."""
        return self.request.quote(place.start, place.end)

    def reads(self, mention: Mention) -> bool:
        """Whether this is the file that the plan starts from."""
        named, path = str(mention.value), self.source.path
        return mention.kind is Kind.PATH and path is not None and (ends_with(path, named) or ends_with(named, path))

    @property
    def shows_rows(self) -> bool:
        """Whether rows are picked and come out whole, so that every column can be read off them."""
        picks = any(step.filled and step.references for step in self.steps)
        return picks and all(
            makes_table(step.tool) and "x-columns" not in step.tool.output_schema for step in self.steps
        )

    @property
    def does_something(self) -> bool:
        """Whether any step takes what another has made, or a table that was handed over."""
        return any(step.references for step in self.steps)

    @property
    def making(self) -> Sequence[DraftStep]:
        """The steps that make figures, so that no row comes out as it was."""
        return [step for step in self.steps if "x-columns" in step.tool.output_schema]

    @property
    def counts_rows(self) -> bool:
        """Whether figures are made of no column, so that they count rows."""
        return any("measure" not in _roles(step) for step in self.making)

    @property
    def has_default(self) -> bool:
        """Whether nobody said how figures are to be made."""
        return any(
            filled.origin == DEFAULT and "enum" in step.tool.parameters[name]
            for step in self.making
            for name, filled in step.filled.items()
        )

    @property
    def written(self) -> frozenset[str]:
        """Every text in the arguments, such as the names of the columns that are made use of."""
        return frozenset(_texts([step.written()["arguments"] for step in self.steps]))

    def matches(self, pattern: re.Pattern[str], done: Sequence[Spanned]) -> Iterator[str]:
        """Words that are neither seen to nor part of a quotation, path or address, as reasons to decline."""
        values = [mention for mention in self.request.mentions if mention.kind is not Kind.NUMBER]
        for match in pattern.finditer(self.request.text):
            place = Place(match.end() - len(match[0].lstrip()), match.end())
            if not is_used(place, (*done, *values)):
                yield f"what to do about {self.quote(place)}"

    def is_about_the_table(self, place: Spanned) -> bool:
        """Whether the words may only name the table itself."""
        return any(word.text in self.source.nouns and overlap(word, place) for word in self.request.words)


def _roles(step: DraftStep) -> set[str]:
    """What the arguments that are filled mean."""
    return {step.tool.parameters[name].get("x-role", "") for name in step.filled}


def is_used(place: Spanned, used: Iterable[Spanned]) -> bool:
    """Whether one of the places covers part of this one."""
    return any(overlap(place, span) for span in used)


def _texts(value: Json) -> Iterator[str]:
    """Every text in a JSON value."""
    match value:
        case str():
            yield value
        case Mapping():
            yield from (text for item in value.values() for text in _texts(item))
        case list():
            yield from (text for item in value for text in _texts(item))
