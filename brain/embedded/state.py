"""What the processes of a project tell each other: the private state folder, its records, folders for sockets."""

import errno
import json
import os
import pwd
import shutil
import socket
import stat
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

__all__ = ["Record", "drop_socket_folder", "open_state_folder", "socket_folder"]

PRIVATE = 0o700
LONGEST_SOCKET_NAME = ".s.PGSQL.5432"
SHORT_FOLDER = Path("/tmp")  # noqa: S108 # TMPDIR may be as deep as the project; the folder made there is private


def open_state_folder(state_folder: Path) -> None:
    """Make the folder where it is missing; nobody else may look into it, and git leaves it alone."""
    state_folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
    facts = state_folder.stat()
    if facts.st_uid != os.geteuid():
        raise PermissionError(errno.EPERM, f"{state_folder} belongs to {_user_name(facts.st_uid)}; work as that user")
    if stat.S_IMODE(facts.st_mode) != PRIVATE:
        state_folder.chmod(PRIVATE)
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


def socket_folder(preferred: Path, kept: str | None, owner: int) -> Path:
    """A folder in which a unix socket can be bound, private to the user `owner` (a uid).

    That is `preferred`, unless its path is too long for a socket's address (about 100 bytes) or its file system takes
    no sockets; then `kept`, the one used before, while it is still private, or a new one in /tmp.
    """
    preferred.mkdir(mode=PRIVATE, exist_ok=True)
    if _takes_sockets(preferred):
        folder = preferred
    elif kept and _is_private(Path(kept), owner):
        folder = Path(kept)
    else:
        folder = Path(tempfile.mkdtemp(prefix="brain-", dir=SHORT_FOLDER))
    if folder.stat().st_uid != owner:
        os.chown(folder, owner, -1)
    return folder


def drop_socket_folder(folder: Path) -> None:
    """Remove the folder once its service has ended, where it stands in /tmp; the next start makes it again."""
    if folder.parent == SHORT_FOLDER:
        shutil.rmtree(folder, ignore_errors=True)


def _takes_sockets(folder: Path) -> bool:
    if "," in str(folder):
        return False  # separates hosts for libpq, and folders for the server
    probe = folder / f"{LONGEST_SOCKET_NAME}.{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as listener:
        try:
            listener.bind(str(probe))
        except OSError:
            return False
        probe.unlink()
    return True


def _is_private(folder: Path, owner: int) -> bool:
    """Whether the folder is a real one that nobody else owns or can enter; it is made where it is missing."""
    with suppress(FileExistsError):
        folder.mkdir(mode=PRIVATE)
    facts = folder.lstat()
    is_folder = stat.S_ISDIR(facts.st_mode) and stat.S_IMODE(facts.st_mode) == PRIVATE
    return is_folder and facts.st_uid in (owner, os.geteuid())


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
