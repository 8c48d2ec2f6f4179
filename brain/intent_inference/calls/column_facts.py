"""Facts about several calls of one tool: how many, what runs from call to call, and how runs lie to each other."""

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import pairwise

from brain.intent_inference.calls.candidate import Candidate
from brain.intent_inference.calls.columns import Column, Table, pattern_of
from brain.intent_inference.calls.facts.fellows import how_joined
from brain.intent_inference.calls.facts.repetition import peers
from brain.intent_inference.calls.ranker import Worths
from brain.intent_inference.calls.scene import Fact

__all__ = ["RUN_STARTS", "ColumnFacts"]

CUES = frozenset(
    re.findall(
        r"\S+",
        """respectively each both two three four five several another also then too other second
        third vs versus compare separately either first finally next lastly""",
    )
)
"""Words that speak for several calls, or against them."""
COUNTS = {"both": 2, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "2": 2, "3": 3, "4": 4}
NAMED_COUNTS = {2: "two", 3: "three"}
RUN_STARTS = 16
"""Candidates that a run may begin with: the best by themselves."""
FAR = 5.0
"""By so much less than the best a candidate may be worth to be seen as one that a run leaves out."""
LIKENESSES = frozenset(f"{name} True" for name in ("next in list", "left", "right", "rule", "length", "case"))
"""Steps between values that look alike."""
COMPARED_RUNS = 2
"""The last ones before a run."""
LOWEST_GAP = 6.0
"""By so much the worst member of a run may be below its best; more makes no difference."""
MOST_ARGUMENTS, MOST_LEFT_OUT, MOST_LEFT_OUT_OF_GROUP, MOST_RUNS = 4, 3, 2, 2
"""Counts beyond which more make no difference."""


