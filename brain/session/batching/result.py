"""What became of a batch: a run for each set of parameters, with what it recorded, as a DataFrame or as JSON."""

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from brain.errors import RunUnfinished, UsageError
from brain.runs import Json, RunStatus, short_id
from brain.session.run import Results
from brain.shortened import shortened
from brain.text_files import holds_other

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BatchRun", "SetRun", "labels_of", "look_at_table"]

OWN_COLUMNS = ("status", "seconds", "attempt", "error", "notebook", "run")
TABLES = (".csv", ".json")
LONGEST_LABEL = 40
"""Characters."""


@dataclass(frozen=True, slots=True)
class SetRun:
    """One set of parameters and its run."""

    position: int
    """From 1."""
    parameters: Mapping[str, Json]
    notebook: Path
    """Where the notebook with its outputs is written, once there is one."""
    run_id: UUID | None = None
    """None where it was not begun."""
    status: RunStatus = RunStatus.QUEUED
    attempt: int = 0
    error: str | None = None
    seconds: float | None = None
    """That the notebook took."""
    cached_from: UUID | None = None
    """The earlier run that has stood for it."""
    recorded: Mapping[str, Json] = field(default_factory=dict)
    """By name, in the order of the alphabet, tables and files as references."""

    @property
    def outcome(self) -> str:
        """Its status, or `cached` where an earlier run has stood for it."""
        return "cached" if self.cached_from else str(self.status)

    def to_json(self) -> dict[str, Json]:
        """All of it."""
        return {
            "position": self.position, "parameters": dict(self.parameters), "status": str(self.status),
            "recorded": dict(self.recorded), "seconds": self.seconds, "attempt": self.attempt, "error": self.error,
            "notebook": str(self.notebook), "run_id": str(self.run_id) if self.run_id else None,
            "cached_from": str(self.cached_from) if self.cached_from else None,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class BatchRun:
    """A batch as it stood when it was read."""

    batch_id: UUID
    notebook: str
    """Its path, as seen from the project folder."""
    status: RunStatus
    """`running` while a process sees to it; `failed` where all have ended and some failed; `interrupted` where some
    were not run."""
    sets: tuple[SetRun, ...] = field(repr=False)
    created_at: datetime
    finished_at: datetime | None
    values: Results = field(repr=False)
    """Opens what was recorded."""
    notes: tuple[str, ...] = ()
    """What a person should know before relying on it."""

    @property
    def id(self) -> str:
        """The eight digits that surfaces show and every verb accepts."""
        return short_id(self.batch_id)

    @property
    def counts(self) -> dict[str, int]:
        """How many sets have each status; `cached` are those that an earlier run has stood for."""
        return dict(Counter(each.outcome for each in self.sets))

    @property
    def failed(self) -> tuple[SetRun, ...]:
        """Those that failed."""
        return tuple(each for each in self.sets if each.status is RunStatus.FAILED)

    @property
    def unfinished(self) -> tuple[SetRun, ...]:
        """Those without a result, failed ones too: what is run when it goes on."""
        return tuple(each for each in self.sets if each.status is not RunStatus.SUCCEEDED)

    @property
    def frame(self) -> "pd.DataFrame":
        """A row a set: its parameters, what it recorded, how it ended, and where its notebook is.

        A name that means two things stands for the parameter; the other one has `recorded.` in front of it, and a name
        of a column of ours `parameter.`.
        """
        import pandas as pd

        rows = [self._row(each) for each in self.sets]
        columns = dict.fromkeys(name for row in rows for name in row if name not in OWN_COLUMNS)
        return pd.DataFrame(rows, columns=[*columns, *OWN_COLUMNS], index=pd.RangeIndex(1, len(rows) + 1, name="set"))

    def save_table(self, path: Path, *, overwrite: bool = False) -> None:
        """Write the frame as CSV, or everything as JSON, as the path ends; raises UsageError where it cannot be."""
        look_at_table(path)
        content = self.frame.to_csv() if path.suffix == ".csv" else json.dumps(self.to_json(), indent=2) + "\n"
        if not overwrite and holds_other(path, content.encode()):
            raise UsageError(f"{path} holds something else already: name another place, or add --overwrite.")
        try:
            path.write_text(content, encoding="utf-8")
        except OSError as exc:
            raise UsageError(f"{path} could not be written: {exc.strerror}.") from exc

    def check(self) -> "BatchRun":
        """This batch, where every set succeeded; raises RunUnfinished with the first that did not."""
        if not (left := self.unfinished):
            return self
        first = next((each for each in left if each.error), left[0])
        reason = f": {first.error}" if first.error else f", for example set {first.position} ({first.status})."
        raise RunUnfinished(f"The batch {self.id} has no result for {len(left)} of {len(self.sets)} sets{reason}")

    def to_json(self) -> dict[str, Json]:
        """All of it."""
        return {
            "id": self.id, "batch_id": str(self.batch_id), "notebook": self.notebook, "status": str(self.status),
            "counts": self.counts, "notes": list(self.notes), "created_at": self.created_at.isoformat(),
            "finished_at": self.finished_at.isoformat() if self.finished_at else None,
            "sets": [each.to_json() for each in self.sets],
        }  # fmt: skip

    def _row(self, one: SetRun) -> dict[str, Any]:
        row: dict[str, Any] = {
            f"parameter.{name}" if name in OWN_COLUMNS else name: value for name, value in one.parameters.items()
        }
        opened = self.values.of(one.recorded)
        for name in one.recorded:
            row[f"recorded.{name}" if name in row or name in OWN_COLUMNS else name] = opened[name]
        is_written = one.run_id is not None and one.notebook.exists()
        return row | {
            "status": one.outcome, "seconds": one.seconds, "attempt": one.attempt,
            "error": one.error, "notebook": str(one.notebook) if is_written else None,
            "run": short_id(one.run_id) if one.run_id else None,
        }  # fmt: skip

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, str]:
        from brain.session.batching.page import batch_views

        return batch_views(self).bundle(include, exclude)


def look_at_table(path: Path) -> None:
    """Raise UsageError before anything is run where the table of a batch could not be written."""
    if path.suffix not in TABLES:
        raise UsageError(f"--table takes a file that ends in {' or '.join(TABLES)}, not {path.name}.")
    if not path.parent.is_dir():
        raise UsageError(f"{path} could not be written: there is no folder {path.parent}.")


def labels_of(sets: Collection[Mapping[str, Json]]) -> list[str]:
    """A short name for each set: its number, and the values that are not the same in all."""
    every = list(sets)
    names = dict.fromkeys(name for each in every for name in each)
    telling = [name for name in names if any(each.get(name) != every[0].get(name) for each in every)]
    return [_label(number, each, telling) for number, each in enumerate(every, 1)]


def _label(number: int, parameters: Mapping[str, Json], telling: Collection[str]) -> str:
    return shortened(" ".join([str(number), *_values(parameters, telling)]), LONGEST_LABEL)


def _values(parameters: Mapping[str, Json], telling: Collection[str]) -> Iterator[str]:
    for name in telling:
        if name in parameters:
            yield " ".join(str(parameters[name]).split())
