"""Several calls of one tool: each argument is given one value for all of them, or a run of values that look alike."""

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

from brain.intent_inference.calls.arguments import Kind
from brain.intent_inference.calls.candidates import Candidate
from brain.intent_inference.calls.features import Scene, State
from brain.intent_inference.calls.ranker import closest, fill, weigh

__all__ = ["Column", "Columns", "Table", "fill_all"]

MOST_CALLS = 6
HEADS = 16
"""Candidates that a run may begin with: the best by themselves."""
BRANCHES = 2
"""Ways to go on from a head."""
CONSTANTS = 8
FAR = 5.0
"""By so much less than the best a candidate may be worth to be seen as one that a run leaves out."""
BEAM = 8
CUES = frozenset(
    "respectively each both two three four five several another also then too other second third vs versus compare separately either first finally next lastly".split()
)
COUNTS = {"both": 2, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "2": 2, "3": 3, "4": 4}


@dataclass(frozen=True, slots=True)
class Column:
    """What one argument is given in each of the calls."""

    members: tuple[Candidate, ...]

    @property
    def is_run(self) -> bool:
        """Whether it changes from call to call."""
        return len(self.members) > 1 and self.members[0] is not self.members[-1]


@dataclass(frozen=True, slots=True)
class Table:
    """Several calls of a tool, column by column."""

    columns: tuple[Column, ...] = ()
    is_paired: bool = False
    """Whether the request says that runs belong together, member by member (`respectively`)."""

    def with_column(self, column: Column) -> "Table":
        """One more argument."""
        return Table((*self.columns, column), self.is_paired)

    @property
    def has_run(self) -> bool:
        """Whether anything changes from call to call."""
        return any(column.is_run for column in self.columns)

    @property
    def calls(self) -> list[tuple[Candidate, ...]]:
        """The calls, in order; two runs that stand one behind the other are combined, each member with each."""
        runs = [at for at, column in enumerate(self.columns) if column.is_run]
        if len(runs) != 2 or self.is_paired or _pattern(*(self.columns[at].members for at in runs)) != "in blocks":  # noqa: PLR2004
            return list(zip(*(column.members for column in self.columns), strict=True))
        fixed = [column.members[0] for column in self.columns]
        first, second = (self.columns[at].members for at in runs)
        return [
            tuple(one if at == runs[0] else other if at == runs[1] else value for at, value in enumerate(fixed))
            for one, other in product(first, second)
        ]


