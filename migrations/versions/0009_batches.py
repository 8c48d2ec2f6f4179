"""Batches of notebooks: who sees to one, and which run is whose place in it."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute("""
        DROP INDEX brain.ix_runs_batch_id;
        ALTER TABLE brain.runs ADD COLUMN batch_position integer;
        ALTER TABLE brain.runs ADD CONSTRAINT uq_runs_batch_id_batch_position UNIQUE (batch_id, batch_position);
        ALTER TABLE brain.batches
            ALTER COLUMN parameters SET DEFAULT '[]'::jsonb,
            ADD COLUMN notebook text NOT NULL DEFAULT '',
            ADD COLUMN options jsonb NOT NULL DEFAULT '{}'::jsonb,
            ADD COLUMN source text NOT NULL DEFAULT '',
            ADD COLUMN owner text,
            ADD COLUMN heartbeat_at timestamptz,
            ADD COLUMN cancel_requested_at timestamptz,
            ADD COLUMN finished_at timestamptz
    """)


def downgrade() -> None:
    op.execute("""
        ALTER TABLE brain.batches
            DROP COLUMN finished_at,
            DROP COLUMN cancel_requested_at,
            DROP COLUMN heartbeat_at,
            DROP COLUMN owner,
            DROP COLUMN source,
            DROP COLUMN options,
            DROP COLUMN notebook,
            ALTER COLUMN parameters SET DEFAULT '{}'::jsonb;
        ALTER TABLE brain.runs DROP CONSTRAINT uq_runs_batch_id_batch_position;
        ALTER TABLE brain.runs DROP COLUMN batch_position;
        CREATE INDEX ix_runs_batch_id ON brain.runs (batch_id)
    """)
