"""The tables that several parts share, all in schema `brain`; migrations/ moves databases from shape to shape."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pgvector.sqlalchemy import Vector
from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Index,
    MetaData,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

from brain.runs import RunStatus, StepStatus

__all__ = [
    "EMBEDDING_DIMENSIONS",
    "HIDDEN_TABLES",
    "READER_ROLE",
    "SCHEMA",
    "Batch",
    "CaseResult",
    "Event",
    "Judgement",
    "RateLimit",
    "Rating",
    "Run",
    "Secret",
    "Step",
    "StepItem",
    "SuiteRun",
    "ToolBackup",
    "metadata",
]

SCHEMA = "brain"
EMBEDDING_DIMENSIONS = 256
READER_ROLE = "brain_reader"
"""The login that `sql` uses: it may read everything but HIDDEN_TABLES."""
HIDDEN_TABLES = frozenset({"secrets", "api_keys"})
JSON_OR_NULL = JSONB(none_as_null=True)
"""None is stored as SQL NULL; SQLAlchemy's own choice is the JSON text `null`, which `IS NULL` does not find."""

metadata = MetaData(
    schema=SCHEMA,
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    },
)


def _json() -> Column[Any]:
    return Column(JSONB, nullable=False, server_default=text("'{}'::jsonb"))


def _json_list() -> Column[Any]:
    return Column(JSONB, nullable=False, server_default=text("'[]'::jsonb"))


def _text() -> Column[str]:
    return Column(Text, nullable=False, server_default=text("''"))


def _time(*, now: bool = False) -> Column[datetime]:
    return Column(DateTime(timezone=True), nullable=not now, server_default=text("now()") if now else None)


def _cost() -> Column[float]:
    """US dollars. Sums of prices of a list, not of invoices: a float is exact enough."""
    return Column(Double, nullable=True, server_default=text("0"))


def _one_of(column: str, values: type[RunStatus | StepStatus]) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def _by_fingerprint(table: str) -> Index:
    """Finds the latest good result of the same call."""
    finished = text("status = 'succeeded'")
    return Index(f"ix_{table}_fingerprint", "fingerprint", "finished_at", postgresql_where=finished)


def _run_key(*, primary: bool = True) -> Column[UUID]:
    return Column(ForeignKey(f"{SCHEMA}.runs.id", ondelete="CASCADE"), primary_key=primary, nullable=False)


