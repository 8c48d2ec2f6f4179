"""Questions about a request and their answers, the day that it counts from, and where a plan's literals come from."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE brain.runs
            ADD COLUMN answers jsonb NOT NULL DEFAULT '{}'::jsonb,
            ADD COLUMN as_of date,
            ADD COLUMN provenance jsonb NOT NULL DEFAULT '[]'::jsonb
    """)


def downgrade() -> None:
    op.execute("ALTER TABLE brain.runs DROP COLUMN answers, DROP COLUMN as_of, DROP COLUMN provenance")
