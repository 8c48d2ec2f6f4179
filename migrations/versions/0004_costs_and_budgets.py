"""What runs and steps cost, in US dollars, and what a run may spend."""

from alembic import op

revision = "0004"
down_revision = "0003"

TABLES = ("steps", "step_items")


def upgrade() -> None:
    op.execute("ALTER TABLE brain.runs ADD COLUMN budget text, ALTER COLUMN cost_usd SET DEFAULT 0")
    op.execute("UPDATE brain.runs SET cost_usd = 0 WHERE cost_usd IS NULL AND tokens_in = 0 AND tokens_out = 0")
    for table in TABLES:
        op.execute(f"ALTER TABLE brain.{table} ADD COLUMN cost_usd double precision DEFAULT 0")
        op.execute(f"UPDATE brain.{table} SET cost_usd = NULL WHERE tokens_in > 0 OR tokens_out > 0")  # noqa: S608


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"ALTER TABLE brain.{table} DROP COLUMN cost_usd")
    op.execute("ALTER TABLE brain.runs DROP COLUMN budget, ALTER COLUMN cost_usd DROP DEFAULT")
