"""A person's own SQL: what it can read, what it cannot do, and what it says when it is wrong."""

import asyncio
import time
from pathlib import Path

import pandas as pd
import psycopg
import pytest

from brain.config_secrets import Redactor
from brain.database.engine import Database
from brain.database.tables import Run
from brain.database.upgrade import upgrade
from brain.embedded.postgres import PostgresUrls
from brain.errors import DatabaseUnreachable, QueryError
from brain.knowledge_base.frames import Frames
from brain.knowledge_base.store import RunStore
from brain.runs import new_run_id


@pytest.fixture
def frames(database: Database) -> Frames:
    return Frames(database)


async def refused(frames: Frames, query: str) -> str:
    with pytest.raises(QueryError) as caught:
        await frames.sql(query)
    return str(caught.value)


async def test_tables_need_no_schema_and_json_comes_as_objects(frames: Frames, database: Database) -> None:
    run = Run(id=new_run_id(), request="rain", inputs={"path": "weather.csv"})
    await RunStore(database, Redactor({})).create(run)
    frame = await frames.sql("SELECT id, request, inputs, created_at FROM runs; -- all of them")
    assert frame.to_dict("list") | {"created_at": None} == {
        "id": [str(run.id)],
        "request": ["rain"],
        "inputs": [{"path": "weather.csv"}],
        "created_at": None,
    }
    assert str(frame.created_at.dt.tz) == "UTC"


VALUES = {
    "12.5::numeric": 12.5,
    "sum(2::bigint)": 2.0,
    "'1.50'::money": 1.5,
    "'10.0.0.1'::inet": "10.0.0.1/32",
    "to_tsvector('simple', 'rain')": "'rain':1",
    "'[1,2]'::vector": "[1,2]",
    "interval '90 minutes'": pd.Timedelta(minutes=90),
    "'{\"a\": [1]}'::json": {"a": [1]},
    "NULL::jsonb": None,
    "row(1, 'a')": "(1,a)",
    "'[1,5)'::int4range": "[1,5)",
    "point(1, 2)": "(1,2)",
    "ARRAY[1.5, 2.5]": [1.5, 2.5],
    "ARRAY['10.0.0.1'::inet]": ["10.0.0.1/32"],
    "ARRAY['x', NULL]": ["x", None],
    "ARRAY[interval '1 day']": ["1 day"],
    "ARRAY['00000000-0000-0000-0000-000000000001'::uuid]": ["00000000-0000-0000-0000-000000000001"],
    "B'101'": "101",
    "'12:30+01'::timetz": "12:30:00+01",
    "true": True,
    "'2026-01-02'::date": pd.Timestamp("2026-01-02"),
    "'infinity'::timestamp > now()": True,
    "'; -- no end'": "; -- no end",
}


async def test_every_type_can_be_read_and_shown(frames: Frames, subtests: pytest.Subtests) -> None:
    for expression, value in VALUES.items():
        with subtests.test(expression):
            frame = await frames.sql(f"SELECT {expression} AS x")
            shown = frame.x[0]
            assert (list(shown) if isinstance(value, list) else shown) == value
            assert frame.to_string()
    together = await frames.sql(f"SELECT {', '.join(VALUES)}")
    assert together.shape == (1, len(VALUES))


async def test_columns_may_share_a_name_and_rows_keep_their_order(frames: Frames) -> None:
    frame = await frames.sql(
        'SELECT n, n::numeric AS n, \'a b\' AS "odd "" {} %name" FROM generate_series(3, 1, -1) AS n -- backwards'
    )
    assert list(frame.columns) == ["n", "n", 'odd " {} %name']
    assert frame.iloc[:, 0].tolist() == [3, 2, 1]
    assert frame.iloc[:, 1].tolist() == [3.0, 2.0, 1.0]


async def test_what_is_no_select_can_be_asked_too(frames: Frames) -> None:
    for query in ("SHOW server_version", "EXPLAIN SELECT * FROM runs", "VALUES (1), (2)", "TABLE runs"):
        assert len((await frames.sql(query)).columns) > 0


@pytest.mark.parametrize(
    "ending", [";", " ; \n", "-- all; of them", "; -- all; of 'them'", "; /* all\nof; them */ -- x"]
)
async def test_a_query_may_end_in_a_semicolon_and_comments(frames: Frames, ending: str) -> None:
    frame = await frames.sql(f'SELECT 1.5 AS "a;--", $t$ \'; -- $t$ AS b {ending}')
    assert frame.iloc[0].tolist() == [1.5, " '; -- "]


