"""Rows out of a real PostgreSQL: what comes over, what is refused, and where it connects."""

import asyncio
import datetime as dt
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from uuid import uuid4

import psycopg
import pyarrow as pa
import pytest
from sqlalchemy.engine import make_url

from brain.artifacts import ArtifactCodec, MemoryStore
from brain.config_secrets import Redactor, SecretResolver
from brain.egress import Egress, EgressPolicy
from brain.embedded.postgres import PostgresUrls
from brain.errors import EgressRefused, ToolError
from brain.executor.local import LocalCaller, Surroundings
from brain.executor.ports import ToolCall
from brain.language_models import FREE
from brain.tool_registry.context import ToolContext
from brain.tool_registry.registry import Registry, built_in_tools_file, load
from brain.tools import postgres

type Ask = Callable[..., Awaitable[pa.Table]]
TRACE = Path("/tmp/postgres-query-was-here")
LOCAL = EgressPolicy(allow=("localhost",))


def context_with(url: str, egress: Egress) -> ToolContext:
    return ToolContext(Path(), egress, None, secret={"POSTGRES_QUERY_URL": url}.__getitem__, report=lambda *_: None)


@pytest.fixture(scope="module")
def database_url(postgres: PostgresUrls) -> Iterator[str]:
    """One database for all tests here, because none of them can change it."""
    name = f"test_{uuid4().hex[:12]}"
    admin = postgres.admin_url.replace("+psycopg", "")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} OWNER brain")
    url = postgres.url.replace("@/brain?", f"@/{name}?")
    with psycopg.connect(postgres.admin_url.replace("+psycopg", "").replace("@/postgres?", f"@/{name}?")) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("CREATE TABLE cities (id integer PRIMARY KEY, name text, rain numeric)")
        connection.execute("INSERT INTO cities VALUES (1, 'Oslo', 2.5), (2, 'Bergen', NULL), (3, 'Tromsø', 1)")
        connection.execute("CREATE TABLE numbered (id serial)")
    yield url
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def ask(database_url: str) -> Ask:
    async def call(sql: str, *parameters: object, url: str = database_url, **more: object) -> pa.Table:
        return await postgres.query(sql, list(parameters), context=context_with(url, Egress(LOCAL)), **more)

    return call


async def refusal(ask: Ask, sql: str, *parameters: object, **more: object) -> str:
    with pytest.raises(ToolError) as caught:
        await ask(sql, *parameters, **more)
    return str(caught.value)


async def test_rows_come_as_a_table_that_can_be_kept(ask: Ask) -> None:
    table = await ask("SELECT * FROM cities WHERE id = ANY($1) ORDER BY name; -- two of them", [1, 2])
    assert table.to_pylist() == [
        {"id": 2, "name": "Bergen", "rain": None},
        {"id": 1, "name": "Oslo", "rain": 2.5},
    ]
    codec = ArtifactCodec(MemoryStore())
    assert codec.pack(table)["types"] == {"id": "int32", "name": "string", "rain": "double"}


VALUES = {
    "12.5::numeric": (pa.float64(), 12.5),
    "'NaN'::numeric IS NULL": (pa.bool_(), False),
    "9007199254740993::bigint": (pa.int64(), 9007199254740993),
    "'10.0.0.1'::inet": (pa.string(), "10.0.0.1/32"),
    "to_tsvector('simple', 'rain')": (pa.string(), "'rain':1"),
    "'[1,2.5]'::vector": (pa.list_(pa.float32()), [1.0, 2.5]),
    "'{\"a\": [1]}'::jsonb": (pa.string(), '{"a": [1]}'),
    "ARRAY[1.5, NULL]": (pa.list_(pa.float64()), [1.5, None]),
    "ARRAY['x', 'ž']": (pa.list_(pa.string()), ["x", "ž"]),
    "interval '1 day 90 minutes'": (pa.float64(), 91_800.0),
    "'00000000-0000-0000-0000-000000000001'::uuid": (pa.string(), "00000000-0000-0000-0000-000000000001"),
    "timestamptz '2026-01-02 03:04+02'": (pa.timestamp("us", "UTC"), dt.datetime(2026, 1, 2, 1, 4, tzinfo=dt.UTC)),
    "timestamp '2026-01-02 03:04'": (pa.timestamp("us"), dt.datetime(2026, 1, 2, 3, 4)),  # noqa: DTZ001 - it has none
    "date '2026-01-02'": (pa.date32(), dt.date(2026, 1, 2)),
    "time '03:04'": (pa.time64("us"), dt.time(3, 4)),
    "'\\x00ff'::bytea": (pa.binary(), b"\x00\xff"),
    "NULL::text": (pa.string(), None),
    "row(1, 'a')": (pa.string(), "(1,a)"),
}


