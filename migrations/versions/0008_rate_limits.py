"""When the last calls of tools with a rate began."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute("""
        CREATE UNLOGGED TABLE brain.rate_limits (
            tool text NOT NULL,
            rate text NOT NULL,
            begins timestamptz[] NOT NULL DEFAULT '{}',
            CONSTRAINT pk_rate_limits PRIMARY KEY (tool, rate)
        )
    """)


def downgrade() -> None:
    op.execute("DROP TABLE brain.rate_limits")