class Run(SQLModel, table=True):
    """One request or pipeline, from the moment it was accepted."""

    __tablename__ = "runs"
    metadata = metadata
    __table_args__ = (
        _one_of("status", RunStatus),
        Index(None, "created_at"),
        Index(None, "status"),
        UniqueConstraint("batch_id", "batch_position"),
        Index(None, "parent_run"),
        Index(
            "ix_runs_embedding",
            "embedding",
            postgresql_using="hnsw",
            postgresql_ops={"embedding": "vector_cosine_ops"},
        ),
    )

    id: UUID = Field(primary_key=True)
    name: str = Field(default="", sa_type=Text)
    request: str = Field(default="", sa_type=Text)
    spec: dict[str, Any] | None = Field(default=None, sa_type=JSON_OR_NULL)
    """None while the plan is being made."""
    inputs: dict[str, Any] = Field(default_factory=dict, sa_column=_json())
    status: str = Field(default=RunStatus.QUEUED, sa_type=Text)
    outputs: dict[str, Any] = Field(default_factory=dict, sa_column=_json())
    answer: str | None = Field(default=None, sa_type=Text)
    error: str | None = Field(default=None, sa_type=Text)
    planner: str = Field(default="", sa_type=Text)
    """Which planner, model and prompt version made the plan; empty for a spec that a person wrote."""
    notes: list[str] = Field(default_factory=list, sa_column=_json_list())
    """What the planner wants a person to know before relying on its plan."""
    feedback: str | None = Field(default=None, sa_type=Text)
    score: float | None = Field(default=None, sa_type=Double)
    """0 to 1, by the evaluator."""
    checks: dict[str, Any] | None = Field(default=None, sa_type=JSON_OR_NULL)
    """What the score is made of: by check whether it passed."""
    cost_usd: float | None = Field(default=0, sa_column=_cost())
    """Of the chat model, in all attempts; NULL where its price is not known."""
    tokens_in: int = 0
    tokens_out: int = 0
    budget: str | None = Field(default=None, sa_type=Text)
    """What it may spend, as `Budget` reads it; NULL: what it takes."""
    deadline: str | None = Field(default=None, sa_type=Text)
    """How long each attempt may take, as a duration (`30m`); NULL: as long as it takes."""
    embedding: Any = Field(default=None, sa_column=Column(Vector(EMBEDDING_DIMENSIONS), nullable=True))
    embedding_model: str | None = Field(default=None, sa_type=Text)
    source: str = Field(default="python", sa_type=Text)
    """The door it came through: python, cli, notebook, api, batch."""
    batch_id: UUID | None = Field(default=None, foreign_key=f"{SCHEMA}.batches.id")
    batch_position: int | None = None
    """Its place among the sets of parameters of its batch, from 1; NULL where another run has taken that."""
    parent_run: UUID | None = Field(default=None, foreign_key=f"{SCHEMA}.runs.id")
    tool_versions: dict[str, Any] = Field(default_factory=dict, sa_column=_json())
    attempt: int = 1
    """Raised by whoever takes the run over; a write that carries a lower one is refused."""
    owner: str | None = Field(default=None, sa_type=Text)
    """`host:pid:start time of the process` of whoever runs it."""
    heartbeat_at: datetime | None = Field(default=None, sa_column=_time())
    progress_backend: str | None = Field(default=None, sa_type=Text)
    last_seq: int = 0
    cancel_requested_at: datetime | None = Field(default=None, sa_column=_time())
    approvals: list[str] = Field(
        default_factory=list, sa_column=Column(ARRAY(Text), nullable=False, server_default=text("'{}'"))
    )
    """Hashes of tool version and resolved arguments that a person has approved."""
    waiting_for: dict[str, Any] | None = Field(default=None, sa_type=JSON_OR_NULL)
    """What a `waiting` run waits for: `{"approvals": [{step_id, tool, arguments, hash}]}`, or before there is a plan
    `{"questions": [{name, question, schema, where, why}]}`."""
    answers: dict[str, Any] = Field(default_factory=dict, sa_column=_json())
    """What questions about the request were answered with, by their names."""
    as_of: date | None = Field(default=None, sa_type=Date)
    """The day from which the plan counts `yesterday` and the like."""
    provenance: list[dict[str, Any]] = Field(default_factory=list, sa_column=_json_list())
    """Where each literal of the plan comes from: `[{where, value, origin, kind}]`."""
    created_at: datetime = Field(default=None, sa_column=_time(now=True))
    started_at: datetime | None = Field(default=None, sa_column=_time())
    finished_at: datetime | None = Field(default=None, sa_column=_time())


class _StepColumns(SQLModel):
    status: str = Field(sa_type=Text)
    arguments: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)
    result: Any = Field(default=None, sa_type=JSON_OR_NULL, nullable=True)
    """As JSON; empty for a `foreach` step, whose items hold theirs."""
    error: str | None = Field(default=None, sa_type=Text)
    fingerprint: str | None = Field(default=None, sa_type=Text)
    tries: int = 0
    tokens_in: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    tokens_out: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    cost_usd: float | None = Field(default=0, sa_type=Double, sa_column_kwargs={"server_default": text("0")})
    attempt: int = 1
    cached_from: UUID | None = None
    """The run whose result stands for this call; its row may be gone by now."""
    started_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    finished_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class Step(_StepColumns, table=True):
    """One step of a run, as the latest attempt that had to do it left it."""

    __tablename__ = "steps"
    metadata = metadata
    __table_args__ = (_one_of("status", StepStatus), _by_fingerprint("steps"), Index(None, "tool", "run_id"))

    run_id: UUID = Field(sa_column=_run_key())
    step_id: str = Field(primary_key=True, sa_type=Text)
    position: int = 0
    """Its place in the spec, from 0."""
    tool: str = Field(sa_type=Text)
    tool_version: str = Field(default="", sa_type=Text)


