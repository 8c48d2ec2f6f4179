"""What a score is made of, judgements by models, and evaluations of suites with their cases."""

from alembic import op

revision = "0005"
down_revision = "0004"

TABLES = """
CREATE TABLE brain.judgements (
    id uuid CONSTRAINT pk_judgements PRIMARY KEY,
    run_id uuid NOT NULL CONSTRAINT fk_judgements_run_id_runs REFERENCES brain.runs (id) ON DELETE CASCADE,
    score double precision NOT NULL,
    criteria jsonb NOT NULL DEFAULT '{}'::jsonb,
    reasons text NOT NULL,
    model text NOT NULL,
    prompt text NOT NULL,
    tokens_in integer NOT NULL,
    tokens_out integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ix_judgements_run_id ON brain.judgements (run_id);
CREATE TABLE brain.suite_runs (
    id uuid CONSTRAINT pk_suite_runs PRIMARY KEY,
    suite text NOT NULL,
    plan_only boolean NOT NULL,
    wanted integer NOT NULL,
    score double precision,
    model text NOT NULL,
    planner text NOT NULL,
    prompts jsonb NOT NULL DEFAULT '{}'::jsonb,
    tool_versions jsonb NOT NULL DEFAULT '{}'::jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz
);
CREATE INDEX ix_suite_runs_suite_created_at ON brain.suite_runs (suite, created_at);
CREATE TABLE brain.case_results (
    suite_run_id uuid NOT NULL CONSTRAINT fk_case_results_suite_run_id_suite_runs
        REFERENCES brain.suite_runs (id) ON DELETE CASCADE,
    position integer NOT NULL,
    name text NOT NULL,
    request text NOT NULL,
    run_id uuid CONSTRAINT fk_case_results_run_id_runs REFERENCES brain.runs (id) ON DELETE SET NULL,
    outcome text NOT NULL,
    passed boolean NOT NULL,
    score double precision NOT NULL,
    findings jsonb NOT NULL DEFAULT '[]'::jsonb,
    plan jsonb,
    planner text NOT NULL,
    error text,
    notes jsonb NOT NULL DEFAULT '[]'::jsonb,
    seconds double precision NOT NULL,
    tokens_in integer NOT NULL,
    tokens_out integer NOT NULL,
    cost_usd double precision,
    CONSTRAINT pk_case_results PRIMARY KEY (suite_run_id, position)
);
CREATE INDEX ix_case_results_run_id ON brain.case_results (run_id);
"""


def upgrade() -> None:
    op.execute("ALTER TABLE brain.runs ADD COLUMN checks jsonb")
    op.execute(TABLES)


def downgrade() -> None:
    for table in ("case_results", "suite_runs", "judgements"):
        op.drop_table(table, schema="brain")
    op.execute("ALTER TABLE brain.runs DROP COLUMN checks")
