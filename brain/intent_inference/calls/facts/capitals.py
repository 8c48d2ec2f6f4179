"""Facts about the capitals of a text: whether it is a name, a whole one, and one of a pair (`Boston, MA`)."""

import re
from collections.abc import Iterator

from brain.intent_inference.calls.scene import Fact, Trial
from brain.intent_inference.inflection import root

__all__ = ["capitals"]

NAME_LINKS = frozenset({"of", "the", "de", "la", "and", "&", "for", "in", "von", "van"})
"""Words inside names."""
PLACES = frozenset(
    root(word)
    for word in re.findall(
        r"\S+",
        """location city place origin destination address venue region area town source start end departure arrival
        country state""",
    )
)


def capitals(trial: Trial) -> Iterator[Fact]:
    """All of them; where most words have capitals they only tell how it is written."""
    reading = trial.scene.reading
    case = reading.case(trial.first, trial.last)
    yield f"case {case}", 1.0
    if reading.starts_sentence(trial.first):
        yield f"at start {case}", 1.0
    if reading.has_telling_capitals:
        yield from _cuts(trial, str(case))
    yield from _pairs(trial)


def _cuts(trial: Trial, case: str) -> Iterator[Fact]:
    """Whether it is a whole name or leaves out a part of one."""
    reading, first, last = trial.scene.reading, trial.first, trial.last
    is_cut_left, is_cut_right = reading.cuts_name_before(first), reading.cuts_name_behind(last)
    if is_cut_left:
        yield "cuts a name on the left", 1.0
    if is_cut_right:
        yield "cuts a name on the right", 1.0
    if case == "all" and not is_cut_left and not is_cut_right and not reading.starts_sentence(first):
        yield "whole name", 1.0
    if _is_link(trial, first - 1) and not reading.starts_sentence(first - 2):
        yield f"cuts an {reading.lowers[first - 1]}-name on the left", 1.0
    if _is_link(trial, last):
        yield f"cuts an {reading.lowers[last]}-name on the right", 1.0


def _is_link(trial: Trial, at: int) -> bool:
    """Whether a token links two words with capitals: the `of` of `Bank of England`."""
    reading = trial.scene.reading
    is_between = reading.is_capital(at - 1) and reading.is_capital(at + 1)
    return is_between and reading.lowers[at] in NAME_LINKS


def _pairs(trial: Trial) -> Iterator[Fact]:
    """`Boston, MA`: two names with a comma between them, or one of the two."""
    reading, argument, first, last = trial.scene.reading, trial.argument, trial.first, trial.last
    commas = [at for at in range(first, last) if reading.tokens[at].text == ","]
    is_place = not PLACES.isdisjoint(argument.known)
    is_wanted = any("," in example for example in argument.examples) or (
        is_place and "," in argument.description and "state" in argument.description.lower()
    )
    if len(commas) == 1 and all(token.is_capital for token in reading.tokens[first:last] if token.is_content_word):
        yield f"name pair place={is_place} wanted={is_wanted}", 1.0
    elif is_place and not commas and _is_comma_of_names(trial, last):
        yield f"half a name pair wanted={is_wanted}", 1.0
    elif is_place and not commas and _is_comma_of_names(trial, first - 1):
        yield f"second half of a name pair wanted={is_wanted}", 1.0


def _is_comma_of_names(trial: Trial, at: int) -> bool:
    reading = trial.scene.reading
    is_comma = 0 < at < len(reading.tokens) and reading.tokens[at].text == ","
    return is_comma and reading.is_capital(at - 1) and reading.is_capital(at + 1)