class StepItem(_StepColumns, table=True):
    """One item of a `foreach` step."""

    __tablename__ = "step_items"
    metadata = metadata
    __table_args__ = (_one_of("status", StepStatus), _by_fingerprint("step_items"))

    run_id: UUID = Field(sa_column=_run_key())
    step_id: str = Field(primary_key=True, sa_type=Text)
    item: int = Field(primary_key=True)


class Event(SQLModel, table=True):
    """One progress event; written only where Redis is not there to take it."""

    __tablename__ = "events"
    metadata = metadata

    run_id: UUID = Field(sa_column=_run_key())
    seq: int = Field(primary_key=True)
    timestamp: datetime = Field(sa_column=_time(now=True))
    event_type: str = Field(sa_type=Text)
    step_id: str | None = Field(default=None, sa_type=Text)
    item: int | None = None
    message: str = Field(default="", sa_type=Text)
    progress_percentage: float | None = Field(default=None, sa_type=Double)
    data: dict[str, Any] = Field(default_factory=dict, sa_column=_json())


class Rating(SQLModel, table=True):
    """What a person thought of a run."""

    __tablename__ = "ratings"
    metadata = metadata
    __table_args__ = (CheckConstraint("stars BETWEEN 1 AND 5", name="stars"), Index(None, "run_id"))

    id: UUID = Field(primary_key=True)
    run_id: UUID = Field(sa_column=_run_key(primary=False))
    stars: int
    comment: str = Field(default="", sa_type=Text)
    created_at: datetime = Field(default=None, sa_column=_time(now=True))


class Judgement(SQLModel, table=True):
    """What a chat model thought of a run's answer, by a written rubric."""

    __tablename__ = "judgements"
    metadata = metadata
    __table_args__ = (Index(None, "run_id"),)

    id: UUID = Field(primary_key=True)
    run_id: UUID = Field(sa_column=_run_key(primary=False))
    score: float = Field(sa_type=Double)
    """0 to 1."""
    criteria: dict[str, Any] = Field(default_factory=dict, sa_column=_json())
    """By name, 1 to 5."""
    reasons: str = Field(default="", sa_type=Text)
    model: str = Field(sa_type=Text)
    prompt: str = Field(sa_type=Text)
    tokens_in: int = 0
    tokens_out: int = 0
    created_at: datetime = Field(default=None, sa_column=_time(now=True))


class SuiteRun(SQLModel, table=True):
    """One evaluation of a suite, from its first case on."""

    __tablename__ = "suite_runs"
    metadata = metadata
    __table_args__ = (Index(None, "suite", "created_at"),)

    id: UUID = Field(primary_key=True)
    suite: str = Field(sa_type=Text)
    plan_only: bool
    wanted: int
    """Cases of the suite."""
    score: float | None = Field(default=None, sa_type=Double)
    """The share of the cases that passed; None until all are done."""
    model: str = Field(default="", sa_type=Text)
    planner: str = Field(default="", sa_type=Text)
    prompts: dict[str, Any] = Field(default_factory=dict, sa_column=_json())
    tool_versions: dict[str, Any] = Field(default_factory=dict, sa_column=_json())
    created_at: datetime = Field(default=None, sa_column=_time(now=True))
    finished_at: datetime | None = Field(default=None, sa_column=_time())


