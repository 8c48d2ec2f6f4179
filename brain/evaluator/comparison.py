"""Two evaluations side by side: what each case came to in both, and what they were made with."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from brain.data_frames import to_frame
from brain.evaluator.suite_run import CaseResult, SuiteRun
from brain.runs import Json

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Change", "Compared", "Comparison"]


class Change(StrEnum):
    """What became of a case from the earlier evaluation to the later one."""

    BETTER = "better"
    WORSE = "worse"
    SAME = "same"
    ONLY_BEFORE = "only before"
    ONLY_AFTER = "only after"


@dataclass(frozen=True, slots=True)
class Compared:
    """One case in both; None where one of them has no such case."""

    name: str
    before: CaseResult | None
    after: CaseResult | None

    @property
    def change(self) -> Change:
        """Passed or not counts first, then the share of what was expected."""
        if self.before is None:
            return Change.ONLY_AFTER
        if self.after is None:
            return Change.ONLY_BEFORE
        was, now = ((case.passed, case.score) for case in (self.before, self.after))
        if was == now:
            return Change.SAME
        return Change.BETTER if now > was else Change.WORSE


@dataclass(frozen=True, slots=True)
class Comparison:
    """An earlier evaluation and a later one, case by case by their names."""

    before: SuiteRun
    after: SuiteRun

    @property
    def cases(self) -> tuple[Compared, ...]:
        """In the order of the later one; what only the earlier has stands behind."""
        old, new = ({case.name: case for case in side.cases} for side in (self.before, self.after))
        return tuple(Compared(name, old.get(name), new.get(name)) for name in (*new, *(old.keys() - new.keys())))

    def count(self, change: Change) -> int:
        """How many cases changed so."""
        return sum(case.change is change for case in self.cases)

    @property
    def differences(self) -> dict[str, tuple[str, str]]:
        """What else differs: the model, the planner, prompts, tools, and whether only plans were looked at."""
        was, now = (dict(_facts(side)) for side in (self.before, self.after))
        return {
            name: (was.get(name, ""), now.get(name, ""))
            for name in dict.fromkeys((*was, *now))
            if was.get(name, "") != now.get(name, "")
        }

    @property
    def frame(self) -> "pd.DataFrame":
        """One row a case with the results of both."""
        import pyarrow as pa

        rows = [_row(case) for case in self.cases]
        return to_frame(pa.Table.from_pylist(rows, schema=pa.schema(_columns())))

    def to_json(self) -> dict[str, Json]:
        """Everything for programs."""
        return {
            "before": _summary(self.before),
            "after": _summary(self.after),
            "differences": {name: list(values) for name, values in self.differences.items()},
            **{change.replace(" ", "_"): self.count(change) for change in Change},
            "cases": [_row(case) for case in self.cases],
        }

    def _repr_html_(self) -> str:
        html: str = self.frame._repr_html_()  # type: ignore[operator]
        return html


def _facts(side: SuiteRun) -> Iterator[tuple[str, str]]:
    made = side.made_with
    yield "model", made.model
    yield "planner", made.planner
    yield from ((f"prompt of the {purpose}", version) for purpose, version in made.prompts.items())
    yield from ((f"version of {tool}", version) for tool, version in made.tool_versions.items())
    yield "looked at", "plans" if side.plan_only else "runs"


def _summary(side: SuiteRun) -> dict[str, Json]:
    return {name: value for name, value in side.to_json().items() if name != "cases"}


def _columns() -> list[tuple[str, object]]:
    import pyarrow as pa

    kinds = {"passed": pa.bool_(), "score": pa.float64(), "seconds": pa.float64(), "tokens": pa.int64()}
    kinds |= {"judged": pa.float64(), "outcome": pa.string(), "wrong": pa.string(), "run_id": pa.string()}
    both = [(f"{name}_{side}", kind) for name, kind in kinds.items() for side in ("before", "after")]
    return [("case", pa.string()), ("change", pa.string()), *both]


def _row(compared: Compared) -> dict[str, Json]:
    row: dict[str, Json] = {"case": compared.name, "change": str(compared.change)}
    for side, case in (("before", compared.before), ("after", compared.after)):
        row |= {f"{name}_{side}": value for name, value in _told(case).items()}
    return row


def _told(case: CaseResult | None) -> Mapping[str, Json]:
    if case is None:
        return {}
    return {
        "passed": case.passed,
        "score": case.score,
        "outcome": str(case.outcome),
        "wrong": "\n".join(case.wrong),
        "judged": case.judgement.score if case.judgement else None,
        "seconds": case.seconds,
        "tokens": case.spending.tokens,
        "run_id": str(case.run_id) if case.run_id else None,
    }
