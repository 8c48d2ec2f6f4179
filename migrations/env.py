"""How Alembic meets the database: under our lock, in schema `brain`, on a connection of ours or one it is given."""

from alembic import context
from sqlalchemy import Connection

from brain.config_secrets import load_settings
from brain.database.tables import SCHEMA, metadata
from brain.database.upgrade import grant_reader, locked_connection
from brain.errors import SettingsError

JOB_QUEUE_PREFIX = "procrastinate_"
"""The job queue makes its own tables, in one revision of ours."""


def is_ours(name: str | None, kind: str, _parents: object) -> bool:
    if kind == "schema":
        return name == SCHEMA
    return kind != "table" or not str(name).startswith(JOB_QUEUE_PREFIX)


def migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        version_table_schema=SCHEMA,
        include_schemas=True,
        include_name=is_ours,
        compare_server_default=True,
        on_version_apply=lambda ctx, **_: grant_reader(ctx.connection),
    )
    with context.begin_transaction():
        context.run_migrations()


def database_url() -> str:
    url = load_settings().database_url
    if url is None:
        raise SettingsError(
            "DATABASE_URL is not set: alembic needs it; `brain db upgrade` finds the embedded database by itself."
        )
    return url.get_secret_value()


if context.is_offline_mode():
    raise SystemExit("Migrations look at the database as they go: leave out --sql.")
if (given := context.config.attributes.get("connection")) is not None:
    migrate(given)
else:
    with locked_connection(database_url()) as own:
        migrate(own)
