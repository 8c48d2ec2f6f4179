"""What is known of a run's calls from before: which results stand, which calls are made again, and why.

The engine asks before each call, and `foresight` asks for all of them beforehand: both get the same answer.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from uuid import UUID

from brain.executor import reasons
from brain.executor.local import on_daemon_thread
from brain.executor.verdicts import NOTHING_SAID, Asked, Finding, Key, Verdict, Words
from brain.pipeline_builder.pipeline import PlannedStep
from brain.runs import NOTHING_SPENT, Json, StepResult, StepStatus, utc_now

__all__ = ["NO_LEGACY", "WAIVED", "IsWhole", "Legacy", "Past", "inherited_from", "merged"]

LOOKING = 8
"""Threads that look whether results are whole: each look may be a round trip to a store far away."""
WAIVED = "A person said that it is not to be done again; nobody knows whether it did its work."
"""What a skipped step says that was begun."""

GONE = ""
"""In place of the id of a step that the pipeline has no more."""
NOWHERE = deque[Key]()

type IsWhole = Callable[[Json], bool]
"""Whether everything that a result refers to is there; asked on threads."""


@dataclass(frozen=True, slots=True)
class Legacy:
    """What a run has from those that it goes on from."""

    results: tuple[StepResult, ...] = ()
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


def merged(*generations: Iterable[StepResult]) -> tuple[StepResult, ...]:
    """Of each step and item what the newest generation has that made the call, else the newest of all."""
    found: dict[Key, StepResult] = {}
    for result in (result for generation in generations for result in generation):
        known = found.setdefault(_key(result), result)
        if known.fingerprint is None and result.fingerprint is not None:
            found[_key(result)] = result
    return tuple(found.values())


class Past:
    """The states that earlier attempts of a run left, and those of the runs that it goes on from."""

    def __init__(
        self,
        own: Iterable[StepResult] = (),
        legacy: Legacy = NO_LEGACY,
        words: Words = NOTHING_SAID,
        places: Collection[str] = (),
    ) -> None:
        self._own = {_key(result): result for result in own}
        self._rows = {_key(result): result for result in merged(self._own.values(), legacy.results)}
        self._steps = frozenset(step_id for step_id, _ in self._rows)
        self._before = legacy.steps
        self._words = words
        self._places = frozenset(places)
        """The steps that the pipeline has now."""
        self._taken: dict[Key, Key] = {}
        """By call the place of the result that stands for it."""
        self._takers: dict[Key, Key] = {}
        """The other way round: each result stands for one call."""
        self._made: dict[str, Verdict] = {}
        """The steps of which a call is made."""
        self._incomplete: frozenset[Key] = frozenset()

    def __bool__(self) -> bool:
        return bool(self._rows) or self._before is not None

    async def look(self, is_whole: IsWhole) -> None:
        """See which results are not whole any more; they stand for no call."""
        calls = [row for row in self._rows.values() if row.fingerprint is not None and row.result is not None]

        def incomplete(part: list[StepResult]) -> list[Key]:
            return [_key(row) for row in part if not is_whole(row.result)]

        parts = [part for start in range(LOOKING) if (part := calls[start::LOOKING])]
        looks = [on_daemon_thread(partial(incomplete, part), name="look") for part in parts]
        self._incomplete = frozenset([key for looked in looks for key in await looked])

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
        return row is not None and (row.status.has_result or row.is_waived)

    def holds(self, step_id: str) -> bool:
        """Whether the run's own row of a step tells of a call that must not be forgotten."""
        row = self._own.get((step_id, None))
        return row is not None and row.fingerprint is not None and _is_told(row)

    def gone(self) -> Iterator[tuple[str, str, str]]:
        """The steps that the pipeline had and has no more: id, tool as far as it is known, and what became of it."""
        takers = {step_id: taker for (step_id, _), (taker, _) in self._takers.items()}
        tools = {row.step_id: row.tool for row in self._rows.values()}
        for step in sorted((self._steps | (self._before or frozenset())) - self._places):
            became = f"it is the step {takers[step]} now" if step in takers else "the pipeline has it no more"
            yield step, tools.get(step, ""), became

    def _row_of(self, asked: Asked) -> StepResult | None:
        """The state of the same call: in its place, or of another item or a step that is gone; each counts once."""
        if asked.key not in self._taken and (found := self._free(asked)) is not None:
            self._taken[asked.key] = found
            self._takers[found] = asked.key
        return self._rows.get(self._taken[asked.key]) if asked.key in self._taken else None

    def _free(self, asked: Asked) -> Key | None:
        wanted = tuple(self._fingerprints(asked))
        exact = self._rows.get(asked.key)
        if exact is not None and exact.fingerprint in wanted and _is_told(exact) and asked.key not in self._takers:
            return asked.key
        for place in ((step, each) for step in (asked.step.id, GONE) for each in wanted):
            others = self._elsewhere.get(place, NOWHERE)
            while others:
                if (key := others.popleft()) not in self._takers:
                    return key
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
    def _elsewhere(self) -> Mapping[tuple[str, str], deque[Key]]:
        """By step, or GONE, and fingerprint the places where the same call was made."""
        found = defaultdict[tuple[str, str], deque[Key]](deque)
        for key, row in self._rows.items():
            if row.fingerprint is not None and _is_told(row):
                found[key[0] if key[0] in self._places else GONE, row.fingerprint].append(key)
        return found

    @cached_property
    def _versions(self) -> Mapping[str, set[str]]:
        found = defaultdict[str, set[str]](set)
        for row in self._rows.values():
            found[row.tool].add(row.tool_version)
        return found

    def _of_this_call(self, row: StepResult, asked: Asked) -> Finding:
        is_on_record, is_lost = self._own.get(asked.key) is row, _key(row) in self._incomplete
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


def _is_open(row: StepResult) -> bool:
    """Whether nobody knows whether the call did its work, whatever a person said about it."""
    return row.is_waived or (row.status is StepStatus.INTERRUPTED and row.fingerprint is not None)


def _is_told(row: StepResult) -> bool:
    """Whether the row says something about the call that outlives the attempt."""
    return row.status.has_result or _is_open(row)