class CaseResult(SQLModel, table=True):
    """How one case of a suite went."""

    __tablename__ = "case_results"
    metadata = metadata
    __table_args__ = (Index(None, "run_id"),)

    suite_run_id: UUID = Field(
        sa_column=Column(ForeignKey(f"{SCHEMA}.suite_runs.id", ondelete="CASCADE"), primary_key=True, nullable=False)
    )
    position: int = Field(primary_key=True)
    """Its place in the suite, from 0."""
    name: str = Field(sa_type=Text)
    request: str = Field(default="", sa_type=Text)
    run_id: UUID | None = Field(
        default=None, sa_column=Column(ForeignKey(f"{SCHEMA}.runs.id", ondelete="SET NULL"), nullable=True)
    )
    """None where only plans were looked at, or nothing came to be run."""
    outcome: str = Field(sa_type=Text)
    passed: bool
    score: float = Field(sa_type=Double)
    findings: list[dict[str, Any]] = Field(default_factory=list, sa_column=_json_list())
    """`{what, wrong}`: one for each thing that was expected."""
    plan: dict[str, Any] | None = Field(default=None, sa_type=JSON_OR_NULL)
    planner: str = Field(default="", sa_type=Text)
    error: str | None = Field(default=None, sa_type=Text)
    notes: list[str] = Field(default_factory=list, sa_column=_json_list())
    seconds: float = Field(sa_type=Double)
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float | None = Field(default=None, sa_type=Double)


class Batch(SQLModel, table=True):
    """Runs of one notebook, one for each set of parameters."""

    __tablename__ = "batches"
    metadata = metadata

    id: UUID = Field(primary_key=True)
    name: str = Field(default="", sa_type=Text)
    """The notebook's, without folder and suffix."""
    notebook: str = Field(default="", sa_column=_text())
    """Its path, as seen from the project folder."""
    parameters: list[dict[str, Any]] = Field(default_factory=list, sa_column=_json_list())
    """The sets, in their order."""
    options: dict[str, Any] = Field(default_factory=dict, sa_column=_json())
    """How each is run and where its notebook is written: what a batch that is resumed keeps."""
    source: str = Field(default="", sa_column=_text())
    owner: str | None = Field(default=None, sa_type=Text)
    """`host:pid:start time of the process` of whoever sees to it."""
    heartbeat_at: datetime | None = Field(default=None, sa_column=_time())
    cancel_requested_at: datetime | None = Field(default=None, sa_column=_time())
    created_at: datetime = Field(default=None, sa_column=_time(now=True))
    finished_at: datetime | None = Field(default=None, sa_column=_time())


class ToolBackup(SQLModel, table=True):
    """A tool definition that some run used, so that an old run can always be explained."""

    __tablename__ = "tools_backup"
    metadata = metadata

    name: str = Field(primary_key=True, sa_type=Text)
    hash: str = Field(primary_key=True, sa_type=Text)
    """SHA-256 in hex over the canonical JSON of the definition."""
    definition: dict[str, Any] = Field(sa_type=JSONB)
    first_used_at: datetime = Field(default=None, sa_column=_time(now=True))


class Secret(SQLModel, table=True):
    """A secret of tools, encrypted for its name; only its owner reads the table."""

    __tablename__ = "secrets"
    metadata = metadata

    name: str = Field(primary_key=True, sa_type=Text)
    ciphertext: bytes = Field(repr=False)
    key_id: str = Field(sa_type=Text)
    """Tells which of the keys in BRAIN_SECRETS_KEY opens it."""
    created_at: datetime = Field(default=None, sa_column=_time(now=True))
    updated_at: datetime = Field(default=None, sa_column=_time(now=True))


class RateLimit(SQLModel, table=True):
    """When the last calls of a tool began, where no Redis keeps that; unlogged, as a crash may forget it."""

    __tablename__ = "rate_limits"
    metadata = metadata
    __table_args__ = {"prefixes": ["UNLOGGED"]}

    tool: str = Field(primary_key=True, sa_type=Text)
    rate: str = Field(primary_key=True, sa_type=Text)
    """As the tool's definition has it; another one begins anew."""
    begins: list[datetime] = Field(
        default_factory=list,
        sa_column=Column(ARRAY(DateTime(timezone=True)), nullable=False, server_default=text("'{}'")),
    )
    """In their order, also such as are still to come; so many as may begin at once."""
