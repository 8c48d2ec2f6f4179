"""A run as a person handles it: its status, its answer, and its results as DataFrames and files."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from brain.artifacts import ArtifactCodec, is_file, is_set_aside, is_table
from brain.budgets import UNLIMITED, Budget
from brain.data_frames import to_frame
from brain.deadlines import NO_DEADLINE, Deadline
from brain.errors import Clarification, NoSuchOutput, UsageError
from brain.intent_inference.plan import Provenance
from brain.nearest import did_you_mean
from brain.pipeline_builder.spec import PipelineSpec
from brain.runs import NOTHING_SPENT, ApprovalRequest, Json, RunStatus, Spending, StepResult, short_id

if TYPE_CHECKING:
    import pyarrow as pa

    from brain.database.tables import Run as RunRow

__all__ = ["Results", "Run"]


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one pipeline, as it stood when it was read."""

    run_id: UUID
    status: RunStatus
    request: str
    name: str
    spec: PipelineSpec | None
    """None where no plan was found."""
    planner: str
    inputs: Mapping[str, Json]
    outputs: "Results"
    """By name: tables as pandas DataFrames, files as `brain.artifacts.File`, anything else as JSON."""
    step_results: tuple[StepResult, ...] = field(repr=False)
    """In the order of the spec; the items of `foreach` steps stand behind these only where they were asked for."""
    answer: str | None
    error: str | None
    score: float | None
    """0 to 1, by the evaluator."""
    waiting_for: tuple[ApprovalRequest, ...]
    """The steps that a person has to allow."""
    attempt: int
    created_at: datetime
    finished_at: datetime | None
    notes: tuple[str, ...] = ()
    """What you should know before you rely on the answer."""
    checks: Mapping[str, bool] | None = None
    """What the score is made of."""
    spending: Spending = NOTHING_SPENT
    """What it has taken from the chat model, in all its attempts."""
    budget: Budget = UNLIMITED
    """What it may take."""
    deadline: Deadline = NO_DEADLINE
    """How long each of its attempts may take."""
    questions: tuple[Clarification, ...] = ()
    """What a person has to answer before there is a plan."""
    answers: Mapping[str, Json] = field(default_factory=dict)
    """What was answered so far, by the names of the questions."""
    as_of: date | None = None
    """The day from which the plan counts `yesterday` and the like."""
    provenance: tuple[Provenance, ...] = ()
    """Where each literal of the plan comes from."""
    parent_run: UUID | None = None
    """The run that this one goes on from with another pipeline or other inputs."""
    owner: str | None = None
    """`host:pid:start time` of the process that runs it."""

    @classmethod
    def of_row(cls, row: "RunRow", steps: Sequence[StepResult], codec: ArtifactCodec) -> "Run":
        """The run that a row of the knowledge base and its steps tell of."""
        waiting = (row.waiting_for or {}).get("approvals", ())
        return cls(
            run_id=row.id, status=RunStatus(row.status), request=row.request, name=row.name,
            spec=PipelineSpec.from_value(row.spec) if row.spec else None, planner=row.planner, inputs=row.inputs,
            outputs=Results(row.outputs, codec, ending=_ending(row)), step_results=tuple(steps), answer=row.answer,
            error=row.error, score=row.score, attempt=row.attempt,
            waiting_for=tuple(ApprovalRequest(**request) for request in waiting),
            created_at=row.created_at, finished_at=row.finished_at, notes=tuple(row.notes), checks=row.checks,
            spending=Spending(row.tokens_in, row.tokens_out, row.cost_usd), budget=Budget.parse(row.budget or "none"),
            deadline=Deadline.parse(row.deadline or "none"),
            questions=tuple(Clarification(**asked) for asked in (row.waiting_for or {}).get("questions", ())),
            answers=row.answers, as_of=row.as_of,
            provenance=tuple(Provenance.from_json(each) for each in row.provenance), parent_run=row.parent_run,
            owner=row.owner,
        )  # fmt: skip

    @property
    def id(self) -> str:
        """The eight digits that surfaces show and every verb accepts."""
        return short_id(self.run_id)

    @property
    def waits(self) -> str:
        """What it waits for and how it gets it, behind its name."""
        if not self.questions:
            return f"waits for approval: brain approve {self.id}"
        blanks = " ".join(question.blank for question in self.questions)
        return f"waits for answers: brain answer {self.id} {blanks}"

    def calls_of(self, request: ApprovalRequest) -> list[Mapping[str, Json]]:
        """The arguments of the call that a request is for, or of each item's."""
        steps = self.spec.steps if self.spec is not None else ()
        is_foreach = any(step.id == request.step_id and step.foreach is not None for step in steps)
        return request.arguments["items"] if is_foreach else [request.arguments]

    @property
    def missed(self) -> list[str]:
        """Of a run that succeeded the checks that it did not pass, in words."""
        checks = (self.checks or {}) if self.status is RunStatus.SUCCEEDED else {}
        return [name.replace("_", " ") for name, passed in checks.items() if not passed]

    @property
    def tokens_in(self) -> int:
        """What went into the chat model."""
        return self.spending.tokens_in

    @property
    def tokens_out(self) -> int:
        """What came out of it."""
        return self.spending.tokens_out

    @property
    def cost_usd(self) -> float | None:
        """What that costs in US dollars; None where the price is not known."""
        return self.spending.cost_usd

    @property
    def results(self) -> "Results":
        """By step id: what each step returned, in the same shapes as `outputs`."""
        values = {step.step_id: step.result for step in self.step_results if step.item is None}
        return self.outputs.of(values)

    @property
    def given(self) -> "Results":
        """By name: the inputs, in the same shapes as `outputs`."""
        return self.outputs.of(self.inputs)

    @property
    def seconds(self) -> float | None:
        """From the moment the run was accepted to its end."""
        return None if self.finished_at is None else (self.finished_at - self.created_at).total_seconds()

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, str]:
        from brain.session.run_page import run_views

        return run_views(self).bundle(include, exclude)

    def to_json(self) -> dict[str, Json]:
        """Everything about the run; tables, files, and what is too large for a row as references."""
        return {
            "id": self.id,
            "run_id": str(self.run_id),
            "status": str(self.status),
            "name": self.name,
            "request": self.request,
            "planner": self.planner,
            "spec": self.spec.to_json() if self.spec else None,
            "inputs": dict(self.inputs),
            "outputs": dict(self.outputs.references),
            "answer": self.answer,
            "notes": list(self.notes),
            "error": self.error,
            "score": self.score,
            "checks": dict(self.checks) if self.checks is not None else None,
            "attempt": self.attempt,
            "parent_run": str(self.parent_run) if self.parent_run else None,
            "created_at": self.created_at.isoformat(),
            "finished_at": self.finished_at.isoformat() if self.finished_at else None,
            "seconds": self.seconds,
            **asdict(self.spending),
            "budget": None if self.budget.is_unlimited else str(self.budget),
            "deadline": None if self.deadline == NO_DEADLINE else str(self.deadline),
            "waiting_for": [
                {"step_id": wait.step_id, "tool": wait.tool, "arguments": wait.arguments, "hash": wait.hash}
                for wait in self.waiting_for
            ],
            "questions": [question.to_json() for question in self.questions],
            "answers": dict(self.answers),
            "as_of": self.as_of.isoformat() if self.as_of else None,
            "provenance": [each.to_json() for each in self.provenance],
            "steps": [_step_json(step) for step in self.step_results if step.item is None],
        }


