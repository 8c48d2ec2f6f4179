"""Runs and steps, for who types their names: from a database that can be asked at once, or none at all."""

from collections.abc import Mapping, Sequence
from typing import Any, LiteralString

from brain.config_secrets import Settings
from brain.runs import SHORT_ID_DIGITS

__all__ = ["recent_batches", "recent_runs", "steps_of"]

CONNECT_SECONDS = 2
"""The least that libpq takes."""
RUNS = f"""
SELECT right(id::text, {SHORT_ID_DIGITS}), status || ': ' || coalesce(nullif(request, ''), name)
FROM brain.runs ORDER BY created_at DESC, id DESC LIMIT %s
"""  # noqa: S608 - a constant of ours
BATCHES = f"""
SELECT right(id::text, {SHORT_ID_DIGITS}), notebook || ': ' || jsonb_array_length(parameters) || ' sets'
FROM brain.batches ORDER BY created_at DESC, id DESC LIMIT %s
"""  # noqa: S608 - a constant of ours
STEPS = """
SELECT step_id, status || ': ' || tool FROM brain.steps WHERE run_id = (
    SELECT id FROM brain.runs
    WHERE %(run)s IN ('last', id::text) OR id::text LIKE %(run)s || '%%' OR id::text LIKE '%%' || %(run)s
    ORDER BY created_at DESC, id DESC LIMIT 1
) ORDER BY status <> 'interrupted', position
"""


def recent_runs(settings: Settings, count: int) -> list[tuple[str, str]]:
    """Short ids with what they are, the newest first; starts no service, and loads as little as it can."""
    return _asked(settings, RUNS, [count])


def recent_batches(settings: Settings, count: int) -> list[tuple[str, str]]:
    """The same of batches."""
    return _asked(settings, BATCHES, [count])


def steps_of(settings: Settings, run: str) -> list[tuple[str, str]]:
    """The steps of a run with what they are, those first whose outcome is unknown; likewise."""
    return _asked(settings, STEPS, {"run": run.lower()})


def _asked(settings: Settings, query: LiteralString, values: Sequence[Any] | Mapping[str, Any]) -> list[Any]:
    url = _database(settings)
    if url is None:
        return []
    import psycopg

    with psycopg.connect(url.replace("+psycopg", "", 1), connect_timeout=CONNECT_SECONDS) as connection:
        return connection.execute(query, values).fetchall()


def _database(settings: Settings) -> str | None:
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    from brain.embedded.postgres import Postgres

    running = Postgres(settings.state_folder).join()
    return None if running is None else running.url
