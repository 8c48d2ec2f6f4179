"""Every error that the Brain raises on purpose; a message says what was wrong, where, and what to do next.

BrainError
├── SettingsError                 a variable or file of the project is wrong
├── UsageError                    a verb was called with something it does not take
│   ├── RunNotFound
│   ├── ParametersError           parameters that a notebook does not take; lists every problem
│   └── NoSuchOutput              a KeyError too
├── ServiceError                  a service that the Brain needs cannot be used
│   ├── DatabaseError
│   │   ├── DatabaseUnreachable
│   │   └── SchemaMismatch
│   ├── ProgressUnavailable
│   ├── ClusterUnavailable
│   └── ModelError
│       ├── AnswerCutOff
│       ├── AnswerMisfit
│       └── ModelSilent
├── RegistryError                 tools.json cannot be used
├── SpecError                     a pipeline that cannot be run; lists every problem
├── SuiteError                    a suite that cannot be read; lists every problem
├── PlanningError                 a request that no plan was found for
│   └── QuestionsError            a plan needs what only a person can say; `questions` holds what
├── RunUnfinished                 a run came to rest without success: it failed, was ended, or waits
├── BudgetExhausted               a run may not spend what its next question to a model may take
├── ToolError                     a tool refused its input or failed at its work
│   ├── EgressRefused
│   ├── ApprovalRequired
│   └── CallCutShort              nobody knows whether the call did its work
│       └── StepTimeout
├── ArtifactError                 a stored value is missing, damaged, or could not be written
├── QueryError                    a read-only query was refused or failed
└── StaleAttempt                  somebody else owns the run by now
"""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import asdict, dataclass
from typing import Any, Self

__all__ = [
    "AnswerCutOff",
    "AnswerMisfit",
    "ApprovalRequired",
    "ArtifactError",
    "BrainError",
    "BudgetExhausted",
    "CallCutShort",
    "Clarification",
    "ClusterUnavailable",
    "DatabaseError",
    "DatabaseUnreachable",
    "EgressRefused",
    "ModelError",
    "ModelSilent",
    "NoSuchOutput",
    "ParametersError",
    "PlanningError",
    "Problem",
    "ProgressUnavailable",
    "QueryError",
    "QuestionsError",
    "RegistryError",
    "RunNotFound",
    "RunUnfinished",
    "SchemaMismatch",
    "ServiceError",
    "SettingsError",
    "SpecError",
    "StaleAttempt",
    "StepTimeout",
    "SuiteError",
    "ToolError",
    "UsageError",
]


MOST_PROBLEMS = 20
"""Of a table of parameters so many are written out."""


class BrainError(Exception):
    """Something went wrong that the person can do something about."""

    exit_code = 1
    """What the command line ends with: 1 the work failed, 2 the input is wrong, 3 a service is missing, 4 it waits."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or type(self).__doc__)


class SettingsError(BrainError):
    """A setting has a value that it cannot take."""

    exit_code = 2


class UsageError(BrainError):
    """A verb was called with something that it does not take."""

    exit_code = 2


class RunNotFound(UsageError):
    """No run has that id; `brain runs` lists the ones there are."""


class NoSuchOutput(UsageError, KeyError):
    """A run has no output, or no step, of that name; the message says how the run ended, or which names there are."""

    def __str__(self) -> str:
        return str(self.args[0])  # a KeyError alone would put it in quotation marks


class ServiceError(BrainError):
    """A service that the Brain needs cannot be used; `brain doctor` says more."""

    exit_code = 3


class DatabaseError(ServiceError):
    """PostgreSQL cannot be used; `brain doctor` says more."""


class DatabaseUnreachable(DatabaseError):
    """PostgreSQL does not answer or hung up; the same call may succeed later."""


class SchemaMismatch(DatabaseError):
    """The database has another schema than this version needs; run `brain db upgrade`."""


class ProgressUnavailable(ServiceError):
    """Neither Redis nor PostgreSQL takes progress events; `brain doctor` says more."""


class ClusterUnavailable(ServiceError):
    """The Dask cluster cannot be used, or is gone; what was done is kept."""


class ModelError(ServiceError):
    """The language model did not give a usable answer.

    `tokens_in` and `tokens_out` are what it took all the same; `transient` is true where the same question may be
    answered later.
    """

    def __init__(
        self, message: str | None = None, *, tokens_in: int = 0, tokens_out: int = 0, transient: bool = False
    ) -> None:
        super().__init__(message)
        self.tokens_in, self.tokens_out = tokens_in, tokens_out
        self.transient = transient

    def reworded(self, message: str) -> Self:
        """The same failure in other words, without what led to it."""
        other = copy(self)
        other.args = (message,)
        return other


class AnswerCutOff(ModelError):
    """The language model's answer was longer than it may be; a question about less may be answered."""