class Results(Mapping[str, Any]):
    """Values by name, each opened when it is asked for."""

    def __init__(self, references: Mapping[str, Json], codec: ArtifactCodec, *, ending: str = "") -> None:
        self.references = references
        """The same values as JSON, with references for tables, files, and what is too large for a row."""
        self._codec = codec
        self._ending = ending
        """What became of a run that did not succeed, and why."""

    def of(self, references: Mapping[str, Json]) -> "Results":
        """Other values from the same store."""
        return Results(references, self._codec, ending=self._ending)

    def address(self, name: str) -> str | None:
        """The path or URL of a table, a file, or what is too large for a row; None for a value that stands there."""
        value = self._reference(name)
        is_kept = is_table(value) or is_file(value) or is_set_aside(value)
        return self._codec.address(value["artifact"]) if is_kept else None

    def restored(self) -> dict[str, Json]:
        """The values as JSON, also those too large for a row; tables and files as references. Raises ArtifactError."""
        return {name: self._codec.restore(value) for name, value in self.references.items()}

    def arrow(self, name: str) -> "pa.Table":
        """A table without the way through pandas; raises NoSuchOutput, or UsageError where it is no table."""
        value = self._reference(name)
        if not is_table(value):
            raise UsageError(f"{name!r} is no table: take outputs[{name!r}].")
        return self._codec.table(value["artifact"])

    def __getitem__(self, name: str) -> Any:
        return _as_frames(self._codec.unpack(self._codec.restore(self._reference(name))))

    def __contains__(self, name: object) -> bool:
        return name in self.references

    def __iter__(self) -> Iterator[str]:
        return iter(self.references)

    def __len__(self) -> int:
        return len(self.references)

    def __repr__(self) -> str:
        return f"<{', '.join(self.references) or 'nothing'}>"

    def _reference(self, name: str) -> Json:
        """Raises NoSuchOutput, which is a KeyError."""
        if name in self.references:
            return self.references[name]
        there_are = f"There are: {', '.join(self.references)}." if self.references else "There are none."
        raise NoSuchOutput(
            f"Nothing is called {name!r} here, because {self._ending}"
            if self._ending
            else f"Nothing is called {name!r} here.{did_you_mean(name, self.references)} {there_are}"
        )


def _ending(row: "RunRow") -> str:
    """What became of a run that has not succeeded."""
    if row.status == RunStatus.SUCCEEDED:
        return ""
    return f"the status of run {short_id(row.id)} is {row.status}{f': {row.error}' if row.error else '.'}"


def _as_frames(value: Any) -> Any:
    match value:
        case Mapping():
            return {key: _as_frames(item) for key, item in value.items()}
        case list():
            return [_as_frames(item) for item in value]
        case _ if type(value).__module__.startswith("pyarrow") and hasattr(value, "to_pandas"):
            return to_frame(value)
        case _:
            return value


def _step_json(step: StepResult) -> dict[str, Json]:
    return {
        "id": step.step_id,
        "tool": step.tool,
        "tool_version": step.tool_version,
        "status": str(step.status),
        "cached_from": str(step.cached_from) if step.cached_from else None,
        "seconds": step.seconds,
        "tries": step.tries,
        **asdict(step.spending),
        "arguments": dict(step.arguments),
        "result": step.result,
        "error": step.error,
    }
