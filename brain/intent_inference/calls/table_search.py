"""Several calls of one tool: looks for the table of values that speaks most for itself, beside a single call."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from brain.intent_inference.calls.candidate import Candidate
from brain.intent_inference.calls.column_facts import RUN_STARTS, ColumnFacts
from brain.intent_inference.calls.columns import Column, Table
from brain.intent_inference.calls.facts.fellows import of_single_call
from brain.intent_inference.calls.facts.neighbours import Chosen
from brain.intent_inference.calls.ranker import BEAM, Worths, best_first, fill, weigh
from brain.intent_inference.calls.scene import Fact

__all__ = ["MOST_CALLS", "TableSearch", "fill_all", "summed"]

MOST_CALLS = 6
BRANCHES = 2
"""Ways to go on from the first value of a run."""
MARGIN = 0.5
"""By so much more than a single call a table must be worth: most requests ask for one."""
RUN_DEPTH = 2.5
"""By so much less than the best candidate a member of a run may be worth."""
CONSTANTS = 8
"""Values of an argument that may be the same for all calls: the best by themselves, and none."""

type Runs = dict[int, list[Column]]
"""By how many calls they make."""


def fill_all(worths: Worths) -> list[tuple[Candidate, ...]]:
    """The calls of the tool that the request asks for, in order."""
    single = fill(worths)[0]
    left = weigh(summed(of_single_call(worths.scene, single.candidates)), worths.weights)
    best, calls = single.score + left, [single.candidates]
    search = TableSearch(worths)
    for count in range(2, MOST_CALLS + 1):
        for score, table in search.best(count)[:1]:
            if score > best + (MARGIN if len(calls) == 1 else 0):
                best, calls = score, table.calls
    return calls


class TableSearch:
    """The search for tables of calls in one scene."""

    def __init__(self, worths: Worths) -> None:
        self.facts = ColumnFacts(worths)
        self._worths = worths
        self._scene = worths.scene

    def best(self, count: int, beam: int = BEAM) -> list[tuple[float, Table]]:
        """The best tables of so many rows, best first; none where nothing could change from call to call."""
        if not any(runs.get(count) for runs in self._runs):
            return []
        states = [(0.0, Table(is_paired="respectively" in self._scene.reading.lowers))]
        for position in range(len(self._scene.arguments)):
            following = list(self._extended(states, position, count))
            running = [each for each in following if each[1].has_run]
            still = [each for each in following if not each[1].has_run]
            states = best_first(running, beam) + best_first(still, beam)
        start = self._weigh(self.facts.of_request(count))
        return [(start + score, table) for score, table in states if table.has_run]

    def _extended(
        self, states: Sequence[tuple[float, Table]], position: int, count: int
    ) -> Iterator[tuple[float, Table]]:
        """Every table with every column for the next argument."""
        columns = [(column, self._worth(position, column)) for column in self._columns(position, count)]
        for score, table in states:
            rows = table.first_rows(count)
            for column, worth in columns:
                beside = self._beside(position, column, rows) + self._weigh(self.facts.beside_runs(column, table))
                yield score + worth + beside, table.with_column(column)

    def _beside(self, position: int, column: Column, rows: Sequence[Chosen]) -> float:
        """The mean of what the first members are worth beside the columns before them."""
        members = zip(column.members, rows, strict=False)
        return sum(self._worths.beside(position, member, row) for member, row in members) / len(rows)

    def _columns(self, position: int, count: int) -> Iterator[Column]:
        """What an argument may be given in so many calls."""
        constants = [candidate for candidate, _ in self._worths.closest(position)[:CONSTANTS]]
        if not any(candidate.is_absent for candidate in constants):
            constants.append(self._scene.candidates[position][0])
        yield from (Column.constant(candidate, count) for candidate in constants)
        yield from self._runs[position].get(count, ())

    def _worth(self, position: int, column: Column) -> float:
        """The mean of what its members are worth by themselves, and what speaks for the run."""
        worths, distinct = self._worths.alone(position), column.distinct
        alone = sum(worths[self._scene.number(position, each)] for each in distinct) / len(distinct)
        return alone + self._weigh(self.facts.of_column(position, column))

    def _weigh(self, facts: Iterable[Fact]) -> float:
        return weigh(summed(facts), self._worths.weights)

    @cached_property
    def _runs(self) -> list[Runs]:
        return [self._runs_of(position) for position in range(len(self._scene.arguments))]

    def _runs_of(self, position: int) -> Runs:
        """Runs of values that look alike, one behind the other in the text."""
        closest = self._worths.closest(position)
        least = closest[0][1] - RUN_DEPTH
        placed = [each for each in closest if each[0].is_placed and each[1] >= least and self._is_whole(each[0])]
        found: dict[int, dict[tuple[int, ...], Column]] = {}
        for head, _ in placed[:RUN_STARTS]:
            for second in self._following(position, head, placed, BRANCHES):
                for run in self._grown([head, second], position, placed):
                    ids = tuple(id(each) for each in run)
                    found.setdefault(len(run), {}).setdefault(ids, Column(run))
        return {count: list(runs.values()) for count, runs in found.items()}

    def _is_whole(self, candidate: Candidate) -> bool:
        """Whether it leaves nothing out of a name."""
        reading = self._scene.reading
        return not (reading.cuts_name_before(candidate.first) or reading.cuts_name_behind(candidate.last))

    def _grown(
        self, run: list[Candidate], position: int, placed: Sequence[tuple[Candidate, float]]
    ) -> Iterator[tuple[Candidate, ...]]:
        """The run, and longer ones that go on with the best following value."""
        yield tuple(run)
        while len(run) < MOST_CALLS and (following := self._following(position, run[-1], placed, 1)):
            run += following
            yield tuple(run)

    def _following(
        self, position: int, before: Candidate, placed: Sequence[tuple[Candidate, float]], most: int
    ) -> list[Candidate]:
        """The candidates that go on best from one; of equal ones the less likely first."""
        behind = [each for each in placed if each[0].first >= before.last and each[0].value != before.value]
        scored = [(worth + self._step(position, before, candidate), candidate) for candidate, worth in reversed(behind)]
        return [candidate for _, candidate in best_first(scored, most)]

    def _step(self, position: int, before: Candidate, now: Candidate) -> float:
        """What the facts about one value behind another are worth."""
        facts = self.facts.steps(position, before, now)
        return weigh({f"step {name}": value for name, value in facts}, self._worths.weights)


def summed(facts: Iterable[Fact]) -> dict[str, float]:
    """Features that come up more than once, summed."""
    made: dict[str, float] = {}
    for name, value in facts:
        made[name] = made.get(name, 0.0) + value
    return made
