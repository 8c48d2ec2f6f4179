"""Facts about a candidate beside what the arguments before it were given."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from brain.intent_inference.calls.candidate import Candidate
from brain.intent_inference.calls.scene import Fact, Trial

__all__ = ["Chosen", "neighbours"]

MOST_LEFT_OUT = 2
"""Numbers that no argument is given; more make no difference."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The arguments that are filled already, by position, each with what it was given."""

    candidates: tuple[Candidate, ...] = ()

    def with_next(self, candidate: Candidate) -> "Chosen":
        """What the next argument is given as well."""
        return Chosen((*self.candidates, candidate))


def neighbours(trial: Trial, chosen: Chosen) -> Iterator[Fact]:
    """Nothing about a candidate that stands nowhere."""
    if not trial.candidate.is_placed:
        return
    placed = [(at, other) for at, other in enumerate(chosen.candidates) if other.is_placed]
    for at, other in placed:
        if trial.candidate.overlaps(other):
            yield from _overlap(trial, at, other)
        yield from _order(trial, at, other)
    latest = [other for at, other in placed if trial.scene.arguments[at].kind is trial.argument.kind]
    yield from _left_out(trial, latest)


def _overlap(trial: Trial, at: int, other: Candidate) -> Iterator[Fact]:
    argument = trial.scene.arguments[at]
    is_same = (trial.first, trial.last) == (other.first, other.last)
    is_alike = argument.kind is trial.argument.kind and argument.is_list == trial.argument.is_list
    yield f"used alike {is_same and is_alike}", 1.0
    yield f"used {'same' if is_same else 'part'} {argument.kind}", 1.0


def _order(trial: Trial, at: int, other: Candidate) -> Iterator[Fact]:
    """Whether `from` stands before `to`, whichever was filled first."""
    if (at, trial.position) in trial.scene.ordered_pairs:
        yield f"in order {trial.first >= other.last}", 1.0
    elif (trial.position, at) in trial.scene.ordered_pairs:
        yield f"in order {trial.last <= other.first}", 1.0


def _left_out(trial: Trial, latest: Sequence[Candidate]) -> Iterator[Fact]:
    """Whether it stands behind the last value of its kind, and how many numbers lie between."""
    starts = trial.scene.contents.figure_starts
    if not latest:
        if trial.argument.is_numeric:
            yield f"left out before {_few(sum(start < trial.first for start in starts))}", 1.0
        return
    end = latest[-1].last
    yield f"behind the one before {trial.first >= end}", 1.0
    if trial.first >= end and trial.argument.is_numeric:
        yield f"left out between {_few(sum(end <= start < trial.first for start in starts))}", 1.0


def _few(count: int) -> int:
    return min(count, MOST_LEFT_OUT)
