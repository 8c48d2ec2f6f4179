"""Options of an argument: where their words stand, whatever the endings, or meant by none."""

import re
from collections.abc import Iterator

from brain.intent_inference.calls.arguments import Argument
from brain.intent_inference.calls.candidate import Candidate, Rule
from brain.intent_inference.calls.contents import Contents
from brain.intent_inference.calls.reading import Range, Reading
from brain.intent_inference.inflection import root

__all__ = ["option_lists", "options"]

CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
PART = re.compile(r"[^\W_]+")
EVERY = frozenset({"all", "every", "both"})


def options(contents: Contents, argument: Argument) -> Iterator[Candidate]:
    """Every option, at each place where it stands or at none."""
    for option in argument.options:
        places = list(_places_of(str(option), contents.reading))
        yield from (Candidate(option, first, last, Rule.OPTION) for first, last in places)
        if not places:
            yield Candidate.unplaced(option, Rule.MEANT)


def option_lists(contents: Contents, argument: Argument) -> Iterator[Candidate]:
    """All options that stand in the request, each one alone, and all there are."""
    reading = contents.reading
    found = [(place, option) for option in argument.options for place in _places_of(str(option), reading)]
    found.sort(key=lambda each: each[0])
    if found:
        chosen = list(dict.fromkeys(option for _, option in found))
        yield Candidate(chosen, found[0][0][0], found[-1][0][1], Rule.OPTION)
    for option in argument.options:
        yield Candidate.unplaced([option], Rule.MEANT)
    if not EVERY.isdisjoint(reading.lowers):
        yield Candidate.unplaced(list(argument.options), Rule.MEANT)


def _places_of(option: str, reading: Reading) -> Iterator[Range]:
    """Where all words of an option stand side by side."""
    wanted = [root(word) for word in PART.findall(CAMEL.sub(" ", option).lower())]
    if wanted:
        for first in range(len(reading.roots) - len(wanted) + 1):
            if reading.roots[first : first + len(wanted)] == wanted:
                yield first, first + len(wanted)