async def test_a_mistake_is_shown_with_its_place(frames: Frames) -> None:
    assert await refused(frames, "SELECT *\nFORM runs") == (
        'The query was refused: syntax error at or near "FORM" (line 2, column 1).'
    )
    assert 'relation "rums" does not exist (line 1, column 15)' in await refused(frames, "SELECT * FROM rums")
    said = await refused(frames, "SELECT reqest FROM runs")
    assert said.endswith('(line 1, column 8). Perhaps you meant to reference the column "runs.request".')
    assert "division by zero" in await refused(frames, "SELECT 1 / 0")
    assert "multiple commands" in await refused(frames, "SELECT 1; SELECT 2")
    assert "There is nothing to ask" in await refused(frames, " ;\n")


FORBIDDEN = (
    "INSERT INTO runs (id) VALUES (gen_random_uuid())",
    "UPDATE runs SET request = ''",
    "DELETE FROM runs",
    "DROP TABLE runs",
    "TRUNCATE runs CASCADE",
    "CREATE TABLE mine (n integer)",
    "CREATE TEMP TABLE mine (n integer)",
    "WITH gone AS (DELETE FROM runs RETURNING 1 AS n) SELECT n FROM gone",
    "DO $$ BEGIN SET LOCAL default_transaction_read_only = off; DELETE FROM brain.runs; END $$",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT * FROM secrets",
    "SELECT hash FROM api_keys",
    "SELECT rolpassword FROM pg_authid",
)


async def test_nothing_is_written_and_nothing_secret_is_read(
    frames: Frames, database: Database, database_url: str, subtests: pytest.Subtests
) -> None:
    run = Run(id=new_run_id(), request="kept")
    store = RunStore(database, Redactor({}))
    await store.create(run)
    async with database.connection() as connection:
        await connection.execute("CREATE TABLE brain.api_keys (hash text)")
    upgrade(database_url)
    for statement in FORBIDDEN:
        with subtests.test(statement):
            assert (await refused(frames, statement)).startswith("`sql` only reads: ")
    await refused(frames, "WITH gone AS (DELETE FROM runs RETURNING id) SELECT id FROM gone")
    assert (await store.get(run.id)).request == "kept"


async def test_no_program_is_run_on_the_server(frames: Frames, tmp_path: Path, postgres: PostgresUrls) -> None:
    trace = Path("/tmp") / f"{tmp_path.name}-{new_run_id().hex}"
    statement = f"COPY (SELECT 1) TO PROGRAM 'touch {trace}'"
    assert "only reads: permission denied" in await refused(frames, statement)
    assert not trace.exists()
    with psycopg.connect(postgres.admin_url.replace("+psycopg", ""), autocommit=True) as superuser:
        superuser.execute("SET default_transaction_read_only = on")
        superuser.execute(statement)
    assert trace.exists(), "the same statement works for who may: the test would notice"
    trace.unlink()


async def test_a_setting_changed_by_one_query_does_not_reach_the_next(frames: Frames) -> None:
    await frames.sql("SET statement_timeout = 0")
    await frames.sql("SET default_transaction_read_only = off")
    frame = await frames.sql(
        "SELECT current_setting('statement_timeout') AS a, current_setting('default_transaction_read_only') AS b"
    )
    assert frame.iloc[0].tolist() == ["30s", "on"]


async def test_a_query_that_runs_too_long_is_stopped(database: Database) -> None:
    frames = Frames(database, sql_seconds=0.2)
    assert "ran longer than 0.2 s and was stopped" in await refused(frames, "SELECT pg_sleep(60)")


async def test_cancelling_the_caller_cancels_the_query_on_the_server(frames: Frames, database: Database) -> None:
    asking = asyncio.create_task(frames.sql("SELECT pg_sleep(60)"))
    await asyncio.sleep(0.5)
    begin = time.perf_counter()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert time.perf_counter() - begin < 30
    async with database.connection() as connection:
        cursor = await connection.execute("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)'")
        assert await cursor.fetchone() == (0,)


async def test_the_connection_is_given_back_after_each_query(frames: Frames, database: Database) -> None:
    await asyncio.gather(*(frames.sql("SELECT 1") for _ in range(4)), frames.runs())
    async with database.connection() as connection:
        cursor = await connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        assert await cursor.fetchone() == (0,)


async def test_without_a_reader_it_says_what_to_set(database_url: str) -> None:
    said = await refused(Frames(Database(database_url)), "SELECT 1")
    assert "set DATABASE_READER_URL" in said


async def test_a_superuser_is_no_reader(database_url: str, postgres: PostgresUrls) -> None:
    said = await refused(Frames(Database(database_url, postgres.admin_url)), "SELECT 1")
    assert "DATABASE_READER_URL is a superuser's" in said


async def test_a_server_that_is_away_is_no_mistake_of_the_query(database_url: str) -> None:
    frames = Frames(Database(database_url, "postgresql+psycopg://brain_reader@/brain?host=/nowhere"))
    with pytest.raises(DatabaseUnreachable, match="/nowhere cannot be reached"):
        await frames.sql("SELECT 1")