async def test_every_type_comes_over(ask: Ask, subtests: pytest.Subtests) -> None:
    names = [f"v{number}" for number in range(len(VALUES))]
    columns = ", ".join(f"{expression} AS {name}" for expression, name in zip(VALUES, names, strict=True))
    table = await ask(f"SELECT {columns}")
    for (expression, (kind, value)), name in zip(VALUES.items(), names, strict=True):
        with subtests.test(expression):
            assert table.schema.field(name).type.equals(kind) or str(table.schema.field(name).type) == str(kind)
            assert table.column(name).to_pylist() == [value]
    codec = ArtifactCodec(MemoryStore())
    assert codec.unpack(codec.pack(table)).equals(table)


@pytest.mark.parametrize(
    "endless",
    ["date 'infinity'", "date '-infinity'", "timestamptz 'infinity'", "timestamp '-infinity'", "date '0044-03-15 BC'",
     "timestamp '10000-01-01'", "ARRAY[date 'infinity']"],
)  # fmt: skip
async def test_a_date_that_no_table_can_keep_is_told(ask: Ask, endless: str) -> None:
    said = await refusal(ask, f"SELECT {endless} AS until")
    assert said.startswith("The column until holds infinity or a year that is not 1 to 9999, which a table cannot keep")
    edges = await ask("SELECT date '0001-01-01' AS a, date '9999-12-31' AS b, timestamp '9999-12-31 23:59:59.999999'")
    assert edges.num_rows == 1


@pytest.mark.parametrize(
    ("sql", "parameter", "found"),
    [
        ("SELECT $1::text AS x", "a'b; --", "a'b; --"),
        ("SELECT $1 + 1 AS x", 41, 42),
        ("SELECT $1 AS x", 1.5, 1.5),
        ("SELECT NOT $1 AS x", True, False),
        ("SELECT $1::date + 1 AS x", "2026-01-02", dt.date(2026, 1, 3)),
        ("SELECT coalesce($1::text, 'nothing') AS x", None, "nothing"),
        ("SELECT array_length($1, 1) AS x", ["a", "b"], 2),
    ],
)
async def test_values_go_in_as_parameters(ask: Ask, sql: str, parameter: object, found: object) -> None:
    assert (await ask(sql, parameter)).to_pylist() == [{"x": found}]


async def test_a_query_that_gives_no_rows_still_says_its_columns(ask: Ask) -> None:
    table = await ask("SELECT * FROM cities WHERE false")
    assert (table.num_rows, table.column_names) == (0, ["id", "name", "rain"])


@pytest.mark.parametrize("rows", [1, 15, 16, 17, 5000])
async def test_every_row_comes_over_once_and_in_order(ask: Ask, rows: int) -> None:
    table = await ask("SELECT n, n::numeric AS m FROM generate_series(1, $1::int) AS n", rows)
    assert table.column("n").to_pylist() == list(range(1, rows + 1))
    assert table.column("m").to_pylist() == [float(n) for n in range(1, rows + 1)]


