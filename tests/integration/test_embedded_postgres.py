"""The embedded PostgreSQL as its clients meet it: alone, at once, killed at any moment, in awkward folders."""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
import pytest

from brain import embedded
from brain.embedded import postgres as embedded_postgres
from brain.embedded.postgres import Postgres, PostgresUrls
from brain.errors import DatabaseError

CLIENT = """
import sys, time
from pathlib import Path
from brain.embedded import postgres
urls = postgres.ensure(Path(sys.argv[1]), idle_minutes=1)
print(urls.url, urls.admin_url, urls.reader_url, flush=True)
"""


def connect(url: str) -> psycopg.Connection:
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


def ask(url: str, query: str) -> object:
    with connect(url) as connection:
        row = connection.execute(query).fetchone()
        assert row is not None
        return row[0]


def start_client(state_folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", CLIENT, state_folder], stdout=subprocess.PIPE, text=True)


def home_of(state_folder: Path) -> Path:
    record = json.loads((state_folder / "postgres.json").read_text())
    return Path(record["home"] or state_folder / "postgres")


def postmasters(state_folder: Path) -> list[int]:
    data = str(home_of(state_folder) / "data")
    return [p.pid for p in psutil.process_iter(["cmdline"]) if data in (p.info["cmdline"] or ())]


def wait_until(condition: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


@pytest.fixture
def state(project: Path) -> Path:
    return project / ".brain"


# Who may do what


def test_it_is_postgresql_18_with_pgvector(postgres: PostgresUrls) -> None:
    assert str(ask(postgres.url, "SHOW server_version")).startswith("18.")
    assert ask(postgres.url, "SELECT '[1,2,3]'::vector <-> '[1,2,5]'") == 2.0
    assert ask(postgres.url, "SHOW server_encoding") == "UTF8"


def test_the_ordinary_role_owns_its_database_and_nothing_more(postgres: PostgresUrls) -> None:
    assert ask(postgres.url, "SELECT current_user::text || current_database()") == "brainbrain"
    powers = (
        "SELECT rolsuper OR rolcreatedb OR rolcreaterole OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
    )
    assert ask(postgres.url, powers) is False
    with connect(postgres.url) as connection:
        connection.execute("CREATE SCHEMA brain_test")
        connection.execute("DROP SCHEMA brain_test")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("COPY (SELECT 1) TO PROGRAM 'true'")


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE public.t (a int)",
        "CREATE SCHEMA mine",
        "CREATE TEMPORARY TABLE t (a int)",
        "SELECT lo_from_bytea(0, 'x')",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "SELECT pg_read_file('/etc/passwd')",
        "INSERT INTO kept VALUES (1)",
    ],
)
def test_the_reader_cannot_write_even_outside_its_read_only_default(postgres: PostgresUrls, statement: str) -> None:
    with connect(postgres.url) as owner:
        owner.execute("CREATE TABLE IF NOT EXISTS kept (a int)")
        owner.execute("GRANT SELECT ON kept TO brain_reader")
    with connect(postgres.reader_url) as reader:
        assert reader.execute("SELECT count(*) FROM kept").fetchone() == (0,)
        reader.execute("SET default_transaction_read_only = off")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute(statement)


def test_the_reader_starts_read_only_and_with_a_time_limit(postgres: PostgresUrls) -> None:
    assert ask(postgres.reader_url, "SHOW default_transaction_read_only") == "on"
    assert ask(postgres.reader_url, "SHOW statement_timeout") == "30s"


@pytest.mark.parametrize("password", ["", ":wrong"], ids=["no password", "a wrong password"])
def test_nobody_gets_in_without_the_password(postgres: PostgresUrls, password: str) -> None:
    place = postgres.admin_url.partition("@")[2]
    with pytest.raises(psycopg.OperationalError, match="password"):
        connect(f"postgresql://postgres{password}@{place}")


