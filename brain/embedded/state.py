"""What the processes of a project tell each other: the private state folder, its records, folders for sockets."""

import json
import os
import socket
import stat
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

__all__ = ["Record", "open_state_folder", "socket_folder"]

LONGEST_SOCKET_NAME = ".s.PGSQL.5432"


def open_state_folder(state_folder: Path) -> None:
    """Make the folder where it is missing; nobody else may look into it, and git leaves it alone."""
    if not state_folder.is_dir():
        state_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if stat.S_IMODE(state_folder.stat().st_mode) != 0o700:
        state_folder.chmod(0o700)
    if not (ignore := state_folder / ".gitignore").exists():
        ignore.write_text("*\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is written down about a service, in a file that only its owner can read.

    It is a hint: a service counts as there only after it has proved itself.
    """

    origin: str
    """Path and inode of the state folder that the record was made for."""

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """The record in a file; None where there is none, it is damaged, or it came along with a copied project."""
        try:
            record = cls(**json.loads(path.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None
        return None if _is_of_another(path.parent, record.origin) else record

    def write(self, path: Path) -> None:
        """Replace the file in one step, so that no reader ever sees half a record."""
        file, name = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)
        try:
            with os.fdopen(file, "w") as stream:
                json.dump(asdict(self), stream)
                stream.flush()
                os.fsync(stream.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    @staticmethod
    def origin_of(state_folder: Path) -> str:
        """What a new record of this folder carries."""
        return f"{state_folder.stat().st_ino}:{state_folder.resolve()}"


def _is_of_another(state_folder: Path, origin: str) -> bool:
    """Whether the folder is a copy whose original is still there; a moved or restored one keeps its record."""
    inode, _, path = origin.partition(":")
    if origin == Record.origin_of(state_folder):
        return False
    with suppress(OSError):
        return str(Path(path).stat().st_ino) == inode and Path(path) != state_folder.resolve()
    return False


def socket_folder(preferred: Path, kept: str | None = None) -> Path:
    """A private folder in which a unix socket can be bound.

    That is `preferred`, unless its path is too long for a socket's address (about 100 bytes) or its file system takes
    no sockets; then `kept`, the one used before, while it is still ours, or a new one in /tmp.
    """
    preferred.mkdir(mode=0o700, parents=True, exist_ok=True)
    if _takes_sockets(preferred):
        return preferred
    if kept and _is_private(Path(kept)):
        return Path(kept)
    return Path(tempfile.mkdtemp(prefix="brain-", dir="/tmp"))  # noqa: S108 # TMPDIR may be as deep as the project


def _takes_sockets(folder: Path) -> bool:
    probe = folder / f"{LONGEST_SOCKET_NAME}.{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as listener:
        try:
            listener.bind(str(probe))
        except OSError:
            return False
        probe.unlink()
    return True


def _is_private(folder: Path) -> bool:
    """Whether the folder is a real one that nobody else owns or can enter; it is made where it is missing."""
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    facts = folder.lstat()
    return stat.S_ISDIR(facts.st_mode) and stat.S_IMODE(facts.st_mode) == 0o700 and facts.st_uid == os.geteuid()
