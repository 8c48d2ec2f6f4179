"""A request with its right calls, as the ranker sees them: which ways to fill the tool are right, and their facts."""

import math
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import islice, product

from benchmarks.planning.examples import Call, ExampleTool, Request
from benchmarks.planning.right_values import plain, same
from brain.intent_inference.calls.candidate import ABSENT, Candidate, Rule
from brain.intent_inference.calls.column_facts import ColumnFacts
from brain.intent_inference.calls.columns import Column, Table
from brain.intent_inference.calls.facts.fellows import of_single_call
from brain.intent_inference.calls.facts.neighbours import Chosen
from brain.intent_inference.calls.features import Features
from brain.intent_inference.calls.offer import Offer
from brain.intent_inference.calls.ranker import Worths, best_first
from brain.intent_inference.calls.reading import Reading
from brain.intent_inference.calls.scene import Fact, Scene
from brain.intent_inference.calls.table_search import summed
from brain.intent_inference.similarity import Similarity

__all__ = ["Lesson", "Way"]

type Filled = tuple[Candidate, ...]
type Way = Filled | Table
"""One call, or several."""
type Right = list[Candidate] | None
"""The candidates that are right for an argument; None where there are none, and then any is."""

MOST_RIGHT = 12
"""Right candidates of an argument that are tried in one call."""
MOST_CONSTANTS, MOST_RUNS, MOST_TABLES = 3, 2, 6
"""Right columns of an argument, and right tables, that are tried."""
BEST_CALLS = 3
COMBINED = (4, 9)
"""Numbers of calls that may be each of two or three values with each of as many others."""


class Lesson:
    """One request."""

    def __init__(self, tool: ExampleTool, request: Request, similarity: Similarity) -> None:
        planned = tool.planned
        offer = Offer(Reading(request.ask))
        self.scene = Scene(offer, planned.name, planned.description, planned.arguments, similarity)
        self.features = Features(self.scene)
        self._rights = [
            [_right(self.scene, at, call) for at in range(len(planned.arguments))] for call in request.right_calls
        ]

    @property
    def count(self) -> int:
        """How many calls are right."""
        return len(self._rights)

    @cached_property
    def is_whole(self) -> bool:
        """Whether the request offers every value of every call."""
        return all(right is not None for call in self._rights for right in call)

    def is_right(self, way: Way) -> bool:
        """Whether these are the right calls, in any order."""
        calls = way.calls if isinstance(way, Table) else [way]
        left = list(self._rights)
        for call in calls:
            hit = next((rights for rights in left if _fits(call, rights)), None)
            if hit is None:
                return False
            left = [rights for rights in left if rights is not hit]
        return not left

    def features_of(self, way: Way, worths: Worths) -> dict[str, float]:
        """Of all its calls together."""
        return summed(self._facts_of_table(way, worths) if isinstance(way, Table) else self._facts_of_call(way))

    def _facts_of_call(self, call: Filled) -> Iterator[Fact]:
        for at, candidate in enumerate(call):
            yield from self.features.alone(at, self.scene.number(at, candidate)).items()
            yield from self.features.beside(at, candidate, Chosen(call[:at])).items()
        yield from of_single_call(self.scene, call)

    def _facts_of_table(self, table: Table, worths: Worths) -> Iterator[Fact]:
        facts, before = ColumnFacts(worths), Table()
        yield from facts.of_request(len(table.rows))
        for at, column in enumerate(table.columns):
            for member in column.distinct:
                alone = self.features.alone(at, self.scene.number(at, member))
                yield from ((name, value / len(column.distinct)) for name, value in alone.items())
            yield from facts.of_column(at, column)
            yield from facts.beside(at, column, before)
            before = before.with_column(column)

    def best_right(self, worths: Worths) -> list[Way]:
        """The right ways that the weights like best."""
        return list(self._right_tables()) if self.count > 1 else list(self._best_calls(worths))

    def _best_calls(self, worths: Worths) -> list[Filled]:
        states = [(0.0, Chosen())]
        for at, right in enumerate(self._rights[0]):
            options = self.scene.candidates[at][:1] if right is None else right[:MOST_RIGHT]
            following = [
                (
                    score + worths.alone(at)[self.scene.number(at, each)] + worths.beside(at, each, chosen),
                    chosen.with_next(each),
                )
                for score, chosen in states
                for each in options
            ]
            states = best_first(following, BEST_CALLS)
        return [chosen.candidates for _, chosen in states]

    def _right_tables(self) -> Iterator[Table]:
        is_paired = "respectively" in self.scene.reading.lowers
        rights = self._rights if is_paired else self._uncombined()
        columns = [_right_columns([call[at] for call in rights]) for at in range(len(self.scene.arguments))]
        for chosen in islice(product(*columns), MOST_TABLES):
            table = Table(chosen, is_paired)
            if self.is_right(table):
                yield table

    def _uncombined(self) -> list[list[Right]]:
        """The rows of the table whose two runs are combined to the calls; the calls themselves where none are."""
        if self.count not in COMBINED or not self.is_whole:
            return self._rights
        size = math.isqrt(self.count)
        values = [_distinct([call[at] for call in self._rights]) for at in range(len(self.scene.arguments))]
        if sorted(len(each) for each in values if len(each) > 1) != [size, size]:
            return self._rights
        return [[each[row] if len(each) > 1 else each[0] for each in values] for row in range(size)]


def _right(scene: Scene, at: int, call: Call) -> Right:
    """The candidates that stand for what a call gives an argument."""
    value: object = call
    for part in scene.arguments[at].path:
        value = value.get(part) if isinstance(value, dict) else None
    if value is None:
        return [ABSENT]
    candidates = [each for each in scene.candidates[at] if not each.is_absent]
    named = [each for each in candidates if each.rule == Rule.CURRENCY and _is_named(scene, each, value)]
    return named or [each for each in candidates if same(each.value, value)] or None


def _is_named(scene: Scene, candidate: Candidate, value: object) -> bool:
    """Whether a value is the currency as the request calls it, not its code."""
    return isinstance(value, str) and plain(scene.reading.quote(candidate.first, candidate.last)) == plain(value)


def _fits(call: Filled, rights: Sequence[Right]) -> bool:
    return all(right is None or _holds(right, each) for each, right in zip(call, rights, strict=True))


def _holds(right: Sequence[Candidate], candidate: Candidate) -> bool:
    """By identity: the same value may stand at several places."""
    return any(each is candidate for each in right)


def _right_columns(rights: Sequence[Right]) -> list[Column]:
    """What an argument may be given in all calls; nothing where no run of values is right."""
    sets = [right for right in rights if right is not None]
    if len(sets) < len(rights):
        return []
    common = [each for each in sets[0] if all(_holds(right, each) for right in sets)]
    if common:
        return [Column.constant(each, len(sets)) for each in common[:MOST_CONSTANTS]]
    if any(each.is_absent for right in sets for each in right):
        return []
    runs = [_run(head, sets[1:]) for head in sets[0][:MOST_CONSTANTS]]
    if not all(each.is_placed for run in runs for each in run):
        return []
    return [Column(run) for run in runs[:MOST_RUNS]]


def _run(head: Candidate, sets: Sequence[Sequence[Candidate]]) -> Filled:
    """The head, and of each set the first that stands behind the one before, or the first."""
    run = [head]
    for right in sets:
        behind = (each for each in right if each.first >= run[-1].last > 0)
        run.append(next(behind, right[0]))
    return tuple(run)


def _distinct(rights: Sequence[Right]) -> list[Right]:
    """Each set of candidates once, in order."""
    return list({tuple(id(each) for each in right or ()): right for right in rights}.values())