def test_a_fresh_database_is_empty_has_the_extension_and_belongs_to_the_ordinary_role(database_url: str) -> None:
    assert ask(database_url, "SELECT extname FROM pg_extension WHERE extname = 'vector'") == "vector"
    assert ask(database_url, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
    assert (
        ask(database_url, "SELECT datdba::regrole::text FROM pg_database WHERE datname = current_database()") == "brain"
    )


# What others on the machine see


def test_it_listens_on_no_port_and_on_a_socket_that_only_its_owner_reaches(
    postgres: PostgresUrls, services_folder: Path
) -> None:
    server = psutil.Process(postmasters(services_folder)[0])
    assert server.net_connections(kind="inet") == []
    for child in server.children():
        with suppress(psutil.NoSuchProcess):  # a client may leave at any time
            assert child.net_connections(kind="inet") == []
    sockets = Path(json.loads((services_folder / "postgres.json").read_text())["sockets"])
    assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    assert stat.S_IMODE((sockets / ".s.PGSQL.5432").stat().st_mode) == 0o700


def test_passwords_stand_only_in_private_files(postgres: PostgresUrls, services_folder: Path) -> None:
    password = postgres.url.split(":")[2].partition("@")[0]
    holders = [path for path in services_folder.rglob("*") if path.is_file() and password.encode() in path.read_bytes()]
    assert holders == [services_folder / "postgres.json"]
    assert stat.S_IMODE(holders[0].stat().st_mode) == 0o600
    assert stat.S_IMODE(services_folder.stat().st_mode) == 0o700
    assert password not in repr(postgres)
    assert password not in repr(embedded.status(services_folder))
    assert not any(password in " ".join(p.info["cmdline"] or ()) for p in psutil.process_iter(["cmdline"]))


def test_roots_server_runs_as_another_account_below_a_folder_that_stays_closed(project: Path, state: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root has an account for services")
    project.chmod(0o700)
    urls = embedded_postgres.ensure(state, idle_minutes=1)
    assert ask(urls.url, "SELECT 1") == 1
    assert psutil.Process(postmasters(state)[0]).uids().real != 0
    assert (home_of(state) / "data").stat().st_uid == psutil.Process(postmasters(state)[0]).uids().real
    for folder in (project, state, *project.parents[:2]):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert (home_of(state) / "project").read_text() == f"{project}\n"


# One server for all


def test_joining_takes_a_few_milliseconds(postgres: PostgresUrls, services_folder: Path) -> None:
    times = []
    for _ in range(9):
        started = time.perf_counter()
        assert embedded_postgres.ensure(services_folder, idle_minutes=2) == postgres
        times.append(time.perf_counter() - started)
    assert min(times) < 0.05


def test_eight_processes_that_start_at_once_get_one_server(state: Path) -> None:
    clients = [start_client(state) for _ in range(8)]
    answers = [client.communicate(timeout=60)[0] for client in clients]
    assert [client.returncode for client in clients] == [0] * 8
    assert len(set(answers)) == 1
    assert ask(answers[0].split()[0], "SELECT 1") == 1
    assert len(postmasters(state)) == 1


def test_a_starter_killed_while_it_makes_the_data_folder_leaves_no_harm(state: Path) -> None:
    starter = start_client(state)
    wait_until((state / "postgres.json").exists)
    wait_until(lambda: any(home_of(state).glob("data.new-*/PG_VERSION")))
    starter.kill()
    starter.communicate()
    urls = embedded_postgres.ensure(state, idle_minutes=1)
    assert ask(urls.url, "SELECT 1") == 1
    assert len(postmasters(state)) == 1


def test_a_starter_killed_as_it_starts_the_server_leaves_no_second_one(state: Path) -> None:
    starter = start_client(state)
    wait_until((state / "postgres.json").exists)
    wait_until((home_of(state) / "data").exists)
    starter.kill()
    starter.communicate()
    urls = embedded_postgres.ensure(state, idle_minutes=1)
    assert ask(urls.url, "SELECT 1") == 1
    assert len(postmasters(state)) == 1


def test_data_survives_the_death_of_the_server_and_a_stop(state: Path) -> None:
    urls = embedded_postgres.ensure(state, idle_minutes=1)
    with connect(urls.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        first = postmasters(state)[0]
        os.kill(first, signal.SIGKILL)
        again = embedded_postgres.ensure(state, idle_minutes=1)
    assert again == urls  # clients that hold the URL reach the new server
    assert postmasters(state) != [first]
    assert ask(urls.url, "SELECT answer FROM kept") == 42
    assert embedded.stop_all(state) == ["postgres"]
    assert postmasters(state) == []
    assert ask(embedded_postgres.ensure(state, idle_minutes=1).url, "SELECT answer FROM kept") == 42


# Stale and damaged state


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The state folder of a project that was used and stopped; its tests leave it so."""
    state = tmp_path_factory.mktemp("used") / ".brain"
    embedded_postgres.ensure(state, idle_minutes=1)
    embedded.stop_all(state)
    yield state
    embedded.stop_all(state)
    embedded.release(state)
    if (home := home_of(state)).parent != state:
        shutil.rmtree(home)


def test_a_record_of_a_server_that_is_gone_counts_for_nothing(stopped: Path) -> None:
    assert [s.state for s in embedded.status(stopped)] == ["stopped"] * 3
    (home_of(stopped) / "data" / "postmaster.pid").write_text(f"{os.getpid()}\n{home_of(stopped)}/data\n1\n5432\n")
    assert ask(embedded_postgres.ensure(stopped, idle_minutes=1).url, "SELECT 1") == 1
    embedded.stop_all(stopped)


def test_a_server_whose_socket_was_deleted_is_replaced(stopped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("brain.embedded.service.GRACE_SECONDS", 0.2)
    embedded_postgres.ensure(stopped, idle_minutes=1)
    first = postmasters(stopped)
    sockets = Path(json.loads((stopped / "postgres.json").read_text())["sockets"])
    (sockets / ".s.PGSQL.5432").unlink()
    assert ask(embedded_postgres.ensure(stopped, idle_minutes=1).url, "SELECT 1") == 1
    assert len(postmasters(stopped)) == 1
    assert postmasters(stopped) != first
    embedded.stop_all(stopped)


def test_a_server_that_refuses_is_not_killed(stopped: Path) -> None:
    embedded_postgres.ensure(stopped, idle_minutes=1)
    first = postmasters(stopped)
    record = json.loads((stopped / "postgres.json").read_text())
    wrong = {**record, "passwords": {**record["passwords"], "brain": "wrong"}}
    (stopped / "postgres.json").write_text(json.dumps(wrong))
    with pytest.raises(DatabaseError, match="password authentication failed") as caught:
        embedded_postgres.ensure(stopped, idle_minutes=1)
    assert "brain down" in str(caught.value)
    status = embedded.status(stopped)[0]
    assert (status.state, [status.pid]) == ("running", first)
    (stopped / "postgres.json").write_text(json.dumps(record))
    embedded.stop_all(stopped)


def test_data_of_another_version_is_refused_with_advice(stopped: Path) -> None:
    version = home_of(stopped) / "data" / "PG_VERSION"
    version.write_text("17\n")
    with pytest.raises(DatabaseError, match=r"is of PostgreSQL 17 .* runs 18: dump it"):
        embedded_postgres.ensure(stopped, idle_minutes=1)
    version.write_text("18\n")


def test_a_server_that_cannot_start_says_why(stopped: Path) -> None:
    settings = home_of(stopped) / "data" / "postgresql.conf"
    text = settings.read_text()
    settings.write_text(f"{text}\nno_such_setting = 1\n")
    with pytest.raises(DatabaseError, match=r"did not start: .*no_such_setting.*DATABASE_URL"):
        embedded_postgres.ensure(stopped, idle_minutes=1)
    settings.write_text(text)


def test_a_server_that_stops_while_it_is_looked_at_is_told_as_stopped(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at = Postgres(state)
    joined = looked_at.ensure(idle_minutes=1)

    def join_and_stop(self: Postgres) -> PostgresUrls:
        self.daemon().stop()
        return joined

    monkeypatch.setattr(Postgres, "join", join_and_stop)
    assert looked_at.status().state == "stopped"
