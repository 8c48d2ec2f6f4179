"""The newest runs, for who types one's id: from a database that can be asked at once, or none at all."""

from brain.config_secrets import Settings
from brain.runs import SHORT_ID_DIGITS

__all__ = ["recent_runs"]

CONNECT_SECONDS = 2
"""The least that libpq takes."""
RUNS = f"""
SELECT right(id::text, {SHORT_ID_DIGITS}), status || ': ' || coalesce(nullif(request, ''), name)
FROM brain.runs ORDER BY created_at DESC, id DESC LIMIT %s
"""  # noqa: S608 - a constant of ours


def recent_runs(settings: Settings, count: int) -> list[tuple[str, str]]:
    """Short ids with what they are, the newest first; starts no service, and loads as little as it can."""
    url = _database(settings)
    if url is None:
        return []
    import psycopg

    with psycopg.connect(url.replace("+psycopg", "", 1), connect_timeout=CONNECT_SECONDS) as connection:
        return connection.execute(RUNS, [count]).fetchall()


def _database(settings: Settings) -> str | None:
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    from brain.embedded.postgres import Postgres

    running = Postgres(settings.state_folder).join()
    return None if running is None else running.url
