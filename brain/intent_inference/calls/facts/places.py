"""Facts about what stands around a candidate: words on both sides, and whether they name the argument."""

import re
from collections.abc import Iterator, Sequence

from brain.intent_inference.calls.scene import Fact, Trial

__all__ = ["places"]

NEAR = 3
"""Tokens on a side in which the argument's words are looked for."""
ARTICLES = frozenset({"the", "a", "an", "my", "our", "its", "his", "her", "their", "this"})
ASSIGNING = frozenset({"=", ":", "is", "as"})
FROM_WORDS = frozenset(re.findall(r"\S+", "from source origin start initial begin departure base sender"))
TO_WORDS = frozenset(re.findall(r"\S+", "to target destination end final arrival receiver recipient"))
PREPOSITIONS = frozenset({"from", "to", "into", "and", "between", "in", "at"})
"""Before one of two ends."""
PREPOSITION_WITHIN = 3
"""Tokens before a candidate, articles included."""
FIRST_WORDS = 6
"""Of a description, which tell what the argument is."""


def places(trial: Trial) -> Iterator[Fact]:
    """All of them; the candidate stands in the request."""
    yield from _neighbours(trial)
    yield from _names_around(trial)
    yield from _contexts(trial)
    yield from _assignment(trial)
    yield from _role(trial)


def _neighbours(trial: Trial) -> Iterator[Fact]:
    """The tokens beside it: function words and marks as they are, others by their shape and, if plain, as they are."""
    reading = trial.scene.reading
    left, right = reading.shape(trial.first - 1), reading.shape(trial.last)
    yield f"left={left}", 1.0
    yield f"right={right}", 1.0
    if left == "content":
        yield f"left word {reading.lowers[trial.first - 1]}", 1.0
    if right == "content":
        yield f"right word {reading.lowers[trial.last]}", 1.0
    if left in ARTICLES:
        yield f"left2={reading.shape(trial.first - 2)}", 1.0


def _names_around(trial: Trial) -> Iterator[Fact]:
    """Words of the argument's name and description, and of other arguments' names, nearest first."""
    begin, end = trial.scene.reading.whole_name(trial.first, trial.last)
    roots = trial.scene.reading.roots
    for side, near in (("left", roots[max(0, begin - NEAR) : begin][::-1]), ("right", roots[end : end + NEAR])):
        yield from _names(side, trial, near)
        yield from _told(side, trial, near)
    for side, at in (("left", begin - 1), ("left2", begin - 2), ("right", end)):
        own, margin = trial.scene.closeness.word(at, trial.position)
        if own:
            yield f"{side} word fit", own
            yield f"{side} word margin", margin


def _names(side: str, trial: Trial, near: Sequence[str]) -> Iterator[Fact]:
    argument = trial.argument
    for distance, word in enumerate(near):
        sharing = [other for other in trial.scene.arguments if word in other.roots]
        if word in argument.roots:
            yield f"{side} name {distance}", 1.0
            yield f"{side} name {'alone' if len(sharing) == 1 else 'shared'}", 1.0
            return
        if sharing and word not in argument.described:
            yield f"{side} other name {distance}", 1.0


def _told(side: str, trial: Trial, near: Sequence[str]) -> Iterator[Fact]:
    for distance, word in enumerate(near):
        if word in trial.argument.described:
            sharing = [other for other in trial.scene.arguments if word in other.known]
            yield f"{side} told {distance}", 1.0
            yield f"{side} told {'alone' if len(sharing) == 1 else 'shared'}", 1.0
            return


def _contexts(trial: Trial) -> Iterator[Fact]:
    """How near in meaning to the argument the content words on both sides are."""
    closeness = trial.scene.closeness
    for side, words in (("left", closeness.left(trial.first)), ("right", closeness.right(trial.last))):
        own, margin = closeness.text(words, trial.position)
        yield f"{side} similar", own
        yield f"{side} margin", margin


def _assignment(trial: Trial) -> Iterator[Fact]:
    """`radius = 5`, `the radius is 5`."""
    reading, name, sign = trial.scene.reading, trial.first - 2, trial.first - 1
    if name < 0:
        return
    if reading.lowers[sign] in ASSIGNING and reading.roots[name] in trial.argument.roots:
        yield "assigned", 1.0
    if reading.lowers[sign] == "=" and reading.lowers[name] == trial.argument.name.lower():
        yield "assigned by name", 1.0


def _role(trial: Trial) -> Iterator[Fact]:
    """Whether it is the end that the preposition before it says."""
    words, described = set(trial.argument.words), trial.argument.description.lower().split()[:FIRST_WORDS]
    before = trial.scene.reading.lowers[max(trial.first - PREPOSITION_WITHIN, 0) : trial.first]
    preposition = next((word for word in reversed(before) if word not in ARTICLES), "")
    if preposition in PREPOSITIONS and not (FROM_WORDS | TO_WORDS).isdisjoint([*words, *described]):
        role = "from" if words & FROM_WORDS else "to" if words & TO_WORDS else "both"
        yield f"role {role} after {preposition}", 1.0
    if preposition in words:
        yield "preposition is name", 1.0
