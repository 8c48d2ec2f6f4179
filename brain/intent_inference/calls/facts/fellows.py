"""Facts about a single call: values that stand in one list with those it takes, and that it leaves out."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from brain.intent_inference.calls.candidate import Candidate
from brain.intent_inference.calls.scene import Fact, Scene

__all__ = ["fellows", "how_joined", "of_single_call"]

CONJUNCTIONS = frozenset({"and", "or", "&", "plus", "then"})
"""Before the last member of a list; `Denver, Colorado` is none."""
JOINTS = CONJUNCTIONS | {",", ";"}
"""Between the members of a list."""
BETWEEN = JOINTS | frozenset(re.findall(r"\S+", "the a an in of for at to on by with also another"))
"""What may stand there beside them."""
MOST_BETWEEN = 4
MOST_FELLOWS = 4
MOST_COUNTED = 3
"""More make no difference."""


def of_single_call(scene: Scene, call: Sequence[Candidate]) -> Iterator[Fact]:
    """For each value how many of its fellows the call leaves out."""
    taken = [each for each in call if each.is_placed]
    for at, (argument, candidate) in enumerate(zip(scene.arguments, call, strict=True)):
        if candidate.is_placed and not argument.is_list:
            left = [each for each in fellows(scene, at, candidate) if not any(each.overlaps(one) for one in taken)]
            if left:
                count = min(len(left), MOST_COUNTED)
                yield f"single leaves {count} fellows", 1.0
                yield f"single {argument.group} leaves {count} fellows", 1.0
                yield f"single {argument.need} leaves fellows", 1.0


def fellows(scene: Scene, position: int, candidate: Candidate) -> list[Candidate]:
    """The values before and behind it in the same list."""
    placed = [each for each in scene.candidates[position] if each.is_placed]
    behind = list(_chain(scene, candidate, placed, forward=True))
    before = list(_chain(scene, candidate, placed, forward=False))
    members = [*before[::-1], candidate, *behind]
    return [*before, *behind] if how_joined(scene, members) == "by a conjunction" else []


def how_joined(scene: Scene, members: Sequence[Candidate]) -> str:
    """Whether values that stand one behind the other are a list: `by a conjunction`, `by commas`, or `not`."""
    gaps = [scene.reading.lowers[one.last : other.first] for one, other in pairwise(members)]
    if not all(_is_joint(gap) for gap in gaps):
        return "not"
    return "by commas" if all(CONJUNCTIONS.isdisjoint(gap) for gap in gaps) else "by a conjunction"


def _is_joint(gap: Sequence[str]) -> bool:
    return 0 < len(gap) <= MOST_BETWEEN and not JOINTS.isdisjoint(gap) and BETWEEN.issuperset(gap)


def _chain(scene: Scene, candidate: Candidate, placed: Sequence[Candidate], *, forward: bool) -> Iterator[Candidate]:
    for _ in range(MOST_FELLOWS):
        following = [each for each in placed if _is_next(scene, candidate, each, forward=forward)]
        if not following:
            return
        candidate = min(following, key=lambda each: (abs(each.length - candidate.length), each.length))
        yield candidate


def _is_next(scene: Scene, one: Candidate, other: Candidate, *, forward: bool) -> bool:
    """Whether nothing but joints lies between, and both look alike."""
    first, second = (one, other) if forward else (other, one)
    if not _is_joint(scene.reading.lowers[first.last : second.first]):
        return False
    tokens = scene.reading.tokens
    return tokens[one.first].kind is tokens[other.first].kind and (
        tokens[one.first].is_capital == tokens[other.first].is_capital and one.rule_family == other.rule_family
    )
