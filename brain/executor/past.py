"""What is known of a run's calls from before: which results stand, which calls are made again, and why.

The engine asks before each call, and `foresight` asks for all of them beforehand: both get the same answer.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from uuid import UUID

from brain.executor import reasons
from brain.executor.local import on_daemon_thread
from brain.executor.verdicts import NOTHING_SAID, Asked, Finding, Key, Verdict, Words
from brain.pipeline_builder.pipeline import PlannedStep
from brain.runs import NOTHING_SPENT, Json, StepResult, StepStatus, utc_now

__all__ = ["NO_LEGACY", "WAIVED", "IsWhole", "Legacy", "Past", "inherited_from"]

LOOKING = 8
"""Threads that look whether results are whole: each look may be a round trip to a store far away."""
WAIVED = "A person said that it is not to be done again; nobody knows whether it did its work."
"""What a skipped step says that was begun."""

GONE = ""
"""In place of the id of a step that the pipeline has no more."""

type IsWhole = Callable[[Json], bool]
"""Whether everything that a result refers to is there; asked on threads."""


@dataclass(frozen=True, slots=True)
class Legacy:
    """What a run has from those that it goes on from."""

    generations: tuple[tuple[StepResult, ...], ...] = ()
    """The states of its parent's steps, of its parent's, and so on."""
    steps: frozenset[str] | None = None
    """The steps that their pipeline had; None: it was the same."""


NO_LEGACY = Legacy()


def inherited_from(run_id: UUID, results: Iterable[StepResult]) -> Iterator[StepResult]:
    """Results of one run as another has them that goes on from it: neither made nor paid for by it."""
    now = utc_now()
    for result in results:
        if not result.status.has_result:
            yield result
            continue
        yield replace(
            result, status=StepStatus.CACHED, cached_from=result.cached_from or run_id, spending=NOTHING_SPENT,
            started_at=now, finished_at=now,
        )  # fmt: skip


class Past:
    """The states that earlier attempts of a run left, and those of the runs that it goes on from."""

    def __init__(
        self,
        own: Iterable[StepResult] = (),
        legacy: Legacy = NO_LEGACY,
        words: Words = NOTHING_SAID,
        places: Collection[str] = (),
        done: Collection[str] = (),
    ) -> None:
        self._own = {_key(result): result for result in own}
        self._generations = (tuple(self._own.values()), *legacy.generations)
        self._rows = _newest(self._generations)
        self._steps = frozenset(step_id for step_id, _ in self._rows)
        self._before = legacy.steps
        self._words = words
        self._done = done
        """Steps that are finished for good, of which nothing else is known here."""
        self._places = frozenset(places)
        """The steps that the pipeline has now."""
        self._taken: dict[Key, StepResult | None] = {}
        """By call the state of it from before; each stands for one call."""
        self._made: dict[str, Verdict] = {}
        """The steps of which a call is made."""
        self._incomplete: frozenset[int] = frozenset()
        """By identity the results that are not whole any more."""

    def __bool__(self) -> bool:
        return bool(self._rows) or self._before is not None

    async def look(self, is_whole: IsWhole) -> None:
        """See which results are not whole any more; they stand for no call."""
        made = {id(row): row for rows in self._calls.values() for row in rows.values()} | {
            id(row): row for row in self._rows.values() if row.fingerprint is not None
        }
        results = [row for row in made.values() if row.result is not None]

        def incomplete(part: list[StepResult]) -> list[int]:
            return [id(row) for row in part if not is_whole(row.result)]

        parts = [part for start in range(LOOKING) if (part := results[start::LOOKING])]
        looks = [on_daemon_thread(partial(incomplete, part), name="look") for part in parts]
        self._incomplete = frozenset([row for looked in looks for row in await looked])

    def find(self, asked: Asked) -> Finding:
        """What is known of a call; asked twice about the same one, it says the same."""
        row = self._row_of(asked)
        found = self._of_another_call(asked) if row is None else self._of_this_call(row, asked)
        if found.result is None:
            self._note_made(asked.step, found)
        return found

    def find_undecided(self, step: PlannedStep, others: Collection[str]) -> Finding:
        """What is known of a step whose calls are not, because these others are made first."""
        rows = [row for row in self._rows.values() if row.step_id == step.id]
        if not step.definition.is_repeatable and any(map(_is_open, rows)):
            found = self._by_word(step, Finding(Verdict.DOUBTFUL, reasons.UNKNOWN, in_doubt=True))
        elif any(row.status.has_result for row in rows):
            found = Finding(Verdict.AGAIN, reasons.depends_on(others, self._made), was_finished=True)
        else:
            found = self._of_no_call(step, self._rows.get((step.id, None)))
        self._note_made(step, found)
        return found

    def is_silent_about(self, step: PlannedStep) -> bool:
        """Whether nothing that is known can concern a step."""
        return step.id not in self._steps and self._steps <= self._places

    def was_finished(self, step_id: str) -> bool:
        """Whether the step as a whole had come to an end that others could use."""
        row = self._rows.get((step_id, None))
        return step_id in self._done or (row is not None and (row.status.has_result or row.is_waived))

    def was_interrupted(self, step_id: str) -> bool:
        """Whether the step as a whole is shown as one of unknown outcome, though all its calls may be known."""
        row = self._rows.get((step_id, None))
        return row is not None and row.status is StepStatus.INTERRUPTED

    def holds(self, step_id: str) -> bool:
        """Whether the run's own row of a step tells of a call that must not be forgotten."""
        row = self._own.get((step_id, None))
        return row is not None and row.fingerprint is not None and _is_told(row)

    def gone(self) -> Iterator[tuple[str, str, str]]:
        """The steps that the pipeline had and has no more: id, tool as far as it is known, and what became of it."""
        takers = {row.step_id: taker for (taker, _), row in self._taken.items() if row is not None}
        tools = {row.step_id: row.tool for row in self._rows.values()}
        for step in sorted((self._steps | (self._before or frozenset())) - self._places):
            became = f"it is the step {takers[step]} now" if step in takers else "the pipeline has it no more"
            yield step, tools.get(step, ""), became

    def _row_of(self, asked: Asked) -> StepResult | None:
        """The state of the same call: in its place, or of another item or a step that is gone; each counts once."""
        if asked.key not in self._taken:
            self._taken[asked.key] = self._free(asked)
        return self._taken[asked.key]

    def _free(self, asked: Asked) -> StepResult | None:
        wanted = tuple(self._fingerprints(asked))
        exact = self._rows.get(asked.key)
        for place in ((step, each) for step in (asked.step.id, GONE) for each in wanted):
            if rows := self._calls.get(place):
                taken = rows.pop(asked.key, None) or rows.popitem(last=False)[1]
                return exact if exact is not None and exact.fingerprint == place[1] and _is_told(exact) else taken
        return None

    def _fingerprints(self, asked: Asked) -> Iterator[str]:
        """Its own; what may not be done twice is the same call in every version of its tool."""
        if asked.fingerprint is not None:
            yield asked.fingerprint
        tool = asked.step.definition
        for version in () if asked.is_repeatable else self._versions.get(tool.name, ()):
            if version != tool.version and (other := asked.at(version)) is not None:
                yield other

    @cached_property
    def _calls(self) -> Mapping[tuple[str, str], OrderedDict[Key, StepResult]]:
        """By step, or GONE, and fingerprint the calls that were made, by the generation that has most of them.

        What a run took over from another it has in rows of its own: it is not to be counted twice.
        """
        most: dict[tuple[str, str], list[StepResult]] = {}
        for generation in self._generations:
            made = defaultdict[tuple[str, str], list[StepResult]](list)
            for row in generation:
                if row.fingerprint is not None:
                    made[row.step_id if row.step_id in self._places else GONE, row.fingerprint].append(row)
            most |= {place: rows for place, rows in made.items() if len(rows) > len(most.get(place, ()))}
        return {place: OrderedDict((_key(row), row) for row in rows if _is_told(row)) for place, rows in most.items()}

    @cached_property
    def _versions(self) -> Mapping[str, set[str]]:
        found = defaultdict[str, set[str]](set)
        for row in self._rows.values():
            found[row.tool].add(row.tool_version)
        return found

    def _of_this_call(self, row: StepResult, asked: Asked) -> Finding:
        is_on_record, is_lost = self._own.get(asked.key) is row, id(row) in self._incomplete
        here = row
        if not is_on_record:
            here = replace(row, step_id=asked.step.id, item=asked.item, arguments=asked.arguments)
        if row.is_waived:
            left = Finding(Verdict.SKIPPED, WAIVED, here, in_doubt=True, is_on_record=is_on_record)
            return self._by_word(asked.step, left)
        if row.status.has_result and not is_lost:
            moved = f"it was the step {row.step_id}" if row.step_id != asked.step.id else ""
            return Finding(Verdict.KEPT, moved, here, was_finished=True, is_on_record=is_on_record)
        why = reasons.INCOMPLETE if is_lost else reasons.UNKNOWN
        if asked.is_repeatable:
            again = why if is_lost else reasons.MAY_BE_REPEATED
            return Finding(Verdict.AGAIN, again, was_finished=is_lost)
        open_ = Finding(Verdict.DOUBTFUL, why, was_finished=is_lost, in_doubt=True)
        waived = replace(here, status=StepStatus.SKIPPED, result=None, error=WAIVED)
        return self._by_word(asked.step, open_, waived)

    def _by_word(self, step: PlannedStep, found: Finding, waived: StepResult | None = None) -> Finding:
        """What a person said counts."""
        if step.id in self._words.retry:
            return replace(found, verdict=Verdict.AGAIN, reason=reasons.BY_WORD, result=None, is_on_record=False)
        if step.id in self._words.skip and found.verdict is Verdict.DOUBTFUL:
            return replace(found, verdict=Verdict.SKIPPED, reason=WAIVED, result=waived)
        return found

    def _of_another_call(self, asked: Asked) -> Finding:
        row = self._rows.get(asked.key)
        if row is None or not _is_told(row):
            return self._of_no_call(asked.step, row, asked.item)
        if reasons.is_other_item(row, asked, self._made):
            return Finding(Verdict.PENDING, reasons.NEW)
        was_finished = row.status.has_result
        return Finding(Verdict.AGAIN, reasons.changes(row, asked, self._made), was_finished=was_finished)

    def _of_no_call(self, step: PlannedStep, row: StepResult | None, item: int | None = None) -> Finding:
        """Of a step or an item that never came to an end that counts."""
        if row is None and self._before is not None and step.id not in self._before | self._steps:
            return Finding(Verdict.NEW, reasons.NEW)
        if row is None and item is not None and self.was_finished(step.id):
            return Finding(Verdict.PENDING, reasons.NEW)
        was_tried = row is not None and (row.status is StepStatus.FAILED or row.fingerprint is not None)
        reason = reasons.unfinished(row, is_ready=all(map(self.was_finished, step.dependencies)))
        return Finding(Verdict.AGAIN if was_tried else Verdict.PENDING, reason)

    def _note_made(self, step: PlannedStep, found: Finding) -> None:
        """Its result may not be what it was."""
        if found.is_again or step.id not in self._made:
            self._made[step.id] = found.verdict


def _key(result: StepResult) -> Key:
    return result.step_id, result.item


def _newest(generations: Iterable[Iterable[StepResult]]) -> dict[Key, StepResult]:
    """Of each step and item what the newest generation has that made the call, else the newest of all."""
    found: dict[Key, StepResult] = {}
    for result in (result for generation in generations for result in generation):
        known = found.setdefault(_key(result), result)
        if known.fingerprint is None and result.fingerprint is not None:
            found[_key(result)] = result
    return found


def _is_open(row: StepResult) -> bool:
    """Whether nobody knows whether the call did its work, whatever a person said about it."""
    return row.is_waived or (row.status is StepStatus.INTERRUPTED and row.fingerprint is not None)


def _is_told(row: StepResult) -> bool:
    """Whether the row says something about the call that outlives the attempt."""
    return row.status.has_result or _is_open(row)
