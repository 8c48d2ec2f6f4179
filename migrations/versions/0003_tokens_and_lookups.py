"""What each step took from the chat model, notes of the planner; earlier calls found by tool and by fingerprint."""

from alembic import op

revision = "0003"
down_revision = "0002"

TABLES = ("steps", "step_items")


def upgrade() -> None:
    op.execute("ALTER TABLE brain.runs ADD COLUMN notes jsonb NOT NULL DEFAULT '[]'::jsonb")
    for table in TABLES:
        op.execute(
            f"ALTER TABLE brain.{table} ADD COLUMN tokens_in integer NOT NULL DEFAULT 0,"
            " ADD COLUMN tokens_out integer NOT NULL DEFAULT 0"
        )
        op.execute(
            f"CREATE INDEX ix_{table}_fingerprint ON brain.{table} (fingerprint, finished_at)"
            " WHERE status = 'succeeded'"
        )
    op.execute("CREATE INDEX ix_steps_tool_run_id ON brain.steps (tool, run_id)")


def downgrade() -> None:
    op.execute("DROP INDEX brain.ix_steps_tool_run_id")
    for table in TABLES:
        op.execute(f"DROP INDEX brain.ix_{table}_fingerprint")
        op.execute(f"ALTER TABLE brain.{table} DROP COLUMN tokens_in, DROP COLUMN tokens_out")
    op.execute("ALTER TABLE brain.runs DROP COLUMN notes")