class Columns:
    """The search for tables of `count` calls in a scene."""

    def __init__(self, scene: Scene, weights: Mapping[str, float]) -> None:
        self.scene = scene
        self._weights = weights
        self._best = [closest(scene, weights, position) for position in range(len(scene.arguments))]

    def search(self, count: int, beam: int = BEAM) -> list[tuple[float, Table]]:
        """The best tables of so many calls, best first; none where nothing could change from call to call."""
        states = [(0.0, Table(is_paired="respectively" in self.scene.lowers))]
        start = weigh(merged(self.of_request(count)), self._weights)
        for position in range(len(self.scene.arguments)):
            columns = [(column, self.worth(position, column)) for column in self.columns(position, count)]
            following = [
                (score + worth + weigh(merged(self.beside(position, column, table)), self._weights), table.with_column(column))
                for score, table in states
                for column, worth in columns
            ]
            running = [each for each in following if each[1].has_run]
            still = [each for each in following if not each[1].has_run]
            states = [
                each
                for group in (running, still)
                for each in heapq.nlargest(beam, group, key=lambda each: each[0])
            ]
        return [(start + score, table) for score, table in states if table.has_run]

    def columns(self, position: int, count: int) -> Iterator[Column]:
        """What an argument may be given in so many calls."""
        candidates = self.scene.candidates(position)
        for number, _ in self._best[position][:CONSTANTS]:
            yield Column((candidates[number],) * count)
        if all(number for number, _ in self._best[position][:CONSTANTS]):
            yield Column((candidates[0],) * count)
        yield from self._runs[position].get(count, ())

    @cached_property
    def _runs(self) -> list[dict[int, list[Column]]]:
        return [self._runs_of(position) for position in range(len(self.scene.arguments))]

    def _runs_of(self, position: int) -> dict[int, list[Column]]:
        candidates = self.scene.candidates(position)
        placed = [(candidates[number], score) for number, score in self._best[position] if candidates[number].first >= 0]
        found: dict[int, dict[tuple[int, ...], Column]] = {}
        for head, _ in placed[:HEADS]:
            for second in self._next(position, head, placed, BRANCHES):
                run = [head, second]
                while True:
                    found.setdefault(len(run), {}).setdefault(tuple(id(each) for each in run), Column(tuple(run)))
                    following = self._next(position, run[-1], placed, 1) if len(run) < MOST_CALLS else []
                    if not following:
                        break
                    run.append(following[0])
        return {count: list(runs.values()) for count, runs in found.items()}

    def _next(self, position: int, before: Candidate, placed: Sequence[tuple[Candidate, float]], most: int) -> list[Candidate]:
        """The candidates that go on best from one."""
        worths = [
            (score + weigh({f"step {name}": value for name, value in self.scene.steps(position, before, each)}, self._weights), number)
            for number, (each, score) in enumerate(placed)
            if each.first >= before.last and each.value != before.value
        ]
        return [placed[number][0] for _, number in heapq.nlargest(most, worths)]

    def worth(self, position: int, column: Column) -> float:
        """The mean of what its members are worth by themselves, and what speaks for the run."""
        scene = self.scene
        distinct = list({id(member): member for member in column.members}.values())
        alone = sum(weigh(scene.alone(position, scene.number(position, each)), self._weights) for each in distinct) / len(distinct)
        return alone + weigh(merged(self.of_column(position, column)), self._weights)

    # facts

    def of_request(self, count: int) -> Iterator[tuple[str, float]]:
        """What in the request speaks for so many calls."""
        many = "two" if count == 2 else "three" if count == 3 else "more"  # noqa: PLR2004
        yield f"calls {many}", 1.0
        lowers = set(self.scene.lowers)
        for cue in CUES & lowers:
            yield f"calls cue {cue}", 1.0
        counts = {COUNTS[word] for word in lowers if word in COUNTS}
        if counts:
            yield f"calls counted {count in counts}", 1.0
        yield f"calls of a tool with lists {any(argument.is_list for argument in self.scene.arguments)}", 1.0
        yield f"calls arguments {min(len(self.scene.arguments), 4)}", 1.0

    def of_column(self, position: int, column: Column) -> Iterator[tuple[str, float]]:
        """What speaks for a run of values, or against it."""
        if not column.is_run:
            yield f"column same {'absent' if column.members[0].is_absent else 'value'}", 1.0
            return
        argument, members = self.scene.arguments[position], column.members
        group = "number" if argument.kind in (Kind.INTEGER, Kind.NUMBER) else str(argument.kind)
        if argument.is_list:
            group += "s"
        yield f"column {group}", 1.0
        yield f"column {'required' if argument.is_required else 'optional'}", 1.0
        pairs = list(zip(members, members[1:], strict=False))
        for before, now in pairs:
            for name, value in self.scene.steps(position, before, now):
                yield f"step {name}", value / len(pairs)
                yield f"step {group} {name}", value / len(pairs)
        left = self._left_out(position, members)
        yield f"column leaves out {min(left, 3)}", 1.0
        yield f"column {group} leaves out {min(left, 2)}", 1.0
        own = min(self._likeness(position, before, now) for before, now in pairs)
        for name, found in (("goes on", self._after(position, members[-1])), ("begins earlier", self._before(position, members[0]))):
            yield f"column {name} {'better' if found > own else 'as well' if found == own else 'worse' if found else 'not'}", 1.0
            yield f"column {group} {name} {found >= own}", 1.0
        weakest = [weigh(self.scene.alone(position, self.scene.number(position, each)), self._weights) for each in members]
        yield "column weakest", max(-6.0, min(weakest) - max(weakest)) / 6

    def _likeness(self, position: int, before: Candidate, now: Candidate) -> int:
        """In how many ways two values of an argument look alike, 0 to 6."""
        facts = {name for name, _ in self.scene.steps(position, before, now)}
        return sum(f"{name} True" in facts for name in ("next in list", "left", "right", "rule", "length", "case"))

    def _after(self, position: int, last: Candidate) -> int:
        """How much the value that could follow looks like the last one."""
        return max((self._likeness(position, last, each) for each in self._placed[position] if each.first >= last.last and each.value != last.value), default=0)

    def _before(self, position: int, first: Candidate) -> int:
        return max((self._likeness(position, each, first) for each in self._placed[position] if each.last <= first.first and each.value != first.value), default=0)

    @cached_property
    def _placed(self) -> list[list[Candidate]]:
        """The likelier candidates of each argument that stand in the request."""
        found = []
        for position, best in enumerate(self._best):
            top = best[0][1] if best else 0.0
            candidates = self.scene.candidates(position)
            found.append([candidates[number] for number, score in best[:HEADS] if candidates[number].first >= 0 and score > top - FAR])
        return found

    def _left_out(self, position: int, members: Sequence[Candidate]) -> int:
        """Values that look like the members and stand around them, but are none."""
        places = [(member.first, member.last) for member in members]
        peers = self.scene.peers(position, members[0])
        return len({
            peer.first for peer in peers
            if all(peer.last <= first or peer.first >= last for first, last in places)
        })  # fmt: skip

    def beside(self, position: int, column: Column, table: Table) -> Iterator[tuple[str, float]]:
        """How a column lies to those before it."""
        calls = min(len(column.members), 3)
        for call in range(calls):
            state = State(tuple((at, other.members[call]) for at, other in enumerate(table.columns)))
            for name, value in self.scene.beside(position, self.scene.number(position, column.members[call]), state).items():
                yield name, value / calls
        if not column.is_run:
            return
        runs = [other for other in table.columns if other.is_run]
        yield f"columns before {min(len(runs), 2)}", 1.0
        for other in runs[-2:]:
            pattern = _pattern(other.members, column.members)
            yield f"columns {pattern}", 1.0
            if "respectively" in self.scene.lowers:
                yield f"columns {pattern} respectively", 1.0
            yield from self._overlaps(other.members, column.members)

    def _overlaps(self, one: Sequence[Candidate], other: Sequence[Candidate]) -> Iterator[tuple[str, float]]:
        if any(a.first < b.last and b.first < a.last for a in one for b in other):
            yield "columns overlap", 1.0


def _pattern(one: Sequence[Candidate], other: Sequence[Candidate]) -> str:
    """How two runs lie in the text: turn by turn, one behind the other, or neither."""
    turns = [(a.first, b.first) for a, b in zip(one, other, strict=True)]
    flat = [place for turn in turns for place in turn]
    back = [place for turn in turns for place in turn[::-1]]
    if flat == sorted(flat) or back == sorted(back):
        return "in turns"
    if one[-1].last <= other[0].first or other[-1].last <= one[0].first:
        return "in blocks"
    return "mixed"


def merged(pairs: Iterable[tuple[str, float]]) -> dict[str, float]:
    """Features that come up more than once, summed."""
    made: dict[str, float] = {}
    for name, value in pairs:
        made[name] = made.get(name, 0.0) + value
    return made


def fill_all(scene: Scene, weights: Mapping[str, float]) -> list[tuple[Candidate, ...]]:
    """The calls of the tool that the request asks for, in order."""
    single = fill(scene, weights)[0]
    best, calls = single.score, [single.candidates]
    columns = Columns(scene, weights)
    for count in range(2, MOST_CALLS + 1):
        for score, table in columns.search(count)[:1]:
            if score > best:
                best, calls = score, table.calls
    return calls
