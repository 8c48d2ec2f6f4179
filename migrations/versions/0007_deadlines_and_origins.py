"""How long a run may take, and which run a cached result comes from."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE brain.runs ADD COLUMN deadline text;
        ALTER TABLE brain.steps ADD COLUMN cached_from uuid;
        ALTER TABLE brain.step_items ADD COLUMN cached_from uuid
    """)


def downgrade() -> None:
    op.execute("""
        ALTER TABLE brain.runs DROP COLUMN deadline;
        ALTER TABLE brain.steps DROP COLUMN cached_from;
        ALTER TABLE brain.step_items DROP COLUMN cached_from
    """)
