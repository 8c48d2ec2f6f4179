"""The schema's way up and down on a real server."""

import asyncio
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from brain.database import upgrade as schema
from brain.database.engine import Database
from brain.database.tables import metadata
from brain.database.upgrade import HEAD, check_schema, downgrade, ensure_schema, upgrade
from brain.embedded.postgres import PostgresUrls
from brain.errors import DatabaseError, SchemaMismatch, UsageError

REPOSITORY = Path(__file__).parents[2]
OURS = {table.name for table in metadata.tables.values()}
LATER = {"secrets", "judgements", "suite_runs", "case_results", "rate_limits"}
"""Tables that the first revision did not have."""


def plain(url: str) -> str:
    return url.replace("+psycopg", "")


def tables(url: str) -> set[str]:
    with psycopg.connect(plain(url)) as connection:
        return {row[0] for row in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'brain'")}


def reader_of(url: str, postgres: PostgresUrls) -> str:
    return postgres.reader_url.replace("@/brain?", f"@/{Database(url).place.database}?")


def configuration(url: str, monkeypatch: pytest.MonkeyPatch) -> Config:
    monkeypatch.setenv("DATABASE_URL", url)
    return Config(str(REPOSITORY / "alembic.ini"))


def test_upgrade_makes_every_table_and_downgrade_removes_them(database_url: str) -> None:
    upgrade(database_url)
    assert tables(database_url) == OURS | {"alembic_version"}
    downgrade(database_url, "base")
    assert tables(database_url) == {"alembic_version"}
    upgrade(database_url)
    assert tables(database_url) == OURS | {"alembic_version"}


def test_the_migrations_and_the_models_say_the_same(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    upgrade(database_url)
    command.check(configuration(database_url, monkeypatch))


def test_what_older_runs_took_is_free_where_it_was_nothing_and_else_of_unknown_cost(database_url: str) -> None:
    upgrade(database_url)
    downgrade(database_url, "0003")
    with psycopg.connect(plain(database_url)) as connection:
        for number, tokens in ((1, 0), (2, 90)):
            run = f"00000000-0000-7000-8000-{number:012}"
            connection.execute(
                "INSERT INTO brain.runs (id, name, request, status, planner, source, tokens_in, tokens_out, attempt,"
                " last_seq) VALUES (%s, '', '', 'succeeded', '', 'cli', %s, 0, 1, 0)",
                [run, tokens],
            )
            connection.execute(
                "INSERT INTO brain.steps (run_id, step_id, position, tool, tool_version, status, arguments, tries,"
                " tokens_in, attempt) VALUES (%s, 'a', 0, 't', '1', 'succeeded', '{}', 1, %s, 1)",
                [run, tokens],
            )
    upgrade(database_url)
    with psycopg.connect(plain(database_url)) as connection:
        for table in ("runs", "steps"):
            query = f"SELECT tokens_in, cost_usd FROM brain.{table} ORDER BY tokens_in"
            assert connection.execute(query).fetchall() == [(0, 0.0), (90, None)]


def test_drift_between_migrations_and_models_is_noticed(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    upgrade(database_url)
    with psycopg.connect(plain(database_url)) as connection:
        connection.execute("ALTER TABLE brain.runs DROP COLUMN answer")
    with pytest.raises(Exception, match=r"New upgrade operations detected.*answer"):
        command.check(configuration(database_url, monkeypatch))


def test_alembic_upgrades_from_the_checkout_too(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    command.upgrade(configuration(database_url, monkeypatch), "head")
    assert tables(database_url) == OURS | {"alembic_version"}


def test_the_head_that_the_package_names_is_the_newest_migration() -> None:
    script = ScriptDirectory.from_config(Config(str(REPOSITORY / "alembic.ini")))
    revisions = [revision.revision for revision in script.walk_revisions()]
    assert revisions == sorted(revisions, reverse=True), "revisions are numbered"
    assert revisions[0] == HEAD


def test_several_processes_may_upgrade_at_once(database_url: str) -> None:
    program = f"from brain.database.upgrade import upgrade; upgrade({database_url!r})"
    processes = [
        subprocess.Popen([sys.executable, "-c", program], cwd=REPOSITORY, stderr=subprocess.PIPE) for _ in range(2)
    ]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(upgrade, [database_url] * 4))
    said = [process.communicate(timeout=60)[1].decode() for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    assert tables(database_url) == OURS | {"alembic_version"}


async def test_an_empty_database_is_brought_up_at_the_first_start(database_url: str) -> None:
    await asyncio.to_thread(command.heads, Config(str(REPOSITORY / "alembic.ini")))  # Alembic is loaded now
    async with Database(database_url) as database:
        await ensure_schema(database)
        await check_schema(database)


def test_a_start_with_nothing_to_do_does_not_load_alembic(database_url: str) -> None:
    upgrade(database_url)
    program = f"""
import asyncio, sys
from brain.database.engine import Database
from brain.database.upgrade import ensure_schema
async def main():
    async with Database({database_url!r}) as database:
        await ensure_schema(database)
asyncio.run(main())
assert "alembic" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, check=True, timeout=60)


async def test_a_database_that_is_not_at_head_says_which_way_to_go(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Database(database_url) as database:
        with pytest.raises(SchemaMismatch, match=r"no tables yet in the database .* `brain db upgrade`"):
            await check_schema(database)
        upgrade(database_url)
        await check_schema(database)
        monkeypatch.setattr(schema, "HEAD", "0010")
        with pytest.raises(SchemaMismatch, match=rf"{HEAD} in .* older than the 0010 .* `brain db upgrade`"):
            await check_schema(database)


async def test_a_database_of_a_newer_version_is_left_alone(database_url: str) -> None:
    upgrade(database_url)
    with psycopg.connect(plain(database_url)) as connection:
        connection.execute("UPDATE brain.alembic_version SET version_num = '9999'")
    async with Database(database_url) as database:
        for move in (check_schema, ensure_schema):
            with pytest.raises(SchemaMismatch, match=r"A newer version .* 9999, this one knows .*: update it"):
                await move(database)


def test_a_database_of_the_first_revision_gets_the_table_of_secrets_and_keeps_its_rows(
    database_url: str, postgres: PostgresUrls
) -> None:
    upgrade(database_url, "0001")
    assert tables(database_url) == OURS - LATER | {"alembic_version"}
    with psycopg.connect(plain(database_url)) as owner:
        owner.execute("INSERT INTO brain.batches (id, name) VALUES (gen_random_uuid(), 'kept')")
    upgrade(database_url)
    with psycopg.connect(plain(reader_of(database_url, postgres)), autocommit=True) as reader:
        assert reader.execute("SELECT name FROM brain.batches").fetchall() == [("kept",)]
        for column in ("*", "count(*)", "name"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute(f"SELECT {column} FROM brain.secrets")
    downgrade(database_url, "0001")
    assert tables(database_url) == OURS - LATER | {"alembic_version"}


def test_an_unknown_revision_is_refused(database_url: str) -> None:
    with pytest.raises(UsageError, match="no-such-revision"):
        upgrade(database_url, "no-such-revision")


def test_a_database_without_pgvector_says_so(database_url: str, postgres: PostgresUrls) -> None:
    admin = postgres.admin_url.replace("@/postgres?", f"@/{Database(database_url).place.database}?")
    with psycopg.connect(plain(admin)) as connection:
        connection.execute("DROP EXTENSION vector")
    with pytest.raises(DatabaseError, match=r"extension vector \(pgvector\) is missing: .* CREATE EXTENSION vector"):
        upgrade(database_url)
    assert tables(database_url) <= {"alembic_version"}


def test_an_upgrade_does_not_wait_for_ever(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "SETTINGS", "SELECT set_config('lock_timeout', '100ms', false)")
    with psycopg.connect(plain(database_url)) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [schema.LOCK])
        with pytest.raises(DatabaseError, match="Somebody else has held a lock"):
            upgrade(database_url)


def test_the_reader_reads_every_table_now_and_later_but_not_the_secrets(
    database_url: str, postgres: PostgresUrls
) -> None:
    upgrade(database_url)
    with psycopg.connect(plain(database_url)) as owner:
        owner.execute("CREATE TABLE brain.later (n integer)")
        owner.execute("CREATE TABLE brain.api_keys (hash text)")
    upgrade(database_url)
    with psycopg.connect(plain(reader_of(database_url, postgres)), autocommit=True) as reader:
        for table in [*OURS - {"secrets"}, "later"]:
            reader.execute(f"SELECT * FROM brain.{table}")
        for table in ("secrets", "api_keys"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute(f"SELECT * FROM brain.{table}")
        reader.execute("SET default_transaction_read_only = off")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute("INSERT INTO brain.later VALUES (1)")
