"""Secrets of tools, encrypted; the reader role is kept from them (HIDDEN_TABLES)."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SECRETS = """
CREATE TABLE brain.secrets (
    name text CONSTRAINT pk_secrets PRIMARY KEY,
    ciphertext bytea NOT NULL,
    key_id text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
)"""


def upgrade() -> None:
    op.execute(SECRETS)


def downgrade() -> None:
    op.drop_table("secrets", schema="brain")
