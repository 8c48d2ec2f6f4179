"""The first tables: runs with their steps, items, events and ratings; batches; the tools that runs used."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

RUN_STATES = "'queued', 'running', 'waiting', 'succeeded', 'failed', 'cancelled', 'interrupted'"
STEP_STATES = "'pending', 'running', 'succeeded', 'failed', 'skipped', 'cancelled', 'cached', 'interrupted'"

EXTENSION = "CREATE EXTENSION IF NOT EXISTS vector"

BATCHES = """
CREATE TABLE brain.batches (
    id uuid CONSTRAINT pk_batches PRIMARY KEY,
    name text NOT NULL,
    parameters jsonb NOT NULL DEFAULT '{}'::jsonb,
    created_at timestamptz NOT NULL DEFAULT now()
)"""

TOOLS_BACKUP = """
CREATE TABLE brain.tools_backup (
    name text NOT NULL,
    hash text NOT NULL,
    definition jsonb NOT NULL,
    first_used_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_tools_backup PRIMARY KEY (name, hash)
)"""

RUNS = f"""
CREATE TABLE brain.runs (
    id uuid CONSTRAINT pk_runs PRIMARY KEY,
    name text NOT NULL,
    request text NOT NULL,
    spec jsonb,
    inputs jsonb NOT NULL DEFAULT '{{}}'::jsonb,
    status text NOT NULL CONSTRAINT ck_runs_status CHECK (status IN ({RUN_STATES})),
    outputs jsonb NOT NULL DEFAULT '{{}}'::jsonb,
    answer text,
    error text,
    planner text NOT NULL,
    feedback text,
    score double precision,
    cost_usd double precision,
    tokens_in integer NOT NULL,
    tokens_out integer NOT NULL,
    embedding vector(256),
    embedding_model text,
    source text NOT NULL,
    batch_id uuid CONSTRAINT fk_runs_batch_id_batches REFERENCES brain.batches (id),
    parent_run uuid CONSTRAINT fk_runs_parent_run_runs REFERENCES brain.runs (id),
    tool_versions jsonb NOT NULL DEFAULT '{{}}'::jsonb,
    attempt integer NOT NULL,
    owner text,
    heartbeat_at timestamptz,
    progress_backend text,
    last_seq integer NOT NULL,
    cancel_requested_at timestamptz,
    approvals text[] NOT NULL DEFAULT '{{}}',
    waiting_for jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    finished_at timestamptz
)"""

RUNS_INDEXES = (
    "CREATE INDEX ix_runs_created_at ON brain.runs (created_at)",
    "CREATE INDEX ix_runs_status ON brain.runs (status)",
    "CREATE INDEX ix_runs_batch_id ON brain.runs (batch_id)",
    "CREATE INDEX ix_runs_parent_run ON brain.runs (parent_run)",
    "CREATE INDEX ix_runs_embedding ON brain.runs USING hnsw (embedding vector_cosine_ops)",
)

STEP_COLUMNS = """
    arguments jsonb NOT NULL,
    result jsonb,
    error text,
    fingerprint text,
    tries integer NOT NULL,
    attempt integer NOT NULL,
    started_at timestamptz,
    finished_at timestamptz
"""

STEPS = f"""
CREATE TABLE brain.steps (
    run_id uuid NOT NULL CONSTRAINT fk_steps_run_id_runs REFERENCES brain.runs (id) ON DELETE CASCADE,
    step_id text NOT NULL,
    position integer NOT NULL,
    tool text NOT NULL,
    tool_version text NOT NULL,
    status text NOT NULL CONSTRAINT ck_steps_status CHECK (status IN ({STEP_STATES})),
    {STEP_COLUMNS},
    CONSTRAINT pk_steps PRIMARY KEY (run_id, step_id)
)"""

STEP_ITEMS = f"""
CREATE TABLE brain.step_items (
    run_id uuid NOT NULL CONSTRAINT fk_step_items_run_id_runs REFERENCES brain.runs (id) ON DELETE CASCADE,
    step_id text NOT NULL,
    item integer NOT NULL,
    status text NOT NULL CONSTRAINT ck_step_items_status CHECK (status IN ({STEP_STATES})),
    {STEP_COLUMNS},
    CONSTRAINT pk_step_items PRIMARY KEY (run_id, step_id, item)
)"""

EVENTS = """
CREATE TABLE brain.events (
    run_id uuid NOT NULL CONSTRAINT fk_events_run_id_runs REFERENCES brain.runs (id) ON DELETE CASCADE,
    seq integer NOT NULL,
    timestamp timestamptz NOT NULL DEFAULT now(),
    event_type text NOT NULL,
    step_id text,
    item integer,
    message text NOT NULL,
    progress_percentage double precision,
    data jsonb NOT NULL DEFAULT '{}'::jsonb,
    CONSTRAINT pk_events PRIMARY KEY (run_id, seq)
)"""

RATINGS = """
CREATE TABLE brain.ratings (
    id uuid CONSTRAINT pk_ratings PRIMARY KEY,
    run_id uuid NOT NULL CONSTRAINT fk_ratings_run_id_runs REFERENCES brain.runs (id) ON DELETE CASCADE,
    stars integer NOT NULL CONSTRAINT ck_ratings_stars CHECK (stars BETWEEN 1 AND 5),
    comment text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
)"""

RATINGS_INDEX = "CREATE INDEX ix_ratings_run_id ON brain.ratings (run_id)"


def upgrade() -> None:
    tables = (EXTENSION, BATCHES, TOOLS_BACKUP, RUNS, *RUNS_INDEXES, STEPS, STEP_ITEMS, EVENTS, RATINGS, RATINGS_INDEX)
    for statement in tables:
        op.execute(statement)


def downgrade() -> None:
    for table in ("ratings", "events", "step_items", "steps", "runs", "tools_backup", "batches"):
        op.drop_table(table, schema="brain")