class AnswerMisfit(ModelError):
    """The language model answered with JSON that does not follow the schema.

    `value` is that JSON and `finding` what is wrong with it, both by the model and not to be trusted.
    """

    def __init__(
        self,
        message: str | None = None,
        *,
        value: Any = None,
        finding: str = "",
        tokens_in: int = 0,
        tokens_out: int = 0,
    ) -> None:
        super().__init__(message, tokens_in=tokens_in, tokens_out=tokens_out)
        self.value, self.finding = value, finding


class ModelSilent(ModelError):
    """The language model did not answer in time; what it took for that is not known."""


class RegistryError(BrainError):
    """The tool registry cannot be read."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a pipeline: where (`steps.chart.arguments.kind`) and what."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


class ParametersError(UsageError):
    """A notebook does not take the parameters; `problems` holds every reason, in the order of the sets."""

    def __init__(self, notebook: str, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        shown = [f"  - {problem}" for problem in self.problems[:MOST_PROBLEMS]]
        if len(self.problems) > MOST_PROBLEMS:
            shown.append(f"  and {len(self.problems) - MOST_PROBLEMS:,} more")
        count = "1 problem" if len(self.problems) == 1 else f"{len(self.problems):,} problems"
        super().__init__("\n".join([f"The parameters for {notebook} have {count}:", *shown]))


class SpecError(BrainError):
    """The pipeline cannot be run; `problems` holds every reason, in the order of the spec."""

    exit_code = 2

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        count = "1 problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
        lines = "\n".join(f"  - {problem}" for problem in self.problems)
        super().__init__(f"The pipeline has {count}:\n{lines}")


class SuiteError(BrainError):
    """The suite cannot be evaluated; `problems` holds every reason, in the order of the file, `source` names that."""

    exit_code = 2

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        count = "1 problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
        lines = "\n".join(f"  - {problem}" for problem in self.problems)
        super().__init__(f"The suite{f' {source}' if source else ''} has {count}:\n{lines}")


class PlanningError(BrainError):
    """No plan was found for the request."""


@dataclass(frozen=True, slots=True)
class Clarification:
    """One thing that only a person can say before there is a plan."""

    name: str
    """What it is answered by: `--answer NAME=VALUE`."""
    question: str
    schema: Mapping[str, Any]
    """The JSON schema of the answer, with its description, enum and default where it has them."""
    where: str
    """`steps.rates.arguments.currency`"""
    why: str
    """What the plan has instead, in one sentence."""

    @property
    def blank(self) -> str:
        """The answer as it is written on a command line, with a word for what is to be filled in."""
        kind = str(self.schema.get("type"))
        words = {"integer": "NUMBER", "number": "NUMBER", "boolean": "YES", "array": "LIST", "object": "JSON"}
        return f"{self.name}={words.get(kind, 'TEXT')}"

    def to_json(self) -> dict[str, Any]:
        """All of it."""
        return {**asdict(self), "schema": dict(self.schema)}


class QuestionsError(PlanningError):
    """The plan needs answers first; `questions` holds all of them."""

    exit_code = 4

    def __init__(self, questions: Sequence[Clarification]) -> None:
        self.questions = tuple(questions)
        lines = "\n".join(f"  - {each.name}: {each.question} ({each.why})" for each in self.questions)
        asked = "There is 1 question" if len(self.questions) == 1 else f"There are {len(self.questions)} questions"
        super().__init__(f"{asked} to answer before there is a plan:\n{lines}")


class RunUnfinished(BrainError):
    """A run came to rest without success; `brain show` tells how."""


class BudgetExhausted(BrainError):
    """The run's budget does not allow its next question to a language model."""


class ToolError(BrainError):
    """A tool could not do its work.

    `transient` is true where the same call may succeed later: only then is a retry worth its while. `left` is what
    there is all the same, such as a notebook up to the cell that failed; it is kept as the result of the failed call.
    """

    def __init__(self, message: str | None = None, *, transient: bool = False, left: Any = None) -> None:
        super().__init__(message)
        self.transient = transient
        self.left = left


class EgressRefused(ToolError):
    """The project's policy does not let tools reach this address."""


class ApprovalRequired(ToolError):
    """The step changes something outside the Brain and nobody has approved it."""


class CallCutShort(ToolError):
    """The call was ended before it could say whether it did its work."""


class StepTimeout(CallCutShort):
    """The step took longer than its timeout."""


class ArtifactError(BrainError):
    """A stored value is missing, damaged, or could not be written."""


class QueryError(BrainError):
    """The query was refused or failed."""

    exit_code = 2


class StaleAttempt(BrainError):
    """Another process has taken this run over; nothing more is written from here."""