class ColumnFacts:
    """The facts about tables of calls in one scene."""

    def __init__(self, worths: Worths) -> None:
        self._worths = worths
        self._scene = worths.scene
        self._steps: dict[tuple[int, int, int], list[Fact]] = {}

    def of_request(self, count: int) -> Iterator[Fact]:
        """What in the request speaks for so many calls."""
        arguments, lowers = self._scene.arguments, set(self._scene.reading.lowers)
        yield f"calls {NAMED_COUNTS.get(count, 'more')}", 1.0
        for cue in sorted(CUES & lowers):
            yield f"calls cue {cue}", 1.0
        if counts := {COUNTS[word] for word in lowers if word in COUNTS}:
            yield f"calls counted {count in counts}", 1.0
        yield f"calls of a tool with lists {any(argument.is_list for argument in arguments)}", 1.0
        yield f"calls arguments {min(len(arguments), MOST_ARGUMENTS)}", 1.0

    def of_column(self, position: int, column: Column) -> Iterator[Fact]:
        """What speaks for a run of values, or against it."""
        if not column.is_run:
            yield f"column same {'absent' if column.members[0].is_absent else 'value'}", 1.0
            return
        argument = self._scene.arguments[position]
        yield f"column {argument.group}", 1.0
        yield f"column {argument.need}", 1.0
        joined = how_joined(self._scene, column.members)
        yield f"column joined {joined}", 1.0
        yield f"column {argument.group} joined {joined}", 1.0
        yield from self._of_steps(position, column)
        yield from self._of_rest(position, column)
        worths = self._worths.alone(position)
        members = [worths[self._scene.number(position, each)] for each in column.members]
        yield "column weakest", max(-LOWEST_GAP, min(members) - max(members)) / LOWEST_GAP

    def _of_steps(self, position: int, column: Column) -> Iterator[Fact]:
        """The mean of the facts about one member behind another."""
        group = self._scene.arguments[position].group
        count = len(column.members) - 1
        for before, now in pairwise(column.members):
            for name, value in self.steps(position, before, now):
                yield f"step {name}", value / count
                yield f"step {group} {name}", value / count

    def _of_rest(self, position: int, column: Column) -> Iterator[Fact]:
        """Whether values that look like the members are left out, between them or at the ends."""
        group, members = self._scene.arguments[position].group, column.members
        left = self._left_out(position, members)
        yield f"column leaves out {min(left, MOST_LEFT_OUT)}", 1.0
        yield f"column {group} leaves out {min(left, MOST_LEFT_OUT_OF_GROUP)}", 1.0
        pairs = pairwise(members)
        own = min(self._likeness(position, before, now) for before, now in pairs)
        ends = {"goes on": self._after(position, members[-1]), "begins earlier": self._before(position, members[0])}
        for name, best in ends.items():
            yield f"column {name} {_compared(best, own)}", 1.0
            yield f"column {group} {name} {best >= own}", 1.0

    def steps(self, position: int, before: Candidate, now: Candidate) -> list[Fact]:
        """The facts about one value of an argument behind another."""
        key = (position, id(before), id(now))
        if key not in self._steps:
            self._steps[key] = list(self._worths.features.steps(position, before, now))
        return self._steps[key]

    def _likeness(self, position: int, before: Candidate, now: Candidate) -> int:
        """In how many ways two values of an argument look alike."""
        return len(LIKENESSES.intersection(name for name, _ in self.steps(position, before, now)))

    @cached_property
    def _twins(self) -> list[list[int]]:
        """By position the arguments before it that people name together with it: `from` of `to`, `x1` of `x2`."""
        pairs = self._scene.ordered_pairs
        positions = range(len(self._scene.arguments))
        return [[other for other in range(at) if (other, at) in pairs or (at, other) in pairs] for at in positions]

    def _after(self, position: int, last: Candidate) -> int:
        """How much the value that could follow looks like the last one."""
        following = (each for each in self._likely[position] if each.first >= last.last and each.value != last.value)
        return max((self._likeness(position, last, each) for each in following), default=0)

    def _before(self, position: int, first: Candidate) -> int:
        """How much the value that could come before looks like the first one."""
        before = (each for each in self._likely[position] if each.last <= first.first and each.value != first.value)
        return max((self._likeness(position, each, first) for each in before), default=0)

    @cached_property
    def _likely(self) -> list[list[Candidate]]:
        """The likelier candidates of each argument that stand in the request."""
        found = []
        for position in range(len(self._scene.arguments)):
            closest = self._worths.closest(position)
            least = closest[0][1] - FAR
            found.append([each for each, worth in closest[:RUN_STARTS] if each.is_placed and worth > least])
        return found

    def _left_out(self, position: int, members: Sequence[Candidate]) -> int:
        """Values that look like the members and stand around them, but are none."""
        like_them = peers(self._scene, position, members[0])
        return len({peer.first for peer in like_them if not any(peer.overlaps(member) for member in members)})

    def beside(self, position: int, column: Column, table: Table) -> Iterator[Fact]:
        """How a column lies to those before it: the mean over the first calls, and the runs to each other."""
        rows = table.first_rows(len(column.members))
        for row, candidate in zip(rows, column.members, strict=False):
            features = self._worths.features.beside(position, candidate, row)
            yield from ((name, value / len(rows)) for name, value in features.items())
        yield from self.beside_runs(column, table)

    def beside_runs(self, column: Column, table: Table) -> Iterator[Fact]:
        """How a run lies to the runs before it, and whether of two arguments that are one of a pair only one runs."""
        for at in self._twins[len(table.columns)]:
            yield f"columns twins {sorted([column.is_run, table.columns[at].is_run])}", 1.0
        if not column.is_run:
            return
        runs = table.runs
        yield f"columns before {min(len(runs), MOST_RUNS)}", 1.0
        for other in runs[-COMPARED_RUNS:]:
            pattern = pattern_of(other, column)
            yield f"columns {pattern}", 1.0
            if "respectively" in self._scene.reading.lowers:
                yield f"columns {pattern} respectively", 1.0
            if any(one.overlaps(two) for one in other.members for two in column.members):
                yield "columns overlap", 1.0


def _compared(best: int, own: int) -> str:
    """Whether what is left out looks as much like the run as its members like each other."""
    if best > own:
        return "better"
    if best == own:
        return "as well"
    return "worse" if best else "not"
