"""What came of a suite: one result a case, and what they were made with, as a DataFrame or as JSON."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from brain.data_frames import to_frame
from brain.evaluator.attempt import Attempt, Judgement
from brain.evaluator.expectations import Finding
from brain.runs import NOTHING_SPENT, Json, RunStatus, Spending, short_id

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CaseResult", "MadeWith", "Outcome", "SuiteRun"]


class Outcome(StrEnum):
    """What became of a case's request."""

    PLANNED = "planned"
    """There is a plan, and only plans are looked at."""
    DECLINED = "declined"
    ASKED = "asked"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    WAITING = "waiting"
    """A step needed approval; the run was cancelled."""
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
    ERROR = "error"
    """It could not be tried: a model that did not answer, a file that is not there."""

    @classmethod
    def of(cls, attempt: Attempt) -> "Outcome":
        """What an attempt came to."""
        if attempt.status is not None:
            is_over = attempt.status.is_final or attempt.status is RunStatus.WAITING
            return cls(attempt.status) if is_over else cls.ERROR
        if attempt.questions:
            return cls.ASKED
        if attempt.error is not None:
            return cls.ERROR
        return cls.DECLINED if attempt.declined is not None else cls.PLANNED


@dataclass(frozen=True, slots=True)
class CaseResult:
    """How a case went."""

    name: str
    position: int
    """Its place in the suite, from 0."""
    request: str
    outcome: Outcome
    findings: tuple[Finding, ...]
    """One for each thing that was expected; none where it could not be tried."""
    error: str | None = None
    plan: Json = None
    """The pipeline as JSON, where there is one."""
    planner: str = ""
    run_id: UUID | None = None
    seconds: float = 0.0
    spending: Spending = NOTHING_SPENT
    judgement: Judgement | None = None
    notes: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether everything is as it was expected."""
        return bool(self.findings) and all(finding.passed for finding in self.findings)

    @property
    def score(self) -> float:
        """The share of what was expected that is so."""
        return sum(finding.passed for finding in self.findings) / len(self.findings) if self.findings else 0.0

    @property
    def wrong(self) -> tuple[str, ...]:
        """Everything that is not as it was expected, a sentence each."""
        return tuple(str(finding) for finding in self.findings if not finding.passed) or (
            () if self.findings else (self.error or "could not be tried",)
        )

    def to_json(self) -> dict[str, Json]:
        """Everything about it for programs."""
        return {
            "case": self.name,
            "request": self.request,
            "passed": self.passed,
            "score": self.score,
            "outcome": str(self.outcome),
            "wrong": list(self.wrong),
            "findings": [{"what": found.what, "wrong": list(found.wrong)} for found in self.findings],
            "error": self.error,
            "plan": self.plan,
            "planner": self.planner,
            "run_id": str(self.run_id) if self.run_id else None,
            "seconds": self.seconds,
            **asdict(self.spending),
            "judgement": self.judgement.to_json() if self.judgement else None,
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True)
class MadeWith:
    """What the results of a suite depend on beside the suite, to be told apart in a comparison."""

    model: str = ""
    """The chat model that the settings name."""
    planner: str = ""
    """Every planner that made a plan, with the versions of its prompts."""
    prompts: Mapping[str, str] = field(default_factory=dict)
    """By purpose the file that an answer or a judgement was asked for with."""
    tool_versions: Mapping[str, str] = field(default_factory=dict)
    """Of the tools in the plans."""


@dataclass(frozen=True, slots=True)
class SuiteRun:
    """One evaluation of a suite."""

    suite_run_id: UUID
    suite: str
    plan_only: bool
    wanted: int
    """How many cases the suite has."""
    cases: tuple[CaseResult, ...]
    """In the order of the suite; of one that was interrupted, those that were done."""
    made_with: MadeWith
    created_at: datetime
    finished_at: datetime | None = None
    """None where it was interrupted."""

    @property
    def id(self) -> str:
        """The eight digits that surfaces show, and that `compare` takes."""
        return short_id(self.suite_run_id)

    @property
    def passed(self) -> int:
        """How many cases passed."""
        return sum(case.passed for case in self.cases)

    @property
    def score(self) -> float:
        """The share of the cases that passed; one that was not done has not."""
        return self.passed / self.wanted if self.wanted else 0.0

    @property
    def judged(self) -> float | None:
        """The mean of the judgements; None where there are none."""
        scores = [case.judgement.score for case in self.cases if case.judgement is not None]
        return sum(scores) / len(scores) if scores else None

    def only(self, names: Collection[str]) -> "SuiteRun":
        """The same with the cases of these names alone."""
        kept = tuple(case for case in self.cases if case.name in names)
        return replace(self, cases=kept, wanted=len(kept))

    @property
    def frame(self) -> "pd.DataFrame":
        """One row a case; `wrong` says what is not as it was expected."""
        import pyarrow as pa

        rows = [_row(case) for case in self.cases]
        return to_frame(pa.Table.from_pylist(rows, schema=pa.schema(_columns())))

    def to_json(self) -> dict[str, Json]:
        """Everything for programs."""
        return {
            "id": self.id,
            "suite_run_id": str(self.suite_run_id),
            "suite": self.suite,
            "plan_only": self.plan_only,
            "passed": self.passed,
            "of": self.wanted,
            "score": self.score,
            "judged": self.judged,
            "model": self.made_with.model,
            "planner": self.made_with.planner,
            "prompts": dict(self.made_with.prompts),
            "tool_versions": dict(self.made_with.tool_versions),
            "created_at": self.created_at.isoformat(),
            "finished_at": self.finished_at.isoformat() if self.finished_at else None,
            "cases": [case.to_json() for case in self.cases],
        }

    def _repr_html_(self) -> str:
        html: str = self.frame._repr_html_()  # type: ignore[operator]
        return html


def _columns() -> list[tuple[str, object]]:
    import pyarrow as pa

    text, number, count = pa.string(), pa.float64(), pa.int64()
    return [
        ("case", text), ("passed", pa.bool_()), ("score", number), ("outcome", text), ("wrong", text),
        ("judged", number), ("seconds", number), ("tokens_in", count), ("tokens_out", count), ("cost_usd", number),
        ("request", text), ("planner", text), ("run_id", text),
    ]  # fmt: skip


def _row(case: CaseResult) -> dict[str, Json]:
    return {
        "case": case.name,
        "passed": case.passed,
        "score": case.score,
        "outcome": str(case.outcome),
        "wrong": "\n".join(case.wrong),
        "judged": case.judgement.score if case.judgement else None,
        "seconds": case.seconds,
        **asdict(case.spending),
        "request": case.request,
        "planner": case.planner,
        "run_id": str(case.run_id) if case.run_id else None,
    }
