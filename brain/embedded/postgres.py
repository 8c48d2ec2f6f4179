"""The embedded PostgreSQL 18 with pgvector: passwords for everybody, a private socket, no TCP."""

import secrets
import signal
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from brain.embedded.account import new_home, service_account
from brain.embedded.cluster import DATABASE, OWNER, READER, SUPERUSER, WHEEL, Cluster
from brain.embedded.daemon import Daemon
from brain.embedded.service import Service
from brain.embedded.state import Record, socket_folder
from brain.errors import DatabaseError

if TYPE_CHECKING:
    import psycopg

__all__ = ["PostgresUrls", "ensure", "service"]

PATIENCE = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))
"""PostgreSQL's fast, then immediate shutdown (docs: Shutting Down the Server); the last resort loses nothing either."""
PASSWORD_BYTES = 24
HANDSHAKE_SECONDS = 5
RESTART = "`brain down` stops it, and the next use starts it again"


@dataclass(frozen=True, slots=True)
class PostgresUrls:
    """The database as its three logins see it, as SQLAlchemy URLs for psycopg 3; they hold passwords."""

    admin_url: str = field(repr=False)
    """The superuser; only for making databases and roles."""
    url: str = field(repr=False)
    """The ordinary role that owns the database."""
    reader_url: str = field(repr=False)
    """The role that can only read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresRecord(Record):
    """What is written down about the embedded PostgreSQL of a project."""

    home: str | None
    """The folder of the data where that is not below the state folder (see `account`)."""
    sockets: str | None
    passwords: dict[str, str] = field(repr=False)
    ready: bool
    """Whether the data folder is made and has these passwords."""


def ensure(state_folder: Path, *, idle_minutes: float = 30) -> PostgresUrls:
    """Join the PostgreSQL of a project, or make and start it; raises DatabaseError where that cannot be done."""
    return service(state_folder).ensure(idle_minutes)


def service(state_folder: Path) -> Service[PostgresUrls]:
    """The embedded PostgreSQL of a project, running or not."""
    state_folder = state_folder.resolve()
    return Service(
        name="postgres",
        title="PostgreSQL",
        wheel=WHEEL,
        state_folder=state_folder,
        daemon=partial(_daemon, state_folder),
        join=partial(_join, state_folder),
        start=partial(_start, state_folder),
        describe=partial(_describe, state_folder),
        error=DatabaseError,
        instead="Or set DATABASE_URL to another PostgreSQL with pgvector.",
        sockets=partial(_sockets, state_folder),
    )


def _join(state_folder: Path) -> PostgresUrls | None:
    record = PostgresRecord.read(_record(state_folder))
    if record is None or not record.ready or not _answers(record):
        return None
    return PostgresUrls(
        admin_url=_url(record, SUPERUSER, "postgres"),
        url=_url(record, OWNER, DATABASE),
        reader_url=_url(record, READER, DATABASE),
    )


def _answers(record: PostgresRecord) -> bool:
    import psycopg

    try:
        with _connect(record) as connection:
            connection.execute("SELECT 1")
    except psycopg.errors.ConnectionTimeout as exc:
        raise DatabaseError(f"The embedded PostgreSQL in {record.sockets} does not answer; {RESTART}.") from exc
    except psycopg.OperationalError as exc:
        if "FATAL" not in str(exc) or "the database system is" in str(exc):
            return False  # nobody there, or still starting or already stopping
        reason = str(exc).strip().splitlines()[-1].partition("FATAL:")[2].strip()
        raise DatabaseError(
            f"The embedded PostgreSQL in {record.sockets} runs but refuses: {reason}; {RESTART}."
        ) from exc
    return True


def _connect(record: PostgresRecord) -> "psycopg.Connection":
    import psycopg

    return psycopg.connect(
        host=record.sockets,
        dbname=DATABASE,
        user=OWNER,
        password=record.passwords[OWNER],
        connect_timeout=HANDSHAKE_SECONDS,
        require_auth="scram-sha-256",  # in which both sides prove that they know the password
    )


def _url(record: PostgresRecord, role: str, database: str) -> str:
    return f"postgresql+psycopg://{role}:{record.passwords[role]}@/{database}?host={quote(str(record.sockets))}"


def _describe(state_folder: Path, _: PostgresUrls) -> tuple[str, str]:
    record = PostgresRecord.read(_record(state_folder))
    assert record is not None  # noqa: S101 # it has just been joined through this record
    with _connect(record) as connection:
        return str(connection.info.parameter_status("server_version")), f"unix:{record.sockets}"


def _start(state_folder: Path, lock: int) -> None:
    record = PostgresRecord.read(_record(state_folder)) or _new_record(state_folder)
    cluster = Cluster.open(_home(state_folder, record), service_account(), lock)
    sockets = socket_folder(cluster.home / "sockets", record.sockets, cluster.owner)
    record = replace(record, origin=Record.origin_of(state_folder), sockets=str(sockets))
    record.write(_record(state_folder))
    cluster.clear(sockets)
    if not cluster.data.is_dir():
        cluster.make(record.passwords)
    elif not record.ready:
        cluster.set_passwords(record.passwords)
    cluster.check()
    replace(record, ready=True).write(_record(state_folder))
    _daemon(state_folder).launch(cluster.command(sockets), {"LC_ALL": "C", "TZ": "UTC"}, lock, cluster.account)


def _sockets(state_folder: Path) -> Path | None:
    record = PostgresRecord.read(_record(state_folder))
    return Path(record.sockets) if record and record.sockets else None


def _new_record(state_folder: Path) -> PostgresRecord:
    home = str(new_home(state_folder.parent)) if service_account() else None
    passwords = {role: secrets.token_urlsafe(PASSWORD_BYTES) for role in (SUPERUSER, OWNER, READER)}
    origin = Record.origin_of(state_folder)
    return PostgresRecord(origin=origin, home=home, sockets=None, passwords=passwords, ready=False)


def _home(state_folder: Path, record: PostgresRecord | None) -> Path:
    return Path(record.home) if record and record.home else state_folder / "postgres"


def _daemon(state_folder: Path) -> Daemon:
    record = PostgresRecord.read(_record(state_folder)) if state_folder.is_dir() else None
    folder = _home(state_folder, record) / "data"
    return Daemon("postgres", state_folder, "postgres", folder, PATIENCE)


def _record(state_folder: Path) -> Path:
    return state_folder / "postgres.json"
