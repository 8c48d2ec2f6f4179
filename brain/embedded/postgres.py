"""The embedded PostgreSQL 18 with pgvector: passwords for everybody, a private socket, no TCP."""

import secrets
import signal
from dataclasses import dataclass, field, replace
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

__all__ = ["Postgres", "PostgresUrls", "ensure", "was_made"]

PATIENCE = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))
"""PostgreSQL's fast, then immediate shutdown (docs: Shutting Down the Server); the last resort loses nothing either."""
PASSWORD_BYTES = 24
HANDSHAKE_SECONDS = 5


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
    return Postgres(state_folder).ensure(idle_minutes)


def was_made(state_folder: Path) -> bool:
    """Whether the project has a PostgreSQL of its own, running or not."""
    record = PostgresRecord.read(Postgres(state_folder).record_file)
    return record is not None and record.ready


class Postgres(Service[PostgresUrls]):
    """The embedded PostgreSQL of a project."""

    name = "postgres"
    title = "PostgreSQL"
    wheel = WHEEL
    error = DatabaseError
    instead = "Or set DATABASE_URL to another PostgreSQL with pgvector."

    def join(self) -> PostgresUrls | None:
        """Log in as the ordinary role."""
        record = self._record()
        if record is None or not record.ready or not self._answers(record):
            return None
        return PostgresUrls(
            admin_url=_url(record, SUPERUSER, "postgres"),
            url=_url(record, OWNER, DATABASE),
            reader_url=_url(record, READER, DATABASE),
        )

    def start(self, lock: int) -> None:
        """Make the data folder where there is none, then run the server on it."""
        record = self._record() or self._new_record()
        cluster = Cluster.open(self._home(record), service_account(), lock)
        sockets = socket_folder(cluster.home / "sockets", record.sockets, cluster.owner)
        record = replace(record, origin=Record.origin_of(self.state_folder), sockets=str(sockets))
        record.write(self.record_file)
        cluster.clear(sockets)
        if not cluster.data.is_dir():
            cluster.make(record.passwords)
        elif not record.ready:
            cluster.set_passwords(record.passwords)
        cluster.check()
        replace(record, ready=True).write(self.record_file)
        self.daemon().launch(cluster.command(sockets), {"LC_ALL": "C", "TZ": "UTC"}, lock, cluster.account)

    def describe(self, joined: PostgresUrls) -> tuple[str, str]:  # noqa: ARG002 - asked through the record
        """The server's own version."""
        import psycopg

        record = self._record()
        assert record is not None  # noqa: S101 # it has just been joined through this record
        try:
            with _connect(record) as connection:
                return str(connection.info.parameter_status("server_version")), f"unix:{record.sockets}"
        except psycopg.OperationalError as exc:
            raise self.error("It has stopped this moment; the next use starts it again.") from exc

    def daemon(self) -> Daemon:
        """The postmaster, which works in the data folder."""
        record = self._record() if self.state_folder.is_dir() else None
        return Daemon("postgres", self.state_folder, "postgres", self._home(record) / "data", PATIENCE)

    def sockets(self) -> Path | None:
        """As the record says."""
        record = self._record()
        return Path(record.sockets) if record and record.sockets else None

    def _answers(self, record: PostgresRecord) -> bool:
        import psycopg

        where = f"in {record.sockets}"
        try:
            with _connect(record) as connection:
                connection.execute("SELECT 1")
        except psycopg.errors.ConnectionTimeout as exc:
            raise self.stuck(where) from exc
        except psycopg.OperationalError as exc:
            if "FATAL" not in str(exc) or "the database system is" in str(exc):
                return False  # nobody there, or still starting or already stopping
            reason = str(exc).strip().splitlines()[-1].partition("FATAL:")[2].strip()
            raise self.stuck(where, f"runs but refuses: {reason}") from exc
        return True

    def _record(self) -> PostgresRecord | None:
        return PostgresRecord.read(self.record_file)

    def _new_record(self) -> PostgresRecord:
        home = str(new_home(self.state_folder.parent)) if service_account() else None
        passwords = {role: secrets.token_urlsafe(PASSWORD_BYTES) for role in (SUPERUSER, OWNER, READER)}
        origin = Record.origin_of(self.state_folder)
        return PostgresRecord(origin=origin, home=home, sockets=None, passwords=passwords, ready=False)

    def _home(self, record: PostgresRecord | None) -> Path:
        return Path(record.home) if record and record.home else self.state_folder / "postgres"


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