async def test_more_than_the_limit_is_said_and_not_cut(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    endless = "SELECT repeat('x', 1000) AS x FROM generate_series(1, 9999) AS a, generate_series(1, 9999) AS b"
    assert await refusal(ask, endless, max_rows=100) == (
        "The query gives more than 100 rows: add conditions or LIMIT, or raise max_rows."
    )
    assert (await ask("SELECT generate_series(1, 100) AS n", max_rows=100)).num_rows == 100
    monkeypatch.setattr(postgres, "MAX_RESULT_BYTES", 3_000_000)
    assert await refusal(ask, endless) == "The query gives more than 3 MB: take fewer rows or columns."


async def test_a_query_that_takes_too_long_is_stopped(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "SETTINGS", postgres.SETTINGS.replace("60000", "200"))
    assert "took longer than 60 seconds" in await refusal(ask, "SELECT 1 AS a, pg_sleep(60)")
    monkeypatch.setattr(postgres, "QUERY_SECONDS", 0.1)
    slow = "SELECT n, pg_sleep(0.01) IS NULL AS s FROM generate_series(1, 1000) AS n"
    assert "took longer than 0.1 seconds" in await refusal(ask, slow)


WRITES = (
    "INSERT INTO cities VALUES (4, 'x', 1)",
    "INSERT INTO cities VALUES (4, 'x', 1) RETURNING id",
    "UPDATE cities SET name = '' RETURNING *",
    "DELETE FROM cities",
    "TRUNCATE cities",
    "DROP TABLE cities",
    "CREATE TABLE mine (n integer)",
    "SELECT * INTO mine FROM cities",
    "SELECT id, rain INTO mine FROM cities",
    "WITH gone AS (DELETE FROM cities RETURNING id) SELECT id FROM gone",
    "WITH gone AS (DELETE FROM cities RETURNING rain) SELECT rain FROM gone",
    "SELECT * FROM cities FOR UPDATE",
    "SELECT 1; DELETE FROM cities",
    "SELECT 1.5; DELETE FROM cities",
    "SELECT 1.5) AS asked (c0); DELETE FROM cities; --",
    "COMMIT; DELETE FROM cities",
    "COMMIT",
    f"COPY cities TO PROGRAM 'touch {TRACE}'",
    "COPY (SELECT 1) TO STDOUT",
    "SET transaction_read_only = off",
    "SELECT set_config('transaction_read_only', 'off', true)",
    "DO $$ BEGIN DELETE FROM cities; END $$",
    "EXPLAIN ANALYZE DELETE FROM cities",
    "SHOW server_version",
    "VACUUM",
    "SELECT nextval(pg_get_serial_sequence('numbered', 'id'))",
    "SELECT FROM cities",
    "",
    "-- nothing",
)


def test_nothing_is_changed(ask: Ask, database_url: str, subtests: pytest.Subtests) -> None:
    with psycopg.connect(database_url.replace("+psycopg", ""), autocommit=True) as connection:

        def state() -> list[tuple[object, ...]]:
            listed = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1"
            return [*connection.execute("SELECT * FROM cities ORDER BY id"), *connection.execute(listed)]

        before = state()
        for statement in WRITES:
            with subtests.test(statement):
                said = asyncio.run(refusal(ask, statement))
                assert "\n" not in said
                assert any(why in said for why in ("only reads", "must be one SELECT", "was refused")), said
        assert state() == before
    assert not TRACE.exists()


async def test_a_superuser_is_refused(ask: Ask, postgres: PostgresUrls) -> None:
    assert await refusal(ask, "SELECT 1 AS a", url=postgres.admin_url) == (
        "POSTGRES_QUERY_URL logs in as a superuser, who can do anything: make a role that may only read what it needs."
    )


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT *\nFORM cities", 'syntax error at or near "FORM" (line 2, column 1).'),
        ("SELECT nme FROM cities", 'column "nme" does not exist (line 1, column 8). Perhaps you meant to reference'),
        ("SELECT 1.5 / (id - id) AS x FROM cities", "division by zero"),
        ("SELECT 1 AS a, 2 AS a", "Two columns of the result are called a; give them names of their own with AS."),
        ("SELECT $2 AS a", "could not determine data type of parameter $1"),
    ],
)
async def test_a_mistake_is_told_with_its_place(ask: Ask, sql: str, said: str) -> None:
    assert said in await refusal(ask, sql)


async def test_cancelling_the_step_cancels_the_query_on_the_server(ask: Ask, database_url: str) -> None:
    asking = asyncio.create_task(ask("SELECT 1 AS a, pg_sleep(59)"))
    await asyncio.sleep(0.5)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    with psycopg.connect(database_url.replace("+psycopg", "")) as connection:
        running = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(59)' AND pid <> pg_backend_pid()"
        assert connection.execute(running).fetchone() == (0,)


@asynccontextmanager
async def served_over_tcp(database_url: str) -> AsyncIterator[int]:
    """The embedded server, which listens on a socket only, at a port of 127.0.0.1."""
    path = f"{make_url(database_url).query['host']}/.s.PGSQL.5432"

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        finally:
            writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_unix_connection(path)
        await asyncio.gather(pump(reader, server_writer), pump(server_reader, writer), return_exceptions=True)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def over_tcp(database_url: str, host: str, port: int) -> str:
    url = make_url(database_url).difference_update_query(["host"]).set(host=host, port=port)
    return url.render_as_string(hide_password=False)


async def test_it_connects_to_the_address_that_was_checked(database_url: str) -> None:
    """No name server knows the name, so only the checked address can have been taken."""

    async def resolve(host: str, port: int) -> Sequence[str]:
        assert host == "rain.test"
        return ["127.0.0.2", "127.0.0.1"]

    async with served_over_tcp(database_url) as port:
        egress = Egress(EgressPolicy(allow=("127.0.0.0/8",)), resolve)
        url = over_tcp(database_url, "rain.test", port)
        table = await postgres.query("SELECT current_database() AS name", context=context_with(url, egress))
    assert table.to_pylist() == [{"name": make_url(database_url).database}]


async def test_a_step_gets_the_database_that_its_secret_names_and_tells_nothing_of_it(database_url: str) -> None:
    """As a run calls it: the definition binds the secret, and the URL in it says where the call goes."""
    secrets = SecretResolver({"POSTGRES_QUERY_URL": database_url})
    redactor = Redactor({"POSTGRES_QUERY_URL": database_url})
    codec = ArtifactCodec(MemoryStore())
    around = Surroundings(
        Path(), codec, Egress(LOCAL), SimpleNamespace(name="unused", context_tokens=0, price=FREE), secrets, redactor
    )
    definition = Registry.from_file(built_in_tools_file()).get("postgres.query")
    call = ToolCall(definition, {"sql": "SELECT $1::text AS said", "parameters": [database_url]}, lambda *_: None)
    result = await LocalCaller(load, around, max_parallel=1).call(call)
    assert (result["columns"], result["row_count"]) == (["said"], 1)
    assert make_url(database_url).password not in str(result)


@pytest.mark.parametrize("place", ["tcp", "tcp by parameter", "socket"])
async def test_a_host_that_is_not_public_must_be_allowed(database_url: str, place: str) -> None:
    port = 5432
    user = make_url(database_url).set(host=None, query={})
    url = {
        "tcp": user.set(host="127.0.0.1", port=port),
        "tcp by parameter": user.set(host="example.org").update_query_dict({"host": "127.0.0.1"}),
        "socket": make_url(database_url),
    }[place].render_as_string(hide_password=False)
    with pytest.raises(EgressRefused, match=r"is not a public address; add .* to BRAIN_ALLOW_HOSTS"):
        await postgres.query("SELECT 1 AS a", context=context_with(url, Egress()))


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://me:hunter2hunter2@localhost/x", "must be postgresql://user:password@host:5432/database"),
        ("hunter2hunter2", "must be postgresql://user:password@host:5432/database"),
        ("postgresql://me:hunter2hunter2@localhost:port/x", "must be postgresql://user:password@host:5432/database"),
        ("postgresql://me:hunter2hunter2@example.org/x?hostaddr=127.0.0.1", "may not say hostaddr"),
        ("postgresql://me:hunter2hunter2@example.org/x?service=other", "may not say service"),
        ("postgresql://me:hunter2hunter2@a.example,b.example/x", "names several hosts; take one of them"),
        ("postgresql://me:hunter2hunter2@/x", "POSTGRES_QUERY_URL names no host: add it, or the folder of a socket"),
        ("postgresql://me:hunter2hunter2@/x?host=a.example&host=b.example", "names several hosts"),
        ("postgresql://me:hunter2hunter2@example.org/x?port=high", "The port in POSTGRES_QUERY_URL must be a number"),
        ("postgresql://me:hunter2hunter2@localhost:1/x", "PostgreSQL on localhost:1 cannot be reached"),
        ("postgresql://me:hunter2hunter2@/x?host=/nowhere", "PostgreSQL on /nowhere cannot be reached"),
    ],
)
async def test_a_wrong_url_is_told_without_its_password(ask: Ask, url: str, said: str) -> None:
    told = await refusal(ask, "SELECT 1 AS a", url=url)
    assert said in told
    assert "hunter2" not in told


async def test_libpq_takes_no_other_host_from_the_environment(
    ask: Ask, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PGHOST": "192.0.2.1", "PGHOSTADDR": "192.0.2.1", "PGPORT": "1"}.items():
        monkeypatch.setenv(name, value)
    socket_url = make_url(database_url).update_query_dict({"port": "5432"}).render_as_string(hide_password=False)
    assert (await ask("SELECT 1 AS a", url=socket_url)).num_rows == 1
    async with served_over_tcp(database_url) as port:
        assert (await ask("SELECT 1 AS a", url=over_tcp(database_url, "localhost", port))).num_rows == 1


async def test_a_wrong_password_is_told_without_it(ask: Ask, database_url: str) -> None:
    url = make_url(database_url).set(password="hunter2hunter2").render_as_string(hide_password=False)
    told = await refusal(ask, "SELECT 1 AS a", url=url)
    assert "refused the password of brain" in told
    assert "hunter2" not in told


async def test_only_a_server_that_is_away_is_worth_a_retry(ask: Ask) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with pytest.raises(ToolError) as caught:
            await ask("SELECT 1 AS a", url=f"postgresql://me@localhost:{port}/x")
    assert caught.value.transient
    with pytest.raises(ToolError) as caught:
        await ask("SELECT nothing AS a")
    assert not caught.value.transient
